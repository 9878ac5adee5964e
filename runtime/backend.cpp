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

std::string explain_backend_choice(KernelFeatures without) {
    const Result<BackendKind> asked = kind_from_environment();
    if (!asked) return asked.error().message();
    const Result<KernelFeatures> left_out = features_without_by_environment();
    if (!left_out) return left_out.error().message();
    detail::BackendOptions options;
    options.without = *left_out | without;
    std::string rest;
    if (!options.without.empty()) rest = "; left out on request: " + options.without.to_string();
    if (*asked != BackendKind::automatic) {
        return std::string(to_string(*asked)) + ": WEIR_BACKEND asks for it" + rest;
    }
    detail::BufferPool buffers(1, 64, 0);
    const auto backend = detail::make_uring_backend(options, buffers);
    if (backend) return "uring: the kernel grants all that makes it fast" + rest;
    const bool was_refused = backend.error() == Errc::unsupported;
    return (was_refused ? "epoll: " : "none: ") + backend.error().message() + rest;
}

Result<std::unique_ptr<detail::Backend>> detail::make_backend(BackendOptions options,
                                                              BufferPool& buffers) {
    // No kernel, so nothing to leave out: the environment must not matter to what can be repeated.
    if (options.kind == BackendKind::simulated) {
        return make_simulated_backend(
            options.simulation == nullptr ? Simulation() : *options.simulation, buffers);
    }
    const Result<KernelFeatures> left_out = features_without_by_environment();
    if (!left_out) return left_out.error();
    options.without |= *left_out;
    if (options.kind == BackendKind::automatic) {
        const Result<BackendKind> asked = kind_from_environment();
        if (!asked) return asked.error();
        options.kind = *asked;
    }
    if (options.kind == BackendKind::epoll) return make_epoll_backend(options, buffers);
    auto uring = make_uring_backend(options, buffers);
    // Only a refusal makes epoll the choice; running out of descriptors would hit it as well.
    const bool was_refused = !uring && uring.error() == Errc::unsupported;
    if (options.kind == BackendKind::uring || !was_refused) return uring;
    return make_epoll_backend(options, buffers);
}

}  // namespace weir
