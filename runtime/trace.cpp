// SPDX-License-Identifier: MIT
#include <weir/runtime/trace.h>

#include <weir/runtime/reactor.h>

#include "runtime/observer.h"

namespace weir {

Result<void> Trace::start(const std::string& path, std::size_t megabytes) {
    return Reactor::current().observe().start_trace(path, megabytes * 1'000'000);
}

Result<void> Trace::stop() {
    return Reactor::current().observe().stop_trace();
}

}  // namespace weir
