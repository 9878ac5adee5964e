// SPDX-License-Identifier: MIT
//
// The mock server as a process of its own: this very program, begun anew as `weir mock`. It lives
// as long as this object, and not longer than this process, however that ends.
#pragma once

#include <weir/runtime/base/result.h>
#include <string>
#include <utility>
#include <vector>

namespace weir::cli {

class MockProcess {
public:
    /// Begins it with these options and waits, at most some seconds, until it listens. Blocks.
    static Result<MockProcess> start(const std::vector<std::string>& options);

    MockProcess(MockProcess&& other) noexcept
        : pid_(std::exchange(other.pid_, -1)),
          base_url_(std::move(other.base_url_)),
          ca_file_(std::move(other.ca_file_)) {}
    MockProcess& operator=(MockProcess&&) = delete;
    /// Asks it to end, and waits for that.
    ~MockProcess();

    const std::string& base_url() const noexcept { return base_url_; }
    /// With --tls: where its authority's certificate is.
    const std::string& ca_file() const noexcept { return ca_file_; }
    int pid() const noexcept { return pid_; }

private:
    explicit MockProcess(int pid) noexcept : pid_(pid) {}

    int pid_;
    std::string base_url_;
    std::string ca_file_;
};

}  // namespace weir::cli
