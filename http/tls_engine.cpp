// SPDX-License-Identifier: MIT
#include "http/tls_engine.h"

#include <weir/http/wire/error.h>
#include <weir/runtime/base/assert.h>

#include "http/openssl.h"
#include "http/tls_failure.h"
#include "http/tls_verify.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace weir::http {

/// What OpenSSL sees of the world. On the heap, so that its address outlives moves of the engine.
struct TlsWire {
    Bytes input;  // of the call under way; empty between calls
    ByteQueue output;
    TlsPeer peer;
};

namespace {

int read_input(BIO* bio, char* into, std::size_t room, std::size_t* taken) noexcept {
    auto* const wire = static_cast<TlsWire*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    *taken = std::min(room, wire->input.size());
    if (*taken == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    std::memcpy(into, wire->input.data(), *taken);
    wire->input = wire->input.subspan(*taken);
    return 1;
}

int write_output(BIO* bio, const char* from, std::size_t size, std::size_t* taken) noexcept {
    auto* const wire = static_cast<TlsWire*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    wire->output.append(std::string_view(from, size));
    *taken = size;
    return 1;
}

long control(BIO*, int command, long, void*) noexcept {
    // Every flight of a handshake ends with a flush, and one that fails ends the handshake.
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* wire_method() {
    static const BIO_METHOD* const method = [] {
        BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir");
        WEIR_CHECK(made != nullptr);
        WEIR_CHECK(BIO_meth_set_read_ex(made, read_input) == 1);
        WEIR_CHECK(BIO_meth_set_write_ex(made, write_output) == 1);
        WEIR_CHECK(BIO_meth_set_ctrl(made, control) == 1);
        return made;
    }();
    return method;
}

/// Offers the peer to go on with an earlier session, for which it was verified.
void resume_session(SSL* ssl, const TlsPeer& peer) {
    const SessionHandle session = TlsShared::of(ssl).sessions.take(peer.session_name());
    // One that OpenSSL does not take is not resumed, no more.
    if (session != nullptr && SSL_set_session(ssl, session.get()) != 1) ERR_clear_error();
}

std::string peer_text(const TlsWire& wire) {
    return wire.peer.host.empty() ? std::string("the client") : wire.peer.host;
}

}  // namespace

TlsEngine::TlsEngine(std::unique_ptr<TlsWire> wire, ssl_st* ssl) noexcept
    : wire_(std::move(wire)), ssl_(ssl) {}
TlsEngine::TlsEngine(TlsEngine&& other) noexcept = default;
TlsEngine::~TlsEngine() = default;

TlsEngine& TlsEngine::operator=(TlsEngine&& other) noexcept {
    // In this order: the connection replaced must be gone before the wire it points to.
    ssl_ = std::move(other.ssl_);
    wire_ = std::move(other.wire_);
    failure_ = std::move(other.failure_);
    is_established_ = other.is_established_;
    return *this;
}

void TlsEngine::SslDelete::operator()(ssl_st* ssl) const noexcept {
    // Else OpenSSL would forbid to resume a session whose connection just ends, as most do. After a
    // fatal alert it has forbidden that already.
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl);
}

Result<TlsEngine> TlsEngine::create(const TlsContext& context, TlsPeer peer, bool server) {
    ERR_clear_error();
    auto wire = std::make_unique<TlsWire>();
    wire->peer = std::move(peer);

    openssl::BioHandle bio(BIO_new(wire_method()));
    SSL* const ssl = SSL_new(context.native());
    TlsEngine engine(std::move(wire), ssl);
    if (bio == nullptr || ssl == nullptr) {
        return Error(Error::limit_reached,
                     "OpenSSL cannot make a connection: " + openssl::take_reason());
    }
    WEIR_CHECK((SSL_is_server(ssl) == 1) == server);

    BIO_set_data(bio.get(), engine.wire_.get());
    BIO_set_init(bio.get(), 1);
    BIO* const both_ways = bio.release();
    SSL_set_bio(ssl, both_ways, both_ways);
    SSL_set_app_data(ssl, &engine.wire_->peer);
    if (server) {
        SSL_set_accept_state(ssl);
        return engine;
    }
    SSL_set_connect_state(ssl);
    if (expect_host(ssl, engine.wire_->peer.host)) {
        resume_session(ssl, engine.wire_->peer);
        return engine;
    }
    ERR_clear_error();
    return Error(Error::bad_argument, "\"" + engine.wire_->peer.host +
                                          "\" is not a host name that TLS can ask for; give a DNS "
                                          "name of at most 255 bytes or an IP address");
}

Result<TlsEngine> TlsEngine::client(const TlsContext& context, std::string_view host,
                                    std::uint16_t port) {
    const std::string_view plain = plain_host(host);
    if (plain.empty() || plain.find('\0') != std::string_view::npos) {
        return Error(Error::bad_argument,
                     "a TLS connection needs the name of its host, and that is empty or holds a "
                     "zero byte");
    }
    TlsPeer peer;
    peer.host = plain;
    peer.port = port;
    return create(context, std::move(peer), false);
}

Result<TlsEngine> TlsEngine::server(const TlsContext& context) {
    return create(context, TlsPeer(), true);
}

Result<void> TlsEngine::handshake(Bytes& input) {
    if (failure_.has_value()) return *failure_;
    if (is_established_) return {};

    ERR_clear_error();
    wire_->input = input;
    const int returned = SSL_do_handshake(ssl_.get());
    input = std::exchange(wire_->input, Bytes());
    // Kept here, not asked of OpenSSL: a TLS 1.3 message that comes in two records after the
    // handshake makes it claim to be in a handshake again.
    is_established_ = returned == 1;
    if (is_established_ && !speaks_http()) {
        is_established_ = false;
        failure_ = Error(HttpErrc::tls_handshake,
                         peer_text(*wire_) + " wants to speak another protocol than http/1.1");
        return *failure_;
    }
    if (is_established_) count_handshake();
    if (is_established_ || SSL_get_error(ssl_.get(), returned) == SSL_ERROR_WANT_READ) return {};
    return fail(returned);
}

Result<std::size_t> TlsEngine::decrypt(Bytes& input, MutableBytes plaintext) {
    WEIR_CHECK(!plaintext.empty());
    if (failure_.has_value()) return *failure_;
    WEIR_CHECK(is_established_);

    ERR_clear_error();
    wire_->input = input;
    std::size_t filled = 0;
    int returned = 1;
    while (returned == 1 && filled < plaintext.size()) {
        std::size_t count = 0;
        const MutableBytes room = plaintext.subspan(filled);
        returned = SSL_read_ex(ssl_.get(), room.data(), room.size(), &count);
        filled += count;
    }
    input = std::exchange(wire_->input, Bytes());
    if (returned == 1) return filled;

    const int kind = SSL_get_error(ssl_.get(), returned);
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_ZERO_RETURN) return filled;
    // What came before the damage is good: hand it out, and fail in the next call.
    Error error = fail(returned);
    if (filled != 0) return filled;
    return error;
}

