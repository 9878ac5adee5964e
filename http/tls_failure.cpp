// SPDX-License-Identifier: MIT
#include "http/tls_failure.h"

#include <weir/http/wire/error.h>

#include "http/openssl.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>

namespace weir::http {
namespace {

using openssl::BioHandle;

// A certificate may hold hundreds of names, and long ones; a message has the first few.
constexpr int kNamesShown = 8;
constexpr std::size_t kNameBytesShown = 256;

std::string name_text(const X509_NAME* name) {
    const BioHandle bio(BIO_new(BIO_s_mem()));
    if (bio == nullptr || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253) < 0) return "?";
    std::string text = openssl::written_to(bio);
    if (text.empty()) return "without a name";
    return text.size() <= kNameBytesShown ? text : text.substr(0, kNameBytesShown) + "...";
}

std::string time_text(const ASN1_TIME* time) {
    const BioHandle bio(BIO_new(BIO_s_mem()));
    if (bio == nullptr || ASN1_TIME_print(bio.get(), time) != 1) return "an unreadable date";
    return openssl::written_to(bio);
}

std::string bytes_text(const ASN1_STRING* value) {
    const auto size = static_cast<std::size_t>(ASN1_STRING_length(value));
    std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                     std::min(size, kNameBytesShown));
    // The peer chose these bytes, and they may end up on a terminal.
    std::replace_if(
        text.begin(), text.end(), [](char byte) { return byte < ' ' || byte > '~'; }, '?');
    return text;
}

std::string address_text(const ASN1_STRING* value) {
    char text[INET6_ADDRSTRLEN] = "?";
    const int family = ASN1_STRING_length(value) == 4 ? AF_INET : AF_INET6;
    if (family == AF_INET6 && ASN1_STRING_length(value) != 16) return text;
    ::inet_ntop(family, ASN1_STRING_get0_data(value), text, sizeof(text));
    return text;
}

/// The alternative names in `certificate`, for a message.
std::string names_text(X509* certificate) {
    const openssl::Handle<GENERAL_NAMES, GENERAL_NAMES_free> names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    std::string text;
    int shown = 0;
    for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        int kind = 0;
        const void* const value =
            GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &kind);
        if (kind != GEN_DNS && kind != GEN_IPADD) continue;
        if (shown == kNamesShown) return text + ", and more";
        const auto* const string = static_cast<const ASN1_STRING*>(value);
        text += shown == 0 ? "" : ", ";
        text += kind == GEN_DNS ? bytes_text(string) : address_text(string);
        ++shown;
    }
    return shown == 0 ? "no host at all (a common name does not count)" : text;
}

/// What `certificate` may be used for, for a message.
std::string uses_text(X509* certificate) {
    const openssl::Handle<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free> uses(
        static_cast<EXTENDED_KEY_USAGE*>(
            X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr)));
    std::string text;
    for (int i = 0; uses != nullptr && i < std::min(sk_ASN1_OBJECT_num(uses.get()), kNamesShown);
         ++i) {
        char name[80];
        OBJ_obj2txt(name, sizeof(name), sk_ASN1_OBJECT_value(uses.get(), i), 0);
        text.append(text.empty() ? "" : ", ").append(name);
    }
    return text.empty() ? "its key usage" : text;
}

std::string owner_text(const std::string& host) {
    return host.empty() ? "the client's certificate" : "the certificate of " + host;
}

/// Which certificate of the chain it is.
std::string subject_text(X509* certificate, int depth, const std::string& host) {
    const std::string name = name_text(X509_get_subject_name(certificate));
    if (depth == 0) return owner_text(host) + " (" + name + ")";
    return "the issuer " + name + ", which " + owner_text(host) + " leads to,";
}

Error untrusted(int verdict, X509* certificate, int depth, const std::string& host) {
    const std::string to_trust = "; to trust it, give its certificate as CA file (--ca-file)";
    if (verdict == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT) {
        return Error(HttpErrc::tls_unknown_ca, subject_text(certificate, depth, host) +
                                                   " is self-signed and not trusted" + to_trust);
    }
    const bool is_alone = depth == 0 && !host.empty();
    return Error(HttpErrc::tls_unknown_ca,
                 owner_text(host) + " (" + name_text(X509_get_subject_name(certificate)) +
                     ") leads to an issuer that is not trusted: " +
                     name_text(X509_get_issuer_name(certificate)) + to_trust +
                     (is_alone ? ", unless the server forgets to send it" : ""));
}

