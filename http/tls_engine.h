// SPDX-License-Identifier: MIT
//
// One TLS connection as a byte machine: ciphertext and plaintext go in, plaintext and ciphertext
// come out. It knows no socket; whoever drives it moves output() to the peer after every call,
// also after one that failed: an alert may wait there. OpenSSL reads straight from the input given
// to it and writes straight into output().
#pragma once

#include <weir/http/tls_context.h>
#include <weir/runtime/base/byte_queue.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

struct ssl_st;

namespace weir::http {

struct TlsPeer;
struct TlsWire;

/// Movable; a moved-from engine can only be assigned to or destroyed. Once a call has failed, all
/// later ones but output() fail with the same error.
class TlsEngine {
public:
    /// Our side of a connection to `host`, a DNS name or an IP address (without brackets or with).
    /// The peer must prove to be `host` by the certificate's alternative names. `context` must come
    /// from TlsContext::client. Resumes a session with the same host and port if it has one.
    static Result<TlsEngine> client(const TlsContext& context, std::string_view host,
                                    std::uint16_t port = 0);
    /// Our side of a connection that a client opened. `context` must come from TlsContext::server.
    static Result<TlsEngine> server(const TlsContext& context);

    TlsEngine(TlsEngine&& other) noexcept;
    TlsEngine& operator=(TlsEngine&& other) noexcept;
    ~TlsEngine();

    /// Goes as far as `input` allows and drops what it used from the front of it. Call it first
    /// with no input, then with each arrival, until is_established(). What is left in `input` then
    /// belongs to decrypt().
    Result<void> handshake(Bytes& input);
    bool is_established() const noexcept { return is_established_; }

    /// Fills `plaintext` (not empty) from `input`, dropping from the front of `input` what it used.
    /// Fewer bytes than there is room for, or 0: all input is used up, or the peer said goodbye
    /// (is_closed). With a full `plaintext` there may be more: call again, even without input.
    /// Precondition: is_established().
    Result<std::size_t> decrypt(Bytes& input, MutableBytes plaintext);
    /// The peer has sent its close_notify: nothing follows what decrypt() returned so far.
    bool is_closed() const noexcept;

    /// Appends the ciphertext of all of `plaintext` to output(). Precondition: is_established().
    Result<void> encrypt(Bytes plaintext);
    /// Appends a close_notify to output(), once. Does nothing before is_established() or after a
    /// failure. Decrypting can go on; encrypting cannot.
    void shut_down();

    /// Ciphertext to be sent. Consume what was sent, and release_if_empty() when idle.
    ByteQueue& output() noexcept;

    /// What to report when the transport ended before is_closed(): tls_truncated, or tls_handshake
    /// while there is no connection yet.
    Error truncated() const;

    /// Whether the handshake took up an earlier session. Precondition: is_established().
    bool is_resumed() const noexcept;
    /// "TLSv1.3" or "TLSv1.2".
    std::string_view protocol() const noexcept;
    /// The application protocol agreed on by ALPN, or nothing.
    std::string_view application_protocol() const noexcept;

private:
    struct SslDelete {
        void operator()(ssl_st* ssl) const noexcept;
    };

    TlsEngine(std::unique_ptr<TlsWire> wire, ssl_st* ssl) noexcept;
    static Result<TlsEngine> create(const TlsContext& context, TlsPeer peer, bool server);

    bool speaks_http() const noexcept;
    void count_handshake() noexcept;
    Error fail(int returned);

    std::unique_ptr<TlsWire> wire_;  // ssl_ points into it: destroyed after ssl_
    std::unique_ptr<ssl_st, SslDelete> ssl_;
    std::optional<Error> failure_;
    bool is_established_ = false;
};

}  // namespace weir::http
