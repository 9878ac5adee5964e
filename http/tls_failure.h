// SPDX-License-Identifier: MIT
//
// What went wrong with TLS, in words and codes for whoever has to mend it: from OpenSSL's verdict
// on a certificate, or its error queue, to an Error.
#pragma once

#include <weir/runtime/base/error.h>

#include <string>

struct ssl_st;
struct x509_st;

namespace weir::http {

/// Why the certificate of `host`, or one of its issuers, was refused. `verdict` is an X509_V_ERR_
/// value, `certificate` the one it is about, and `depth` how many steps it is away from the peer's.
/// Without a host it is a client's.
Error certificate_failure(int verdict, x509_st* certificate, int depth, const std::string& host);

/// That the certificate of `host` has a public key, `shown`, which is none of those pinned.
Error pin_failure(x509_st* certificate, const std::string& shown, const std::string& host);

/// Why a call of OpenSSL that returned `returned` failed; to be asked right after it. Empties the
/// error queue. `peer` is who is on the other side.
Error handshake_failure(const ssl_st* ssl, int returned, const std::string& peer);
Error connection_failure(const ssl_st* ssl, int returned, const std::string& peer);

}  // namespace weir::http
