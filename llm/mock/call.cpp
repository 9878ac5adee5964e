// SPDX-License-Identifier: MIT
#include "llm/mock/call.h"

#include <weir/runtime/reactor.h>
#include <weir/runtime/sleep.h>

#include "llm/mock/embeddings.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace weir::llm::mock {
namespace {

constexpr int kThoughtsIfAsked = 8;
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kPage =
    "<!DOCTYPE html><html><head><title>Please wait</title></head>"
    "<body><h1>Please wait</h1><p>The gateway has something to say.</p></body></html>\n";

Protocol protocol_of(Route route) noexcept {
    if (route == Route::messages) return Protocol::messages;
    if (route == Route::responses) return Protocol::responses;
    return Protocol::chat;
}

Task<void> wait_for_ever() {
    for (;;)
        co_await sleep_for(std::chrono::hours(1));
}

int thoughts_for(const Ask& ask, int scripted) noexcept {
    if (scripted > 0) return scripted;
    return ask.wants_thoughts ? kThoughtsIfAsked : 0;
}

}  // namespace

Call::Call(Core& core, http::Exchange& exchange, Route route)
    : core_(core),
      exchange_(exchange),
      route_(route),
      number_(++core.calls),
      script_(&core.script),
      random_(core.script.seed_ + number_ * 0xd1342543de82ef95u) {
    ++core_.in_flight;
}

const Dialect& Call::dialect() const noexcept {
    return script_->dialect_ == nullptr ? Dialect::plain() : *script_->dialect_;
}

http::Headers Call::fields(std::string_view content_type) {
    return core_.fields(protocol_of(route_), dialect(), content_type);
}

Task<void> Call::run() {
    request_id_ = core_.request_id();
    Result<const Script*> script = core_.script_for(exchange_, number_, own_script_);
    if (!script) co_return co_await refuse(Refusal(400, script.error().message()));
    script_ = *script;
    // Looked at before the faults, so that what would be refused anyway is.
    if (route_ == Route::embeddings) co_return co_await answer_embeddings();
    Result<Ask> ask = read_ask(protocol_of(route_), exchange_.body());
    if (!ask) co_return co_await refuse(Refusal(400, ask.error().message()));
    const bool has_failed = co_await fail_early();
    if (has_failed) co_return;
    co_await answer(*ask);
}

Task<bool> Call::fail_early() {
    const Script::Faults& faults = script_->faults_;
    if (faults.resets) {
        ++core_.cut;
        exchange_.close_connection();
        co_return true;
    }
    if (faults.is_silent) co_await wait_for_ever();
    // A rate of errors that does not say which ones means this one.
    const bool fails_by_rate =
        script_ == &core_.script && script_->error_rate_ && !script_->has_faults();
    if (faults.status || fails_by_rate) {
        co_await refuse_as_scripted();
        co_return true;
    }
    if (faults.is_html) {
        co_await respond(200, fields("text/html"), std::string(kPage));
        co_return true;
    }
    if (faults.is_error_with_200) {
        Refusal refusal = scripted_refusal(500);
        refusal.message = "the mock server was told to fail with status 200";
        std::string body = route_ == Route::messages ? write_anthropic_refusal(refusal, request_id_)
                                                     : write_refusal(dialect(), refusal);
        co_await respond(200, fields(kJson), std::move(body));
        co_return true;
    }
    co_return false;
}

Task<void> Call::answer(const Ask& ask) {
    std::optional<LimitRefusal> refusal;
    if (!is_admitted(ask, refusal)) {
        Refusal said(429, refusal->message);
        said.code = "rate_limit_exceeded";
        co_return co_await refuse(std::move(said), refusal->wait);
    }
    core_.input_tokens += static_cast<std::uint64_t>(ask.prompt_tokens);
    if (script_->faults_.has_comments_only) {
        const std::string_view type = ask.is_streamed ? "text/event-stream" : kJson;
        co_return co_await send_comments(type, ask.is_streamed ? ": still here\n\n" : "\n");
    }
    if (ask.is_streamed) {
        co_await answer_streamed(ask);
    } else {
        co_await answer_whole(ask);
    }
}

bool Call::is_admitted(const Ask& ask, std::optional<LimitRefusal>& refusal) {
    const std::int64_t output = ask.tokens_max.value_or(script_->tokens_);
    refusal = core_.limiter.admit(Reactor::current().now(), ask.prompt_tokens, output);
    return !refusal;
}

