// SPDX-License-Identifier: MIT
#include <weir/runtime/signal.h>

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <weir/runtime/wait_readable.h>
#include <cerrno>
#include <utility>

namespace weir {

Result<SignalCatcher> SignalCatcher::make(std::initializer_list<int> signals) {
    sigset_t wanted;
    sigset_t before;
    ::sigemptyset(&wanted);
    for (const int signal : signals)
        ::sigaddset(&wanted, signal);
    ::pthread_sigmask(SIG_BLOCK, &wanted, &before);
    unsigned long blocked = 0;
    for (const int signal : signals) {
        if (::sigismember(&before, signal) == 0) blocked |= 1ul << signal;
    }
    const int fd = ::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
    SignalCatcher catcher(fd, blocked);
    if (fd < 0) return Error::from_errno(errno, "catching signals");
    return catcher;
}

SignalCatcher::SignalCatcher(SignalCatcher&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), blocked_(std::exchange(other.blocked_, 0)) {}

SignalCatcher::~SignalCatcher() {
    // What came and was not taken is dropped: the program was told to stop, and is stopping.
    sigset_t own;
    ::sigemptyset(&own);
    for (int signal = 1; signal < 64; ++signal) {
        if ((blocked_ >> signal & 1) == 0) continue;
        ::sigaddset(&own, signal);
    }
    const timespec at_once{};
    if (blocked_ != 0) {
        while (::sigtimedwait(&own, nullptr, &at_once) > 0) {
        }
        ::pthread_sigmask(SIG_UNBLOCK, &own, nullptr);
    }
    if (fd_ >= 0) ::close(fd_);
}

Task<Result<int>> SignalCatcher::next() {
    for (;;) {
        signalfd_siginfo info{};
        const auto got = ::read(fd_, &info, sizeof info);
        if (got == static_cast<ssize_t>(sizeof info)) co_return static_cast<int>(info.ssi_signo);
        if (got < 0 && errno != EAGAIN && errno != EINTR) {
            co_return Error::from_errno(errno, "reading a signal");
        }
        Result<void> readable = co_await wait_readable(fd_);
        if (!readable) co_return std::move(readable).error();
    }
}

}  // namespace weir
