// SPDX-License-Identifier: MIT
#include <weir/http/tls_context.h>

#include <weir/runtime/base/assert.h>

#include "http/openssl.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace weir::http {
namespace {

// The wire format of the one protocol spoken here.
constexpr unsigned char kAlpn[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

// A TLS 1.3 ticket makes OpenSSL take a write buffer of fragment size, which then stays until the
// next write. A client sends little and may wait long, so its fragments are small.
constexpr long kClientFragmentMax = 4096;

int select_application_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                                const unsigned char* offered, unsigned int offered_size,
                                void*) noexcept {
    unsigned char* match = nullptr;
    const int outcome =
        SSL_select_next_proto(&match, chosen_size, kAlpn, sizeof(kAlpn), offered, offered_size);
    if (outcome != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = match;
    return SSL_TLSEXT_ERR_OK;
}

std::shared_ptr<SSL_CTX> make_context(const SSL_METHOD* method) {
    ERR_clear_error();
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(method), SSL_CTX_free);
    if (context == nullptr) return context;
    WEIR_CHECK(SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // Tickets resume sessions without state here; a cache would only grow.
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    return context;
}

Error context_failed() {
    return Error(Error::unsupported, "OpenSSL cannot set up TLS (" + openssl::take_reason() +
                                         "); check its installation and configuration file");
}

Result<void> trust_file(SSL_CTX* context, const std::string& path) {
    // Opened first for the kernel's reason; OpenSSL's would not name the file.
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return Error::from_errno(errno, "cannot read the CA file " + path);
    ::close(file);

    if (SSL_CTX_load_verify_file(context, path.c_str()) == 1) return {};
    return Error(Error::bad_argument, "the CA file " + path + " holds no usable PEM certificate: " +
                                          openssl::take_reason());
}

Result<void> trust_directory(SSL_CTX* context, const std::string& path) {
    // OpenSSL looks into the directory only when it verifies, and takes any failure for emptiness.
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0) {
        return Error::from_errno(errno, "cannot read the CA directory " + path);
    }
    if (!S_ISDIR(status.st_mode)) {
        return Error::from_errno(ENOTDIR, "cannot use the CA directory " + path);
    }
    if (SSL_CTX_load_verify_dir(context, path.c_str()) == 1) return {};
    return Error(Error::bad_argument,
                 "cannot use the CA directory " + path + ": " + openssl::take_reason());
}

/// Calls `use(certificate)` for each certificate in `pem`; returns how many there were, or -1 if
/// one was refused.
template <typename Use>
int for_each_certificate(std::string_view pem, Use use) {
    const openssl::BioHandle bio = openssl::read_from(pem);
    int count = 0;
    while (true) {
        const openssl::CertificateHandle certificate(
            PEM_read_bio_X509(bio.get(), nullptr, openssl::no_password, nullptr));
        if (certificate == nullptr) return count;
        if (!use(certificate.get(), count)) return -1;
        ++count;
    }
}

/// Whether reading PEM stopped because there was no further block, and not at a broken one.
bool stopped_at_end() noexcept {
    const unsigned long code = ERR_peek_last_error();
    return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

Result<void> trust_text(SSL_CTX* context, std::string_view pem) {
    X509_STORE* const store = SSL_CTX_get_cert_store(context);
    const int count = for_each_certificate(pem, [store](X509* certificate, int) {
        return X509_STORE_add_cert(store, certificate) == 1;
    });
    if (count > 0 && stopped_at_end()) {
        ERR_clear_error();
        return {};
    }
    return Error(Error::bad_argument,
                 "the text given as CA certificates is not PEM certificates throughout: " +
                     openssl::take_reason());
}

Result<void> trust(SSL_CTX* context, const TlsClientOptions& options) {
    if (options.uses_system_store()) {
        if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
        return context_failed();
    }
    if (!options.ca_file().empty()) {
        if (auto done = trust_file(context, options.ca_file()); !done) return done;
    }
    if (!options.ca_directory().empty()) {
        if (auto done = trust_directory(context, options.ca_directory()); !done) return done;
    }
    if (!options.ca_pem().empty()) {
        if (auto done = trust_text(context, options.ca_pem()); !done) return done;
    }
    return {};
}

Result<void> use_certificates(SSL_CTX* context, std::string_view pem) {
    const int count = for_each_certificate(pem, [context](X509* certificate, int index) {
        if (index == 0) return SSL_CTX_use_certificate(context, certificate) == 1;
        return SSL_CTX_add1_chain_cert(context, certificate) == 1;
    });
    if (count > 0 && stopped_at_end()) {
        ERR_clear_error();
        return {};
    }
    return Error(Error::bad_argument,
                 "the server certificate is not PEM certificates throughout, or not fit for use: " +
                     openssl::take_reason());
}

Result<void> use_private_key(SSL_CTX* context, std::string_view pem) {
    const openssl::BioHandle bio = openssl::read_from(pem);
    const openssl::KeyHandle key(
        PEM_read_bio_PrivateKey(bio.get(), nullptr, openssl::no_password, nullptr));
    if (key == nullptr) {
        return Error(
            Error::bad_argument,
            "the server's private key is not an unencrypted PEM key: " + openssl::take_reason());
    }
    if (SSL_CTX_use_PrivateKey(context, key.get()) == 1 &&
        SSL_CTX_check_private_key(context) == 1) {
        return {};
    }
    return Error(Error::bad_argument,
                 "the server's private key does not belong to its certificate, or is not fit for "
                 "use: " +
                     openssl::take_reason());
}

}  // namespace

Result<TlsContext> TlsContext::client(const TlsClientOptions& options) {
    std::shared_ptr<SSL_CTX> context = make_context(TLS_client_method());
    if (context == nullptr) return context_failed();

    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    // Unlike its neighbours, this one returns 0 for success.
    WEIR_CHECK(SSL_CTX_set_alpn_protos(context.get(), kAlpn, sizeof(kAlpn)) == 0);
    WEIR_CHECK(SSL_CTX_set_max_send_fragment(context.get(), kClientFragmentMax) == 1);

    if (auto trusted = trust(context.get(), options); !trusted) return trusted.error();
    return TlsContext(std::move(context));
}

Result<TlsContext> TlsContext::server(std::string_view certificate_pem,
                                      std::string_view private_key_pem) {
    std::shared_ptr<SSL_CTX> context = make_context(TLS_server_method());
    if (context == nullptr) return context_failed();

    SSL_CTX_set_alpn_select_cb(context.get(), select_application_protocol, nullptr);
    WEIR_CHECK(SSL_CTX_set_num_tickets(context.get(), 1) == 1);

    if (auto used = use_certificates(context.get(), certificate_pem); !used) return used.error();
    if (auto used = use_private_key(context.get(), private_key_pem); !used) return used.error();
    return TlsContext(std::move(context));
}

}  // namespace weir::http
