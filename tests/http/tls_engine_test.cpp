// SPDX-License-Identifier: MIT
#include "http/tls_engine.h"

#include <weir/http/certificate.h>
#include <weir/http/wire/error.h>

#include "tests/http/tls_pair.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <type_traits>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<TlsEngine>);
static_assert(!std::is_copy_constructible_v<TlsEngine>);

bool mentions(const Error& error, std::string_view text) {
    return error.message().find(text) != std::string::npos;
}

std::string long_text(std::size_t size) {
    std::string text(size, ' ');
    for (std::size_t i = 0; i < size; ++i)
        text[i] = static_cast<char>('a' + i % 23);
    return text;
}

class TlsEngineCuts : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Steps, TlsEngineCuts, testing::Values(1, 7, 1000, kWhole));

TEST_P(TlsEngineCuts, HandshakeDataAndGoodbyeInBothDirections) {
    Pair pair = connected(GetParam());
    EXPECT_EQ(pair.client.protocol(), "TLSv1.3");
    EXPECT_EQ(pair.client.application_protocol(), "http/1.1");
    EXPECT_EQ(pair.server.application_protocol(), "http/1.1");

    ASSERT_TRUE(pair.client.encrypt(as_bytes("GET / HTTP/1.1\r\n\r\n")));
    EXPECT_EQ(pair.receive(pair.client, pair.server), "GET / HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(pair.server.encrypt(as_bytes("HTTP/1.1 200 OK\r\n\r\n")));
    EXPECT_EQ(pair.receive(pair.server, pair.client), "HTTP/1.1 200 OK\r\n\r\n");

    const std::string text = long_text(100 * 1024);
    ASSERT_TRUE(pair.client.encrypt(as_bytes(text)));
    EXPECT_EQ(pair.receive(pair.client, pair.server), text);
    ASSERT_TRUE(pair.server.encrypt(as_bytes(text)));
    EXPECT_EQ(pair.receive(pair.server, pair.client), text);

    EXPECT_FALSE(pair.client.is_closed());
    pair.server.shut_down();
    EXPECT_EQ(pair.receive(pair.server, pair.client), "");
    EXPECT_TRUE(pair.client.is_closed());
    EXPECT_FALSE(pair.server.is_closed());
}

TEST_P(TlsEngineCuts, RoomForOneByteGetsEveryByte) {
    Pair pair = connected(GetParam());
    const std::string text = long_text(5000);
    ASSERT_TRUE(pair.server.encrypt(as_bytes(text)));
    EXPECT_EQ(pair.receive(pair.server, pair.client, 1), text);
}

TEST_P(TlsEngineCuts, WrongHostIsRefusedAndToldToTheServer) {
    const TlsContext served = server_context({"a.test", "10.1.2.3"});
    Pair pair(client_context(), served, "b.test", GetParam());
    pair.shake_hands();
    ASSERT_FALSE(pair.client_result);
    EXPECT_EQ(pair.client_result.error(), HttpErrc::tls_wrong_host);
    EXPECT_TRUE(mentions(pair.client_result.error(), "b.test"));
    EXPECT_TRUE(mentions(pair.client_result.error(), "a.test, 10.1.2.3"));
    EXPECT_FALSE(pair.client.is_established());
    ASSERT_FALSE(pair.server_result);
    EXPECT_EQ(pair.server_result.error(), HttpErrc::tls_handshake);
    EXPECT_TRUE(mentions(pair.server_result.error(), "alert"));
}

TEST(TlsEngine, DataBehindTheHandshakeStaysInTheInput) {
    static const TlsContext served = server_context({"example.test"});
    Pair pair(client_context(), served, "example.test");
    Bytes nothing;
    ASSERT_TRUE(pair.client.handshake(nothing));
    ASSERT_TRUE(pair.deliver(pair.client.output(), pair.server));
    ASSERT_TRUE(pair.deliver(pair.server.output(), pair.client));
    ASSERT_TRUE(pair.client.is_established());
    ASSERT_TRUE(pair.client.encrypt(as_bytes("early bird")));

    Bytes input = pair.client.output().readable();
    ASSERT_TRUE(pair.server.handshake(input));
    ASSERT_TRUE(pair.server.is_established());
    EXPECT_FALSE(input.empty());
    std::byte room[64];
    const auto count = pair.server.decrypt(input, room);
    ASSERT_TRUE(count);
    EXPECT_EQ(as_text(Bytes(room).first(*count)), "early bird");
    EXPECT_TRUE(input.empty());
}

TEST(TlsEngine, ReadingEndsAtGoodbyeAndLeavesTheRest) {
    Pair pair = connected();
    ASSERT_TRUE(pair.server.encrypt(as_bytes("last words")));
    pair.server.shut_down();
    pair.server.shut_down();
    pair.server.output().append("noise");

    Bytes input = pair.server.output().readable();
    std::byte room[64];
    const auto count = pair.client.decrypt(input, room);
    ASSERT_TRUE(count);
    EXPECT_EQ(as_text(Bytes(room).first(*count)), "last words");
    EXPECT_EQ(pair.client.decrypt(input, room).value(), 0u);
    EXPECT_TRUE(pair.client.is_closed());
    EXPECT_EQ(as_text(input), "noise");
}

TEST(TlsEngine, CanReceiveButNotSendAfterShutDown) {
    Pair pair = connected();
    pair.client.shut_down();
    const auto sent = pair.client.encrypt(as_bytes("too late"));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error(), HttpErrc::tls_failed);
    ASSERT_TRUE(pair.server.encrypt(as_bytes("still here")));
    EXPECT_EQ(pair.receive(pair.server, pair.client), "still here");
}

