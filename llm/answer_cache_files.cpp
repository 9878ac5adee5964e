// SPDX-License-Identifier: MIT
#include "llm/answer_cache_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <vector>

namespace weir::llm::cache_files {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kVersion = "weir answer 1\n";
constexpr std::string_view kEnding = ".answer";
constexpr std::string_view kTemporary = ".answer-";  // and six letters

// FNV-1a. Two of them with different beginnings make a name; they need not be secure, since the
// whole key is compared.
std::uint64_t hash_of(std::string_view text, std::uint64_t hash) noexcept {
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3u;
    }
    return hash;
}

constexpr std::uint64_t kFirstHash = 0xcbf29ce484222325u;
constexpr std::uint64_t kSecondHash = 0x9e3779b97f4a7c15u;

std::uint64_t key_hash(std::string_view url, std::string_view body, std::uint64_t hash) noexcept {
    return hash_of(body, hash_of("\n", hash_of(url, hash)));
}

void append_hex(std::string& out, std::uint64_t value) {
    for (int shift = 60; shift >= 0; shift -= 4)
        out += "0123456789abcdef"[(value >> shift) & 15];
}

// Takes a number and the one character after it; false where they are not there.
bool take_number(std::string_view& text, std::uint64_t& value, int base, char after) {
    const char* end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, value, base);
    if (code != std::errc() || stop == end || *stop != after) return false;
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()) + 1);
    return true;
}

bool take_text(std::string_view& text, std::uint64_t size, std::string_view& part) {
    if (size > text.size()) return false;
    part = text.substr(0, static_cast<std::size_t>(size));
    text.remove_prefix(part.size());
    return true;
}

std::string path_of(const std::string& folder, std::string_view name) {
    return folder + "/" + std::string(name);
}

std::uint64_t size_of(const std::string& path) noexcept {
    std::error_code ignored;
    const std::uintmax_t size = fs::file_size(path, ignored);
    return ignored ? 0 : size;
}

bool is_ours(const std::string& name) {
    return name.size() == 32 + kEnding.size() && name.ends_with(kEnding) &&
           name.find_first_not_of("0123456789abcdef") == 32;
}

class OldFile {
public:
    OldFile(fs::path file_path, fs::file_time_type written_at, std::uint64_t bytes)
        : path(std::move(file_path)), written(written_at), size(bytes) {}

    fs::path path;
    fs::file_time_type written;
    std::uint64_t size;
};

// The files that are ours. Files that go away meanwhile are no failure.
std::vector<OldFile> files_in(const std::string& folder) {
    std::vector<OldFile> files;
    std::error_code error;
    const auto hour_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        const std::string name = at->path().filename().string();
        std::error_code gone;
        const auto written = fs::last_write_time(at->path(), gone);
        if (gone) continue;
        if (name.starts_with(kTemporary) && written < hour_ago) fs::remove(at->path(), gone);
        if (is_ours(name)) files.emplace_back(at->path(), written, size_of(at->path().string()));
    }
    return files;
}

std::uint64_t bytes_of(const std::vector<OldFile>& files) noexcept {
    std::uint64_t bytes = 0;
    for (const OldFile& file : files)
        bytes += file.size;
    return bytes;
}

