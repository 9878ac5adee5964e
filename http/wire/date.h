// SPDX-License-Identifier: MIT
//
// Dates as HTTP writes them: RFC 9110, 5.6.7. One form is written, three are read. They count
// seconds since 1970 in UTC; what the time is now, others know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::http {

/// Seconds since the beginning of 1970, leap seconds not counted: std::time_t on Linux.
using UnixSeconds = std::int64_t;

/// "Sun, 06 Nov 1994 08:49:37 GMT". Years from 0 to 9999; what is beyond is cut to these.
std::string http_date(UnixSeconds time);

/// Reads that form and the two obsolete ones, "Sunday, 06-Nov-94 08:49:37 GMT" and
/// "Sun Nov  6 08:49:37 1994". Strict: every field must be there, in range, and the day of the week
/// the right one. Nothing for anything else. A year of two digits is the last one that ends so and
/// is not more than 50 years after `now`.
std::optional<UnixSeconds> parse_http_date(std::string_view text, UnixSeconds now);

}  // namespace weir::http
