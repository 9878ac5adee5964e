// SPDX-License-Identifier: MIT
#include "http/tls_verify.h"

#include <weir/http/wire/error.h>

#include "tests/http/odd_certificate.h"
#include "tests/http/tls_pair.h"
#include "tests/support/temporary_folder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

constexpr const char* kHost = "example.test";

TlsContext trusting(const std::string& pem) {
    return TlsContext::client(TlsClientOptions().ca_pem(pem)).value();
}

/// An authority of these tests' own, which signs anything.
const OddCertificate& odd_root() {
    static const OddCertificate made = [] {
        OddCertificate root;
        root.common_name("Odd Root").authority().sign();
        return root;
    }();
    return made;
}

/// What the client says about `served` when it asks for `host`, or "ok".
std::string verdict(const TlsContext& client, const TlsContext& served, std::string_view host,
                    HttpErrc code) {
    Pair pair(client, served, host);
    pair.shake_hands();
    if (pair.client_result) return "ok";
    EXPECT_EQ(pair.client_result.error(), code) << pair.client_result.error().message();
    EXPECT_FALSE(pair.client.is_established());
    EXPECT_FALSE(pair.server.is_established());
    return pair.client_result.error().message();
}

std::string verdict(const OddCertificate& shown, std::string_view host, HttpErrc code) {
    return verdict(trusting(odd_root().pem()), shown.served(), host, code);
}

bool accepts(const OddCertificate& shown, std::string_view host) {
    return verdict(shown, host, HttpErrc::tls_wrong_host) == "ok";
}

OddCertificate leaf_for(const char* names) {
    OddCertificate leaf;
    leaf.common_name("leaf").extension(NID_subject_alt_name, names).sign(odd_root());
    return leaf;
}

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

// --- host names, RFC 9525 ------------------------------------------------------------------------

TEST(TlsVerify, ACommonNameIsNoHostName) {
    OddCertificate leaf;
    leaf.common_name(kHost).sign(odd_root());
    const std::string said = verdict(leaf, kHost, HttpErrc::tls_wrong_host);
    EXPECT_SAYS(said, "asked for example.test");
    EXPECT_SAYS(said, "CN=example.test");
    EXPECT_SAYS(said, "for no host at all");

    OddCertificate other;
    other.common_name(kHost).extension(NID_subject_alt_name, "DNS:other.test").sign(odd_root());
    EXPECT_SAYS(verdict(other, kHost, HttpErrc::tls_wrong_host), "is for other.test;");
}

TEST(TlsVerify, AWildcardIsOneWholeLabelAtTheLeft) {
    const OddCertificate leaf = leaf_for("DNS:*.example.test");
    EXPECT_TRUE(accepts(leaf, "a.example.test"));
    EXPECT_TRUE(accepts(leaf, "A.EXAMPLE.test"));
    EXPECT_TRUE(accepts(leaf, "xn--bcher-kva.example.test"));
    EXPECT_TRUE(accepts(leaf, "a.example.test."));
    EXPECT_FALSE(accepts(leaf, "example.test"));
    EXPECT_FALSE(accepts(leaf, "a.b.example.test"));
    EXPECT_FALSE(accepts(leaf, "a.example.test.evil.test"));
    for (const char* odd : {"DNS:a*.example.test", "DNS:*a.example.test", "DNS:a.*.test",
                            "DNS:*.*.test", "DNS:*", "DNS:*.test"}) {
        const OddCertificate partial = leaf_for(odd);
        EXPECT_FALSE(accepts(partial, "aa.example.test")) << odd;
        EXPECT_FALSE(accepts(partial, "a.b.test")) << odd;
        EXPECT_FALSE(accepts(partial, "a.test")) << odd;
        EXPECT_FALSE(accepts(partial, "test")) << odd;
    }
}

TEST(TlsVerify, ANameBehindAZeroByteDoesNotCount) {
    OddCertificate leaf;
    leaf.raw_name(std::string_view("example.test\0.evil.test", 23)).sign(odd_root());
    const std::string said = verdict(leaf, kHost, HttpErrc::tls_wrong_host);
    EXPECT_SAYS(said, "example.test?.evil.test");
    EXPECT_SAYS(said, "(without a name)");
}

