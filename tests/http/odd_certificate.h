// SPDX-License-Identifier: MIT
//
// Certificates that no authority should issue, and chains with steps between, for tests of what is
// refused. OpenSSL's own words are used for extensions: "DNS:a.test,IP:127.0.0.1".
#pragma once

#include <weir/http/tls_context.h>

#include "http/openssl.h"

#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

namespace weir::http {

/// One certificate with its key. What is left empty is left out of it.
class OddCertificate {
public:
    OddCertificate& common_name(std::string_view name) {
        EXPECT_EQ(X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate_.get()),
                                             NID_commonName, MBSTRING_UTF8,
                                             reinterpret_cast<const unsigned char*>(name.data()),
                                             static_cast<int>(name.size()), -1, 0),
                  1);
        return *this;
    }
    OddCertificate& extension(int kind, const char* text) {
        X509V3_CTX context;
        X509V3_set_ctx(&context, certificate_.get(), certificate_.get(), nullptr, nullptr, 0);
        const openssl::Handle<X509_EXTENSION, X509_EXTENSION_free> made(
            X509V3_EXT_conf_nid(nullptr, &context, kind, text));
        EXPECT_EQ(X509_add_ext(certificate_.get(), made.get(), -1), 1) << text;
        return *this;
    }
    /// A DNS name with any bytes in it.
    OddCertificate& raw_name(std::string_view bytes) {
        const openssl::Handle<GENERAL_NAMES, GENERAL_NAMES_free> names(GENERAL_NAMES_new());
        GENERAL_NAME* const entry = GENERAL_NAME_new();
        ASN1_STRING* const text = ASN1_IA5STRING_new();
        ASN1_STRING_set(text, bytes.data(), static_cast<int>(bytes.size()));
        GENERAL_NAME_set0_value(entry, GEN_DNS, text);
        sk_GENERAL_NAME_push(names.get(), entry);
        EXPECT_EQ(X509_add1_ext_i2d(certificate_.get(), NID_subject_alt_name, names.get(), 0,
                                    X509V3_ADD_DEFAULT),
                  1);
        return *this;
    }
    OddCertificate& authority() {
        return extension(NID_basic_constraints, "critical,CA:TRUE")
            .extension(NID_key_usage, "critical,keyCertSign");
    }
    OddCertificate& valid(long from_seconds, long until_seconds) {
        X509_gmtime_adj(X509_getm_notBefore(certificate_.get()), from_seconds);
        X509_gmtime_adj(X509_getm_notAfter(certificate_.get()), until_seconds);
        return *this;
    }
    /// Signed by `issuer`, or by itself. Last of all.
    OddCertificate& sign(const OddCertificate& issuer) {
        X509_set_issuer_name(certificate_.get(), X509_get_subject_name(issuer.certificate_.get()));
        EXPECT_GT(X509_sign(certificate_.get(), issuer.key_.get(), EVP_sha256()), 0);
        return *this;
    }
    OddCertificate& sign() { return sign(*this); }

    std::string pem() const {
        const openssl::BioHandle bio(BIO_new(BIO_s_mem()));
        EXPECT_EQ(PEM_write_bio_X509(bio.get(), certificate_.get()), 1);
        return openssl::written_to(bio);
    }
    std::string key_pem() const {
        const openssl::BioHandle bio(BIO_new(BIO_s_mem()));
        EXPECT_EQ(
            PEM_write_bio_PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr),
            1);
        return openssl::written_to(bio);
    }
    /// A server that shows it, and then `issuers`.
    TlsContext served(const std::string& issuers = std::string()) const {
        return TlsContext::server(pem() + issuers, key_pem()).value();
    }

private:
    static openssl::CertificateHandle fresh(EVP_PKEY* key) {
        static long serial = 1;
        openssl::CertificateHandle made(X509_new());
        X509_set_version(made.get(), X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
        X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
        X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
        X509_set_pubkey(made.get(), key);
        return made;
    }

    openssl::KeyHandle key_{EVP_EC_gen("P-256")};
    openssl::CertificateHandle certificate_ = fresh(key_.get());
};

}  // namespace weir::http
