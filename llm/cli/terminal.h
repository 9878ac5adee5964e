// SPDX-License-Identifier: MIT
//
// How the commands talk to people: complaints and a live line of progress on stderr, where there is
// a terminal to see it, and numbers written so that they can be read.
#pragma once

#include <weir/runtime/base/error.h>
#include <weir/runtime/base/time.h>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::cli {

/// "weir: MESSAGE" on stderr.
void complain(std::string_view message);
void complain(const Error& error);

/// A line on stderr that each show() replaces. Silent where stderr is no terminal. Its destructor
/// wipes the line away, so that an interrupted command leaves none behind.
class ProgressLine {
public:
    ProgressLine() noexcept;
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;
    ~ProgressLine() { clear(); }

    bool is_visible() const noexcept { return is_visible_; }
    void show(std::string_view text);
    void clear();

private:
    bool is_visible_;
    bool is_dirty_ = false;
};

/// "12,345".
std::string grouped(std::int64_t number);
/// `value` with so many digits after the point.
std::string fixed(double value, int digits);
/// "20.1 h", "1.25 s", "340 ms".
std::string readable(Duration span);
/// "512 B", "47.3 KB", "1.2 GB"; powers of 1,000.
std::string readable_bytes(double bytes);
/// "  NAME                VALUE" and a newline: a row of a table of two columns.
std::string row(std::string_view name, std::string_view value);

}  // namespace weir::cli