TEST(TlsVerify, AnAddressIsMatchedByAddressesAlone) {
    EXPECT_TRUE(accepts(leaf_for("IP:127.0.0.1"), "127.0.0.1"));
    EXPECT_TRUE(accepts(leaf_for("IP:::1"), "[0:0:0:0:0:0:0:1]"));
    EXPECT_FALSE(accepts(leaf_for("DNS:127.0.0.1"), "127.0.0.1"));
    EXPECT_FALSE(accepts(leaf_for("DNS:*.0.0.1"), "127.0.0.1"));
    EXPECT_FALSE(accepts(leaf_for("IP:127.0.0.1"), "::ffff:127.0.0.1"));
    OddCertificate named;
    named.common_name("127.0.0.1").sign(odd_root());
    EXPECT_FALSE(accepts(named, "127.0.0.1"));
}

// --- the chain -----------------------------------------------------------------------------------

TEST(TlsVerify, AChainMayHaveStepsThatTheServerSends) {
    OddCertificate middle;
    middle.common_name("Middle").authority().sign(odd_root());
    OddCertificate leaf;
    leaf.common_name("leaf").extension(NID_subject_alt_name, "DNS:example.test").sign(middle);
    const TlsContext client = trusting(odd_root().pem());
    EXPECT_EQ(verdict(client, leaf.served(middle.pem()), kHost, HttpErrc::tls_unknown_ca), "ok");

    const std::string said = verdict(client, leaf.served(), kHost, HttpErrc::tls_unknown_ca);
    EXPECT_SAYS(said, "(CN=leaf) leads to an issuer that is not trusted: CN=Middle");
    EXPECT_SAYS(said, "unless the server forgets to send it");
}

TEST(TlsVerify, ASelfSignedCertificateIsCalledThat) {
    OddCertificate leaf;
    leaf.common_name("lonely").extension(NID_subject_alt_name, "DNS:example.test").sign();
    const std::string said = verdict(leaf, kHost, HttpErrc::tls_unknown_ca);
    EXPECT_SAYS(said, "the certificate of example.test (CN=lonely) is self-signed");
    // What the user trusts by name is trusted, whoever signed it.
    EXPECT_EQ(verdict(trusting(leaf.pem()), leaf.served(), kHost, HttpErrc::tls_unknown_ca), "ok");
}

TEST(TlsVerify, AnIssuerMustBeAnAuthority) {
    OddCertificate middle;
    middle.common_name("Upstart").extension(NID_basic_constraints, "critical,CA:FALSE");
    middle.sign(odd_root());
    OddCertificate leaf;
    leaf.common_name("leaf").extension(NID_subject_alt_name, "DNS:example.test").sign(middle);
    const std::string said = verdict(trusting(odd_root().pem()), leaf.served(middle.pem()), kHost,
                                     HttpErrc::tls_certificate);
    EXPECT_SAYS(said, "the issuer CN=Upstart, which the certificate of example.test leads to");
}

TEST(TlsVerify, ASignatureOfANamesakeIsRefused) {
    OddCertificate namesake;
    namesake.common_name("Odd Root").authority().sign();
    OddCertificate leaf;
    leaf.extension(NID_subject_alt_name, "DNS:example.test").sign(namesake);
    EXPECT_SAYS(verdict(leaf, kHost, HttpErrc::tls_certificate), "signature");
}

TEST(TlsVerify, AnAuthorityForOtherNamesIsRefused) {
    OddCertificate middle;
    middle.common_name("Limited").authority();
    middle.extension(NID_name_constraints, "critical,permitted;DNS:other.test").sign(odd_root());
    OddCertificate leaf;
    leaf.common_name("leaf").extension(NID_subject_alt_name, "DNS:example.test").sign(middle);
    const std::string said = verdict(trusting(odd_root().pem()), leaf.served(middle.pem()), kHost,
                                     HttpErrc::tls_certificate);
    EXPECT_SAYS(said, "(CN=leaf) cannot be accepted: permitted subtree violation");
}

// --- dates and purposes --------------------------------------------------------------------------

TEST(TlsVerify, ExpiryNamesTheCertificateAndTheDay) {
    OddCertificate leaf;
    leaf.common_name("late").extension(NID_subject_alt_name, "DNS:example.test");
    leaf.valid(-7200, -3600).sign(odd_root());
    const std::string said = verdict(leaf, kHost, HttpErrc::tls_expired);
    EXPECT_SAYS(said, "the certificate of example.test (CN=late) expired on ");
    EXPECT_SAYS(said, " GMT");

    OddCertificate early;
    early.common_name("early").extension(NID_subject_alt_name, "DNS:example.test");
    early.valid(3600, 7200).sign(odd_root());
    EXPECT_SAYS(verdict(early, kHost, HttpErrc::tls_expired), "(CN=early) is not valid before ");
}

