// SPDX-License-Identifier: MIT
//
// A certificate for the servers of a run, and whom to trust for it: files in a folder of their own,
// and variables that name them for all processes that are started while this lives.
#pragma once

#include <weir/runtime/base/result.h>
#include <string>
#include <utility>

namespace weir::bench {

class TlsFiles {
public:
    /// Sets SSL_CERT_FILE, which OpenSSL, Go and others take for the system's authorities, and
    /// WEIR_BENCH_SERVER_PEM, a certificate for 127.0.0.1 with its key.
    static Result<TlsFiles> make();
    TlsFiles(TlsFiles&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}
    TlsFiles& operator=(TlsFiles&&) = delete;
    ~TlsFiles();

private:
    explicit TlsFiles(std::string folder) : folder_(std::move(folder)) {}

    std::string folder_;
};

}  // namespace weir::bench
