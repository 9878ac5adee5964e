// SPDX-License-Identifier: MIT
//
// Waiting for a descriptor that is not a stream of weir's: an eventfd, a pipe, a signalfd.
#pragma once

#include <weir/runtime/base/result.h>
#include <weir/runtime/operation.h>
#include <weir/runtime/reactor.h>

namespace weir {
namespace detail {

class WaitReadableAwaiter {
public:
    explicit WaitReadableAwaiter(int fd) noexcept
        : operation_(OperationKind::wait_readable, nullptr) {
        operation_.fd = fd;
    }
    WaitReadableAwaiter(const WaitReadableAwaiter&) = delete;
    WaitReadableAwaiter& operator=(const WaitReadableAwaiter&) = delete;
    ~WaitReadableAwaiter() { WEIR_CHECK(!operation_.in_flight()); }

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) {
        if (!begin_wait(waiting, &operation_, LeafKind::operation)) return;
        operation_.waiter = to_handle(waiting);
        Reactor::current().submit(operation_);
    }

    Result<void> await_resume() {
        if (operation_.result < 0) {
            return Error::from_errno(-operation_.result, "waiting for a descriptor");
        }
        return {};
    }

private:
    Operation operation_;
};

}  // namespace detail

/// What wait_readable() returns; co_await it.
class [[nodiscard]] WaitReadableRequest {
public:
    using weir_request = void;
    explicit WaitReadableRequest(int fd) noexcept : fd_(fd) {}
    detail::WaitReadableAwaiter start() const noexcept { return detail::WaitReadableAwaiter(fd_); }

private:
    int fd_;
};

/// Waits until a read of `fd` would not block: Result<void>. The caller keeps the descriptor open
/// meanwhile; one task at a time may wait for it. Never ends in a simulated world.
inline WaitReadableRequest wait_readable(int fd) noexcept {
    return WaitReadableRequest(fd);
}

}  // namespace weir
