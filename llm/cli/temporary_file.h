// SPDX-License-Identifier: MIT
//
// A file that others may read while it lives, and that is gone afterwards.
#pragma once

#include <weir/runtime/base/result.h>
#include <string>
#include <string_view>
#include <utility>

namespace weir::cli {

class TemporaryFile {
public:
    /// In TMPDIR, or /tmp. Errors name the path.
    static Result<TemporaryFile> make(std::string_view name, std::string_view content);
    TemporaryFile(TemporaryFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    TemporaryFile& operator=(TemporaryFile&&) = delete;
    ~TemporaryFile();

    const std::string& path() const noexcept { return path_; }

private:
    explicit TemporaryFile(std::string path) noexcept : path_(std::move(path)) {}

    std::string path_;
};

}  // namespace weir::cli
