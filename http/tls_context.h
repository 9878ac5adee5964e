// SPDX-License-Identifier: MIT
//
// What TLS connections share: whom a client trusts, or the certificate and key of a server, and the
// rules that hold for all. Build one per configuration and keep it: reading the trust store takes
// milliseconds, copying a context takes a reference count. TLS 1.2 and up; a client always verifies
// its peer.
#pragma once

#include <weir/runtime/base/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

struct ssl_ctx_st;

namespace weir::http {

/// Whom a client trusts, and who it is itself. Without a CA setting it trusts the authorities of
/// the system; each such setting adds authorities, and the first one puts the system's aside.
class TlsClientOptions {
public:
    TlsClientOptions() = default;

    /// A file of PEM certificates.
    TlsClientOptions& ca_file(std::string path) {
        ca_file_ = std::move(path);
        return *this;
    }
    /// A directory of PEM certificates named by hash, as `openssl rehash` lays it out. It is read
    /// when a certificate is verified.
    TlsClientOptions& ca_directory(std::string path) {
        ca_directory_ = std::move(path);
        return *this;
    }
    /// PEM certificates as text.
    TlsClientOptions& ca_pem(std::string text) {
        ca_pem_ = std::move(text);
        return *this;
    }
    /// Accepts only servers with one of these public keys, beside all other checks: "sha256//" and
    /// the hash of the key in base64, several parted by semicolons, as curl's --pinnedpubkey.
    TlsClientOptions& pins(std::string text) {
        pins_ = std::move(text);
        return *this;
    }
    /// What servers that ask for a certificate are shown: the paths of PEM files with the
    /// certificate, followed by those of its issuers, and with its unencrypted private key.
    TlsClientOptions& certificate_files(std::string certificate_path, std::string key_path) {
        certificate_path_ = std::move(certificate_path);
        key_path_ = std::move(key_path);
        return *this;
    }

    /// Appends the secrets of every connection to this file, in the format of SSLKEYLOGFILE, which
    /// Wireshark reads. Whoever reads it can read everything that is sent: for debugging alone.
    TlsClientOptions& key_log_file(std::string path) {
        key_log_path_ = std::move(path);
        return *this;
    }

    const std::string& ca_file() const noexcept { return ca_file_; }
    const std::string& ca_directory() const noexcept { return ca_directory_; }
    const std::string& ca_pem() const noexcept { return ca_pem_; }
    const std::string& pins() const noexcept { return pins_; }
    const std::string& certificate_path() const noexcept { return certificate_path_; }
    const std::string& key_path() const noexcept { return key_path_; }
    const std::string& key_log_path() const noexcept { return key_log_path_; }
    bool uses_system_store() const noexcept {
        return ca_file_.empty() && ca_directory_.empty() && ca_pem_.empty();
    }

private:
    std::string ca_file_;
    std::string ca_directory_;
    std::string ca_pem_;
    std::string pins_;
    std::string certificate_path_;
    std::string key_path_;
    std::string key_log_path_;
};

/// What a server demands beside what TLS itself demands.
class TlsServerOptions {
public:
    TlsServerOptions() = default;

    /// Clients must show a certificate that one of these authorities, PEM certificates as text, has
    /// issued for clients. Which names are in it makes no difference.
    TlsServerOptions& client_ca_pem(std::string text) {
        client_ca_pem_ = std::move(text);
        return *this;
    }

    /// As TlsClientOptions::key_log_file.
    TlsServerOptions& key_log_file(std::string path) {
        key_log_path_ = std::move(path);
        return *this;
    }

    const std::string& client_ca_pem() const noexcept { return client_ca_pem_; }
    const std::string& key_log_path() const noexcept { return key_log_path_; }

private:
    std::string client_ca_pem_;
    std::string key_log_path_;
};

/// A reference to shared, unchanging TLS configuration. Copies are cheap and may be used from
/// several threads; a moved-from context can only be assigned to or destroyed.
class TlsContext {
public:
    /// For connections to servers. Fails if a named file or directory cannot be read or holds
    /// nothing usable, if a pin is none, or if the system has no trusted certificates.
    static Result<TlsContext> client(const TlsClientOptions& options = TlsClientOptions());

    /// For connections from clients: PEM text of the certificate, followed by those of its issuers,
    /// and of the unencrypted private key. Without options, clients are not asked for certificates.
    static Result<TlsContext> server(std::string_view certificate_pem,
                                     std::string_view private_key_pem,
                                     const TlsServerOptions& options = TlsServerOptions());

    /// Handshakes that were completed with this context, and how many of them resumed a session. A
    /// client's are kept in the context, for the same host and port only; nothing need be done.
    std::uint64_t handshakes() const noexcept;
    std::uint64_t resumed() const noexcept;

    /// For the engine. Lives as long as this context, or any connection made from it.
    ssl_ctx_st* native() const noexcept { return context_.get(); }

private:
    explicit TlsContext(std::shared_ptr<ssl_ctx_st> context) noexcept
        : context_(std::move(context)) {}

    std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace weir::http
