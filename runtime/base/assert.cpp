// SPDX-License-Identifier: MIT
#include <weir/runtime/base/assert.h>

#include <cstdio>
#include <cstdlib>

namespace weir::detail {

void check_failed(const char* fact, const char* hint, const char* file, int line) noexcept {
    std::fprintf(stderr, "weir: broken contract at %s:%d: %s\n", file, line, fact);
    if (hint != nullptr) std::fprintf(stderr, "weir: %s\n", hint);
    std::abort();
}

}  // namespace weir::detail