bool write_all(int descriptor, std::string_view text) noexcept {
    while (!text.empty()) {
        const ::ssize_t count = ::write(descriptor, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

// Nothing where there is no such file, or where it cannot be read.
std::optional<std::string> read_whole(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return std::nullopt;
    std::string text;
    char block[16384];
    for (;;) {
        const ::ssize_t count = ::read(descriptor, block, sizeof(block));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            ::close(descriptor);
            if (count < 0) return std::nullopt;
            return text;
        }
        text.append(block, static_cast<std::size_t>(count));
    }
}

}  // namespace

std::string name_of(std::string_view url, std::string_view body) {
    std::string name;
    append_hex(name, key_hash(url, body, kFirstHash));
    append_hex(name, key_hash(url, body, kSecondHash));
    return name.append(kEnding);
}

std::string write_entry(std::string_view url, std::string_view body, std::string_view answer) {
    std::string text(kVersion);
    for (const std::string_view part : {url, body, answer})
        text += std::to_string(part.size()) + " ";
    append_hex(text, hash_of(answer, key_hash(url, body, kFirstHash)));
    text += '\n';
    text.append(url).append(body).append(answer);
    return text;
}

Content read_entry(std::string_view text, std::string_view url, std::string_view body,
                   std::string& answer) {
    if (!text.starts_with(kVersion)) return Content::damaged;
    text.remove_prefix(kVersion.size());
    std::uint64_t sizes[3] = {};
    std::uint64_t checksum = 0;
    for (std::uint64_t& size : sizes) {
        if (!take_number(text, size, 10, ' ')) return Content::damaged;
    }
    if (!take_number(text, checksum, 16, '\n')) return Content::damaged;
    std::string_view parts[3];
    for (std::size_t index = 0; index < 3; ++index) {
        if (!take_text(text, sizes[index], parts[index])) return Content::damaged;
    }
    const std::uint64_t key = key_hash(parts[0], parts[1], kFirstHash);
    if (!text.empty() || hash_of(parts[2], key) != checksum) return Content::damaged;
    if (parts[0] != url || parts[1] != body) return Content::other_call;
    answer = parts[2];
    return Content::answer;
}

Result<std::uint64_t> open_folder(const std::string& folder) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        return Error::from_errno(errno, "making the folder " + folder + " of the answer cache");
    }
    std::error_code error;
    if (!fs::is_directory(folder, error)) {
        return Error::from_errno(ENOTDIR, "using " + folder + " for the answer cache");
    }
    return bytes_of(files_in(folder));
}

std::optional<std::string> find(const std::string& folder, std::string_view url,
                                std::string_view body) {
    const std::string path = path_of(folder, name_of(url, body));
    const std::optional<std::string> text = read_whole(path);
    if (!text) return std::nullopt;
    std::string answer;
    switch (read_entry(*text, url, body, answer)) {
        case Content::answer:
            return answer;
        case Content::other_call:
            return std::nullopt;
        case Content::damaged:
            break;
    }
    ::unlink(path.c_str());
    return std::nullopt;
}

Result<std::int64_t> store(const std::string& folder, const std::string& name,
                           std::string_view text) {
    const std::string path = path_of(folder, name);
    std::string temporary = path_of(folder, kTemporary) + std::string(6, 'X');
    const int descriptor = ::mkostemp(temporary.data(), O_CLOEXEC);
    if (descriptor < 0) return Error::from_errno(errno, "making a file for " + path);
    const bool is_written = write_all(descriptor, text);
    const int write_errno = errno;
    ::close(descriptor);
    if (!is_written) {
        ::unlink(temporary.c_str());
        return Error::from_errno(write_errno, "writing " + path);
    }
    const auto before = static_cast<std::int64_t>(size_of(path));
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        const int rename_errno = errno;
        ::unlink(temporary.c_str());
        return Error::from_errno(rename_errno, "renaming a file to " + path);
    }
    return static_cast<std::int64_t>(text.size()) - before;
}

std::uint64_t trim(const std::string& folder, std::uint64_t bytes_max) {
    std::vector<OldFile> files = files_in(folder);
    std::uint64_t bytes = bytes_of(files);
    std::sort(files.begin(), files.end(), [](const OldFile& left, const OldFile& right) {
        return left.written < right.written;
    });
    for (const OldFile& file : files) {
        if (bytes <= bytes_max) break;
        std::error_code ignored;
        fs::remove(file.path, ignored);
        if (!ignored) bytes -= file.size;
    }
    return bytes;
}

}  // namespace weir::llm::cache_files
