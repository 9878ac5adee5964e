// SPDX-License-Identifier: MIT
#include <weir/http/tls_context.h>

#include <weir/runtime/base/assert.h>

#include "http/openssl.h"
#include "http/tls_shared.h"
#include "http/tls_trust.h"
#include "http/tls_verify.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <utility>

namespace weir::http {
namespace {

// The wire format of the one protocol spoken here.
constexpr unsigned char kAlpn[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

constexpr unsigned char kSessionContext[] = {'w', 'e', 'i', 'r'};

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
    if (context == nullptr || !TlsShared::attach(context.get())) return nullptr;
    verify_with_reasons(context.get());
    WEIR_CHECK(SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // A server's tickets hold its sessions; a cache here would only grow.
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    return context;
}

/// OpenSSL has made a session that can be resumed. Only after its peer was verified: in TLS 1.2 at
/// the end of the handshake, in TLS 1.3 with each ticket, which comes later.
int keep_session(SSL* ssl, SSL_SESSION* session) noexcept {
    SessionHandle kept(session);
    try {
        const TlsPeer& peer = *static_cast<const TlsPeer*>(SSL_get_app_data(ssl));
        TlsShared::of(ssl).sessions.put(peer.session_name(), std::move(kept));
    } catch (const std::bad_alloc&) {
        // Without memory for it, the next connection does the whole handshake.
    }
    return 1;  // it is ours now
}

Error context_failed() {
    return Error(Error::unsupported, "OpenSSL cannot set up TLS (" + openssl::take_reason() +
                                         "); check its installation and configuration file");
}

Result<void> trust(SSL_CTX* context, const TlsClientOptions& options) {
    if (options.uses_system_store()) return trust_system(context);
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

/// `whose` is "the server" or "the client": the side that shows the certificate.
Result<void> use_certificates(SSL_CTX* context, std::string_view pem, const std::string& whose) {
    const bool used = openssl::for_each_certificate(pem, [context](X509* certificate, int index) {
        if (index == 0) return SSL_CTX_use_certificate(context, certificate) == 1;
        return SSL_CTX_add1_chain_cert(context, certificate) == 1;
    });
    if (used) return {};
    return Error(Error::bad_argument,
                 whose + "'s certificate is not PEM certificates throughout, or not fit for use: " +
                     openssl::take_reason());
}

Result<void> use_private_key(SSL_CTX* context, std::string_view pem, const std::string& whose) {
    const openssl::BioHandle bio = openssl::read_from(pem);
    const openssl::KeyHandle key(
        PEM_read_bio_PrivateKey(bio.get(), nullptr, openssl::no_password, nullptr));
    if (key == nullptr) {
        return Error(Error::bad_argument, whose + "'s private key is not an unencrypted PEM key: " +
                                              openssl::take_reason());
    }
    if (SSL_CTX_use_PrivateKey(context, key.get()) == 1 &&
        SSL_CTX_check_private_key(context) == 1) {
        return {};
    }
    return Error(Error::bad_argument,
                 whose +
                     "'s private key does not belong to its certificate, or is not fit for "
                     "use: " +
                     openssl::take_reason());
}

Result<std::string> read_file(const std::string& path, const char* what) {
    // A key or a chain of certificates is a few kilobytes; a path to something else is a mistake.
    constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return Error::from_errno(errno, std::string("cannot read the ") + what + path);
    std::string text(kFileBytesMax, ' ');
    std::size_t filled = 0;
    ssize_t count = 1;
    while (count > 0 && filled < text.size()) {
        count = ::read(file, text.data() + filled, text.size() - filled);
        if (count > 0) filled += static_cast<std::size_t>(count);
    }
    const int reason = errno;
    ::close(file);
    if (count < 0) return Error::from_errno(reason, std::string("cannot read the ") + what + path);
    text.resize(filled);
    return text;
}

Result<void> show_certificate(SSL_CTX* context, const TlsClientOptions& options) {
    if (options.certificate_path().empty() && options.key_path().empty()) return {};
    const Result<std::string> certificate =
        read_file(options.certificate_path(), "client certificate ");
    if (!certificate) return certificate.error();
    const Result<std::string> key = read_file(options.key_path(), "client certificate's key ");
    if (!key) return key.error();
    if (auto used = use_certificates(context, *certificate, "the client"); !used) return used;
    return use_private_key(context, *key, "the client");
}

void log_key(const SSL* ssl, const char* line) noexcept {
    // In one piece, for others may append to the same file.
    const std::string text = std::string(line) + "\n";
    const ssize_t ignored = ::write(TlsShared::of(ssl).key_log, text.data(), text.size());
    static_cast<void>(ignored);
}

Result<void> log_keys(SSL_CTX* context, const std::string& path) {
    if (path.empty()) return {};
    const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return Error::from_errno(errno, "cannot append to the key log " + path);
    TlsShared::of(context).key_log = file;
    SSL_CTX_set_keylog_callback(context, log_key);
    return {};
}

}  // namespace

Result<TlsContext> TlsContext::client(const TlsClientOptions& options) {
    std::shared_ptr<SSL_CTX> context = make_context(TLS_client_method());
    if (context == nullptr) return context_failed();

    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    // Unlike its neighbours, this one returns 0 for success.
    WEIR_CHECK(SSL_CTX_set_alpn_protos(context.get(), kAlpn, sizeof(kAlpn)) == 0);
    WEIR_CHECK(SSL_CTX_set_max_send_fragment(context.get(), kClientFragmentMax) == 1);

    SSL_CTX_set_session_cache_mode(context.get(),
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context.get(), keep_session);

    Result<std::vector<TlsPin>> pins = parse_pins(options.pins());
    if (!pins) return std::move(pins).error();
    TlsShared::of(context.get()).pins = *std::move(pins);
    if (auto trusted = trust(context.get(), options); !trusted) return trusted.error();
    if (auto shown = show_certificate(context.get(), options); !shown) return shown.error();
    if (auto ready = log_keys(context.get(), options.key_log_path()); !ready) return ready.error();
    return TlsContext(std::move(context));
}

Result<TlsContext> TlsContext::server(std::string_view certificate_pem,
                                      std::string_view private_key_pem,
                                      const TlsServerOptions& options) {
    std::shared_ptr<SSL_CTX> context = make_context(TLS_server_method());
    if (context == nullptr) return context_failed();

    SSL_CTX_set_alpn_select_cb(context.get(), select_application_protocol, nullptr);
    // Each connection pays for the next one of the same client.
    WEIR_CHECK(SSL_CTX_set_num_tickets(context.get(), 1) == 1);
    // Without a name, sessions whose client has shown a certificate could not be resumed.
    WEIR_CHECK(SSL_CTX_set_session_id_context(context.get(), kSessionContext,
                                              sizeof(kSessionContext)) == 1);

    const std::string whose = "the server";
    auto used = use_certificates(context.get(), certificate_pem, whose);
    if (!used) return used.error();
    used = use_private_key(context.get(), private_key_pem, whose);
    if (!used) return used.error();
    if (!options.client_ca_pem().empty()) {
        used = require_certificates(context.get(), options.client_ca_pem());
        if (!used) return used.error();
    }
    if (auto ready = log_keys(context.get(), options.key_log_path()); !ready) return ready.error();
    return TlsContext(std::move(context));
}

std::uint64_t TlsContext::handshakes() const noexcept {
    return TlsShared::of(context_.get()).handshakes.load(std::memory_order_relaxed);
}

std::uint64_t TlsContext::resumed() const noexcept {
    return TlsShared::of(context_.get()).resumed.load(std::memory_order_relaxed);
}

}  // namespace weir::http
