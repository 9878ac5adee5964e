// SPDX-License-Identifier: MIT
//
// A folder of its own for a test, gone when the test ends.
#pragma once

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace weir::test {

class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "weir-test-").string();
        name.append(6, 'X');  // what mkdtemp() replaces
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        path_ = name;
    }
    ~Folder() { std::filesystem::remove_all(path_); }

    std::string operator/(const std::string& name) const { return path_ + "/" + name; }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(*this / name, std::ios::binary) << text;
    }
    std::string read(const std::string& name) const {
        std::ifstream file(*this / name, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }

private:
    std::string path_;
};

}  // namespace weir::test
