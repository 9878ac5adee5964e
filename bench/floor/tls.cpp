// SPDX-License-Identifier: MIT
#include "bench/floor/tls.h"

#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <string>

namespace weir::bench::floor {
namespace {

constexpr long kClientFragmentMax = 4096;  // a small request needs no larger write buffer

ssize_t outcome_of(SSL* tls, int result) {
    if (result > 0) return result;
    const int error = ::SSL_get_error(tls, result);
    if (error == SSL_ERROR_ZERO_RETURN) return 0;
    const bool must_wait = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
    errno = must_wait ? EAGAIN : EPROTO;
    return -1;
}

}  // namespace

Error tls_failure(std::string_view doing) {
    return Error(Errc::bad_argument,
                 std::string(doing) + " with OpenSSL: " + http::openssl::take_reason());
}

Result<TlsContextHandle> tls_client_context() {
    TlsContextHandle context(::SSL_CTX_new(::TLS_client_method()));
    if (context == nullptr || ::SSL_CTX_set_default_verify_paths(context.get()) != 1) {
        return tls_failure("setting up a client");
    }
    ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    ::SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    ::SSL_CTX_set_max_send_fragment(context.get(), kClientFragmentMax);
    return context;
}

Result<TlsContextHandle> tls_server_context(bool can_resume) {
    const char* path = std::getenv("WEIR_BENCH_SERVER_PEM");
    if (path == nullptr) return Error(Errc::bad_argument, "WEIR_BENCH_SERVER_PEM is not set");
    TlsContextHandle context(::SSL_CTX_new(::TLS_server_method()));
    if (context == nullptr || ::SSL_CTX_use_certificate_chain_file(context.get(), path) != 1 ||
        ::SSL_CTX_use_PrivateKey_file(context.get(), path, SSL_FILETYPE_PEM) != 1) {
        return tls_failure("setting up a server");
    }
    ::SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    ::SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    if (!can_resume) {
        ::SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
        ::SSL_CTX_set_num_tickets(context.get(), 0);
    }
    return context;
}

Result<TlsHandle> tls_client(SSL_CTX* context, int fd) {
    TlsHandle tls(::SSL_new(context));
    if (tls == nullptr || ::SSL_set_fd(tls.get(), fd) != 1 ||
        ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(tls.get()), "127.0.0.1") != 1) {
        return tls_failure("making a client's end");
    }
    ::SSL_set_connect_state(tls.get());
    return tls;
}

ssize_t receive(SSL* tls, int fd, char* bytes, std::size_t size) {
    if (tls == nullptr) return ::recv(fd, bytes, size, 0);
    ::ERR_clear_error();
    return outcome_of(tls, ::SSL_read(tls, bytes, static_cast<int>(size)));
}

ssize_t send(SSL* tls, int fd, std::string_view bytes) {
    if (tls == nullptr) return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ::ERR_clear_error();
    return outcome_of(tls, ::SSL_write(tls, bytes.data(), static_cast<int>(bytes.size())));
}

}  // namespace weir::bench::floor