TEST(TlsVerify, ExpiryOfAnIssuerNamesTheIssuer) {
    OddCertificate middle;
    middle.common_name("Old Middle").authority().valid(-7200, -3600).sign(odd_root());
    OddCertificate leaf;
    leaf.common_name("leaf").extension(NID_subject_alt_name, "DNS:example.test").sign(middle);
    const std::string said = verdict(trusting(odd_root().pem()), leaf.served(middle.pem()), kHost,
                                     HttpErrc::tls_expired);
    EXPECT_SAYS(said,
                "the issuer CN=Old Middle, which the certificate of example.test leads to, "
                "expired on ");
}

TEST(TlsVerify, ACertificateForClientsIsNoServers) {
    const auto issued =
        authority().issue({kHost}, CertificateValidity(), CertificatePurpose::client).value();
    const TlsContext served =
        TlsContext::server(issued.certificate_pem(), issued.private_key_pem()).value();
    const std::string said = verdict(client_context(), served, kHost, HttpErrc::tls_certificate);
    EXPECT_SAYS(said, "is not for servers: it is limited to TLS Web Client Authentication");
}

// --- pins ----------------------------------------------------------------------------------------

TEST(TlsVerify, APinIsDemandedBesideAllElse) {
    const OddCertificate leaf = leaf_for("DNS:example.test");
    const std::string wrong = "sha256//" + std::string(43, 'A') + "=";
    TlsClientOptions options;
    options.ca_pem(odd_root().pem()).pins(wrong);
    const std::string said = verdict(TlsContext::client(options).value(), leaf.served(), kHost,
                                     HttpErrc::tls_certificate);
    EXPECT_SAYS(said, "(CN=leaf) is trusted, but its public key is none of those pinned");
    const std::size_t at = said.find("sha256//");
    ASSERT_NE(at, std::string::npos);
    const std::string right = said.substr(at);

    options.pins(wrong + ";" + right);
    EXPECT_EQ(verdict(TlsContext::client(options).value(), leaf.served(), kHost,
                      HttpErrc::tls_certificate),
              "ok");
    EXPECT_SAYS(verdict(TlsContext::client(options).value(), leaf.served(), "other.test",
                        HttpErrc::tls_wrong_host),
                "asked for other.test");
    EXPECT_SAYS(verdict(TlsContext::client(
                            TlsClientOptions().ca_pem(authority().certificate_pem()).pins(right))
                            .value(),
                        leaf.served(), kHost, HttpErrc::tls_unknown_ca),
                "not trusted");
}