TEST(TlsEngine, EndWithoutGoodbyeIsTruncation) {
    Pair pair = connected();
    ASSERT_TRUE(pair.server.encrypt(as_bytes("half of it")));
    EXPECT_EQ(pair.receive(pair.server, pair.client), "half of it");
    EXPECT_FALSE(pair.client.is_closed());
    EXPECT_EQ(pair.client.truncated(), HttpErrc::tls_truncated);
    EXPECT_TRUE(mentions(pair.client.truncated(), "example.test"));

    const TlsEngine fresh = TlsEngine::client(client_context(), "example.test").value();
    EXPECT_EQ(fresh.truncated(), HttpErrc::tls_handshake);
}

TEST(TlsEngine, DamagedRecordFailsAfterTheGoodOnes) {
    Pair pair = connected();
    ASSERT_TRUE(pair.server.encrypt(as_bytes("good")));
    const std::size_t good = pair.server.output().size();
    ASSERT_TRUE(pair.server.encrypt(as_bytes("bad!")));
    std::string wire(as_text(pair.server.output().readable()));
    wire[good + 8] = static_cast<char>(wire[good + 8] ^ 1);

    Bytes input = as_bytes(wire);
    std::byte room[64];
    const auto count = pair.client.decrypt(input, room);
    ASSERT_TRUE(count);
    EXPECT_EQ(as_text(Bytes(room).first(*count)), "good");
    const auto failed = pair.client.decrypt(input, room);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error(), HttpErrc::tls_failed);
    EXPECT_FALSE(pair.client.is_closed());
    EXPECT_EQ(pair.client.encrypt(as_bytes("more")).error(), HttpErrc::tls_failed);
    // The alert is there to be sent.
    EXPECT_FALSE(pair.client.output().empty());
}

TEST(TlsEngine, AddressesMatchOnlyAddressEntries) {
    const TlsContext served = server_context({"127.0.0.1", "::1"});
    for (const char* host : {"127.0.0.1", "::1", "[::1]"}) {
        Pair pair(client_context(), served, host);
        pair.shake_hands();
        EXPECT_TRUE(pair.client.is_established()) << host;
        EXPECT_TRUE(pair.server.is_established()) << host;
    }
    Pair other(client_context(), served, "127.0.0.2");
    other.shake_hands();
    ASSERT_FALSE(other.client_result);
    EXPECT_EQ(other.client_result.error(), HttpErrc::tls_wrong_host);
    EXPECT_TRUE(mentions(other.client_result.error(), "127.0.0.1, ::1"));
}

