// SPDX-License-Identifier: MIT
#include "runtime/trace_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace weir::detail {
namespace {

constexpr std::size_t kChunk = 256 * 1024;
// For the last event and the end of the JSON text.
constexpr std::size_t kRoomForEnd = 4096;
// No event is larger: it has at most four texts, and few other fields.
constexpr std::size_t kTextMax = 4000;
constexpr std::size_t kEventMax = 64 * 1024;

}  // namespace

Result<std::unique_ptr<TraceFile>> TraceFile::open(const std::string& path, std::size_t bytes_max,
                                                   Instant start) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return Error::from_errno(errno, "opening the trace file " + path);
    return std::unique_ptr<TraceFile>(new TraceFile(fd, path, bytes_max, start));
}

TraceFile::TraceFile(int fd, std::string path, std::size_t bytes_max, Instant start)
    : fd_(fd),
      path_(std::move(path)),
      bytes_max_(bytes_max),
      start_(start),
      last_(start),
      pending_(new char[kChunk + kEventMax]) {
    raw("[\n");
}

TraceFile::~TraceFile() {
    static_cast<void>(close(last_));
}

TraceFile& TraceFile::begin(char phase, std::string_view name, Instant at) {
    last_ = at;
    has_arguments_ = false;
    raw("{\"pid\":1,\"tid\":1,\"ph\":\"");
    pending_[size_++] = phase;
    raw("\",\"name\":");
    text(name);
    raw(",\"ts\":");
    time((at - start_).count());
    return *this;
}

TraceFile& TraceFile::duration(Duration span) {
    raw(",\"dur\":");
    time(span.count());
    return *this;
}

TraceFile& TraceFile::category(std::string_view category) {
    raw(",\"cat\":");
    plain(category);
    return *this;
}

TraceFile& TraceFile::id(std::uint64_t id) {
    raw(",\"id\":");
    number(static_cast<std::int64_t>(id));
    return *this;
}

TraceFile& TraceFile::argument(std::string_view name, std::int64_t value) {
    field_of_arguments(name);
    number(value);
    return *this;
}

TraceFile& TraceFile::argument(std::string_view name, std::string_view value) {
    field_of_arguments(name);
    text(value);
    return *this;
}

void TraceFile::end() {
    raw(has_arguments_ ? "}},\n" : "},\n");
    if (size_ >= kChunk) flush_if_large();
}

void TraceFile::flush_if_large() {
    if (!is_open()) size_ = 0;
    if (size_ < kChunk / 2) return;
    if (written_ + size_ + kRoomForEnd <= bytes_max_) return flush();
    // Cut at the last event that fits, and say why the file ends.
    const std::size_t room = bytes_max_ - written_ - kRoomForEnd;
    size_ = std::string_view(pending_.get(), size_).rfind('\n', room) + 1;
    begin('i', "the trace ends here: the file has its full size", last_).end();
    static_cast<void>(close(last_));
}

Result<void> TraceFile::close(Instant at) {
    if (is_open()) {
        begin('i', "end of trace", at);
        raw("}\n]\n");  // JSON has no comma after the last, and end() might flush
        flush();
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    if (failed_errno_ != 0) {
        return Error::from_errno(failed_errno_, "writing the trace file " + path_);
    }
    return {};
}

void TraceFile::raw(std::string_view value) noexcept {
    std::memcpy(pending_.get() + size_, value.data(), value.size());
    size_ += value.size();
}

void TraceFile::number(std::int64_t value) {
    char* const begin = pending_.get() + size_;
    size_ += static_cast<std::size_t>(std::to_chars(begin, begin + 24, value).ptr - begin);
}

// Microseconds with three decimals.
void TraceFile::time(std::int64_t nanoseconds) {
    number(nanoseconds / 1000);
    const auto rest = static_cast<unsigned>(nanoseconds % 1000);
    const char decimals[] = {'.', static_cast<char>('0' + rest / 100),
                             static_cast<char>('0' + rest / 10 % 10),
                             static_cast<char>('0' + rest % 10)};
    raw(std::string_view(decimals, sizeof decimals));
}

void TraceFile::text(std::string_view value) {
    value = value.substr(0, kTextMax);
    const bool is_plain = std::none_of(value.begin(), value.end(), [](char letter) {
        return letter == '"' || letter == '\\' || static_cast<unsigned char>(letter) < 0x20;
    });
    if (is_plain) return plain(value);
    pending_[size_++] = '"';
    for (const char letter : value) {
        if (letter == '"' || letter == '\\') pending_[size_++] = '\\';
        pending_[size_++] = static_cast<unsigned char>(letter) < 0x20 ? ' ' : letter;
    }
    pending_[size_++] = '"';
}

void TraceFile::plain(std::string_view value) noexcept {
    pending_[size_++] = '"';
    raw(value);
    pending_[size_++] = '"';
}

void TraceFile::field_of_arguments(std::string_view name) {
    raw(has_arguments_ ? "," : ",\"args\":{");
    has_arguments_ = true;
    plain(name);
    pending_[size_++] = ':';
}

void TraceFile::flush() noexcept {
    std::string_view rest(pending_.get(), size_);
    while (!rest.empty()) {
        const ssize_t size = ::write(fd_, rest.data(), rest.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) {
            failed_errno_ = size < 0 ? errno : EIO;
            ::close(std::exchange(fd_, -1));
            break;
        }
        rest.remove_prefix(static_cast<std::size_t>(size));
    }
    written_ += size_;
    size_ = 0;
}

}  // namespace weir::detail
