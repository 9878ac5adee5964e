// SPDX-License-Identifier: MIT
//
// Sees each request of a client: to add fields such as traceparent, to measure, to log. A client
// without one pays nothing.
#pragma once

#include <weir/http/wire/message.h>
#include <weir/runtime/base/error.h>
#include <weir/runtime/base/time.h>
#include <optional>

namespace weir::http {

/// When what happened to a request, by the clock of its loop.
class RequestTimes {
public:
    RequestTimes() noexcept {}

    Instant begun{};
    /// A connection was opened for it: name, TCP and TLS lie before. Nothing where one was reused.
    std::optional<Instant> connected;
    /// The head of the answer was there, or the failure.
    Instant answered{};
};

/// To derive from. Its functions are called on the client's loop, in the midst of the call: they
/// must not wait, and an exception ends the call. Each hop of a redirection is a request of its
/// own; one that is repeated since its connection was stale is still the same.
class ClientObserver {
public:
    /// Before the request is sent. It may add fields.
    virtual void on_request(Request& request) { static_cast<void>(request); }
    /// The body may be still under way.
    virtual void on_answer(const Request& request, const ResponseHead& head,
                           const RequestTimes& times) {
        static_cast<void>(request), static_cast<void>(head), static_cast<void>(times);
    }
    /// There is no answer. A call that was cancelled from outside is not told.
    virtual void on_failure(const Request& request, const Error& error, const RequestTimes& times) {
        static_cast<void>(request), static_cast<void>(error), static_cast<void>(times);
    }

protected:
    ~ClientObserver() = default;
};

}  // namespace weir::http
