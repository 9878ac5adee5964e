// SPDX-License-Identifier: MIT
//
// TLS as the floors and the server of the benchmarks use it: OpenSSL on the socket itself, with
// nothing in between. Which certificates there are, the environment says: see TlsFiles.
#pragma once

#include <openssl/ssl.h>

#include <weir/runtime/base/result.h>
#include <cstddef>
#include <memory>
#include <string_view>

#include "http/openssl.h"

namespace weir::bench::floor {

using TlsContextHandle = http::openssl::Handle<SSL_CTX, SSL_CTX_free>;
using TlsHandle = http::openssl::Handle<SSL, SSL_free>;
using TlsSessionHandle = http::openssl::Handle<SSL_SESSION, SSL_SESSION_free>;

/// Trusts the file that SSL_CERT_FILE names, verifies, and keeps no buffers while it waits.
Result<TlsContextHandle> tls_client_context();
/// With the certificate and key of the file that WEIR_BENCH_SERVER_PEM names.
Result<TlsContextHandle> tls_server_context(bool can_resume);

/// A client's end on a connected socket, for the name "127.0.0.1".
Result<TlsHandle> tls_client(SSL_CTX* context, int fd);

/// What recv() gives, with `tls` on the socket unless that is null: -1 and EAGAIN where it has to
/// wait, during the handshake, too.
ssize_t receive(SSL* tls, int fd, char* bytes, std::size_t size);
/// Likewise, what send() gives. After EAGAIN, call again with the same bytes.
ssize_t send(SSL* tls, int fd, std::string_view bytes);

/// What OpenSSL says of the last failure.
Error tls_failure(std::string_view doing);

}  // namespace weir::bench::floor
