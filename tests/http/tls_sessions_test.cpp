// SPDX-License-Identifier: MIT
#include "http/tls_sessions.h"

#include <weir/http/client.h>
#include <weir/http/tls_context.h>

#include "tests/http/tls_pair.h"
#include "tests/http/world.h"

#include <gtest/gtest.h>

#include <ctime>
#include <memory>
#include <string>

using namespace weir;
using namespace weir::http;

namespace {

// --- the store -----------------------------------------------------------------------------------

SessionHandle session(int version) {
    SessionHandle made(SSL_SESSION_new());
    SSL_SESSION_set_protocol_version(made.get(), version);
    // Without an identity or a ticket it could not be resumed.
    const unsigned char id[] = {1, 2, 3};
    SSL_SESSION_set1_id(made.get(), id, sizeof(id));
    SSL_SESSION_set_timeout(made.get(), 1000);
    return made;
}

TEST(TlsSessions, OfTls13AreGivenOutOnceTheYoungestFirst) {
    TlsSessions sessions;
    SSL_SESSION* made[2];
    for (SSL_SESSION*& each : made) {
        SessionHandle one = session(TLS1_3_VERSION);
        each = one.get();
        sessions.put("a:1", std::move(one));
    }
    EXPECT_EQ(sessions.size(), 2u);
    const SessionHandle first = sessions.take("a:1");
    EXPECT_EQ(first.get(), made[1]);
    const SessionHandle second = sessions.take("a:1");
    EXPECT_EQ(second.get(), made[0]);
    EXPECT_EQ(sessions.take("a:1"), nullptr);
    EXPECT_EQ(sessions.size(), 0u);
}

TEST(TlsSessions, OfTls12Stay) {
    TlsSessions sessions;
    sessions.put("a:1", session(TLS1_2_VERSION));
    EXPECT_NE(sessions.take("a:1"), nullptr);
    EXPECT_NE(sessions.take("a:1"), nullptr);
    EXPECT_EQ(sessions.size(), 1u);
}

TEST(TlsSessions, BelongToOnePeer) {
    TlsSessions sessions;
    sessions.put("a:1", session(TLS1_2_VERSION));
    EXPECT_EQ(sessions.take("a:2"), nullptr);
    EXPECT_EQ(sessions.take("b:1"), nullptr);
    EXPECT_EQ(sessions.take("A:1"), nullptr);
}

TEST(TlsSessions, ThatAreTooOldAreDropped) {
    TlsSessions sessions;
    SessionHandle old = session(TLS1_2_VERSION);
    SSL_SESSION_set_time(old.get(), std::time(nullptr) - 1001);
    sessions.put("a:1", std::move(old));
    EXPECT_EQ(sessions.take("a:1"), nullptr);
    EXPECT_EQ(sessions.size(), 0u);
}

TEST(TlsSessions, AreBoundedForEachPeerAndInAll) {
    TlsSessions sessions;
    for (std::size_t i = 0; i < TlsSessions::kSessionsMax + 5; ++i)
        sessions.put("first:1", session(TLS1_3_VERSION));
    EXPECT_EQ(sessions.size(), TlsSessions::kSessionsMax);
    for (std::size_t i = 1; i < TlsSessions::kPeersMax; ++i)
        sessions.put("host" + std::to_string(i) + ":1", session(TLS1_3_VERSION));

    // The one used least recently makes room.
    EXPECT_NE(sessions.take("first:1"), nullptr);
    sessions.put("one more:1", session(TLS1_3_VERSION));
    EXPECT_NE(sessions.take("first:1"), nullptr);
    EXPECT_EQ(sessions.take("host1:1"), nullptr);
    EXPECT_NE(sessions.take("host2:1"), nullptr);
    EXPECT_NE(sessions.take("one more:1"), nullptr);
}

// --- resumption ----------------------------------------------------------------------------------

constexpr const char* kHost = "example.test";

/// A client's context of this test's own, and a server's, both up to the version under test.
class TlsResumption : public testing::TestWithParam<int> {
protected:
    TlsContext fresh_client() const {
        return TlsContext::client(TlsClientOptions().ca_pem(authority().certificate_pem())).value();
    }
    TlsContext fresh_server() const {
        static const auto issued = authority().issue({kHost, "other.test", "127.0.0.1"}).value();
        TlsContext made =
            TlsContext::server(issued.certificate_pem(), issued.private_key_pem()).value();
        EXPECT_EQ(SSL_CTX_set_max_proto_version(made.native(), GetParam()), 1);
        return made;
    }
    /// One connection, used in both directions; whether it was resumed, on both sides alike.
    bool connects(const TlsContext& client, const TlsContext& server, std::string_view host = kHost,
                  std::uint16_t port = 443) const {
        Pair pair(client, server, host, kWhole, port);
        pair.shake_hands();
        EXPECT_TRUE(pair.client_result) << pair.client_result.error().message();
        EXPECT_TRUE(pair.client.is_established() && pair.server.is_established());
        EXPECT_TRUE(pair.client.encrypt(as_bytes("question")));
        EXPECT_EQ(pair.receive(pair.client, pair.server), "question");
        EXPECT_TRUE(pair.server.encrypt(as_bytes("answer")));
        EXPECT_EQ(pair.receive(pair.server, pair.client), "answer");
        EXPECT_EQ(pair.client.protocol(), GetParam() == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2");
        EXPECT_EQ(pair.client.application_protocol(), "http/1.1");
        EXPECT_EQ(pair.client.is_resumed(), pair.server.is_resumed());
        return pair.client.is_resumed();
    }

    TlsContext client_ = fresh_client();
    TlsContext server_ = fresh_server();
};
INSTANTIATE_TEST_SUITE_P(Versions, TlsResumption, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& each) {
                             return each.param == TLS1_3_VERSION ? "Tls13" : "Tls12";
                         });

TEST_P(TlsResumption, EveryLaterConnectionResumes) {
    EXPECT_FALSE(connects(client_, server_));
    for (int i = 0; i < 5; ++i)
        EXPECT_TRUE(connects(client_, server_)) << i;
    EXPECT_EQ(client_.handshakes(), 6u);
    EXPECT_EQ(client_.resumed(), 5u);
    EXPECT_EQ(server_.handshakes(), 6u);
    EXPECT_EQ(server_.resumed(), 5u);
}

TEST_P(TlsResumption, IsForTheSameHostAndPortOnly) {
    EXPECT_FALSE(connects(client_, server_));
    EXPECT_FALSE(connects(client_, server_, "other.test"));
    EXPECT_FALSE(connects(client_, server_, kHost, 8443));
    EXPECT_FALSE(connects(client_, server_, "127.0.0.1"));
    EXPECT_TRUE(connects(client_, server_, "127.0.0.1"));
    EXPECT_TRUE(connects(client_, server_));
    EXPECT_TRUE(connects(client_, server_, "other.test"));
}

TEST_P(TlsResumption, DoesNotCrossContexts) {
    EXPECT_FALSE(connects(client_, server_));
    const TlsContext other = fresh_client();
    EXPECT_FALSE(connects(other, server_));
    // A copy is the same context.
    const TlsContext copy = client_;
    EXPECT_TRUE(connects(copy, server_));
}

TEST_P(TlsResumption, AServerThatForgotItsTicketsShakesHandsAnew) {
    EXPECT_FALSE(connects(client_, server_));
    const TlsContext restarted = fresh_server();
    EXPECT_FALSE(connects(client_, restarted));
    EXPECT_TRUE(connects(client_, restarted));
}

TEST_P(TlsResumption, AnImpostorIsRefusedThoughASessionIsOffered) {
    EXPECT_FALSE(connects(client_, server_));
    const auto stranger = CertificateAuthority::create("Stranger").value();
    const auto issued = stranger.issue({kHost}).value();
    const auto impostor =
        TlsContext::server(issued.certificate_pem(), issued.private_key_pem()).value();
    Pair pair(client_, impostor, kHost, kWhole, 443);
    pair.shake_hands();
    EXPECT_FALSE(pair.client_result);
    EXPECT_FALSE(pair.client.is_established());
}

TEST_P(TlsResumption, OfAFailedHandshakeThereIsNone) {
    Pair pair(client_, server_, "unknown.test", kWhole, 443);
    pair.shake_hands();
    EXPECT_FALSE(pair.client_result);
    EXPECT_EQ(client_.handshakes(), 0u);
    Pair again(client_, server_, "unknown.test", kWhole, 443);
    again.shake_hands();
    EXPECT_FALSE(again.client_result);
}

TEST_P(TlsResumption, WorksForClientsThatShowedACertificate) {
    const auto issued = authority().issue({kHost}).value();
    const auto demanding =
        TlsContext::server(issued.certificate_pem(), issued.private_key_pem(),
                           TlsServerOptions().client_ca_pem(authority().certificate_pem()))
            .value();
    SSL_CTX_set_max_proto_version(demanding.native(), GetParam());
    const auto mine =
        authority().issue({"me"}, CertificateValidity(), CertificatePurpose::client).value();
    const openssl::BioHandle certificate = openssl::read_from(mine.certificate_pem());
    const openssl::BioHandle key = openssl::read_from(mine.private_key_pem());
    const openssl::CertificateHandle shown(
        PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr));
    const openssl::KeyHandle used(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
    SSL_CTX_use_certificate(client_.native(), shown.get());
    SSL_CTX_use_PrivateKey(client_.native(), used.get());
    EXPECT_FALSE(connects(client_, demanding));
    EXPECT_TRUE(connects(client_, demanding));
    // It holds no session with a client that showed nothing.
    Pair pair(fresh_client(), demanding, kHost, kWhole, 443);
    pair.shake_hands();
    EXPECT_FALSE(pair.server_result);
}

// --- through the client's pool -------------------------------------------------------------------

TEST(TlsResumptionOfAPool, ANewConnectionToAnOriginResumes) {
    const TlsContext trust =
        TlsContext::client(TlsClientOptions().ca_pem(authority().certificate_pem())).value();
    with_server(
        [](Exchange& exchange) -> Task<void> {
            Result<void> sent = co_await exchange.respond(200, Headers(), "hello");
            static_cast<void>(sent);
        },
        ServerOptions().tls(server_context({"localhost"})),
        [&](Server&) -> Task<void> {
            for (int i = 0; i < 3; ++i) {
                // Each client has a pool of its own, so each call opens a connection.
                Client client(ClientOptions().tls(trust));
                Result<Response> answer =
                    co_await client.send(Request("GET", url("/", "https://localhost:8080")));
                EXPECT_EQ(answer.value().body, "hello");
                EXPECT_EQ(client.opened(), 1u);
            }
        });
    EXPECT_EQ(trust.handshakes(), 3u);
    EXPECT_EQ(trust.resumed(), 2u);
}

}  // namespace
