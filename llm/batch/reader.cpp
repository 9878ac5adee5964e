// SPDX-License-Identifier: MIT
#include <weir/llm/batch/reader.h>

#include <weir/runtime/wait_readable.h>

#include "llm/batch/reader_ids.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace weir::llm {
namespace {

constexpr std::size_t kBlockBytes = 64 * 1024;
/// A queue that grew beyond this for one long line gives its memory back.
constexpr std::size_t kQueueBytesKept = 1024 * 1024;

}  // namespace

std::optional<TextLine> LineSplitter::next() {
    input_.consume(std::exchange(given_, 0));
    if (input_.empty() && input_.capacity() > kQueueBytesKept) input_.release_if_empty();

    const std::string_view text = as_text(input_.readable());
    const std::size_t found = text.find('\n', searched_);
    if (found != std::string_view::npos) return finish_line(found, found + 1);
    if (has_ended_) {
        if (text.empty() && !is_skipping_) return std::nullopt;
        return finish_line(text.size(), text.size());
    }
    searched_ = text.size();
    if (searched_ > line_bytes_max_ || is_skipping_) {
        is_skipping_ = true;
        input_.consume(std::exchange(searched_, 0));
    }
    return std::nullopt;
}

TextLine LineSplitter::finish_line(std::size_t length, std::size_t with_end) {
    given_ = with_end;
    searched_ = 0;
    const bool is_too_long = std::exchange(is_skipping_, false) || length > line_bytes_max_;
    const std::string_view text = as_text(input_.readable()).substr(0, is_too_long ? 0 : length);
    return TextLine(++number_, text, is_too_long);
}

Result<std::unique_ptr<JsonlSource>> JsonlSource::open(const std::string& path) {
    if (path == "-") return std::make_unique<JsonlSource>(STDIN_FILENO, "stdin");
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return Error::from_errno(errno, "opening " + path);
    auto source = std::make_unique<JsonlSource>(fd, path);
    source->owns_fd_ = true;
    struct stat facts = {};
    if (::fstat(fd, &facts) == 0 && S_ISDIR(facts.st_mode)) {
        return Error::from_errno(EISDIR, "opening " + path);
    }
    return source;
}

JsonlSource::JsonlSource(int fd, std::string name, std::size_t line_bytes_max)
    : fd_(fd),
      name_(std::move(name)),
      line_bytes_max_(line_bytes_max),
      lines_(line_bytes_max),
      seen_(std::make_unique<SeenIds>()),
      block_(std::make_unique<std::byte[]>(kBlockBytes)) {
    struct stat facts = {};
    can_wait_ = ::fstat(fd, &facts) == 0 && !S_ISREG(facts.st_mode);
}

JsonlSource::~JsonlSource() {
    if (owns_fd_) ::close(fd_);
}

Task<Result<std::optional<BatchItem>>> JsonlSource::next() {
    for (;;) {
        while (const std::optional<TextLine> line = lines_.next()) {
            if (!line->is_too_long && is_blank(line->text)) continue;
            co_return std::optional<BatchItem>(make_item(*line));
        }
        if (has_ended_) co_return std::optional<BatchItem>();
        Result<void> read = co_await read_block();
        if (!read) co_return read.error();
    }
}

BatchItem JsonlSource::make_item(const TextLine& line) {
    if (line.is_too_long) {
        return RefusedItem(write_bad_line(
            line.number, std::nullopt,
            "the line is longer than " + std::to_string(line_bytes_max_) + " bytes"));
    }
    Result<RequestLine> request = parse_request_line(line.text);
    if (!request) {
        return RefusedItem(
            write_bad_line(line.number, find_custom_id(line.text), request.error().message()));
    }
    if (!seen_->insert(request->custom_id)) {
        return RefusedItem(write_bad_line(line.number, request->custom_id,
                                          "an earlier line has the same \"custom_id\": each line "
                                          "needs its own"));
    }
    return *std::move(request);
}

Task<Result<void>> JsonlSource::read_block() {
    for (;;) {
        if (can_wait_) {
            // A pipe may be empty for long, and the calls under way must go on meanwhile.
            Result<void> waited = co_await wait_readable(fd_);
            if (!waited && waited.error() != std::errc::operation_not_permitted) {
                co_return std::move(waited).error().with_context("reading " + name_);
            }
            can_wait_ = waited.has_value();
        }
        const ssize_t count = ::read(fd_, block_.get(), kBlockBytes);
        if (count > 0) {
            lines_.feed(Bytes(block_.get(), static_cast<std::size_t>(count)));
            co_return Result<void>();
        }
        if (count == 0) {
            has_ended_ = true;
            lines_.end();
            co_return Result<void>();
        }
        if (errno != EINTR && errno != EAGAIN) {
            co_return Error::from_errno(errno, "reading " + name_);
        }
    }
}

}  // namespace weir::llm
