// SPDX-License-Identifier: MIT
//
// What a peer may do behind the handshake, and what it may not.
#include <weir/http/wire/error.h>

#include "tests/http/raw_peer.h"
#include "tests/http/tls_pair.h"
#include "tests/support/temporary_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

using namespace weir;
using namespace weir::http;

namespace {

constexpr const char* kHost = "example.test";
constexpr int kChanges = 1000;

const TlsContext& served() {
    static const TlsContext made = server_context({kHost});
    return made;
}

/// A raw server, with the certificate that the client under test trusts.
RawContext raw_server(int version) {
    static const auto issued = authority().issue({kHost}).value();
    RawContext made(SSL_CTX_new(TLS_server_method()));
    const openssl::BioHandle certificate = openssl::read_from(issued.certificate_pem());
    const openssl::BioHandle key = openssl::read_from(issued.private_key_pem());
    const openssl::CertificateHandle shown(
        PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr));
    const openssl::KeyHandle used(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
    EXPECT_EQ(SSL_CTX_use_certificate(made.get(), shown.get()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(made.get(), used.get()), 1);
    SSL_CTX_set_max_proto_version(made.get(), version);
    return made;
}

RawContext raw_client(int version) {
    RawContext made(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(made.get(), version);
    return made;
}

TlsEngine client_engine() {
    return TlsEngine::client(client_context(), kHost).value();
}
TlsEngine server_engine() {
    return TlsEngine::server(served()).value();
}

/// Both sides talk and understand each other.
void expect_talk(RawPeer& peer, TlsEngine& engine) {
    EXPECT_EQ(RawPeer::receive(engine, peer.write("to the engine")), "to the engine");
    ASSERT_TRUE(engine.encrypt(as_bytes("to the peer")));
    EXPECT_EQ(peer.read_from(engine), "to the peer");
}

int records_in(Bytes wire) {
    int count = 0;
    for (; wire.size() >= 5; ++count) {
        const auto length =
            std::to_integer<std::size_t>(wire[3]) << 8 | std::to_integer<std::size_t>(wire[4]);
        wire = wire.subspan(std::min(5 + length, wire.size()));
    }
    return count;
}

// --- new keys (RFC 8446, 4.6.3) ------------------------------------------------------------------

class TlsKeyUpdate : public testing::TestWithParam<bool> {
protected:
    TlsEngine engine_ = GetParam() ? server_engine() : client_engine();
    RawContext context_ = GetParam() ? raw_client(TLS1_3_VERSION) : raw_server(TLS1_3_VERSION);
    RawPeer peer_{context_.get()};
};
INSTANTIATE_TEST_SUITE_P(Sides, TlsKeyUpdate, testing::Bool(),
                         [](const auto& each) { return each.param ? "OfAClient" : "OfAServer"; });

TEST_P(TlsKeyUpdate, OfThePeerIsFollowed) {
    ASSERT_TRUE(peer_.shake_hands(engine_));
    expect_talk(peer_, engine_);
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(SSL_key_update(peer_.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        expect_talk(peer_, engine_);
    }
}

TEST_P(TlsKeyUpdate, ThatIsAskedForIsMadeOnThisSideToo) {
    ASSERT_TRUE(peer_.shake_hands(engine_));
    ASSERT_EQ(SSL_key_update(peer_.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    EXPECT_EQ(RawPeer::receive(engine_, peer_.write("new keys")), "new keys");
    // The answer goes ahead of the next data, as it must.
    ASSERT_TRUE(engine_.encrypt(as_bytes("data")));
    EXPECT_EQ(records_in(engine_.output().readable()), 2);
    EXPECT_EQ(peer_.read_from(engine_), "data");
    expect_talk(peer_, engine_);
}

TEST_P(TlsKeyUpdate, IsAnsweredNoMoreOftenThanAsked) {
    ASSERT_TRUE(peer_.shake_hands(engine_));
    std::string records;
    for (int i = 0; i < kChanges; ++i) {
        ASSERT_EQ(SSL_key_update(peer_.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
        ASSERT_EQ(SSL_do_handshake(peer_.ssl()), 1);
        records += peer_.take();
    }
    EXPECT_EQ(RawPeer::receive(engine_, records), "");
    ASSERT_TRUE(engine_.encrypt(as_bytes("data")));
    EXPECT_LE(records_in(engine_.output().readable()), kChanges + 1);
    EXPECT_EQ(peer_.read_from(engine_), "data");
    expect_talk(peer_, engine_);
}

// --- another handshake: never --------------------------------------------------------------------

TEST(TlsRenegotiation, WantedByAServerIsRefusedAndTheConnectionGoesOn) {
    const RawContext context = raw_server(TLS1_2_VERSION);
    RawPeer peer(context.get());
    TlsEngine engine = client_engine();
    ASSERT_TRUE(peer.shake_hands(engine));
    ASSERT_EQ(engine.protocol(), "TLSv1.2");
    ASSERT_EQ(SSL_renegotiate(peer.ssl()), 1);
    SSL_do_handshake(peer.ssl());
    EXPECT_EQ(RawPeer::receive(engine, peer.take()), "");
    EXPECT_FALSE(engine.output().empty());  // the refusal
    ASSERT_TRUE(engine.encrypt(as_bytes("still the same")));
    EXPECT_EQ(peer.read_from(engine), "(no renegotiation)");
}

TEST(TlsRenegotiation, WantedByAClientIsRefused) {
    const RawContext context = raw_client(TLS1_2_VERSION);
    RawPeer peer(context.get());
    TlsEngine engine = server_engine();
    ASSERT_TRUE(peer.shake_hands(engine));
    ASSERT_EQ(SSL_renegotiate(peer.ssl()), 1);
    SSL_do_handshake(peer.ssl());
    EXPECT_EQ(RawPeer::receive(engine, peer.take()), "");
    EXPECT_EQ(peer.read_from(engine), "(no renegotiation)");
    EXPECT_EQ(engine.protocol(), "TLSv1.2");
}

// --- what breaks the rules -----------------------------------------------------------------------

std::string record(unsigned type, std::size_t length, const std::string& content) {
    const auto byte = [](std::size_t value) {
        return static_cast<char>(value);
    };
    return std::string{byte(type), 3, 3, byte(length >> 8), byte(length & 0xff)} + content;
}

class TlsBadRecord : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(
    Kinds, TlsBadRecord,
    testing::Values(record(23, 0xffff, ""),                        // longer than any may be
                    record(23, 4, "text"),                         // not encrypted
                    record(99, 4, "????"),                         // of no known type
                    record(22, 4, std::string("\2\xff\xff\xff")),  // a message of 16 MiB
                    record(23, 0, ""), record(22, 0, ""),          // empty
                    record(21, 2, std::string("\2\x28", 2)),       // an alert in the clear
                    std::string("HTTP/1.1 200 OK\r\n\r\n")));

TEST_P(TlsBadRecord, EndsAHandshakeWithAnError) {
    TlsEngine client = client_engine();
    TlsEngine server = server_engine();
    for (TlsEngine* engine : {&client, &server}) {
        Bytes nothing;
        ASSERT_TRUE(engine->handshake(nothing));
        // A few empty records are allowed.
        std::string text;
        for (int i = 0; i < 40; ++i)
            text += GetParam();
        Bytes input = as_bytes(text);
        const Result<void> result = engine->handshake(input);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error(), HttpErrc::tls_handshake) << result.error().message();
        EXPECT_FALSE(engine->is_established());
    }
}

TEST_P(TlsBadRecord, EndsAConnectionWithAnErrorBehindWhatWasGood) {
    for (const bool is_to_client : {true, false}) {
        Pair pair = connected();
        TlsEngine& from = is_to_client ? pair.server : pair.client;
        TlsEngine& to = is_to_client ? pair.client : pair.server;
        ASSERT_TRUE(from.encrypt(as_bytes("good")));
        const std::string records = std::string(as_text(from.output().readable())) + GetParam();
        const std::string read = RawPeer::receive(to, records);
        EXPECT_TRUE(read.starts_with("good(the TLS connection with ")) << read;
        EXPECT_FALSE(to.is_closed());
        EXPECT_EQ(to.encrypt(as_bytes("x")).error(), HttpErrc::tls_failed);
    }
}

TEST(TlsRecords, ThatAreCopiedOrLeftOutAreNoticed) {
    Pair pair = connected();
    ASSERT_TRUE(pair.server.encrypt(as_bytes("one")));
    const std::string one(as_text(pair.server.output().readable()));
    pair.server.output().clear();
    EXPECT_EQ(RawPeer::receive(pair.client, one), "one");
    EXPECT_TRUE(RawPeer::receive(pair.client, one).find("bad") != std::string::npos);

    Pair other = connected();
    ASSERT_TRUE(other.server.encrypt(as_bytes("one")));
    other.server.output().clear();
    ASSERT_TRUE(other.server.encrypt(as_bytes("two")));
    const std::string two(as_text(other.server.output().readable()));
    EXPECT_TRUE(RawPeer::receive(other.client, two).starts_with("(the TLS connection"));
}

TEST(TlsRecords, AnAlertOfThePeerIsNamed) {
    const RawContext context = raw_server(TLS1_3_VERSION);
    SSL_CTX_set_cipher_list(context.get(), "ECDHE-ECDSA-AES128-GCM-SHA256");
    SSL_CTX_set_ciphersuites(context.get(), "");
    RawPeer peer(context.get());
    const TlsContext newest =
        TlsContext::client(TlsClientOptions().ca_pem(authority().certificate_pem())).value();
    SSL_CTX_set_min_proto_version(newest.native(), TLS1_3_VERSION);
    TlsEngine engine = TlsEngine::client(newest, kHost).value();
    const Result<void> result = peer.shake_hands(engine);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), HttpErrc::tls_handshake);
    EXPECT_NE(result.error().message().find("alert"), std::string::npos);
}

TEST(TlsRecords, APeerThatChoosesAnotherProtocolIsRefused) {
    const RawContext context = raw_server(TLS1_3_VERSION);
    SSL_CTX_set_alpn_select_cb(
        context.get(),
        [](SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char*,
           unsigned int, void*) {
            *chosen = reinterpret_cast<const unsigned char*>("h2");
            *size = 2;
            return SSL_TLSEXT_ERR_OK;
        },
        nullptr);
    RawPeer peer(context.get());
    TlsEngine engine = client_engine();
    const Result<void> result = peer.shake_hands(engine);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), HttpErrc::tls_handshake);
    EXPECT_FALSE(engine.is_established());
}

TEST(TlsRecords, AClientThatSpeaksOnlyAnotherProtocolIsRefused) {
    const RawContext context = raw_client(TLS1_3_VERSION);
    SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>("\2h2"), 3);
    RawPeer peer(context.get());
    TlsEngine engine = server_engine();
    const Result<void> result = peer.shake_hands(engine);
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message().find("application protocol"), std::string::npos)
        << result.error().message();
}

TEST(TlsRecords, AClientThatNamesNoProtocolIsServed) {
    const RawContext context = raw_client(TLS1_3_VERSION);
    RawPeer peer(context.get());
    TlsEngine engine = server_engine();
    ASSERT_TRUE(peer.shake_hands(engine));
    EXPECT_EQ(engine.application_protocol(), "");
    expect_talk(peer, engine);
}

// --- the key log ---------------------------------------------------------------------------------

class TlsKeyLog : public testing::Test {
protected:
    std::string logged() const {
        std::ifstream file(path_);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }
    static void connect(const TlsContext& client, const TlsContext& server) {
        Pair pair(client, server, kHost);
        pair.shake_hands();
        EXPECT_TRUE(pair.client.is_established());
    }