Task<void> Call::answer_embeddings() {
    Result<EmbeddingAnswer> answer = embed(exchange_.body());
    if (!answer) co_return co_await refuse(Refusal(400, answer.error().message()));
    const bool has_failed = co_await fail_early();
    if (has_failed) co_return;
    const std::optional<LimitRefusal> refusal =
        core_.limiter.admit(Reactor::current().now(), answer->prompt_tokens, 0);
    if (refusal) {
        Refusal said(429, refusal->message);
        said.code = "rate_limit_exceeded";
        co_return co_await refuse(std::move(said), refusal->wait);
    }
    core_.input_tokens += static_cast<std::uint64_t>(answer->prompt_tokens);
    const Duration span = script_->first_.draw(random_);
    if (span > Duration::zero()) co_await sleep_for(span);
    co_await send_body(std::move(answer->body));
}

// --- errors --------------------------------------------------------------------------------------

Task<void> Call::respond(int status, http::Headers headers, std::string body) {
    core_.count(route_, status);
    Result<void> ignored = co_await exchange_.respond(status, std::move(headers), std::move(body));
    static_cast<void>(ignored);  // an error means that the client is gone, which is its right
}

Task<void> Call::refuse(Refusal refusal, std::optional<Duration> wait) {
    http::Headers headers = fields(kJson);
    if (wait) Limiter::add_retry(headers, dialect(), *wait);
    co_await respond(refusal.status, std::move(headers), error_body(refusal));
}

std::string Call::error_body(const Refusal& refusal) const {
    if (route_ == Route::messages) return write_anthropic_refusal(refusal, request_id_);
    return write_refusal(dialect(), refusal);
}

Task<void> Call::refuse_as_scripted() {
    const Script::Faults& faults = script_->faults_;
    const Refusal refusal = scripted_refusal(faults.status.value_or(500));
    http::Headers headers = fields(kJson);
    if (!faults.retry_after.empty()) headers.add("Retry-After", faults.retry_after);
    std::string body = faults.status_body;
    if (body.empty()) body = error_body(refusal);
    co_await respond(refusal.status, std::move(headers), std::move(body));
}

// --- whole answers -------------------------------------------------------------------------------

int Call::place_of(std::optional<int> after, int pieces) noexcept {
    if (!after) return pieces + 1;
    return *after == Script::kHalf ? pieces / 2 : *after;
}

Finish Call::finish_of(const Plan& plan) const noexcept {
    if (script_->faults_.has_no_reason) return Finish::unknown;
    if (plan.is_cut_short()) return Finish::length;
    return plan.calls().empty() ? Finish::stop : Finish::calls;
}

// When the last token would come in a stream.
Instant Call::due_at_end(const Plan& plan) {
    Instant due = Reactor::current().now() + script_->first_.draw(random_);
    if (script_->interval_.is_constant()) {
        return due + script_->interval_.draw(random_) * (plan.size() - 1);
    }
    for (int i = 1; i < plan.size(); ++i)
        due += script_->interval_.draw(random_);
    return due;
}

Task<void> Call::answer_whole(const Ask& ask) {
    Plan plan(ask, script_->tokens_, thoughts_for(ask, script_->thoughts_));
    const std::unique_ptr<ReplyWriter> writer =
        make_reply_writer(ask, ReplyId(number_, ask.model), dialect());
    const Instant due = due_at_end(plan);
    const bool is_late = due > Reactor::current().now();
    if (is_late && route_ == Route::chat && dialect().sends_blank_lines) {
        co_await send_blank_lines(due);
    } else if (is_late) {
        co_await sleep_until(due);
    }
    const Script::Faults& faults = script_->faults_;
    std::string body;
    if (faults.fails_after) {
        body = error_body(scripted_refusal(500));
    } else {
        body = writer->whole(plan, finish_of(plan));
        core_.output_tokens += static_cast<std::uint64_t>(plan.size());
    }
    if (faults.is_malformed) body.resize(body.size() / 2);
    if (!faults.fails_after && (faults.closes_in_body || faults.cut_after)) {
        co_await send_cut(std::move(body));
    } else {
        co_await send_body(std::move(body));
    }
}

// Whoever waits sees life. An error shows when more is to be sent.
Task<void> Call::send_blank_lines(Instant due) {
    Result<void> sent = co_await begin_body();
    while (due > Reactor::current().now()) {
        if (sent) sent = co_await exchange_.write("\n");
        co_await sleep_until(std::min(due, Reactor::current().now() + std::chrono::seconds(5)));
    }
}

// Begins an answer in JSON, where it has not begun yet.
Task<Result<void>> Call::begin_body() {
    if (exchange_.has_begun()) co_return Result<void>();
    core_.count(route_, 200);
    co_return co_await exchange_.begin(200, fields(kJson));
}

Task<void> Call::send_body(std::string body) {
    const bool is_slow = script_->faults_.byte_interval > Duration::zero();
    if (!is_slow && !exchange_.has_begun()) {
        co_return co_await respond(200, fields(kJson), std::move(body));
    }
    Result<void> sent = co_await begin_body();
    if (sent) sent = co_await send(body);
    if (sent) sent = co_await exchange_.end();
}

