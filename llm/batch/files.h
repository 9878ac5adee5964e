// SPDX-License-Identifier: MIT
//
// Requests made of files: one for each file that a pattern names, with the file's text put into a
// prompt. The custom_id is the file's path. A file that cannot be used is refused; the rest runs.
#pragma once

#include <weir/llm/batch/runner.h>
#include <weir/runtime/base/result.h>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::llm {

/// A text with places for "{{text}}" and "{{file}}".
class FilePrompt {
public:
    /// Errc::bad_argument for any other name in double braces.
    static Result<FilePrompt> parse(std::string_view prompt);

    /// The prompt with each place filled in. What is filled in is not looked at again.
    std::string fill(std::string_view text, std::string_view file) const;

private:
    enum class Kind { literal, text, file };
    struct Part {
        Kind kind;
        std::string literal;
    };

    FilePrompt() = default;
    std::vector<Part> parts_;
};

class FilesSource final : public RequestSource {
public:
    /// The files that `pattern` names, as in a shell, sorted by name. Errc::bad_argument where it
    /// names none, or where the model or the prompt cannot be used.
    static Result<std::unique_ptr<FilesSource>> make(const std::string& pattern,
                                                     std::string_view prompt, std::string model);
    /// These files, in this order.
    FilesSource(std::vector<std::string> paths, FilePrompt prompt, std::string model);

    Task<Result<std::optional<BatchItem>>> next() override;

    std::size_t size() const noexcept { return paths_.size(); }

    static constexpr std::size_t kFileBytesMax = std::size_t{16} << 20;

private:
    Result<RequestLine> make_request(const std::string& path) const;

    std::vector<std::string> paths_;
    FilePrompt prompt_;
    std::string model_;
    std::size_t next_ = 0;
};

}  // namespace weir::llm
