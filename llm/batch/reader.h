// SPDX-License-Identifier: MIT
//
// Reads a batch file as a stream: a file of any length takes one block and one line of memory, and
// at most 16 bytes for each custom_id, to find those that are used twice. LineSplitter is the pure
// part; JsonlSource reads a file or stdin and makes requests of its lines.
#pragma once

#include <weir/llm/batch/runner.h>
#include <weir/runtime/base/byte_queue.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir::llm {

class SeenIds;

/// A line as it stood there, without its "\n".
class TextLine {
public:
    TextLine(std::uint64_t line_number, std::string_view line, bool too_long) noexcept
        : number(line_number), text(line), is_too_long(too_long) {}

    std::uint64_t number;   ///< counts from 1
    std::string_view text;  ///< valid until the splitter is used again; empty if too long
    bool is_too_long;
};

/// Cuts bytes into lines. The last line needs no "\n". A line longer than the limit is dropped as
/// it comes, and given as one that was too long.
class LineSplitter {
public:
    explicit LineSplitter(std::size_t line_bytes_max) noexcept : line_bytes_max_(line_bytes_max) {}

    /// The next whole line; nothing until more was fed, and at the end.
    std::optional<TextLine> next();
    /// Precondition: next() gave nothing.
    void feed(Bytes bytes) { input_.append(bytes); }
    /// No more will come.
    void end() noexcept { has_ended_ = true; }

private:
    TextLine finish_line(std::size_t length, std::size_t with_end);

    ByteQueue input_;
    std::size_t line_bytes_max_;
    std::size_t given_ = 0;     // bytes of the line that was given last
    std::size_t searched_ = 0;  // bytes that hold no "\n"
    std::uint64_t number_ = 0;
    bool is_skipping_ = false;
    bool has_ended_ = false;
};

/// The lines of a file in the form of OpenAI's batches. Blank lines are skipped. A line that is no
/// request, or whose custom_id an earlier request had, is refused with its number. No two requests
/// are taken for one but with the chance that SeenIds (reader_ids.h) tells: one in 10^15 for ten
/// million lines.
class JsonlSource final : public RequestSource {
public:
    /// "-" is stdin. The error names the path.
    static Result<std::unique_ptr<JsonlSource>> open(const std::string& path);

    /// Reads `fd`, which stays open. `name` is for messages.
    JsonlSource(int fd, std::string name, std::size_t line_bytes_max = kLineBytesMax);
    ~JsonlSource() override;

    Task<Result<std::optional<BatchItem>>> next() override;

    static constexpr std::size_t kLineBytesMax = std::size_t{64} << 20;

private:
    BatchItem make_item(const TextLine& line);
    Task<Result<void>> read_block();

    int fd_;
    std::string name_;
    std::size_t line_bytes_max_;
    LineSplitter lines_;
    std::unique_ptr<SeenIds> seen_;
    std::unique_ptr<std::byte[]> block_;
    bool owns_fd_ = false;
    bool can_wait_ = false;  // the descriptor can be waited for: a pipe, a terminal
    bool has_ended_ = false;
};

}  // namespace weir::llm
