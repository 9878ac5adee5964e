// SPDX-License-Identifier: MIT
//
// What OpenSSL takes for randomness, made the same in every run: keys, nonces and tickets are then
// those of the corpus, and what a fuzzer found can be found again. For no other use.
#pragma once

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/rand.h>

#include <weir/http/certificate.h>
#include <weir/http/tls_context.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "tests/fuzz/fuzz.h"

namespace weir::fuzz {

class FixedRandom {
public:
    /// Begins the sequence anew.
    static void restart() noexcept { state() = 0x9e3779b97f4a7c15u; }
    /// From now on OpenSSL has no other.
    static void install() {
        static const RAND_METHOD method = {nullptr, fill, nullptr, nullptr, fill, status};
        expect(RAND_set_rand_method(&method) == 1, "the random numbers cannot be fixed");
        restart();
    }

private:
    static std::uint64_t& state() noexcept {
        static std::uint64_t value = 0;
        return value;
    }
    static int status() noexcept { return 1; }
    static int fill(unsigned char* into, int size) noexcept {
        for (int i = 0; i < size; ++i) {
            state() = state() * 6364136223846793005u + 1442695040888963407u;
            into[i] = static_cast<unsigned char>(state() >> 56);
        }
        return 1;
    }
};

/// The configuration of both sides. What they show each other is the same in every run.
class FixedTls {
public:
    static constexpr const char* kHost = "localhost";

    static const FixedTls& get() {
        static const FixedTls made;
        return made;
    }
    http::TlsContext client;
    http::TlsContext server;

private:
    static http::CertificateAuthority authority() {
        FixedRandom::install();
        return http::CertificateAuthority::create("Fuzz Root").value();
    }
    static http::IssuedCertificate certificate(const http::CertificateAuthority& authority) {
        FixedRandom::restart();
        // From the beginning of the year 2020, whatever day it is.
        const auto now = std::chrono::seconds(std::time(nullptr));
        const auto start = std::chrono::seconds(1'577'836'800);
        const auto validity =
            http::CertificateValidity().from(start - now).lasts(std::chrono::hours(24 * 36500));
        return authority.issue({kHost}, validity).value();
    }
    /// Without the authority's own certificate, which has a date of today.
    static std::string_view leaf(const std::string& chain) {
        constexpr std::string_view kEnd = "-----END CERTIFICATE-----\n";
        return std::string_view(chain).substr(0, chain.find(kEnd) + kEnd.size());
    }
    explicit FixedTls(const http::CertificateAuthority& issuer = authority())
        : FixedTls(issuer, certificate(issuer)) {}
    FixedTls(const http::CertificateAuthority& issuer, const http::IssuedCertificate& issued)
        : client(http::TlsContext::client(http::TlsClientOptions().ca_pem(issuer.certificate_pem()))
                     .value()),
          server(http::TlsContext::server(leaf(issued.certificate_pem()), issued.private_key_pem())
                     .value()) {}
};

}  // namespace weir::fuzz