Error unfit(X509* certificate, int depth, const std::string& host) {
    const std::string subject = subject_text(certificate, depth, host);
    if (depth > 0) {
        return Error(HttpErrc::tls_certificate,
                     subject + " is not one that may issue certificates for this purpose");
    }
    return Error(HttpErrc::tls_certificate,
                 subject + (host.empty() ? " is not for clients" : " is not for servers") +
                     ": it is limited to " + uses_text(certificate));
}

/// What to try, where OpenSSL's reason needs translation.
const char* advice(unsigned long code) noexcept {
    if (ERR_GET_LIB(code) != ERR_LIB_SSL) return "";
    const int reason = ERR_GET_REASON(code);
    if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST) {
        return "; is it TLS that is spoken on this port?";
    }
    if (reason == SSL_R_UNSUPPORTED_PROTOCOL) return "; TLS 1.2 or later is needed";
    if (reason == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED) {
        return "; the server wants a client certificate";
    }
    if (reason == SSL_R_TLSV1_ALERT_UNKNOWN_CA || reason == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE ||
        reason == SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN ||
        reason == SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED ||
        reason == SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE) {
        return "; it was the certificate of this side that the peer did not accept";
    }
    return "";
}

}  // namespace

Error certificate_failure(int verdict, x509_st* certificate, int depth, const std::string& host) {
    switch (verdict) {
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return Error(HttpErrc::tls_wrong_host,
                         "asked for " + host + ", but the certificate shown (" +
                             name_text(X509_get_subject_name(certificate)) + ") is for " +
                             names_text(certificate) + "; check the address, or who answers it");
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_CERT_UNTRUSTED:
            return untrusted(verdict, certificate, depth, host);
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return Error(HttpErrc::tls_expired,
                         subject_text(certificate, depth, host) + " expired on " +
                             time_text(X509_get0_notAfter(certificate)) +
                             "; it must be renewed there, or the clock here is wrong");
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return Error(HttpErrc::tls_expired, subject_text(certificate, depth, host) +
                                                    " is not valid before " +
                                                    time_text(X509_get0_notBefore(certificate)) +
                                                    "; check the clock here");
        case X509_V_ERR_INVALID_PURPOSE:
        case X509_V_ERR_INVALID_CA:
            return unfit(certificate, depth, host);
        default:
            return Error(HttpErrc::tls_certificate,
                         subject_text(certificate, depth, host) +
                             " cannot be accepted: " + X509_verify_cert_error_string(verdict));
    }
}

Error pin_failure(x509_st* certificate, const std::string& shown, const std::string& host) {
    return Error(HttpErrc::tls_certificate,
                 subject_text(certificate, 0, host) +
                     " is trusted, but its public key is none of those pinned: it is " + shown);
}

Error handshake_failure(const ssl_st* ssl, int returned, const std::string& peer) {
    if (SSL_get_error(ssl, returned) == SSL_ERROR_ZERO_RETURN) {
        return Error(HttpErrc::tls_handshake,
                     peer + " closed the connection during the TLS handshake");
    }
    const char* const hint = advice(ERR_peek_error());
    return Error(HttpErrc::tls_handshake,
                 "TLS handshake with " + peer + " failed: " + openssl::take_reason() + hint);
}

Error connection_failure(const ssl_st* ssl, int returned, const std::string& peer) {
    const std::string subject = "the TLS connection with " + peer + " broke: ";
    if (SSL_get_error(ssl, returned) == SSL_ERROR_WANT_READ) {
        return Error(HttpErrc::tls_failed,
                     subject + "nothing can be sent amid a message of the peer's to TLS itself");
    }
    // A TLS 1.3 server judges a client's certificate when the client is through already.
    const char* const hint = advice(ERR_peek_error());
    return Error(HttpErrc::tls_failed, subject + openssl::take_reason() + hint);
}

}  // namespace weir::http
