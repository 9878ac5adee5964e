// SPDX-License-Identifier: MIT
#include "llm/cli/demo_streams.h"

#include <weir/llm/mock/text.h>
#include <weir/llm/wire/chat.h>
#include <weir/llm/wire/error.h>
#include <weir/runtime/backend.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace weir::cli {
namespace {

class InFlight {
public:
    explicit InFlight(StreamTally& tally) noexcept : tally_(tally) {
        ++tally_.begun;
        tally_.in_flight_peak = std::max(tally_.in_flight_peak, ++tally_.in_flight);
    }
    InFlight(const InFlight&) = delete;
    InFlight& operator=(const InFlight&) = delete;
    ~InFlight() { --tally_.in_flight; }

private:
    StreamTally& tally_;
};

// The clock itself: the reactor's own present stands still during a turn, and a turn with ten
// thousand ready streams is not short. Latencies must not look better than they are.
Instant precise_now() {
    return Reactor::current().backend().now();
}

std::string prompt_of(int number) {
    return "Tell me the story of stream number " + std::to_string(number) + ".";
}

void note_failure(StreamTally& tally, Error error) {
    ++tally.failed;
    if (!tally.first_error) tally.first_error = std::move(error);
}

void note_end(StreamTally& tally, const StreamPlan& plan, int number, const std::string& text) {
    if (plan.checks_text && text != llm::mock::expected_text(prompt_of(number), plan.tokens)) {
        ++tally.wrong_texts;
        const std::string message = "the text of call " + std::to_string(number) + " is not right";
        return note_failure(tally, Error(llm::LlmErrc::malformed_answer, message));
    }
    ++tally.succeeded;
}

Task<void> call(llm::Client& client, const StreamPlan& plan, StreamTally& tally, int number) {
    const InFlight counted(tally);
    const Instant begun = precise_now();
    Result<llm::ChatStream> stream = co_await client.stream(
        llm::Chat(client.model()).user(prompt_of(number)).max_tokens(plan.tokens));
    if (!stream) co_return note_failure(tally, std::move(stream).error());
    std::string text;
    std::int64_t pieces = 0;
    for (;;) {
        Result<std::optional<llm::Delta>> delta = co_await stream->next();
        if (!delta) co_return note_failure(tally, std::move(delta).error());
        if (!*delta) break;
        if (!(*delta)->text.empty()) {
            if (text.empty()) tally.first_tokens.push_back(precise_now() - begun);
            text += (*delta)->text;
            ++pieces;
            ++tally.tokens;
        }
        // A piece is not always a token; the server's count is the one that holds.
        if (const auto& usage = (*delta)->usage) {
            tally.tokens += usage->output_tokens - std::exchange(pieces, usage->output_tokens);
        }
    }
    note_end(tally, plan, number, text);
}

}  // namespace

Task<void> run_streams(llm::Client& client, const StreamPlan& plan, StreamTally& tally) {
    tally.first_tokens.reserve(static_cast<std::size_t>(plan.calls));
    const Instant begun = precise_now();
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        for (int number = 0; number < plan.calls; ++number) {
            const Instant due = begun + plan.ramp * number / plan.calls;
            if (due > Reactor::current().now()) co_await sleep_until(due);
            group.spawn(call(client, plan, tally, number));
        }
    });
    tally.elapsed = precise_now() - begun;
}

Duration quantile(std::vector<Duration> spans, double share) {
    if (spans.empty()) return Duration::zero();
    const double place = std::ceil(share * static_cast<double>(spans.size())) - 1;
    const auto index = static_cast<std::ptrdiff_t>(std::max(place, 0.0));
    std::nth_element(spans.begin(), spans.begin() + index, spans.end());
    return spans[static_cast<std::size_t>(index)];
}

}  // namespace weir::cli
