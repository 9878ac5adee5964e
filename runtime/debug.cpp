// SPDX-License-Identifier: MIT
#include <weir/runtime/debug.h>

#include <cstdio>

namespace weir {

std::string SlowStep::text() const {
    char milliseconds[32];
    std::snprintf(milliseconds, sizeof milliseconds, "%.3g ms", to_seconds(took_) * 1e3);
    std::string text = std::string("a step of ") + milliseconds + " in " + task_;
    if (!spawned_at_.empty()) text += ", spawned at " + spawned_at_;
    return text +
           ": all other tasks waited for it; call what blocks through offload(), and yield()"
           " in long computations";
}

}  // namespace weir
