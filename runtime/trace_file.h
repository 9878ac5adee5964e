// SPDX-License-Identifier: MIT
//
// The file of a trace: JSON events, one a line, gathered in memory and written in chunks. It grows
// to a limit and then ends with a note. It knows nothing of loops and tasks.
#pragma once

#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir::detail {

class TraceFile {
public:
    /// Times are told from `start` on.
    static Result<std::unique_ptr<TraceFile>> open(const std::string& path, std::size_t bytes_max,
                                                   Instant start);
    TraceFile(const TraceFile&) = delete;
    TraceFile& operator=(const TraceFile&) = delete;
    ~TraceFile();

    /// False once it was closed, by close(), by the limit or by an error of the file system.
    bool is_open() const noexcept { return fd_ >= 0; }

    // An event is begun, gets its fields, and is ended:
    //     file.begin('X', "turn", at).duration(span).argument("steps", 3).end();
    TraceFile& begin(char phase, std::string_view name, Instant at);
    TraceFile& duration(Duration span);
    TraceFile& category(std::string_view category);
    TraceFile& id(std::uint64_t id);
    TraceFile& argument(std::string_view name, std::int64_t value);
    /// `value` is escaped, and cut where it is very long.
    TraceFile& argument(std::string_view name, std::string_view value);
    void end();

    /// Writes what has gathered if that is enough to be worth a system call.
    void flush_if_large();
    /// Writes the rest, and the end of the JSON text. An error where something could not be
    /// written, now or before.
    Result<void> close(Instant at);

private:
    TraceFile(int fd, std::string path, std::size_t bytes_max, Instant start);

    void number(std::int64_t value);
    void time(std::int64_t nanoseconds);
    void text(std::string_view value);
    void raw(std::string_view value) noexcept;
    void plain(std::string_view value) noexcept;  // with nothing to escape
    void field_of_arguments(std::string_view name);
    void flush() noexcept;

    int fd_;
    std::string path_;
    std::size_t bytes_max_;
    Instant start_;
    Instant last_;
    // Not a string: appending to one looks at its room for each of an event's many pieces.
    std::unique_ptr<char[]> pending_;
    std::size_t size_ = 0;
    std::size_t written_ = 0;
    int failed_errno_ = 0;
    bool has_arguments_ = false;
};

}  // namespace weir::detail
