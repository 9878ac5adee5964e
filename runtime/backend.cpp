// SPDX-License-Identifier: MIT
#include <weir/runtime/backend.h>

#include <weir/runtime/buffers.h>
#include <weir/runtime/simulation.h>
#include <cstdlib>
#include <utility>

#include "runtime/backend/system_backend.h"

namespace weir {
namespace {

// What the environment asks for; automatic when it is silent.
Result<BackendKind> kind_from_environment() {
    const char* asked = std::getenv("WEIR_BACKEND");
    const std::string_view name = asked == nullptr ? "" : asked;
    if (name.empty() || name == "automatic") return BackendKind::automatic;
    if (name == "uring") return BackendKind::uring;
    if (name == "epoll") return BackendKind::epoll;
    return Error(Errc::bad_argument, "WEIR_BACKEND is \"" + std::string(name) +
                                         "\": it may be uring, epoll or automatic");
}

}  // namespace

std::string_view to_string(BackendKind kind) noexcept {
    switch (kind) {
        case BackendKind::automatic:
            return "automatic";
        case BackendKind::uring:
            return "uring";
        case BackendKind::epoll:
            return "epoll";
        case BackendKind::simulated:
            return "simulated";
    }
    return "unknown";
}

std::string explain_backend_choice() {
    const Result<BackendKind> asked = kind_from_environment();
    if (!asked) return asked.error().message();
    if (*asked != BackendKind::automatic) {
        return std::string(to_string(*asked)) + ": WEIR_BACKEND asks for it";
    }
    detail::BufferPool buffers(1, 64, 0);
    const auto backend = detail::make_uring_backend(buffers);
    if (backend) return "uring: the kernel grants all that makes it fast";
    return "epoll: " + backend.error().message();
}

Result<std::unique_ptr<detail::Backend>> detail::make_backend(BackendKind kind,
                                                              const Simulation* simulation,
                                                              BufferPool& buffers) {
    if (kind == BackendKind::automatic) {
        const Result<BackendKind> asked = kind_from_environment();
        if (!asked) return asked.error();
        kind = *asked;
    }
    switch (kind) {
        case BackendKind::simulated:
            return make_simulated_backend(simulation == nullptr ? Simulation() : *simulation,
                                          buffers);
        case BackendKind::epoll:
            return make_epoll_backend(buffers);
        case BackendKind::uring:
            return make_uring_backend(buffers);
        case BackendKind::automatic:
            break;
    }
    auto uring = make_uring_backend(buffers);
    if (uring) return uring;
    // Only a refusal makes epoll the choice; running out of descriptors would hit it as well.
    if (!(uring.error() == Errc::unsupported)) return uring;
    return make_epoll_backend(buffers);
}

}  // namespace weir
