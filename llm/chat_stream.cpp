// SPDX-License-Identifier: MIT
#include <weir/llm/chat_stream.h>

#include <weir/llm/wire/json.h>
#include <weir/runtime/reactor.h>

#include "llm/call.h"
#include "llm/verdict.h"

#include <algorithm>
#include <chrono>

namespace weir::llm {
namespace {

// What follows [DONE] is the end of the body, and under way already. Some servers never send it.
constexpr Duration kDrainLimit = std::chrono::milliseconds(100);

bool has_content(const Delta& delta) noexcept {
    return !delta.text.empty() || !delta.reasoning.empty() || !delta.refusal.empty() ||
           !delta.tool_calls.empty();
}

}  // namespace

ChatStream::ChatStream(http::ResponseStream response, Call& call, const StreamRules& rules)
    : response_(std::move(response)),
      decoder_(call.protocol(), call.choices()),
      report_(call.take_report()),
      permit_(call.take_permit()),
      rules_(&rules),
      deadline_(response_.deadline()),
      phase_begun_(Reactor::current().now()) {
    content_due_ = saturating_add(phase_begun_, rules.first_limit);
}

Task<Result<std::optional<Delta>>> ChatStream::next() {
    // One value for all ways out: each further one would lie in the frame of every live stream.
    Result<std::optional<Delta>> next = std::optional<Delta>();
    while (!take_from_input(next)) {
        if (decoder_.is_done()) {
            has_ended_ = true;
            co_await response_.drain(kDrainLimit);
        } else {
            limit_wait();
            if (take_piece(co_await response_.read(), next)) break;
        }
    }
    if (next && *next) note(**next);
    if (has_ended_ && !std::exchange(is_settled_, true)) settle();
    if (!next) next = mask_secret(std::move(next).error(), rules_->key);
    co_return next;
}

// The clock of content does not run while the caller is busy with what it has.
void ChatStream::limit_wait() {
    if (content_due_ == kNever) {
        content_due_ = saturating_add(Reactor::current().now(), rules_->gap_limit);
    }
    response_.set_deadline(std::min(deadline_, content_due_));
}

void ChatStream::note(const Delta& delta) {
    if (delta.usage && permit_) usage_ = std::make_unique<Usage>(*delta.usage);
    if (!has_content(delta)) return;
    content_due_ = kNever;
    if (std::exchange(has_content_, true)) return;
    const Instant now = Reactor::current().now();
    report_.timeline.thinking = now - std::exchange(phase_begun_, now);
}

void ChatStream::settle() noexcept {
    report_.timeline.receiving = Reactor::current().now() - phase_begun_;
    if (!permit_) return;
    CallOutcome outcome(report_.status);
    if (usage_) outcome.usage(*usage_);
    permit_->settle(outcome);
    permit_.reset();
}

Error ChatStream::silence(Error error) const {
    const bool is_about_content = error == Errc::timed_out && content_due_ < deadline_ &&
                                  Reactor::current().now() >= content_due_;
    if (!is_about_content) return with_verdict(std::move(error));
    const Duration limit = has_content_ ? rules_->gap_limit : rules_->first_limit;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit).count();
    return Error(Errc::timed_out,
                 "no content came for " + std::to_string(seconds) +
                     " s, whatever signs of life the server gave (content_limits); the answer is "
                     "cut")
        .with_retry(true);
}

// Waits for the first content, which next() gives then, together with what came before it.
Task<Result<void>> ChatStream::look_ahead() {
    auto first = std::make_unique<Delta>();
    while (!has_content_ && !has_ended_) {
        Result<std::optional<Delta>> delta = co_await next();
        if (!delta) co_return std::move(delta).error();
        if (!*delta) break;
        if (!(*delta)->role) (*delta)->role = std::move(first->role);
        if (!(*delta)->usage) (*delta)->usage = first->usage;
        if (!(*delta)->finish_reason) (*delta)->finish_reason = std::move(first->finish_reason);
        *first = **std::move(delta);
    }
    ahead_ = std::move(first);
    co_return Result<void>();
}

// The next delta of what has come. False also at [DONE], after which the end is to be drained.
bool ChatStream::take_from_input(Result<std::optional<Delta>>& next) {
    if (ahead_) {
        next = std::move(*std::exchange(ahead_, nullptr));
        return true;
    }
    if (has_ended_) return true;
    if (whole_) {
        has_ended_ = true;
        next = std::move(*std::exchange(whole_, nullptr));
        return true;
    }
    for (;;) {
        if (std::optional<Delta> more = decoder_.more()) {
            next = std::move(more);
            return true;
        }
        if (decoder_.is_done()) return false;
        Result<http::SseEvent> event = events_.next(input_);
        if (event && event->kind == http::SseEvent::need_more) {
            // Most servers send each event in a chunk of its own, and many come in one read.
            Result<std::optional<Bytes>> more = response_.try_read();
            if (more && !*more) return false;
            if (take_piece(more ? Result<Bytes>(**more) : std::move(more).error(), next))
                return true;
            continue;
        }
        if (event) {
            next = decoder_.event(event->type, event->data);
        } else {
            next = std::move(event).error();
        }
        if (!next) has_ended_ = true;
        if (!next || *next) return true;
    }
}

bool ChatStream::take_piece(Result<Bytes> piece, Result<std::optional<Delta>>& next) {
    if (piece && !piece->empty()) {
        input_ = *piece;
        return false;
    }
    if (piece) {
        take_rest(next);
    } else {
        end(std::move(piece).error(), next);
    }
    return true;
}

// At the end of the body: an event that no empty line closed counts if it is whole.
void ChatStream::take_rest(Result<std::optional<Delta>>& next) {
    Result<http::SseEvent> event = events_.finish();
    const bool is_whole = event && event->kind == http::SseEvent::event &&
                          (is_json(event->data) || event->data.starts_with("[DONE]"));
    if (is_whole) {
        next = decoder_.event(event->type, event->data);
        if (!next) has_ended_ = true;
        // If there is a delta, the next call reads nothing more and comes here again.
        if (!next || *next) return;
    }
    end(std::nullopt, next);
}

// The verdict when the body has ended, in good order or not.
void ChatStream::end(std::optional<Error> broken, Result<std::optional<Delta>>& next) {
    has_ended_ = true;
    Result<void> finished = decoder_.finish(!broken);
    if (finished) {
        next = std::optional<Delta>();
    } else if (!broken) {
        next = std::move(finished).error();
    } else if (*broken == Error::timed_out) {
        next = silence(*std::move(broken));
    } else {
        next = std::move(finished).error().with_context(broken->message());
    }
}

}  // namespace weir::llm
