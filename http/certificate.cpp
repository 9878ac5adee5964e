// SPDX-License-Identifier: MIT
#include <weir/http/certificate.h>

#include "http/openssl.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/x509v3.h>

#include <algorithm>

namespace weir::http {
namespace {

using openssl::BioHandle;
using openssl::CertificateHandle;
using openssl::KeyHandle;
using BignumHandle = openssl::Handle<BIGNUM, BN_free>;
using ExtensionHandle = openssl::Handle<X509_EXTENSION, X509_EXTENSION_free>;
using NamesHandle = openssl::Handle<GENERAL_NAMES, GENERAL_NAMES_free>;
using NameHandle = openssl::Handle<GENERAL_NAME, GENERAL_NAME_free>;

// RFC 5280, 4.1.2.2: a serial number is positive and has at most 20 bytes.
constexpr int kSerialBits = 127;
// RFC 5280, appendix A.1: ub-common-name.
constexpr std::size_t kCommonNameMax = 64;
// What a leaf is for is said by its alternative names alone.
constexpr std::string_view kLeafName = "weir run-time certificate";

Error making_failed(std::string_view what) {
    return Error(Error::unsupported, "OpenSSL cannot make " + std::string(what) + " (" +
                                         openssl::take_reason() +
                                         "); check its installation and configuration file");
}

bool set_serial(X509* certificate) {
    const BignumHandle serial(BN_new());
    return serial != nullptr &&
           BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_common_name(X509* certificate, std::string_view name) {
    return X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                      MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(name.data()),
                                      static_cast<int>(name.size()), -1, 0) == 1;
}

bool set_validity(X509* certificate, const CertificateValidity& validity) {
    const long from = validity.from().count();
    const long until = from + validity.lasts().count();
    return X509_gmtime_adj(X509_getm_notBefore(certificate), from) != nullptr &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), until) != nullptr;
}

/// `text` in the notation of OpenSSL's configuration files: only ever our own constants.
bool add_extension(X509* certificate, X509* issuer, int kind, const char* text) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const ExtensionHandle extension(X509V3_EXT_conf_nid(nullptr, &context, kind, text));
    return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// The 4 or 16 bytes of an IP address, or nothing.
std::string address_bytes(const std::string& name) {
    char bytes[16];
    if (::inet_pton(AF_INET, name.c_str(), bytes) == 1) return std::string(bytes, 4);
    if (::inet_pton(AF_INET6, name.c_str(), bytes) == 1) return std::string(bytes, 16);
    return std::string();
}

NameHandle alternative_name(const std::string& name) {
    NameHandle entry(GENERAL_NAME_new());
    if (entry == nullptr) return nullptr;

    const std::string address = address_bytes(name);
    const std::string& value = address.empty() ? name : address;
    ASN1_STRING* const text =
        address.empty() ? ASN1_IA5STRING_new() : ASN1_STRING_type_new(V_ASN1_OCTET_STRING);
    if (text == nullptr) return nullptr;
    GENERAL_NAME_set0_value(entry.get(), address.empty() ? GEN_DNS : GEN_IPADD, text);
    if (ASN1_STRING_set(text, value.data(), static_cast<int>(value.size())) != 1) return nullptr;
    return entry;
}

bool add_alternative_names(X509* certificate, const std::vector<std::string>& names) {
    const NamesHandle entries(GENERAL_NAMES_new());
    if (entries == nullptr) return false;
    for (const std::string& name : names) {
        NameHandle entry = alternative_name(name);
        if (entry == nullptr || sk_GENERAL_NAME_push(entries.get(), entry.get()) == 0) return false;
        static_cast<void>(entry.release());  // the stack owns it now
    }
    return X509_add1_ext_i2d(certificate, NID_subject_alt_name, entries.get(), 0,
                             X509V3_ADD_DEFAULT) == 1;
}