TEST(TlsVerify, APinIsTheHashOfTheKeyAsOpensslPrintsIt) {
    // From `openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64`.
    const auto pins = parse_pins("sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    ASSERT_TRUE(pins);
    ASSERT_EQ(pins->size(), 1u);
    EXPECT_EQ(pins->front().front(), 0xe3);
    EXPECT_EQ(pins->front().back(), 0x55);
    EXPECT_TRUE(parse_pins("").value().empty());
}

TEST(TlsVerify, TextThatIsNoPinIsRefused) {
    const std::string good = "sha256//" + std::string(43, 'A') + "=";
    for (const std::string& text :
         {std::string("x"), good + good, good + ";;" + good, "sha1//" + std::string(43, 'A') + "=",
          "sha256//" + std::string(44, 'A'),
          "sha256//" + std::string(42, 'A') + "==", "sha256//" + std::string(42, 'A') + "*="}) {
        const auto context =
            TlsContext::client(TlsClientOptions().ca_pem(authority().certificate_pem()).pins(text));
        ASSERT_FALSE(context) << text;
        EXPECT_EQ(context.error(), Errc::bad_argument);
        EXPECT_SAYS(context.error().message(), "is not the pin");
    }
}

// --- client certificates -------------------------------------------------------------------------

class TlsClientCertificates : public testing::Test {
protected:
    TlsContext demanding() const {
        const auto issued = authority().issue({kHost}).value();
        return TlsContext::server(issued.certificate_pem(), issued.private_key_pem(),
                                  TlsServerOptions().client_ca_pem(authority().certificate_pem()))
            .value();
    }
    TlsClientOptions with_certificate(const std::string& certificate,
                                      const std::string& key) const {
        std::ofstream(folder_.path_to("client.pem")) << certificate;
        std::ofstream(folder_.path_to("client.key")) << key;
        return TlsClientOptions()
            .ca_pem(authority().certificate_pem())
            .certificate_files(folder_.path_to("client.pem"), folder_.path_to("client.key"));
    }
    TlsContext client_with(const IssuedCertificate& issued) const {
        return TlsContext::client(
                   with_certificate(issued.certificate_pem(), issued.private_key_pem()))
            .value();
    }
    /// What a server that demands a certificate says.
    std::string verdict_of_server(const TlsContext& client, HttpErrc code) const {
        Pair pair(client, demanding(), kHost);
        pair.shake_hands();
        if (pair.server_result) return "ok";
        EXPECT_EQ(pair.server_result.error(), code) << pair.server_result.error().message();
        EXPECT_FALSE(pair.server.is_established());
        // In TLS 1.3 the client hears of it by an alert behind its own handshake.
        EXPECT_FALSE(pair.client_result);
        return pair.server_result.error().message() + "|" + pair.client_result.error().message();
    }

    test::TemporaryFolder folder_;
};

TEST_F(TlsClientCertificates, AreShownAndAccepted) {
    const auto issued =
        authority().issue({"me"}, CertificateValidity(), CertificatePurpose::client).value();
    EXPECT_EQ(verdict_of_server(client_with(issued), HttpErrc::tls_certificate), "ok");
}

TEST_F(TlsClientCertificates, AreMissedAndTheClientIsToldWhatIsWanted) {
    const std::string said = verdict_of_server(client_context(), HttpErrc::tls_handshake);
    EXPECT_SAYS(said, "peer did not return a certificate");
    EXPECT_SAYS(said, "the server wants a client certificate");
}

TEST_F(TlsClientCertificates, OfAStrangeAuthorityAreRefused) {
    const auto stranger = CertificateAuthority::create("Stranger").value();
    const auto issued =
        stranger.issue({"me"}, CertificateValidity(), CertificatePurpose::client).value();
    const std::string said = verdict_of_server(client_with(issued), HttpErrc::tls_unknown_ca);
    EXPECT_SAYS(said, "the client's certificate (");
    EXPECT_SAYS(said, "an issuer that is not trusted: CN=Stranger");
    EXPECT_SAYS(said, "it was the certificate of this side");
}

TEST_F(TlsClientCertificates, OfAServerOrOutOfDateAreRefused) {
    const auto servers = authority().issue({"me"}).value();
    EXPECT_SAYS(verdict_of_server(client_with(servers), HttpErrc::tls_certificate),
                "is not for clients: it is limited to TLS Web Server Authentication");
    const auto late =
        authority()
            .issue({"me"}, CertificateValidity().from(-48h).lasts(24h), CertificatePurpose::client)
            .value();
    EXPECT_SAYS(verdict_of_server(client_with(late), HttpErrc::tls_expired), "expired on");
}

TEST_F(TlsClientCertificates, ThatCannotBeUsedMakeNoContext) {
    const auto one = authority().issue({"a"}, CertificateValidity(), CertificatePurpose::client);
    const auto other = authority().issue({"b"}, CertificateValidity(), CertificatePurpose::client);
    const auto mixed =
        TlsContext::client(with_certificate(one->certificate_pem(), other->private_key_pem()));
    ASSERT_FALSE(mixed);
    EXPECT_EQ(mixed.error(), Errc::bad_argument);
    EXPECT_SAYS(mixed.error().message(), "the client's private key does not belong");

    const auto missing = TlsContext::client(TlsClientOptions()
                                                .ca_pem(authority().certificate_pem())
                                                .certificate_files("/nonexistent/c.pem", ""));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error(), std::errc::no_such_file_or_directory);
    EXPECT_SAYS(missing.error().message(), "client certificate /nonexistent/c.pem");

    const auto served = TlsContext::server(one->certificate_pem(), one->private_key_pem(),
                                           TlsServerOptions().client_ca_pem("nothing"));
    ASSERT_FALSE(served);
    EXPECT_SAYS(served.error().message(), "the clients' CA certificates");
}

}  // namespace
