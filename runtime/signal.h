// SPDX-License-Identifier: MIT
//
// Signals as something to wait for, instead of handlers that may do almost nothing.
#pragma once

#include <weir/runtime/base/result.h>
#include <weir/runtime/task.h>
#include <cstdint>
#include <initializer_list>

namespace weir {

/// While it lives, the given signals are kept from their usual effect in this thread (and threads
/// begun meanwhile) and can be waited for. Make it before any other thread begins, and let it die
/// in the thread that made it; threads of weir's own take no signals. A signal of several catchers
/// goes to one of them. One that nobody has taken when its last catcher dies is dropped.
class SignalCatcher {
public:
    /// `signals`: such as SIGINT and SIGTERM. Errc::bad_argument for what cannot be caught, such
    /// as SIGKILL; otherwise what the kernel refuses.
    static Result<SignalCatcher> make(std::initializer_list<int> signals);
    SignalCatcher(SignalCatcher&& other) noexcept;
    SignalCatcher& operator=(SignalCatcher&&) = delete;
    ~SignalCatcher();

    /// Waits for the next one and gives its number. Of one number several may count as one, if
    /// nobody takes them meanwhile. One task at a time.
    Task<Result<int>> next();

private:
    SignalCatcher(int fd, std::uint64_t caught) noexcept : fd_(fd), caught_(caught) {}

    int fd_;
    std::uint64_t caught_;  // a bit for each signal, the lowest for number 1
};

}  // namespace weir
