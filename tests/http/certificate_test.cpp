// SPDX-License-Identifier: MIT
#include <weir/http/certificate.h>

#include <weir/http/tls_context.h>

#include "http/openssl.h"

#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <type_traits>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<CertificateValidity>);
static_assert(!std::is_aggregate_v<IssuedCertificate>);
static_assert(!std::is_aggregate_v<CertificateAuthority>);
static_assert(!std::is_aggregate_v<TlsClientOptions>);
static_assert(!std::is_aggregate_v<TlsContext>);

openssl::CertificateHandle first_certificate(const std::string& pem) {
    const openssl::BioHandle bio = openssl::read_from(pem);
    return openssl::CertificateHandle(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

bool is_for_host(X509* certificate, std::string_view host) {
    return X509_check_host(certificate, host.data(), host.size(),
                           X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) == 1;
}

/// OpenSSL's verdict on the first certificate of `issued`, as a server's, for `authority`.
int verdict(const CertificateAuthority& authority, const IssuedCertificate& issued) {
    const openssl::CertificateHandle root = first_certificate(authority.certificate_pem());
    const openssl::CertificateHandle leaf = first_certificate(issued.certificate_pem());
    const openssl::Handle<X509_STORE, X509_STORE_free> store(X509_STORE_new());
    const openssl::Handle<X509_STORE_CTX, X509_STORE_CTX_free> chain(X509_STORE_CTX_new());
    X509_STORE_add_cert(store.get(), root.get());
    X509_STORE_CTX_init(chain.get(), store.get(), leaf.get(), nullptr);
    X509_STORE_CTX_set_default(chain.get(), "ssl_server");
    X509_STORE_CTX_set_flags(chain.get(), X509_V_FLAG_X509_STRICT);
    X509_verify_cert(chain.get());
    return X509_STORE_CTX_get_error(chain.get());
}

class Certificates : public testing::Test {
protected:
    CertificateAuthority authority_ = CertificateAuthority::create("Test authority").value();
};

TEST_F(Certificates, LeafVerifiesStrictlyAgainstItsAuthority) {
    const auto issued = authority_.issue({"example.test"});
    ASSERT_TRUE(issued);
    EXPECT_EQ(verdict(authority_, *issued), X509_V_OK);
}

TEST_F(Certificates, LeafDoesNotVerifyAgainstANamesake) {
    const auto namesake = CertificateAuthority::create("Test authority").value();
    const auto issued = namesake.issue({"example.test"});
    ASSERT_TRUE(issued);
    EXPECT_NE(verdict(authority_, *issued), X509_V_OK);
}

TEST_F(Certificates, LeafIsForEachOfItsNamesAndNoOther) {
    const auto issued = authority_.issue({"a.test", "*.b.test", "127.0.0.1", "::1"});
    ASSERT_TRUE(issued);
    const auto leaf = first_certificate(issued->certificate_pem());
    EXPECT_TRUE(is_for_host(leaf.get(), "a.test"));
    EXPECT_TRUE(is_for_host(leaf.get(), "x.b.test"));
    EXPECT_EQ(X509_check_ip_asc(leaf.get(), "127.0.0.1", 0), 1);
    EXPECT_EQ(X509_check_ip_asc(leaf.get(), "::1", 0), 1);
    EXPECT_FALSE(is_for_host(leaf.get(), "b.test"));
    EXPECT_FALSE(is_for_host(leaf.get(), "x.a.test"));
    EXPECT_EQ(X509_check_ip_asc(leaf.get(), "127.0.0.2", 0), 0);
}

TEST_F(Certificates, NameWithCommaIsOneName) {
    const auto issued = authority_.issue({"a.test,DNS:b.test"});
    ASSERT_TRUE(issued);
    EXPECT_FALSE(is_for_host(first_certificate(issued->certificate_pem()).get(), "b.test"));
}

TEST_F(Certificates, ValidityCountsFromNow) {
    const auto past = authority_.issue({"a.test"}, CertificateValidity().from(-48h).lasts(24h));
    const auto future = authority_.issue({"a.test"}, CertificateValidity().from(24h).lasts(24h));
    ASSERT_TRUE(past && future);
    EXPECT_EQ(verdict(authority_, *past), X509_V_ERR_CERT_HAS_EXPIRED);
    EXPECT_EQ(verdict(authority_, *future), X509_V_ERR_CERT_NOT_YET_VALID);
}

TEST_F(Certificates, SerialNumbersDiffer) {
    const auto first = first_certificate(authority_.issue({"a.test"}).value().certificate_pem());
    const auto second = first_certificate(authority_.issue({"a.test"}).value().certificate_pem());
    EXPECT_NE(
        ASN1_INTEGER_cmp(X509_get0_serialNumber(first.get()), X509_get0_serialNumber(second.get())),
        0);
}

TEST_F(Certificates, ChainEndsWithTheAuthority) {
    const auto issued = authority_.issue({"a.test"});
    ASSERT_TRUE(issued);
    EXPECT_TRUE(issued->certificate_pem().ends_with(authority_.certificate_pem()));
    EXPECT_GT(issued->certificate_pem().size(), authority_.certificate_pem().size());
}

TEST_F(Certificates, UnusableNamesAreRefused) {
    EXPECT_EQ(authority_.issue({}).error(), Errc::bad_argument);
    EXPECT_EQ(authority_.issue({"a.test", ""}).error(), Errc::bad_argument);
    EXPECT_EQ(authority_.issue({"a b"}).error(), Errc::bad_argument);
    EXPECT_EQ(authority_.issue({"m\xc3\xbcller.test"}).error(), Errc::bad_argument);
    EXPECT_EQ(CertificateAuthority::create("").error(), Errc::bad_argument);
    EXPECT_EQ(CertificateAuthority::create(std::string(65, 'a')).error(), Errc::bad_argument);
    EXPECT_TRUE(CertificateAuthority::create(std::string(64, 'a')));
}

TEST_F(Certificates, MakeAServerContext) {
    const auto issued = authority_.issue({"a.test"});
    ASSERT_TRUE(issued);
    EXPECT_TRUE(TlsContext::server(issued->certificate_pem(), issued->private_key_pem()));
}

TEST_F(Certificates, OfAnotherKeyMakeNoServerContext) {
    const auto one = authority_.issue({"a.test"});
    const auto other = authority_.issue({"a.test"});
    ASSERT_TRUE(one && other);
    const auto context = TlsContext::server(one->certificate_pem(), other->private_key_pem());
    ASSERT_FALSE(context);
    EXPECT_EQ(context.error(), Errc::bad_argument);
    EXPECT_NE(context.error().message().find("does not belong"), std::string::npos);
}

TEST_F(Certificates, BrokenPemIsRefused) {
    const auto issued = authority_.issue({"a.test"});
    ASSERT_TRUE(issued);
    const std::string half = issued->certificate_pem().substr(0, 300);
    EXPECT_FALSE(TlsContext::server(half, issued->private_key_pem()));
    EXPECT_FALSE(TlsContext::server(std::string_view(), issued->private_key_pem()));
    EXPECT_FALSE(TlsContext::server(issued->certificate_pem(), std::string_view()));
    EXPECT_FALSE(TlsContext::server(issued->certificate_pem(), "no key"));
    EXPECT_FALSE(TlsContext::client(TlsClientOptions().ca_pem("no certificate")));
    EXPECT_FALSE(
        TlsContext::client(TlsClientOptions().ca_pem(authority_.certificate_pem() + half)));
}

TEST(TlsContext, MissingCaFileIsNamed) {
    const auto context = TlsContext::client(TlsClientOptions().ca_file("/nonexistent/ca.pem"));
    ASSERT_FALSE(context);
    EXPECT_EQ(context.error(), std::errc::no_such_file_or_directory);
    EXPECT_NE(context.error().message().find("/nonexistent/ca.pem"), std::string::npos);
}

TEST(TlsContext, CaFileWithoutCertificateIsNamed) {
    const auto context = TlsContext::client(TlsClientOptions().ca_file("/dev/null"));
    ASSERT_FALSE(context);
    EXPECT_EQ(context.error(), Errc::bad_argument);
    EXPECT_NE(context.error().message().find("/dev/null"), std::string::npos);
}

TEST(TlsContext, CaDirectoryMustBeADirectory) {
    const auto missing = TlsContext::client(TlsClientOptions().ca_directory("/nonexistent"));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error(), std::errc::no_such_file_or_directory);
    const auto file = TlsContext::client(TlsClientOptions().ca_directory("/dev/null"));
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error(), std::errc::not_a_directory);
}

TEST(TlsContext, TrustsTheSystemByDefault) {
    EXPECT_TRUE(TlsClientOptions().uses_system_store());
    EXPECT_FALSE(TlsClientOptions().ca_file("x").uses_system_store());
    EXPECT_TRUE(TlsContext::client());
}

}  // namespace
