// SPDX-License-Identifier: MIT
//
// The files of the answer cache: their form, and the blocking calls that read, write and remove
// them. They run on threads of the pool, so nothing here belongs to a loop.
#pragma once

#include <weir/runtime/base/result.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::llm::cache_files {

/// The name of a call's file, without a folder: 128 bits of a hash, in hexadecimal digits.
std::string name_of(std::string_view url, std::string_view body);

/// What lies in the file of a call: a line with the version, one with three sizes and a checksum,
/// and the three texts.
std::string write_entry(std::string_view url, std::string_view body, std::string_view answer);

/// What a file turned out to be.
enum class Content : std::uint8_t {
    answer,      ///< of this very call
    other_call,  ///< whose hash is the same
    damaged,     ///< or of another version
};

/// Sets `answer` where it is one.
Content read_entry(std::string_view text, std::string_view url, std::string_view body,
                   std::string& answer);

/// Makes the folder; gives the bytes of the files in it.
Result<std::uint64_t> open_folder(const std::string& folder);

/// The answer, if there is one. A damaged file is removed.
std::optional<std::string> find(const std::string& folder, std::string_view url,
                                std::string_view body);

/// By a temporary file that takes the name at the end: by how much the folder has grown, in bytes.
Result<std::int64_t> store(const std::string& folder, const std::string& name,
                           std::string_view text);

/// Removes the oldest files, and temporary ones that were left behind an hour ago, until no more
/// than `bytes_max` are left; gives how many are. Files of others are not touched.
std::uint64_t trim(const std::string& folder, std::uint64_t bytes_max);

}  // namespace weir::llm::cache_files
