// SPDX-License-Identifier: MIT
#include <weir/runtime/signal.h>

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <weir/runtime/wait_readable.h>
#include <array>
#include <cerrno>
#include <string>
#include <utility>

namespace weir {
namespace {

constexpr int kLastSignal = 64;

constexpr std::uint64_t bit_of(int signal) {
    return std::uint64_t{1} << (signal - 1);
}

// What this thread's catchers have in common: the last one of a signal gives it back.
struct Caught {
    std::array<unsigned, kLastSignal + 1> catchers{};
    std::uint64_t was_blocked = 0;  // before the first catcher
};
thread_local Caught caught_here;

void block(const sigset_t& wanted, std::uint64_t signals) {
    sigset_t before;
    ::pthread_sigmask(SIG_BLOCK, &wanted, &before);
    for (int signal = 1; signal <= kLastSignal; ++signal) {
        if ((signals & bit_of(signal)) == 0 || caught_here.catchers[signal]++ > 0) continue;
        if (::sigismember(&before, signal) == 1) {
            caught_here.was_blocked |= bit_of(signal);
        } else {
            caught_here.was_blocked &= ~bit_of(signal);
        }
    }
}

void unblock(std::uint64_t signals) {
    sigset_t own;
    ::sigemptyset(&own);
    for (int signal = 1; signal <= kLastSignal; ++signal) {
        if ((signals & bit_of(signal)) == 0 || --caught_here.catchers[signal] > 0) continue;
        if ((caught_here.was_blocked & bit_of(signal)) == 0) ::sigaddset(&own, signal);
    }
    // What came and was not taken is dropped: the program was told to stop, and is stopping.
    const timespec at_once{};
    while (::sigtimedwait(&own, nullptr, &at_once) > 0) {
    }
    ::pthread_sigmask(SIG_UNBLOCK, &own, nullptr);
}

}  // namespace

Result<SignalCatcher> SignalCatcher::make(std::initializer_list<int> signals) {
    sigset_t wanted;
    ::sigemptyset(&wanted);
    std::uint64_t bits = 0;
    for (const int signal : signals) {
        if (signal == SIGKILL || signal == SIGSTOP || signal < 1 || signal > kLastSignal ||
            ::sigaddset(&wanted, signal) != 0) {
            return Error(Errc::bad_argument, "signal " + std::to_string(signal) +
                                                 " cannot be caught: name others, as SIGINT");
        }
        bits |= bit_of(signal);
    }
    const int fd = ::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) return Error::from_errno(errno, "catching signals");
    block(wanted, bits);
    return SignalCatcher(fd, bits);
}

SignalCatcher::SignalCatcher(SignalCatcher&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), caught_(std::exchange(other.caught_, 0)) {}

SignalCatcher::~SignalCatcher() {
    if (fd_ < 0) return;
    unblock(caught_);
    ::close(fd_);
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
