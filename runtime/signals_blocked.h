// SPDX-License-Identifier: MIT
//
// Threads of weir's own take no signals: those are the business of the threads that ask for them.
// A new thread has the mask of its maker, so the maker blocks all while it makes one.
#pragma once

#include <signal.h>

namespace weir::detail {

class AllSignalsBlocked {
public:
    AllSignalsBlocked() noexcept {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    AllSignalsBlocked(const AllSignalsBlocked&) = delete;
    AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;
    ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_;
};

}  // namespace weir::detail
