// SPDX-License-Identifier: MIT
//
// What the users of OpenSSL share: handles that free themselves, and the reason of the last
// failure in words. Never included by a public header.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace weir::http::openssl {

template <auto kFree>
struct Free {
    template <typename T>
    void operator()(T* object) const noexcept {
        kFree(object);
    }
};

template <typename T, auto kFree>
using Handle = std::unique_ptr<T, Free<kFree>>;

using BioHandle = Handle<BIO, BIO_free_all>;
using CertificateHandle = Handle<X509, X509_free>;
using KeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;

/// Empties this thread's error queue and returns the oldest reason in it: the later ones are
/// consequences. OpenSSL reads that queue to interpret results, so nothing may stay in it.
inline std::string take_reason() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) return "no reason given";
    if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
    const char* reason = ERR_reason_error_string(code);
    return reason != nullptr ? reason : "OpenSSL error " + std::to_string(code);
}

inline BioHandle read_from(std::string_view text) {
    // OpenSSL takes no null pointer, not even for nothing.
    if (text.empty()) text = std::string_view("", 0);
    return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// All that was written to a memory BIO.
inline std::string written_to(const BioHandle& bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

/// Refuses to ask a person for the password of a key, which is what OpenSSL does by default.
inline int no_password(char*, int, int, void*) noexcept {
    return -1;
}

/// Calls `use(certificate, index)` for each certificate in `pem`. True if there was at least one,
/// none was refused, and nothing else was between or behind them; else take_reason() has the why.
template <typename Use>
bool for_each_certificate(std::string_view pem, Use use) {
    const BioHandle bio = read_from(pem);
    for (int index = 0;; ++index) {
        const CertificateHandle certificate(
            PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
        if (certificate == nullptr) {
            // The end of the text, and not a broken block.
            const unsigned long code = ERR_peek_last_error();
            const bool is_end =
                ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
            if (index == 0 || !is_end) return false;
            ERR_clear_error();
            return true;
        }
        if (!use(certificate.get(), index)) return false;
    }
}

}  // namespace weir::http::openssl
