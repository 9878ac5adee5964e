// SPDX-License-Identifier: MIT
//
// One call of the mock server's model: read, let through or refused, answered at its pace, and gone
// wrong as the script says.
#pragma once

#include <weir/http/exchange.h>
#include <weir/llm/mock/script.h>
#include <weir/runtime/base/random.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/task.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "llm/mock/core.h"
#include "llm/mock/plan.h"
#include "llm/mock/reply.h"

namespace weir::llm::mock {

class Call {
public:
    Call(Core& core, http::Exchange& exchange, Route route);
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call() { --core_.in_flight; }

    Task<void> run();

private:
    Task<void> answer(const Ask& ask);
    Task<void> answer_embeddings();
    Task<void> answer_whole(const Ask& ask);
    Task<void> answer_streamed(const Ask& ask);
    /// All events. False where there is nothing more to do: the client is gone, or was cut off.
    Task<bool> send_pieces(Plan& plan, ReplyWriter& writer);
    /// Waits for the first token, with a dialect's signs of life meanwhile.
    Task<Result<void>> wait_for_first(Instant due, ReplyWriter& writer);
    Task<void> send_blank_lines(Instant due);
    Task<Result<void>> begin_body();
    Task<void> send_body(std::string body);
    Task<void> send_cut(std::string body);
    /// Says only that it is still there, until the client goes.
    Task<void> send_comments(std::string_view content_type, std::string_view comment);
    /// Sends a piece of the body, byte by byte if that is scripted.
    Task<Result<void>> send(std::string_view data);
    Task<Result<void>> send_slowly(std::string_view data);
    Task<void> respond(int status, http::Headers headers, std::string body);
    Task<void> refuse(Refusal refusal, std::optional<Duration> wait = std::nullopt);
    Task<void> refuse_as_scripted();
    /// What goes wrong before the body is even looked at. True if that was the answer.
    Task<bool> fail_early();

    http::Headers fields(std::string_view content_type);
    std::string error_body(const Refusal& refusal) const;
    const Dialect& dialect() const noexcept;
    Finish finish_of(const Plan& plan) const noexcept;
    /// Where in `pieces` a fault strikes; nowhere if it was not asked for.
    static int place_of(std::optional<int> after, int pieces) noexcept;
    bool is_admitted(const Ask& ask, std::optional<LimitRefusal>& refusal);
    Instant due_at_end(const Plan& plan);

    Core& core_;
    http::Exchange& exchange_;
    const Route route_;
    const std::uint64_t number_;
    const Script* script_;
    std::optional<Script> own_script_;
    Random random_;
    std::string request_id_;
};

}  // namespace weir::llm::mock
