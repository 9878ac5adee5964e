// SPDX-License-Identifier: MIT
#include "http/tls_verify.h"

#include "http/openssl.h"
#include "http/tls_failure.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>

#include <algorithm>

namespace weir::http {
namespace {

constexpr std::string_view kPinPrefix = "sha256//";
// 32 bytes in groups of three, each four letters.
constexpr std::size_t kPinLetters = 44;

std::optional<TlsPin> pin_of(X509* certificate) noexcept {
    TlsPin pin;
    unsigned char* key = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key);
    if (size <= 0) return std::nullopt;
    const bool is_made = EVP_Digest(key, static_cast<std::size_t>(size), pin.data(), nullptr,
                                    EVP_sha256(), nullptr) == 1;
    OPENSSL_free(key);
    if (!is_made) return std::nullopt;
    return pin;
}

std::string pin_text(const TlsPin& pin) {
    unsigned char letters[kPinLetters + 1];
    EVP_EncodeBlock(letters, pin.data(), static_cast<int>(pin.size()));
    return std::string(kPinPrefix) + reinterpret_cast<const char*>(letters);
}

bool is_pinned(X509_STORE_CTX* chain, const std::vector<TlsPin>& pins, TlsPeer& peer) {
    if (pins.empty()) return true;
    X509* const certificate = X509_STORE_CTX_get0_cert(chain);
    const std::optional<TlsPin> shown = pin_of(certificate);
    if (shown && std::find(pins.begin(), pins.end(), *shown) != pins.end()) return true;
    peer.refusal = pin_failure(certificate, shown ? pin_text(*shown) : "unreadable", peer.host);
    X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
    return false;
}

/// In the place of X509_verify_cert(), which it calls.
int verify_chain(X509_STORE_CTX* chain, void*) noexcept {
    const auto* const ssl = static_cast<const SSL*>(
        X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
    TlsPeer& peer = *static_cast<TlsPeer*>(SSL_get_app_data(ssl));
    if (X509_verify_cert(chain) == 1) return is_pinned(chain, TlsShared::of(ssl).pins, peer);

    X509* certificate = X509_STORE_CTX_get_current_cert(chain);
    int depth = X509_STORE_CTX_get_error_depth(chain);
    if (certificate == nullptr) {
        certificate = X509_STORE_CTX_get0_cert(chain);
        depth = 0;
    }
    peer.refusal =
        certificate_failure(X509_STORE_CTX_get_error(chain), certificate, depth, peer.host);
    return 0;
}

}  // namespace

void verify_with_reasons(SSL_CTX* context) {
    // The subject's common name is no host name, and "f*.example.com" no wildcard.
    X509_VERIFY_PARAM_set_hostflags(
        SSL_CTX_get0_param(context),
        X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    SSL_CTX_set_cert_verify_callback(context, verify_chain, nullptr);
}

bool expect_host(SSL* ssl, const std::string& host) {
    unsigned char address[16];
    const bool is_v4 = ::inet_pton(AF_INET, host.c_str(), address) == 1;
    if (is_v4 || ::inet_pton(AF_INET6, host.c_str(), address) == 1) {
        return X509_VERIFY_PARAM_set1_ip(SSL_get0_param(ssl), address, is_v4 ? 4 : 16) == 1;
    }
    return SSL_set1_host(ssl, host.c_str()) == 1 &&
           SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

std::string_view plain_host(std::string_view host) noexcept {
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.find(':') != std::string_view::npos) return host.substr(0, host.find('%'));
    if (host.ends_with('.')) host.remove_suffix(1);
    return host;
}

Result<std::vector<TlsPin>> parse_pins(std::string_view text) {
    std::vector<TlsPin> pins;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(';'), text.size());
        const std::string_view one = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));

        // One byte more than a pin has: the last group of letters is filled up.
        unsigned char bytes[kPinLetters / 4 * 3];
        const bool is_pin =
            one.size() == kPinPrefix.size() + kPinLetters && one.starts_with(kPinPrefix) &&
            one.ends_with('=') && !one.ends_with("==") &&
            EVP_DecodeBlock(bytes,
                            reinterpret_cast<const unsigned char*>(one.data()) + kPinPrefix.size(),
                            kPinLetters) == sizeof(bytes);
        if (!is_pin) {
            ERR_clear_error();
            return Error(Error::bad_argument,
                         "\"" + std::string(one) +
                             "\" is not the pin of a public key; give sha256// and the 44 letters "
                             "of its hash in base64, several parted by semicolons");
        }
        TlsPin& pin = pins.emplace_back();
        std::copy_n(bytes, pin.size(), pin.begin());
    }
    return pins;
}

}  // namespace weir::http
