// SPDX-License-Identifier: MIT
//
// A client's and a server's engine talking to each other in memory, for tests.
#pragma once

#include <weir/http/certificate.h>
#include <weir/http/tls_context.h>

#include "http/tls_engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::http {

inline constexpr std::size_t kWhole = 1 << 20;

/// Made once: keys cost more than the tests.
inline const CertificateAuthority& authority() {
    static const auto made = CertificateAuthority::create("Weir Test Root").value();
    return made;
}

inline TlsContext server_context(const std::vector<std::string>& names,
                                 const CertificateValidity& validity = CertificateValidity()) {
    const auto issued = authority().issue(names, validity).value();
    return TlsContext::server(issued.certificate_pem(), issued.private_key_pem()).value();
}

inline const TlsContext& client_context() {
    static const auto made =
        TlsContext::client(TlsClientOptions().ca_pem(authority().certificate_pem())).value();
    return made;
}

/// A client's and a server's engine, joined by a network that delivers at most `step` bytes at a
/// time, and what each side's calls came to.
class Pair {
public:
    Pair(const TlsContext& from, const TlsContext& to, std::string_view host,
         std::size_t step = kWhole, std::uint16_t port = 0)
        : client(TlsEngine::client(from, host, port).value()),
          server(TlsEngine::server(to).value()),
          step_(step) {}

    /// Both sides' handshakes, until neither has anything left to say.
    void shake_hands() {
        Bytes nothing;
        client_result = client.handshake(nothing);
        while (!client.output().empty() || !server.output().empty()) {
            server_result = deliver(client.output(), server);
            client_result = deliver(server.output(), client);
        }
    }

    /// Moves one step's worth; what the handshake leaves is returned to the queue's front.
    Result<void> deliver(ByteQueue& from, TlsEngine& to) const {
        Bytes input = from.readable().first(std::min(step_, from.size()));
        const std::size_t given = input.size();
        auto result = to.is_established() ? drain(input, to) : to.handshake(input);
        from.consume(given - input.size());
        // A side that has failed reads no more.
        if (!result) from.clear();
        return result;
    }

    static Result<void> drain(Bytes& input, TlsEngine& to) {
        std::byte room[512];
        auto count = to.decrypt(input, room);
        if (!count) return count.error();
        EXPECT_EQ(*count, 0u);
        return {};
    }

    /// What `to` reads of what is in `from`'s output, in steps.
    std::string receive(TlsEngine& from, TlsEngine& to, std::size_t room_size = 4096) const {
        std::string text;
        std::vector<std::byte> room(room_size);
        ByteQueue& wire = from.output();
        while (!wire.empty()) {
            Bytes input = wire.readable().first(std::min(step_, wire.size()));
            const std::size_t given = input.size();
            std::size_t count = 0;
            do {
                auto result = to.decrypt(input, room);
                if (!result) return text + "(" + result.error().message() + ")";
                count = *result;
                text += as_text(MutableBytes(room).first(count));
            } while (count == room.size());
            wire.consume(given - input.size());
            if (to.is_closed()) break;
        }
        return text;
    }

    TlsEngine client;
    TlsEngine server;
    Result<void> client_result;
    Result<void> server_result;

private:
    std::size_t step_;
};

inline Pair connected(std::size_t step = kWhole) {
    static const TlsContext served = server_context({"example.test"});
    Pair pair(client_context(), served, "example.test", step);
    pair.shake_hands();
    EXPECT_TRUE(pair.client.is_established());
    EXPECT_TRUE(pair.server.is_established());
    return pair;
}

}  // namespace weir::http
