// SPDX-License-Identifier: MIT
#include "http/tls_trust.h"

#include "http/openssl.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <vector>

namespace weir::http {
namespace {

// For an OpenSSL that was built elsewhere than for this system, and looks in its own folders.
constexpr const char* kUsualFiles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Arch, Gentoo, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",                   // older ones of these
    "/etc/ssl/ca-bundle.pem",                             // openSUSE
    "/etc/ssl/cert.pem",                                  // Alpine, the BSDs
};
constexpr const char* kUsualDirectories[] = {
    "/etc/ssl/certs",      // Debian, Ubuntu, Arch, openSUSE, Alpine
    "/etc/pki/tls/certs",  // Fedora
};

bool is_file_with_content(const std::string& path) {
    struct stat status = {};
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
}

/// "4a6481c9.0": OpenSSL finds a certificate by the hash of its subject.
bool is_hashed_name(std::string_view name) {
    constexpr std::size_t kHashDigits = 8;
    const auto is_hex = [](char digit) {
        return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
    };
    return name.size() > kHashDigits + 1 && name[kHashDigits] == '.' &&
           std::all_of(name.begin(), name.begin() + kHashDigits, is_hex);
}

bool is_hashed_directory(const std::string& path) {
    DIR* const directory = ::opendir(path.c_str());
    if (directory == nullptr) return false;
    bool has_one = false;
    while (const dirent* const entry = ::readdir(directory)) {
        has_one = is_hashed_name(entry->d_name);
        if (has_one) break;
    }
    ::closedir(directory);
    return has_one;
}

/// The value of an environment variable; a program with more rights than its user has none.
std::string from_environment(const char* name) {
    const char* const value = ::secure_getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

/// Those of a list parted by colons that are directories; OpenSSL, too, passes over the others.
std::string existing_directories(std::string_view list) {
    std::string kept;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(':'), list.size());
        const std::string path(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
        struct stat status = {};
        if (::stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) continue;
        kept += kept.empty() ? path : ":" + path;
    }
    return kept;
}

Error text_refused(const char* what) {
    return Error(Error::bad_argument, std::string(what) + " is not PEM certificates throughout: " +
                                          openssl::take_reason());
}

Result<void> load_directories(SSL_CTX* context, const std::string& paths) {
    if (SSL_CTX_load_verify_dir(context, paths.c_str()) == 1) return {};
    return Error(Error::bad_argument,
                 "cannot use the CA directory " + paths + ": " + openssl::take_reason());
}

}  // namespace

TrustStore find_trust_store(const std::string& root) {
    TrustStore store;
    const std::string default_file = root + X509_get_default_cert_file();
    const std::string default_directory = root + X509_get_default_cert_dir();
    if (is_file_with_content(default_file)) store.file = default_file;
    if (is_hashed_directory(default_directory)) store.directory = default_directory;
    if (!store.file.empty() || !store.directory.empty()) return store;

    // A directory first: of a hundred certificates a program needs one or two.
    for (const char* path : kUsualDirectories) {
        if (!is_hashed_directory(root + path)) continue;
        store.directory = root + path;
        return store;
    }
    for (const char* path : kUsualFiles) {
        if (!is_file_with_content(root + path)) continue;
        store.file = root + path;
        return store;
    }
    return store;
}

Result<void> trust_system(SSL_CTX* context) {
    const std::string named_file = from_environment(X509_get_default_cert_file_env());
    const std::string named_directories = from_environment(X509_get_default_cert_dir_env());
    TrustStore store;
    if (named_file.empty() || named_directories.empty()) store = find_trust_store();
    if (!named_file.empty()) store.file = named_file;
    if (!named_directories.empty()) store.directory = existing_directories(named_directories);

    if (!store.file.empty()) {
        Result<void> trusted = trust_file(context, store.file);
        if (!trusted && !named_file.empty()) {
            return std::move(trusted).error().with_context("SSL_CERT_FILE");
        }
        if (!trusted) return trusted;
    }
    if (!store.directory.empty()) return load_directories(context, store.directory);
    if (!store.file.empty()) return {};
    return Error(Error::unsupported,
                 "this system has no trusted certificates where they are looked for (" +
                     std::string(X509_get_default_cert_file()) + ", /etc/ssl/certs and others)" +
                     "; install the package ca-certificates, set SSL_CERT_FILE, or give a CA file");
}

Result<void> trust_file(SSL_CTX* context, const std::string& path) {
    // Opened first for the kernel's reason; OpenSSL's would not name the file.
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return Error::from_errno(errno, "cannot read the CA file " + path);
    ::close(file);

    if (SSL_CTX_load_verify_file(context, path.c_str()) == 1) return {};
    return Error(Error::bad_argument, "the CA file " + path + " holds no usable PEM certificate: " +
                                          openssl::take_reason());
}

Result<void> trust_directory(SSL_CTX* context, const std::string& path) {
    // OpenSSL looks into the directory only when it verifies, and takes any failure for emptiness.
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0) {
        return Error::from_errno(errno, "cannot read the CA directory " + path);
    }
    if (!S_ISDIR(status.st_mode)) {
        return Error::from_errno(ENOTDIR, "cannot use the CA directory " + path);
    }
    return load_directories(context, path);
}

Result<void> trust_text(SSL_CTX* context, std::string_view pem) {
    X509_STORE* const store = SSL_CTX_get_cert_store(context);
    const bool trusted = openssl::for_each_certificate(pem, [store](X509* certificate, int) {
        return X509_STORE_add_cert(store, certificate) == 1;
    });
    if (trusted) return {};
    return text_refused("the text given as CA certificates");
}

Result<void> require_certificates(SSL_CTX* context, std::string_view pem) {
    X509_STORE* const store = SSL_CTX_get_cert_store(context);
    const bool trusted =
        openssl::for_each_certificate(pem, [context, store](X509* certificate, int) {
            // Their names are told to the client, which may have several certificates.
            return X509_STORE_add_cert(store, certificate) == 1 &&
                   SSL_CTX_add_client_CA(context, certificate) == 1;
        });
    if (!trusted) return text_refused("the text given as the clients' CA certificates");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return {};
}

}  // namespace weir::http
