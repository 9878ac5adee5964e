// SPDX-License-Identifier: MIT
#include "http/tls_trust.h"

#include <weir/http/tls_context.h>
#include <weir/http/wire/error.h>

#include "http/openssl.h"
#include "tests/http/tls_pair.h"
#include "tests/support/temporary_folder.h"

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

using namespace weir;
using namespace weir::http;

namespace {

/// Sets an environment variable for a while, or unsets it.
class Environment {
public:
    Environment(const char* name, const std::string& value) : name_(name) {
        if (const char* const now = std::getenv(name)) before_ = now;
        if (value.empty()) {
            ::unsetenv(name);
        } else {
            ::setenv(name, value.c_str(), 1);
        }
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment() {
        if (before_) {
            ::setenv(name_, before_->c_str(), 1);
        } else {
            ::unsetenv(name_);
        }
    }

private:
    const char* name_;
    std::optional<std::string> before_;
};

class TlsTrust : public testing::Test {
protected:
    /// A file in the system whose root the folder is.
    void put(const std::string& path, const std::string& content = "a certificate") {
        const std::string whole = root_ + path;
        std::filesystem::create_directories(std::filesystem::path(whole).parent_path());
        std::ofstream(whole) << content;
    }
    /// The name under which OpenSSL looks for the test authority in a directory.
    static std::string hashed_name() {
        const openssl::BioHandle bio = openssl::read_from(authority().certificate_pem());
        const openssl::CertificateHandle certificate(
            PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
        char name[16];
        std::snprintf(name, sizeof(name), "%08lx.0", X509_subject_name_hash(certificate.get()));
        return name;
    }
    std::string file() const { return std::string(find_trust_store(root_).file); }
    std::string directory() const { return std::string(find_trust_store(root_).directory); }
    /// Whether a client with those options accepts a server of the test authority.
    static bool accepts(const TlsClientOptions& options) {
        Pair pair(TlsContext::client(options).value(), server_context({"example.test"}),
                  "example.test");
        pair.shake_hands();
        return pair.client.is_established();
    }

    test::TemporaryFolder folder_;
    std::string root_ = folder_.path_to("root");
};

TEST_F(TlsTrust, IsWhereEachDistributionKeepsIt) {
    for (const char* path :
         {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
          "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"}) {
        put(path);
        EXPECT_EQ(file(), root_ + path);
        EXPECT_EQ(directory(), "");
        std::filesystem::remove_all(root_);
    }
    for (const char* path : {"/etc/ssl/certs", "/etc/pki/tls/certs"}) {
        put(std::string(path) + "/4a6481c9.0");
        EXPECT_EQ(directory(), root_ + path);
        EXPECT_EQ(file(), "");
        std::filesystem::remove_all(root_);
    }
}

TEST_F(TlsTrust, TakesADirectoryBeforeAFileAndOpensslsOwnPlacesBeforeBoth) {
    put("/etc/ssl/ca-bundle.pem");
    put("/etc/pki/tls/certs/4a6481c9.0");
    EXPECT_EQ(directory(), root_ + "/etc/pki/tls/certs");
    EXPECT_EQ(file(), "");

    const std::string own_file = X509_get_default_cert_file();
    put(own_file);
    EXPECT_EQ(file(), root_ + own_file);
    const std::string own_directory = X509_get_default_cert_dir();
    put(own_directory + "/4a6481c9.0");
    EXPECT_EQ(file(), root_ + own_file);
    EXPECT_EQ(directory(), root_ + own_directory);
}

TEST_F(TlsTrust, PassesOverWhatHoldsNothing) {
    put("/etc/ssl/certs/ca-certificates.crt", "");
    put("/etc/ssl/certs/README");
    put("/etc/pki/tls/certs/4a6481c9");
    put("/etc/pki/tls/certs/4A6481C9.0");
    put("/etc/ssl/cert.pem");
    EXPECT_EQ(file(), root_ + "/etc/ssl/cert.pem");
    EXPECT_EQ(directory(), "");
    std::filesystem::remove_all(root_);
    EXPECT_EQ(file() + directory(), "");
}

TEST_F(TlsTrust, IsWhatTheEnvironmentNames) {
    put("/mine/ca.pem", authority().certificate_pem());
    put("/mine/certs/" + hashed_name(), authority().certificate_pem());
    {
        const Environment named("SSL_CERT_FILE", root_ + "/mine/ca.pem");
        const Environment other("SSL_CERT_DIR", "");
        EXPECT_TRUE(accepts(TlsClientOptions()));
    }
    const Environment other("SSL_CERT_FILE", "");
    const Environment named("SSL_CERT_DIR", "/nonexistent:" + root_ + "/mine/certs");
    EXPECT_TRUE(accepts(TlsClientOptions()));
}

TEST_F(TlsTrust, OfTheUserIsAFileADirectoryOrAText) {
    put("/mine/ca.pem", authority().certificate_pem());
    put("/mine/certs/" + hashed_name(), authority().certificate_pem());
    put("/none/certs/4a6481c9.0");
    EXPECT_TRUE(accepts(TlsClientOptions().ca_file(root_ + "/mine/ca.pem")));
    EXPECT_TRUE(accepts(TlsClientOptions().ca_directory(root_ + "/mine/certs")));
    EXPECT_TRUE(accepts(TlsClientOptions().ca_pem(authority().certificate_pem())));
    EXPECT_FALSE(accepts(TlsClientOptions().ca_directory(root_ + "/none/certs")));
}

TEST_F(TlsTrust, OfTheUserPutsTheEnvironmentAside) {
    put("/mine/ca.pem", authority().certificate_pem());
    const Environment named("SSL_CERT_FILE", root_ + "/mine/ca.pem");
    const auto stranger = CertificateAuthority::create("Stranger").value();
    EXPECT_FALSE(accepts(TlsClientOptions().ca_pem(stranger.certificate_pem())));
}

TEST_F(TlsTrust, InANamedFileThatCannotBeReadIsAnErrorThatSaysSo) {
    const Environment named("SSL_CERT_FILE", "/nonexistent/ca.pem");
    const auto context = TlsContext::client();
    ASSERT_FALSE(context);
    EXPECT_EQ(context.error(), std::errc::no_such_file_or_directory);
    EXPECT_NE(context.error().message().find("SSL_CERT_FILE"), std::string::npos);
    EXPECT_NE(context.error().message().find("/nonexistent/ca.pem"), std::string::npos);
}

}  // namespace
