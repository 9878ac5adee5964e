// SPDX-License-Identifier: MIT
//
// Which authorities a context trusts: those of the system, wherever its distribution keeps them, or
// those of a file, a directory or a text that the user names. All of it reads files and may block.
#pragma once

#include <weir/runtime/base/result.h>

#include <string>
#include <string_view>

struct ssl_ctx_st;

namespace weir::http {

/// Where a system keeps the authorities that it trusts. Either may be empty.
struct TrustStore {
    std::string file;       // PEM certificates; read at once
    std::string directory;  // of such files, named by hash; read when a certificate is verified
};

/// The places where OpenSSL was built to look, and, where there is nothing, those that are usual.
/// `root` goes before every path.
TrustStore find_trust_store(const std::string& root = std::string());

/// Trusts what the system trusts: what SSL_CERT_FILE and SSL_CERT_DIR name, each in the place of
/// the system's own file or directory. An error if there is nothing to be trusted.
Result<void> trust_system(ssl_ctx_st* context);
Result<void> trust_file(ssl_ctx_st* context, const std::string& path);
Result<void> trust_directory(ssl_ctx_st* context, const std::string& path);
Result<void> trust_text(ssl_ctx_st* context, std::string_view pem);

/// Has a server ask its clients for certificates that those in `pem` have issued, and refuse those
/// that have none.
Result<void> require_certificates(ssl_ctx_st* context, std::string_view pem);

}  // namespace weir::http