bool TlsEngine::is_closed() const noexcept {
    return !failure_.has_value() && (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

Result<void> TlsEngine::encrypt(Bytes plaintext) {
    if (failure_.has_value()) return *failure_;
    WEIR_CHECK(is_established_);
    if ((SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0) {
        return Error(HttpErrc::tls_failed, "cannot send to " + peer_text(*wire_) +
                                               ": this side has shut the TLS connection down");
    }

    ERR_clear_error();
    while (!plaintext.empty()) {
        std::size_t count = 0;
        const int returned = SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &count);
        if (returned != 1) return fail(returned);
        plaintext = plaintext.subspan(count);
    }
    return {};
}

void TlsEngine::shut_down() {
    if (failure_.has_value() || !is_established_) return;
    if ((SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0) return;
    ERR_clear_error();
    // Its result tells of the peer's close_notify, which decrypt() looks for.
    static_cast<void>(SSL_shutdown(ssl_.get()));
    ERR_clear_error();
}

ByteQueue& TlsEngine::output() noexcept {
    return wire_->output;
}

Error TlsEngine::truncated() const {
    if (!is_established_) {
        return Error(HttpErrc::tls_handshake,
                     peer_text(*wire_) + " closed the connection during the TLS handshake");
    }
    return Error(HttpErrc::tls_truncated,
                 "the connection with " + peer_text(*wire_) +
                     " ended without TLS's goodbye: what was received may have been cut short");
}

bool TlsEngine::is_resumed() const noexcept {
    return SSL_session_reused(ssl_.get()) == 1;
}

std::string_view TlsEngine::protocol() const noexcept {
    return SSL_get_version(ssl_.get());
}

std::string_view TlsEngine::application_protocol() const noexcept {
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return std::string_view(reinterpret_cast<const char*>(name), size);
}

void TlsEngine::count_handshake() noexcept {
    TlsShared& shared = TlsShared::of(ssl_.get());
    shared.handshakes.fetch_add(1, std::memory_order_relaxed);
    if (is_resumed()) shared.resumed.fetch_add(1, std::memory_order_relaxed);
}

// A peer may leave the choice open, but not choose what was not offered (RFC 7301, 3.2).
bool TlsEngine::speaks_http() const noexcept {
    const std::string_view chosen = application_protocol();
    return chosen.empty() || chosen == "http/1.1";
}

Error TlsEngine::fail(int returned) {
    if (wire_->peer.refusal.has_value()) {
        failure_ = std::move(wire_->peer.refusal);
    } else if (is_established_) {
        failure_ = connection_failure(ssl_.get(), returned, peer_text(*wire_));
    } else {
        failure_ = handshake_failure(ssl_.get(), returned, peer_text(*wire_));
    }
    ERR_clear_error();
    return *failure_;
}

}  // namespace weir::http