// Begins a body and leaves it unfinished.
Task<void> Call::send_cut(std::string body) {
    ++core_.cut;
    Result<void> sent = co_await begin_body();
    if (!sent) co_return;
    sent = co_await exchange_.write(std::string_view(body).substr(0, body.size() / 2));
    exchange_.close_connection();
}

// --- streamed answers ----------------------------------------------------------------------------

Task<void> Call::send_comments(std::string_view content_type, std::string_view comment) {
    core_.count(route_, 200);
    Result<void> sent = co_await exchange_.begin(200, fields(content_type));
    while (sent) {
        sent = co_await exchange_.write(comment);
        co_await sleep_for(std::chrono::seconds(1));
    }
}

Task<Result<void>> Call::send(std::string_view data) {
    if (script_->faults_.byte_interval > Duration::zero()) co_return co_await send_slowly(data);
    co_return co_await exchange_.write(data);
}

Task<Result<void>> Call::send_slowly(std::string_view data) {
    Result<void> sent;
    for (std::size_t at = 0; at < data.size() && sent; ++at) {
        co_await sleep_for(script_->faults_.byte_interval);
        sent = co_await exchange_.write(data.substr(at, 1));
    }
    co_return sent;
}

Task<Result<void>> Call::wait_for_first(Instant due, ReplyWriter& writer) {
    constexpr Duration kCommentEvery = std::chrono::seconds(5);
    const bool has_comments = route_ == Route::chat && !dialect().comment.empty();
    while (has_comments && due - Reactor::current().now() > kCommentEvery) {
        co_await sleep_for(kCommentEvery);
        writer.clear();
        writer.add_comment(dialect().comment);
        Result<void> sent = co_await send(writer.text());
        if (!sent) co_return sent;
    }
    if (due > Reactor::current().now()) co_await sleep_until(due);
    co_return Result<void>();
}

Task<void> Call::answer_streamed(const Ask& ask) {
    Plan plan(ask, script_->tokens_, thoughts_for(ask, script_->thoughts_));
    const std::unique_ptr<ReplyWriter> writer =
        make_reply_writer(ask, ReplyId(number_, ask.model), dialect());
    http::Headers headers = fields("text/event-stream");
    headers.add("Cache-Control", "no-cache");
    core_.count(route_, 200);
    Result<void> sent = co_await exchange_.begin(200, std::move(headers));
    if (!sent) co_return;
    const bool is_to_end = co_await send_pieces(plan, *writer);
    if (!is_to_end) co_return;
    if (script_->faults_.stays_open) co_await wait_for_ever();
    sent = co_await exchange_.end();
}

Task<bool> Call::send_pieces(Plan& plan, ReplyWriter& writer) {
    const Script::Faults& faults = script_->faults_;
    const int size = plan.size();
    const int cut_at = place_of(faults.cut_after, size);
    const int fails_at = place_of(faults.fails_after, size);
    Instant due = Reactor::current().now() + script_->first_.draw(random_);
    Result<void> sent;
    writer.begin(plan);
    if (!writer.text().empty()) sent = co_await send(writer.text());
    if (sent) sent = co_await wait_for_first(due, writer);

    for (int at = 0; at < size && sent; ++at) {
        // Counted from the beginning, so that lateness does not add up.
        if (at > 0) due += script_->interval_.draw(random_);
        if (at == size / 2) due += faults.stall;
        if (due > Reactor::current().now()) co_await sleep_until(due);
        writer.clear();
        if (at == cut_at) {
            ++core_.cut;
            exchange_.close_connection();
            co_return false;
        }
        if (at == fails_at) {
            writer.fail("the mock server was told to fail here");
            break;
        }
        if (faults.is_malformed && at == size / 2) writer.add_malformed();
        writer.add(plan.next(), plan);
        ++core_.output_tokens;
        if (faults.closes_in_body) {
            sent = co_await exchange_.write(writer.text().substr(0, writer.text().size() / 2));
            ++core_.cut;
            exchange_.close_connection();
            co_return false;
        }
        if (at + 1 == size) break;  // it goes out together with the end
        if (writer.text().empty()) continue;
        // Not by send(): a token costs no frame.
        if (faults.byte_interval > Duration::zero()) {
            sent = co_await send_slowly(writer.text());
        } else {
            sent = co_await exchange_.write(writer.text());
        }
    }
    if (!sent) co_return false;
    if (fails_at >= size) writer.finish(plan, finish_of(plan));
    const bool is_chat = route_ == Route::chat;
    if (!faults.has_no_done && (is_chat || fails_at >= size)) writer.end();
    sent = co_await send(writer.text());
    co_return sent.has_value();
}

}  // namespace weir::llm::mock