TEST(TlsEngine, AsksForNamesButNotForAddresses) {
    const auto hello_to = [](std::string_view host) {
        TlsEngine client = TlsEngine::client(client_context(), host).value();
        Bytes nothing;
        EXPECT_TRUE(client.handshake(nothing));
        return std::string(as_text(client.output().readable()));
    };
    EXPECT_NE(hello_to("example.test.").find("example.test"), std::string::npos);
    EXPECT_EQ(hello_to("example.test.").find("example.test."), std::string::npos);
    EXPECT_EQ(hello_to("127.0.0.1").find("127.0.0.1"), std::string::npos);
}

TEST(TlsEngine, WildcardCoversOneLabel) {
    const TlsContext served = server_context({"*.example.test", "w*.other.test"});
    Pair one(client_context(), served, "api.example.test.");
    one.shake_hands();
    EXPECT_TRUE(one.client.is_established());
    for (const char* host : {"example.test", "a.b.example.test", "www.other.test"}) {
        Pair pair(client_context(), served, host);
        pair.shake_hands();
        ASSERT_FALSE(pair.client_result) << host;
        EXPECT_EQ(pair.client_result.error(), HttpErrc::tls_wrong_host) << host;
    }
}

TEST(TlsEngine, UnknownAuthorityIsNamed) {
    const auto stranger = CertificateAuthority::create("Somebody Else").value();
    const auto trusting =
        TlsContext::client(TlsClientOptions().ca_pem(stranger.certificate_pem())).value();
    Pair pair(trusting, server_context({"example.test"}), "example.test");
    pair.shake_hands();
    ASSERT_FALSE(pair.client_result);
    EXPECT_EQ(pair.client_result.error(), HttpErrc::tls_unknown_ca);
    EXPECT_TRUE(mentions(pair.client_result.error(), "Weir Test Root"));
    EXPECT_TRUE(mentions(pair.client_result.error(), "--ca-file"));
}

TEST(TlsEngine, SystemStoreDoesNotTrustTheTestAuthority) {
    Pair pair(TlsContext::client().value(), server_context({"example.test"}), "example.test");
    pair.shake_hands();
    ASSERT_FALSE(pair.client_result);
    EXPECT_EQ(pair.client_result.error(), HttpErrc::tls_unknown_ca);
}

TEST(TlsEngine, ExpiredAndFutureCertificatesAreRefused) {
    const auto past = CertificateValidity().from(-48h).lasts(24h);
    Pair expired(client_context(), server_context({"example.test"}, past), "example.test");
    expired.shake_hands();
    ASSERT_FALSE(expired.client_result);
    EXPECT_EQ(expired.client_result.error(), HttpErrc::tls_expired);
    EXPECT_TRUE(mentions(expired.client_result.error(), "GMT"));

    const auto future = CertificateValidity().from(24h).lasts(24h);
    Pair early(client_context(), server_context({"example.test"}, future), "example.test");
    early.shake_hands();
    ASSERT_FALSE(early.client_result);
    EXPECT_EQ(early.client_result.error(), HttpErrc::tls_expired);
    EXPECT_TRUE(mentions(early.client_result.error(), "not valid before"));
}

TEST(TlsEngine, PlainHttpInsteadOfServerHelloIsAHandshakeError) {
    TlsEngine client = TlsEngine::client(client_context(), "example.test").value();
    Bytes nothing;
    ASSERT_TRUE(client.handshake(nothing));
    Bytes input = as_bytes("HTTP/1.1 400 Bad Request\r\n\r\n");
    const auto result = client.handshake(input);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), HttpErrc::tls_handshake);
    EXPECT_TRUE(mentions(result.error(), "is it TLS"));
    EXPECT_TRUE(mentions(result.error(), "example.test"));
    EXPECT_EQ(client.handshake(input).error(), HttpErrc::tls_handshake);
}

