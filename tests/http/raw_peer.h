// SPDX-License-Identifier: MIT
//
// OpenSSL itself as the other side of an engine, for what a well-behaved engine never does: change
// keys, ask for another handshake, choose a protocol that was not offered.
#pragma once

#include <weir/runtime/base/bytes.h>

#include "http/openssl.h"
#include "http/tls_engine.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <string>
#include <string_view>

namespace weir::http {

using RawContext = openssl::Handle<SSL_CTX, SSL_CTX_free>;

class RawPeer {
public:
    /// Of either side, by the context's method.
    explicit RawPeer(SSL_CTX* context) : ssl_(SSL_new(context)) {
        SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        if (SSL_is_server(ssl_.get()) == 1) {
            SSL_set_accept_state(ssl_.get());
        } else {
            SSL_set_connect_state(ssl_.get());
        }
    }

    SSL* ssl() const noexcept { return ssl_.get(); }

    /// Takes what `engine` has to say, and gives all that there is to say to it.
    std::string exchange(TlsEngine& engine) {
        const Bytes said = engine.output().readable();
        if (!said.empty()) {
            BIO_write(SSL_get_rbio(ssl_.get()), said.data(), static_cast<int>(said.size()));
        }
        engine.output().clear();
        if (SSL_in_init(ssl_.get()) != 0) SSL_do_handshake(ssl_.get());
        ERR_clear_error();
        return take();
    }
    /// All that it wrote and nobody took.
    std::string take() {
        std::string text(BIO_ctrl_pending(SSL_get_wbio(ssl_.get())), ' ');
        if (!text.empty()) {
            BIO_read(SSL_get_wbio(ssl_.get()), text.data(), static_cast<int>(text.size()));
        }
        return text;
    }
    /// Shakes hands with `engine` as far as that goes.
    Result<void> shake_hands(TlsEngine& engine) {
        Bytes nothing;
        Result<void> result = engine.handshake(nothing);
        for (int flight = 0; flight < 4 && result && !engine.is_established(); ++flight) {
            const std::string text = exchange(engine);
            Bytes input = as_bytes(text);
            result = engine.handshake(input);
            // What follows the handshake, such as a ticket, is for decrypt().
            if (result && engine.is_established()) read(engine, input);
        }
        const std::string last = exchange(engine);
        if (result && engine.is_established()) {
            EXPECT_EQ(receive(engine, last), "");
        }
        return result;
    }
    /// As records.
    std::string write(std::string_view text) {
        EXPECT_EQ(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())),
                  static_cast<int>(text.size()));
        return take();
    }
    /// What it reads of what `engine` has to say, or "(reason)".
    std::string read_from(TlsEngine& engine) {
        const Bytes said = engine.output().readable();
        BIO_write(SSL_get_rbio(ssl_.get()), said.data(), static_cast<int>(said.size()));
        engine.output().clear();
        std::string text;
        char room[1000];
        for (;;) {
            const int count = SSL_read(ssl_.get(), room, sizeof(room));
            if (count > 0) {
                text.append(room, static_cast<std::size_t>(count));
                continue;
            }
            if (ERR_peek_error() != 0) text += "(" + openssl::take_reason() + ")";
            return text;
        }
    }
    /// What `engine` reads of `records`, or "(message)".
    static std::string receive(TlsEngine& engine, std::string_view records) {
        Bytes input = as_bytes(records);
        return read(engine, input);
    }

private:
    static std::string read(TlsEngine& engine, Bytes& input) {
        std::string text;
        std::byte room[1000];
        for (;;) {
            const Result<std::size_t> count = engine.decrypt(input, room);
            if (!count) return text + "(" + count.error().message() + ")";
            if (*count == 0) return text;
            text += as_text(Bytes(room).first(*count));
        }
    }

    openssl::Handle<SSL, SSL_free> ssl_;
};

}  // namespace weir::http