    test::TemporaryFolder folder_;
    std::string path_ = folder_.path_to("keys");
};

TEST_F(TlsKeyLog, HasTheSecretsOfEachConnectionAndIsTheOwnersAlone) {
    const auto client =
        TlsContext::client(
            TlsClientOptions().ca_pem(authority().certificate_pem()).key_log_file(path_))
            .value();
    connect(client, served());
    const std::string once = logged();
    EXPECT_TRUE(once.find("CLIENT_TRAFFIC_SECRET_0 ") != std::string::npos) << once;
    EXPECT_TRUE(once.ends_with("\n"));
    connect(client, served());
    EXPECT_GT(logged().size(), once.size());
    EXPECT_TRUE(logged().starts_with(once));

    struct stat status = {};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777u, 0600u);
}

TEST_F(TlsKeyLog, OfAServerIsTheSame) {
    const auto issued = authority().issue({kHost}).value();
    const auto server = TlsContext::server(issued.certificate_pem(), issued.private_key_pem(),
                                           TlsServerOptions().key_log_file(path_))
                            .value();
    connect(client_context(), server);
    EXPECT_TRUE(logged().find("CLIENT_TRAFFIC_SECRET_0 ") != std::string::npos);
}

TEST_F(TlsKeyLog, IsNotWrittenBecauseOfTheEnvironment) {
    ::setenv("SSLKEYLOGFILE", path_.c_str(), 1);
    const auto client =
        TlsContext::client(TlsClientOptions().ca_pem(authority().certificate_pem())).value();
    connect(client, served());
    ::unsetenv("SSLKEYLOGFILE");
    EXPECT_EQ(logged(), "");
}

TEST_F(TlsKeyLog, ThatCannotBeWrittenMakesNoContext) {
    const auto client = TlsContext::client(
        TlsClientOptions().ca_pem(authority().certificate_pem()).key_log_file("/nonexistent/keys"));
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error(), std::errc::no_such_file_or_directory);
    EXPECT_NE(client.error().message().find("key log /nonexistent/keys"), std::string::npos);
}

}  // namespace
