// SPDX-License-Identifier: MIT
//
// What a server's connections share.
#pragma once

#include <weir/http/server_options.h>
#include <weir/http/wire/date.h>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::http {

/// The present as a date, written anew once a second.
class DateClock {
public:
    std::string_view now();

private:
    UnixSeconds second_ = -1;
    std::string text_;
};

class ServerCore {
public:
    explicit ServerCore(ServerOptions server_options) noexcept
        : options(std::move(server_options)) {}

    const ServerOptions options;
    DateClock dates;
    std::size_t connections = 0;
    std::uint64_t requests = 0;
};

}  // namespace weir::http
