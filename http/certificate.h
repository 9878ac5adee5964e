// SPDX-License-Identifier: MIT
//
// Certificates made on the spot, for tests, mock servers and demonstrations: an authority that
// lives as long as the process, and what it issues. Keys are P-256, signatures SHA-256. Not a
// public key infrastructure: there is no revocation, no storage and no request.
#pragma once

#include <weir/runtime/base/result.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct evp_pkey_st;
struct x509_st;

namespace weir::http {

/// When a certificate holds, counted from the wall clock at the moment it is issued.
/// `CertificateValidity().from(-48h).lasts(24h)` has expired yesterday.
class CertificateValidity {
public:
    CertificateValidity() = default;

    CertificateValidity& from(std::chrono::seconds offset) {
        from_ = offset;
        return *this;
    }
    CertificateValidity& lasts(std::chrono::seconds span) {
        lasts_ = span;
        return *this;
    }

    std::chrono::seconds from() const noexcept { return from_; }
    std::chrono::seconds lasts() const noexcept { return lasts_; }

private:
    // From an hour ago, because clocks differ.
    std::chrono::seconds from_ = std::chrono::hours(-1);
    std::chrono::seconds lasts_ = std::chrono::hours(30 * 24);
};

/// What a certificate may be used for.
enum class CertificatePurpose { server, client };

/// A certificate and its key as PEM text, as TlsContext::server takes them.
class IssuedCertificate {
public:
    IssuedCertificate(std::string certificate_pem, std::string private_key_pem)
        : certificate_pem_(std::move(certificate_pem)),
          private_key_pem_(std::move(private_key_pem)) {}

    /// The certificate, followed by the authority's.
    const std::string& certificate_pem() const noexcept { return certificate_pem_; }
    const std::string& private_key_pem() const noexcept { return private_key_pem_; }

private:
    std::string certificate_pem_;
    std::string private_key_pem_;
};

/// A self-signed authority. A client trusts what it issues if given certificate_pem().
class CertificateAuthority {
public:
    /// `common_name` has 1 to 64 characters.
    static Result<CertificateAuthority> create(std::string_view common_name);

    const std::string& certificate_pem() const noexcept { return certificate_pem_; }

    /// A certificate for a server, or a client, that goes by all of `names`: DNS names, wildcards
    /// such as "*.example.test", and IP addresses. At least one.
    Result<IssuedCertificate> issue(const std::vector<std::string>& names,
                                    const CertificateValidity& validity = CertificateValidity(),
                                    CertificatePurpose purpose = CertificatePurpose::server) const;

private:
    CertificateAuthority(std::shared_ptr<evp_pkey_st> key, std::shared_ptr<x509_st> certificate,
                         std::string certificate_pem) noexcept
        : key_(std::move(key)),
          certificate_(std::move(certificate)),
          certificate_pem_(std::move(certificate_pem)) {}

    std::shared_ptr<evp_pkey_st> key_;
    std::shared_ptr<x509_st> certificate_;
    std::string certificate_pem_;
};

}  // namespace weir::http
