// SPDX-License-Identifier: MIT
//
// The sources of this project as the tidy tests read them: each file once, as text, as lines, and
// as code without comments and literals. Paths are from the root, with '/'.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::tidy {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

struct SourceFile {
    std::string path;  // from the root, with '/'
    std::string text;
    Lines lines;
    std::string code;  // as `text`, with comments and the insides of literals blanked

    bool has_extension(std::string_view extension) const { return path.ends_with(extension); }
    bool is_header() const { return has_extension(".h"); }
    bool is_cpp() const { return is_header() || has_extension(".cpp"); }
};

/// Replaces comments and the insides of string and character literals with spaces. Line breaks
/// stay, so that offsets and line numbers are those of the file.
inline std::string code_only(const std::string& text) {
    std::string code = text;
    const auto blank = [&](std::size_t from, std::size_t to) {
        for (std::size_t at = from; at < std::min(to, code.size()); ++at) {
            if (code[at] != '\n') code[at] = ' ';
        }
    };
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        const char before = at > 0 ? text[at - 1] : ' ';
        std::size_t end = at + 1;
        if (text.compare(at, 2, "//") == 0) {
            end = std::min(text.find('\n', at), text.size());
            blank(at, end);
        } else if (text.compare(at, 2, "/*") == 0) {
            const std::size_t close = text.find("*/", at + 2);
            end = close == std::string::npos ? text.size() : close + 2;
            blank(at, end);
        } else if (c == '"' && before == 'R') {
            const std::size_t open = text.find('(', at);
            const std::string close = ")" + text.substr(at + 1, open - at - 1) + "\"";
            const std::size_t found = text.find(close, open);
            end = found == std::string::npos ? text.size() : found + close.size();
            blank(at + 1, end - 1);
        } else if (c == '"' ||
                   (c == '\'' && std::isalnum(static_cast<unsigned char>(before)) == 0)) {
            // A quote that follows a digit or a letter separates digits: 1'000, 0xff'ff.
            while (end < text.size() && text[end] != c && text[end] != '\n') {
                end += text[end] == '\\' ? 2 : 1;
            }
            blank(at + 1, end);
            end = std::min(end + 1, text.size());
        }
        at = end;
    }
    return code;
}

inline Lines split_lines(const std::string& text) {
    Lines lines;
    for (std::size_t from = 0; from < text.size();) {
        const std::size_t end = std::min(text.find('\n', from), text.size());
        lines.push_back(text.substr(from, end - from));
        from = end + 1;
    }
    return lines;
}

inline std::string read_text(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
}

inline bool is_checked(const std::string& path) {
    static constexpr std::array<std::string_view, 8> kEndings = {
        ".h", ".cpp", ".md", ".txt", ".cmake", ".cmake.in", ".sh", ".json"};
    return path == "dev" || path == ".ci/run" ||
           std::any_of(kEndings.begin(), kEndings.end(),
                       [&](std::string_view ending) { return path.ends_with(ending); });
}

inline std::map<std::string, SourceFile> read_tree() {
    std::map<std::string, SourceFile> files;
    const fs::path root(WEIR_ROOT);
    for (auto entry = fs::recursive_directory_iterator(root);
         entry != fs::recursive_directory_iterator(); ++entry) {
        const std::string path = entry->path().lexically_relative(root).generic_string();
        const std::string name = entry->path().filename().string();
        if (entry->is_directory()) {
            const bool is_hidden = name.starts_with('.') && path != ".ci";
            const bool is_output = path.starts_with("build") && entry.depth() == 0;
            if (is_hidden || is_output || name == "corpus") entry.disable_recursion_pending();
        } else if (is_checked(path)) {
            SourceFile file;
            file.path = path;
            file.text = read_text(entry->path());
            file.lines = split_lines(file.text);
            if (file.is_cpp()) file.code = code_only(file.text);
            files.emplace(path, std::move(file));
        }
    }
    return files;
}

inline const std::map<std::string, SourceFile>& tree() {
    static const std::map<std::string, SourceFile> files = read_tree();
    return files;
}

inline const std::set<std::string>& public_headers() {
    static const std::set<std::string> headers = [] {
        const Lines lines = split_lines(read_text(WEIR_PUBLIC_HEADERS));
        return std::set<std::string>(lines.begin(), lines.end());
    }();
    return headers;
}

inline std::string place(const SourceFile& file, std::size_t offset) {
    const auto line = std::count(file.text.begin(),
                                 file.text.begin() + static_cast<std::ptrdiff_t>(offset), '\n');
    return file.path + ":" + std::to_string(line + 1);
}

struct Include {
    std::string target;  // "weir/runtime/task.h", "runtime/frame_pool.h", "vector"
    bool is_quoted = false;
    std::size_t line = 0;

    /// The file of this tree that is meant, from the root; empty for those of others.
    std::string path() const {
        if (is_quoted) return target;
        return target.starts_with("weir/") ? target.substr(5) : std::string();
    }
};

inline std::vector<Include> includes_of(const SourceFile& file) {
    std::vector<Include> includes;
    for (std::size_t at = 0; at < file.lines.size(); ++at) {
        const std::string& line = file.lines[at];
        if (!line.starts_with("#include ") || line.size() < 11) continue;
        const bool is_quoted = line[9] == '"';
        const std::size_t end = line.find(is_quoted ? '"' : '>', 10);
        includes.push_back({line.substr(10, end - 10), is_quoted, at + 1});
    }
    return includes;
}

}  // namespace weir::tidy