/// What authorities and leaves have in common; `issuer` is the certificate itself for an authority.
bool fill_in(X509* certificate, X509* issuer, EVP_PKEY* key, std::string_view common_name,
             const CertificateValidity& validity) {
    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
           set_common_name(certificate, common_name) && set_validity(certificate, validity) &&
           X509_set_pubkey(certificate, key) == 1 &&
           X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
           add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
           add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
}

bool fill_in_authority(X509* certificate, EVP_PKEY* key, std::string_view common_name) {
    const auto validity =
        CertificateValidity().from(std::chrono::hours(-24)).lasts(std::chrono::hours(24 * 3650));
    return fill_in(certificate, certificate, key, common_name, validity) &&
           add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE") &&
           add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
}

bool fill_in_leaf(X509* certificate, X509* issuer, EVP_PKEY* key,
                  const std::vector<std::string>& names, const CertificateValidity& validity,
                  CertificatePurpose purpose) {
    const char* const use = purpose == CertificatePurpose::server ? "serverAuth" : "clientAuth";
    return fill_in(certificate, issuer, key, kLeafName, validity) &&
           add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
           add_extension(certificate, issuer, NID_ext_key_usage, use) &&
           add_alternative_names(certificate, names);
}

std::string to_pem(X509* certificate) {
    const BioHandle bio(BIO_new(BIO_s_mem()));
    if (bio == nullptr || PEM_write_bio_X509(bio.get(), certificate) != 1) return std::string();
    return openssl::written_to(bio);
}

std::string to_pem(EVP_PKEY* key) {
    const BioHandle bio(BIO_new(BIO_s_mem()));
    if (bio == nullptr ||
        PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        return std::string();
    }
    return openssl::written_to(bio);
}

bool is_visible_ascii(std::string_view name) noexcept {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char character) {
        return character > ' ' && character < '\x7f';
    });
}

}  // namespace

Result<CertificateAuthority> CertificateAuthority::create(std::string_view common_name) {
    if (common_name.empty() || common_name.size() > kCommonNameMax) {
        return Error(Error::bad_argument, "the common name of a certificate authority has " +
                                              std::to_string(common_name.size()) +
                                              " bytes; give it 1 to 64");
    }
    ERR_clear_error();
    KeyHandle key(EVP_EC_gen("P-256"));
    CertificateHandle certificate(X509_new());
    if (key == nullptr || certificate == nullptr ||
        !fill_in_authority(certificate.get(), key.get(), common_name)) {
        return making_failed("a certificate authority");
    }
    std::string pem = to_pem(certificate.get());
    if (pem.empty()) return making_failed("the PEM text of a certificate authority");
    return CertificateAuthority(std::move(key), std::move(certificate), std::move(pem));
}

Result<IssuedCertificate> CertificateAuthority::issue(const std::vector<std::string>& names,
                                                      const CertificateValidity& validity,
                                                      CertificatePurpose purpose) const {
    if (names.empty()) {
        return Error(Error::bad_argument,
                     "a certificate for no name cannot be verified; give at least one host name");
    }
    for (const std::string& name : names) {
        if (is_visible_ascii(name)) continue;
        return Error(Error::bad_argument,
                     "\"" + name +
                         "\" cannot be named in a certificate; give a host name in ASCII "
                         "or an IP address");
    }
    ERR_clear_error();
    const KeyHandle key(EVP_EC_gen("P-256"));
    const CertificateHandle leaf(X509_new());
    if (key == nullptr || leaf == nullptr ||
        !fill_in_leaf(leaf.get(), certificate_.get(), key.get(), names, validity, purpose) ||
        X509_sign(leaf.get(), key_.get(), EVP_sha256()) <= 0) {
        return making_failed("a certificate");
    }
    std::string certificate_pem = to_pem(leaf.get());
    std::string key_pem = to_pem(key.get());
    if (certificate_pem.empty() || key_pem.empty()) return making_failed("the PEM text of a key");
    return IssuedCertificate(certificate_pem + certificate_pem_, std::move(key_pem));
}

}  // namespace weir::http
