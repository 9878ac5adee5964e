// SPDX-License-Identifier: MIT
//
// What TLS connections share: the trusted certificates of a client, or the certificate and key of a
// server. Build one per configuration and keep it: reading the trust store takes milliseconds,
// copying a context takes a reference count. TLS 1.2 and up; a client always verifies its peer.
#pragma once

#include <weir/runtime/base/result.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

struct ssl_ctx_st;

namespace weir::http {

/// Which authorities a client trusts. Without any setting: those of the system. Each setting adds
/// authorities, and the first one puts the system's aside.
class TlsClientOptions {
public:
    TlsClientOptions() = default;

    /// A file of PEM certificates.
    TlsClientOptions& ca_file(std::string path) {
        ca_file_ = std::move(path);
        return *this;
    }
    /// A directory of PEM certificates named by hash, as `openssl rehash` lays it out.
    TlsClientOptions& ca_directory(std::string path) {
        ca_directory_ = std::move(path);
        return *this;
    }
    /// PEM certificates as text.
    TlsClientOptions& ca_pem(std::string text) {
        ca_pem_ = std::move(text);
        return *this;
    }

    const std::string& ca_file() const noexcept { return ca_file_; }
    const std::string& ca_directory() const noexcept { return ca_directory_; }
    const std::string& ca_pem() const noexcept { return ca_pem_; }
    bool uses_system_store() const noexcept {
        return ca_file_.empty() && ca_directory_.empty() && ca_pem_.empty();
    }

private:
    std::string ca_file_;
    std::string ca_directory_;
    std::string ca_pem_;
};

/// A reference to shared, unchanging TLS configuration. Copies are cheap and may be used from
/// several threads; a moved-from context can only be assigned to or destroyed.
class TlsContext {
public:
    /// For connections to servers. Fails if a named file or directory cannot be read, or holds no
    /// certificate.
    static Result<TlsContext> client(const TlsClientOptions& options = TlsClientOptions());

    /// For connections from clients: PEM text of the certificate, followed by those of its issuers,
    /// and of the unencrypted private key. Clients are not asked for certificates.
    static Result<TlsContext> server(std::string_view certificate_pem,
                                     std::string_view private_key_pem);

    /// For the engine. Lives as long as this context, or any connection made from it.
    ssl_ctx_st* native() const noexcept { return context_.get(); }

private:
    explicit TlsContext(std::shared_ptr<ssl_ctx_st> context) noexcept
        : context_(std::move(context)) {}

    std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace weir::http
