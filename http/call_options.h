// SPDX-License-Identifier: MIT
//
// What holds for one call alone, beside the options of its client.
#pragma once

#include <weir/http/client_observer.h>
#include <weir/runtime/base/time.h>

namespace weir::http {

class CallOptions {
public:
    CallOptions() noexcept {}

    /// The call is over by then, its body included; the client's own limits hold as well.
    CallOptions& deadline(Instant instant) noexcept { return deadline_ = instant, *this; }
    /// Is told what happens when, of the last request where it was redirected. It must live until
    /// the answer's head has come, or the failure, of which it is not told.
    CallOptions& times(RequestTimes& times) noexcept { return times_ = &times, *this; }

private:
    friend class Client;
    Instant deadline_ = kNever;
    RequestTimes* times_ = nullptr;
};

}  // namespace weir::http
