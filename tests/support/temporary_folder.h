// SPDX-License-Identifier: MIT
//
// A folder of one test's own: what another process has left behind, or makes at the same time, is
// not in it. It goes with its content.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace weir::test {

class TemporaryFolder {
public:
    TemporaryFolder() : path_(testing::TempDir() + "weir-" + std::string(6, 'X')) {
        EXPECT_NE(::mkdtemp(path_.data()), nullptr) << path_;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    /// Of a file in it.
    std::string path_to(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

}  // namespace weir::test