TEST(TlsEngine, PlainHttpInsteadOfClientHelloIsAHandshakeError) {
    TlsEngine server = TlsEngine::server(server_context({"example.test"})).value();
    Bytes input = as_bytes("GET / HTTP/1.1\r\nHost: example.test\r\n\r\n");
    const auto result = server.handshake(input);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), HttpErrc::tls_handshake);
    EXPECT_TRUE(mentions(result.error(), "is it TLS"));
}

TEST(TlsEngine, Tls12IsTheFloor) {
    const TlsContext old = server_context({"example.test"});
    ASSERT_EQ(SSL_CTX_set_max_proto_version(old.native(), TLS1_2_VERSION), 1);
    Pair pair(client_context(), old, "example.test", 7);
    pair.shake_hands();
    ASSERT_TRUE(pair.client.is_established());
    EXPECT_EQ(pair.client.protocol(), "TLSv1.2");
    ASSERT_TRUE(pair.server.encrypt(as_bytes("hello")));
    EXPECT_EQ(pair.receive(pair.server, pair.client), "hello");

    const TlsContext older = server_context({"example.test"});
    SSL_CTX_set_min_proto_version(older.native(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(older.native(), TLS1_1_VERSION);
    SSL_CTX_set_security_level(older.native(), 0);
    Pair refused(client_context(), older, "example.test");
    refused.shake_hands();
    EXPECT_FALSE(refused.client.is_established());
    EXPECT_FALSE(refused.server.is_established());
}

TEST(TlsEngine, HostThatCannotBeNamedIsABadArgument) {
    EXPECT_EQ(TlsEngine::client(client_context(), "").error(), Errc::bad_argument);
    EXPECT_EQ(TlsEngine::client(client_context(), std::string_view("a\0b", 3)).error(),
              Errc::bad_argument);
    EXPECT_EQ(TlsEngine::client(client_context(), std::string(300, 'a')).error(),
              Errc::bad_argument);
}

TEST(TlsEngine, WorksAfterMoves) {
    Pair pair = connected();
    ASSERT_TRUE(pair.server.encrypt(as_bytes("before")));
    EXPECT_EQ(pair.receive(pair.server, pair.client), "before");
    TlsEngine moved(std::move(pair.client));
    TlsEngine assigned = TlsEngine::client(client_context(), "other.test").value();
    assigned = std::move(moved);
    ASSERT_TRUE(assigned.is_established());
    ASSERT_TRUE(pair.server.encrypt(as_bytes("after")));
    EXPECT_EQ(pair.receive(pair.server, assigned), "after");
}

TEST(TlsEngine, OutlivesItsContext) {
    auto context = std::make_unique<TlsContext>(client_context());
    auto served = std::make_unique<TlsContext>(server_context({"example.test"}));
    Pair pair(*context, *served, "example.test");
    context.reset();
    served.reset();
    pair.shake_hands();
    EXPECT_TRUE(pair.client.is_established());
}

TEST(TlsEngine, IdleOutputHoldsNoMemory) {
    Pair pair = connected();
    pair.client.output().release_if_empty();
    EXPECT_EQ(pair.client.output().capacity(), 0u);
}

TEST(TlsEngine, ClientRecordsStaySmall) {
    Pair pair = connected();
    ASSERT_TRUE(pair.client.encrypt(as_bytes(long_text(10'000))));
    const Bytes wire = pair.client.output().readable();
    const auto length =
        std::to_integer<std::size_t>(wire[3]) << 8 | std::to_integer<std::size_t>(wire[4]);
    EXPECT_LT(length, 4096u + 256u);
    EXPECT_GT(wire.size(), 10'000u);
}

TEST(TlsEngineDeathTest, DataBeforeTheHandshakeIsABug) {
    TlsEngine client = TlsEngine::client(client_context(), "example.test").value();
    EXPECT_DEATH(static_cast<void>(client.encrypt(as_bytes("x"))), "is_established_");
}

TEST(TlsEngineDeathTest, ContextOfTheOtherSideIsABug) {
    EXPECT_DEATH(static_cast<void>(TlsEngine::server(client_context())), "server");
}

}  // namespace
