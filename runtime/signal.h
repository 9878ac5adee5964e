// SPDX-License-Identifier: MIT
//
// Signals as something to wait for, instead of handlers that may do almost nothing.
#pragma once

#include <weir/runtime/base/result.h>
#include <weir/runtime/task.h>
#include <initializer_list>

namespace weir {

/// While it lives, the given signals are kept from their usual effect in this thread (and threads
/// begun meanwhile) and can be waited for. Make it before any other thread begins.
class SignalCatcher {
public:
    /// `signals`: such as SIGINT and SIGTERM.
    static Result<SignalCatcher> make(std::initializer_list<int> signals);
    SignalCatcher(SignalCatcher&& other) noexcept;
    SignalCatcher& operator=(SignalCatcher&&) = delete;
    ~SignalCatcher();

    /// Waits for the next one and gives its number.
    Task<Result<int>> next();

private:
    SignalCatcher(int fd, unsigned long blocked) noexcept : fd_(fd), blocked_(blocked) {}

    int fd_;
    unsigned long blocked_;  // one bit a signal that was not blocked before
};

}  // namespace weir
