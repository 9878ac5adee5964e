// SPDX-License-Identifier: MIT
//
// A request on its way: what is sent, where its body comes from, and what was sent of it.
#pragma once

#include <weir/http/body_source.h>
#include <weir/http/client_observer.h>
#include <weir/http/redirect.h>
#include <weir/http/wire/error.h>
#include <weir/http/wire/message.h>
#include <weir/http/wire/request_writer.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/reactor.h>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace weir::http {

class Outgoing {
public:
    // Head and body go out in one write where the copy is cheaper than a second system call.
    // Sockets take as much at once: nobody has to listen for an answer meanwhile.
    static constexpr std::size_t kTogetherMax = 16 * 1024;

    Outgoing(Request what, BodySource* body)
        : request(std::move(what)),
          source(body),
          expects_continue(has_body() && request.headers().has_token("Expect", "100-continue")) {}

    bool has_body() const noexcept { return source != nullptr || !request.body().empty(); }
    bool is_small() const noexcept {
        return source == nullptr && !expects_continue && request.body().size() <= kTogetherMax;
    }
    /// Whether all of it can be sent once more, on another connection.
    bool start_again() {
        if (!std::exchange(has_begun_source, false)) return true;
        return source->rewind();
    }
    /// After a 417: the server, or one before it, knows nothing of expectations.
    void drop_expectation() {
        request.headers().remove("Expect");
        expects_continue = false;
    }

    /// Becomes what a redirection asks for. HttpErrc::bad_redirect where that is the body once
    /// more, and it cannot be made again.
    Result<void> redirect(Redirect next) {
        if (!next.keeps_body) {
            source = nullptr;
        } else if (!start_again()) {
            return Error(HttpErrc::bad_redirect, "the body would have to be sent once more, to " +
                                                     next.url.origin() +
                                                     ", and its source cannot rewind");
        }
        Request other(std::move(next.method), std::move(next.url));
        other.headers() = std::move(next.headers);
        if (next.keeps_body) other.body(request.body());
        if (const auto resend = request.resend_unanswered()) other.resend_unanswered(*resend);
        request = std::move(other);
        expects_continue = expects_continue && has_body();
        return Result<void>();
    }

    /// It is now that this happens to the request.
    template <typename Time>
    void note(Time RequestTimes::* event) {
        if (times != nullptr) times->*event = Reactor::current().now();
    }

    Request request;
    BodySource* source;  // null: the request has its body
    TargetForm form = TargetForm::origin;
    Instant deadline = kNever;      // of this call alone
    RequestTimes* times = nullptr;  // to be told; not ours
    bool expects_continue;
    bool has_begun_source = false;
};

}  // namespace weir::http
