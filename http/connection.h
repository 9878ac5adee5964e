// SPDX-License-Identifier: MIT
//
// One connection of a client: writes a request, pumps bytes through the response parser. Each wait
// has one timer, for whichever comes first: the limit of its phase, or the deadline of the call.
// A small request is one write, and then the answer is read; for others see upload.cpp.
#pragma once

#include <weir/http/wire/message.h>
#include <weir/http/wire/response_parser.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/task.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "http/outgoing.h"
#include "http/pool.h"
#include "http/transport.h"

namespace weir::http {

/// How long each wait of a call may take, and what may be kept of an answer that comes early.
class CallLimits {
public:
    CallLimits() noexcept {}

    Duration first_byte{};
    Duration gap{};
    Duration proceed{};  // for 100 (Continue)
    std::uint64_t early_bytes = 0;
};

/// What came of an answer before all of the request had gone out.
class EarlyAnswer {
public:
    bool keep(Result<ParserEvent> event, std::uint64_t bytes_max);
    /// Whether there is more to it than interim responses.
    bool is_final() const noexcept { return has_head || error != nullptr; }

    std::string body;
    std::unique_ptr<Error> error;
    bool has_head = false;
    bool is_body_told = false;
};

/// Errc::timed_out: "waited 10 s for a connection", or that the call's own deadline passed there.
Error timed_out_waiting(const char* for_what, Duration limit, bool was_phase_limit);
/// Whether the peer is gone, or has closed without reading what we sent.
bool is_lost_connection(const Error& error);
Instant end_of_phase(Duration limit);

class Connection : public IdleInOrigin, public IdleInAll {
public:
    /// `limits` must outlive it.
    Connection(Transport transport, Place place, const CallLimits& limits)
        : transport_(std::move(transport)),
          origin_(place.origin()),
          place_(std::move(place)),
          limits_(limits) {}

    /// When the present call must be over.
    void set_deadline(Instant deadline) noexcept { deadline_ = deadline; }
    Instant deadline() const noexcept { return deadline_; }

    /// Sends a request and reads up to the end of the response's head: then take_head() gives it.
    /// `owner`, unless it is empty, owns `outgoing`; it is emptied once that was sent, where it
    /// will not be sent again. It must live until the task ends.
    Task<Result<ParserEvent>> exchange(Outgoing& outgoing, std::unique_ptr<Outgoing>* owner) {
        parser_.start(outgoing.request.kind());
        return proceed(&outgoing, owner);
    }
    /// The next body piece, valid until the next call, or the end of the response, which comes
    /// once.
    Task<Result<ParserEvent>> next_event() { return proceed(nullptr, nullptr); }
    /// The same of what has been received already; need_more where next_event() would wait.
    Result<ParserEvent> try_next_event() { return parse(); }
    int status() const noexcept { return parser_.status(); }
    ResponseHead take_head() { return parser_.take_head(); }

    Origin& origin() const noexcept { return origin_; }
    /// Whether a byte of the present answer has come.
    bool has_answer_begun() const noexcept { return parser_.has_begun(); }
    bool is_body_complete() const noexcept { return parser_.is_done() && early_ == nullptr; }
    /// Whether it can carry another request: all of ours was sent, the answer is complete, and
    /// nothing follows it.
    bool is_reusable() const noexcept {
        return parser_.keep_alive() && input_.empty() && !is_cut_short_;
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
    Task<Result<ParserEvent>> proceed(Outgoing* to_send, std::unique_ptr<Outgoing>* owner);
    Task<Result<void>> send(Outgoing& outgoing) {
        return outgoing.is_small() ? send_small(outgoing) : upload(outgoing);
    }
    Task<Result<void>> send_small(Outgoing& outgoing);
    bool may_send_again(const Outgoing& outgoing) const noexcept {
        return has_been_idle() || outgoing.expects_continue;
    }
    Task<Result<void>> send_piece(Bytes piece);
    Task<Result<void>> upload(Outgoing& outgoing);
    Task<Result<void>> send_head(Outgoing& outgoing);
    Task<Result<void>> send_rest(Outgoing& outgoing);
    Task<Result<void>> send_source(Outgoing& outgoing);
    Task<Result<void>> watch(bool until_continue);
    Result<ParserEvent> take_early();
    Result<ParserEvent> parse() { return early_ ? take_early() : parser_.next(input_); }
    Result<ParserEvent> take(Result<Bytes> received, bool was_phase_limit);

    Transport transport_;
    ResponseParser parser_;
    Bytes input_;  // what read() gave and the parser has not consumed
    Origin& origin_;
    std::optional<Place> place_;  // while it is in use
    const CallLimits& limits_;
    Instant deadline_ = kNever;
    Instant idle_since_{};
    std::unique_ptr<Error> send_error_;  // the peer was gone before it had all of the request
    std::unique_ptr<EarlyAnswer> early_;
    bool is_cut_short_ = false;  // not all of the request was sent
};

}  // namespace weir::http
