// SPDX-License-Identifier: MIT
//
// Handshakes of every kind with the bytes of each direction cut in two at every place. What the
// two sides agree on must not depend on it.
#include "tests/http/tls_pair.h"
#include "tests/http/world.h"

#include "http/transport.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <weir/runtime/simulation.h>

#include <algorithm>
#include <string>

using namespace weir;
using namespace weir::http;

namespace {

constexpr const char* kHost = "example.test";

/// Gives `to` what `from` has to say, with a pause where `cut` bytes have gone that way. What
/// belongs to the connection rather than the handshake is read, too.
class Wire {
public:
    explicit Wire(std::size_t cut) noexcept : cut_(cut) {}

    Result<void> deliver(TlsEngine& from, TlsEngine& to) {
        ByteQueue& queue = from.output();
        while (!queue.empty()) {
            std::size_t count = queue.size();
            if (gone_ < cut_) count = std::min(count, cut_ - gone_);
            const std::string piece(as_text(queue.readable().first(count)));
            gone_ += count;
            queue.consume(count);
            held_ += piece;
            Bytes input = as_bytes(held_);
            Result<void> result = to.is_established() ? read(input, to) : to.handshake(input);
            if (!result) return result;
            if (to.is_established() && !input.empty()) result = read(input, to);
            if (!result) return result;
            held_ = std::string(as_text(input));
        }
        return {};
    }
    std::size_t gone() const noexcept { return gone_; }
    std::string text;

private:
    Result<void> read(Bytes& input, TlsEngine& to) {
        std::byte room[512];
        const Result<std::size_t> count = to.decrypt(input, room);
        if (!count) return count.error();
        text += as_text(Bytes(room).first(*count));
        return {};
    }

    std::size_t cut_;
    std::size_t gone_ = 0;
    std::string held_;
};

enum class Kind { whole, resumed, old };

class TlsCuts : public testing::TestWithParam<Kind> {
protected:
    void SetUp() override {
        if (GetParam() == Kind::old) {
            SSL_CTX_set_max_proto_version(server_.native(), TLS1_2_VERSION);
        }
    }
    /// One connection, and a message each way; how many bytes went which way.
    std::pair<std::size_t, std::size_t> connect(std::size_t cut_up, std::size_t cut_down) {
        // Without a port of its own no connection finds the session of the one before.
        const std::uint16_t port = GetParam() == Kind::resumed ? 0 : ++port_;
        TlsEngine client = TlsEngine::client(client_, kHost, port).value();
        TlsEngine server = TlsEngine::server(server_).value();
        Wire up(cut_up);
        Wire down(cut_down);
        Bytes nothing;
        EXPECT_TRUE(client.handshake(nothing));
        const auto settle = [&] {
            while (!client.output().empty() || !server.output().empty()) {
                const Result<void> heard = up.deliver(client, server);
                if (!heard) return ADD_FAILURE() << heard.error().message(), void();
                const Result<void> answered = down.deliver(server, client);
                if (!answered) return ADD_FAILURE() << answered.error().message(), void();
            }
        };
        settle();
        EXPECT_TRUE(client.is_established() && server.is_established());
        if (!client.is_established() || !server.is_established()) return {0, 0};
        EXPECT_TRUE(client.encrypt(as_bytes("question")));
        EXPECT_TRUE(server.encrypt(as_bytes("answer")));
        settle();
        EXPECT_EQ(up.text, "question");
        EXPECT_EQ(down.text, "answer");
        EXPECT_EQ(client.is_resumed(), GetParam() == Kind::resumed && !is_first_);
        is_first_ = false;
        return {up.gone(), down.gone()};
    }

    TlsContext client_ =
        TlsContext::client(TlsClientOptions().ca_pem(authority().certificate_pem())).value();
    TlsContext server_ = server_context({kHost});
    std::uint16_t port_ = 0;
    bool is_first_ = true;
};
INSTANTIATE_TEST_SUITE_P(Handshakes, TlsCuts,
                         testing::Values(Kind::whole, Kind::resumed, Kind::old),
                         [](const auto& each) {
                             if (each.param == Kind::whole) return "Tls13";
                             return each.param == Kind::resumed ? "Tls13Resumed" : "Tls12";
                         });

TEST_P(TlsCuts, EachFlightInTwoAtEveryByte) {
    static_cast<void>(connect(0, 0));
    const auto [up, down] = connect(0, 0);
    ASSERT_GT(up, 300u);
    // Signatures differ by a byte or two from one handshake to the next: some cuts come to nothing.
    for (std::size_t cut = 1; cut < std::max(up, down) && !HasFailure(); ++cut) {
        SCOPED_TRACE("cut at " + std::to_string(cut));
        static_cast<void>(connect(cut, cut));
    }
}

TEST(TlsCutsOfTransports, SegmentsInAnyPartsMakeNoDifference) {
    const TlsContext served = server_context({"localhost"});
    const std::string text(20'000, 'x');
    const auto serve = [&](TcpListener& listener) -> Task<void> {
        Result<TcpStream> stream = co_await listener.accept();
        Transport transport(*std::move(stream));
        Result<TlsEngine> engine = TlsEngine::server(served);
        Result<void> secured = co_await transport.begin_tls(*std::move(engine));
        EXPECT_TRUE(secured.has_value());
        EXPECT_TRUE((co_await transport.write_all(as_bytes(text))).has_value());
        EXPECT_TRUE((co_await transport.say_goodbye()).has_value());
    };
    const auto ask = [&]() -> Task<void> {
        TcpListener listener = TcpListener::bind(Endpoint::loopback(kPort)).value();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(serve(listener));
            Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
            Transport transport(*std::move(stream));
            Result<TlsEngine> engine = TlsEngine::client(client_context(), "localhost");
            Result<void> secured = co_await transport.begin_tls(*std::move(engine));
            EXPECT_TRUE(secured.has_value());
            std::string got;
            for (;;) {
                Result<Bytes> piece = co_await transport.read();
                EXPECT_TRUE(piece.has_value());
                if (!piece || piece->empty()) break;
                got += as_text(*piece);
            }
            EXPECT_EQ(got, text);
        });
    };
    const Faults parts = Faults().split_segments(1).short_receives(0.8);
    for (std::uint64_t seed = 1; seed <= 50 && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        run_simulated(ask(), Simulation().seed(seed).faults(parts));
    }
}

}  // namespace
