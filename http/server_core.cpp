// SPDX-License-Identifier: MIT
#include "http/server_core.h"

#include <weir/runtime/reactor.h>
#include <ctime>

namespace weir::http {
namespace {

// In a simulated world its own time, from 1970 on: the same seed sends the same bytes.
UnixSeconds present() {
    const Reactor& reactor = Reactor::current();
    if (reactor.backend_kind() != BackendKind::simulated) return std::time(nullptr);
    return std::chrono::floor<std::chrono::seconds>(reactor.now().time_since_epoch()).count();
}

}  // namespace

std::string_view DateClock::now() {
    const UnixSeconds second = present();
    if (second != second_) {
        second_ = second;
        text_ = http_date(second);
    }
    return text_;
}

}  // namespace weir::http
