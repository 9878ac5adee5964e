// SPDX-License-Identifier: MIT
//
// One connection of a client: writes a request, pumps bytes through the response parser. Each wait
// has one timer, for whichever comes first: the limit of its phase, or the deadline of the call.
#pragma once

#include <weir/http/wire/message.h>
#include <weir/http/wire/response_parser.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/task.h>
#include <memory>
#include <optional>
#include <utility>

#include "http/pool.h"
#include "http/transport.h"

namespace weir::http {

/// How long each wait of a call may take.
class PhaseLimits {
public:
    PhaseLimits(Duration for_first_byte, Duration for_gap) noexcept
        : first_byte(for_first_byte), gap(for_gap) {}

    Duration first_byte;
    Duration gap;
};

/// Errc::timed_out: "waited 10 s for a connection", or that the call's own deadline passed there.
Error timed_out_waiting(const char* for_what, Duration limit, bool was_phase_limit);

class Connection : public IdleInOrigin, public IdleInAll {
public:
    /// `phases` must outlive it.
    Connection(Transport transport, Place place, ParserLimits limits, const PhaseLimits& phases)
        : transport_(std::move(transport)),
          parser_(limits),
          origin_(place.origin()),
          place_(std::move(place)),
          phases_(phases) {}

    /// When the present call must be over.
    void set_deadline(Instant deadline) noexcept { deadline_ = deadline; }
    Instant deadline() const noexcept { return deadline_; }

    /// Sends `request` and reads up to the end of the response's head: then take_head() gives it.
    Task<Result<ParserEvent>> exchange(const Request& request) {
        parser_.start(request.kind());
        return proceed(&request);
    }
    /// The next body piece, valid until the next call, or the end of the response, which comes
    /// once.
    Task<Result<ParserEvent>> next_event() { return proceed(nullptr); }
    ResponseHead take_head() { return parser_.take_head(); }

    Origin& origin() const noexcept { return origin_; }
    /// Whether a byte of the present answer has come.
    bool has_answer_begun() const noexcept { return parser_.has_begun(); }
    bool is_body_complete() const noexcept { return parser_.is_done(); }
    /// Whether it can carry another request: all of ours was sent, the answer is complete, and
    /// nothing follows it.
    bool is_reusable() const noexcept {
        return parser_.keep_alive() && input_.empty() && send_error_ == nullptr;
    }

    // --- for the pool ----------------------------------------------------------------------------
    /// The peer has neither closed it nor sent anything.
    bool is_quiet() const noexcept { return transport_.is_quiet(); }
    void become_idle(Instant now) noexcept {
        transport_.release();
        idle_since_ = now;
    }
    /// Meaningful where it was idle before.
    Instant idle_since() const noexcept { return idle_since_; }
    bool has_been_idle() const noexcept { return idle_since_ != Instant(); }
    void take_place(Place place) noexcept { place_ = std::move(place); }
    Place give_up_place() noexcept {
        Place place = *std::move(place_);
        place_.reset();
        return place;
    }

private:
    Task<Result<ParserEvent>> proceed(const Request* to_send);
    Task<Result<void>> write(const Request& request);
    Result<ParserEvent> take(Result<Bytes> received, bool was_phase_limit);

    Transport transport_;
    ResponseParser parser_;
    Bytes input_;  // what read() gave and the parser has not consumed
    Origin& origin_;
    std::optional<Place> place_;  // while it is in use
    const PhaseLimits& phases_;
    Instant deadline_ = kNever;
    Instant idle_since_{};
    std::unique_ptr<Error> send_error_;  // the peer did not take all of the request
};

}  // namespace weir::http
