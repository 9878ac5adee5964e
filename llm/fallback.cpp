// SPDX-License-Identifier: MIT
#include <weir/llm/fallback.h>

#include <weir/http/wire/error.h>
#include <weir/runtime/base/assert.h>
#include <weir/runtime/reactor.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace weir::llm {
namespace {

/// A call that a breaker let through: tells it how the call ended, also where it is cancelled.
class Passage {
public:
    explicit Passage(Breaker& breaker) noexcept : breaker_(&breaker) {}
    ~Passage() {
        if (breaker_ != nullptr) breaker_->abandon();
    }
    Passage(const Passage&) = delete;
    Passage& operator=(const Passage&) = delete;

    void succeeded() noexcept { std::exchange(breaker_, nullptr)->on_success(); }
    void failed() noexcept {
        std::exchange(breaker_, nullptr)->on_failure(Reactor::current().now());
    }

private:
    Breaker* breaker_;
};

std::string seconds(Duration span) {
    const auto rounded = std::chrono::ceil<std::chrono::seconds>(span);
    return std::to_string(rounded.count()) + " s";
}

std::string joined(const std::vector<std::string>& reasons) {
    std::string text;
    for (const std::string& reason : reasons) {
        if (!text.empty()) text += "; ";
        text += reason;
    }
    return text;
}

}  // namespace

bool may_differ_elsewhere(const Error& error) noexcept {
    return error != LlmErrc::bad_request && error != Errc::bad_argument;
}

Fallback& Fallback::target(std::string name, Client& client) {
    targets_.emplace_back(std::move(name), client, breaker_);
    return *this;
}

Breaker::State Fallback::state(std::size_t index) const {
    return targets_.at(index).breaker.state(Reactor::current().now());
}

Task<Result<ChatAnswer>> Fallback::chat(Chat chat) {
    return first_of(std::move(chat), &Client::chat);
}

Task<Result<ChatStream>> Fallback::stream(Chat chat) {
    Task<Result<ChatStream>> (Client::*ask)(const Chat&) = &Client::stream;
    return first_of(std::move(chat), ask);
}

void Fallback::note_target(ChatAnswer& answer, const std::string& name,
                           std::vector<std::string> passed_over) {
    answer.report.target = name;
    answer.report.passed_over = std::move(passed_over);
}

void Fallback::note_target(ChatStream& stream, const std::string& name,
                           std::vector<std::string> passed_over) {
    stream.report_.target = name;
    stream.report_.passed_over = std::move(passed_over);
}

template <typename Answer>
Task<Result<Answer>> Fallback::first_of(Chat chat,
                                        Task<Result<Answer>> (Client::*ask)(const Chat&)) {
    WEIR_CHECK(!targets_.empty());
    std::vector<std::string> passed_over;
    std::optional<Error> last;
    Duration shortest_wait = Duration::max();
    for (Target& target : targets_) {
        const Instant now = Reactor::current().now();
        if (!target.breaker.try_pass(now)) {
            const Duration wait = std::max(target.breaker.open_until() - now, Duration::zero());
            shortest_wait = std::min(shortest_wait, wait);
            passed_over.push_back(target.name + ": has failed too often; asked again in " +
                                  seconds(wait));
            continue;
        }
        Passage passage(target.breaker);
        chat.model(target.client->model());
        Result<Answer> answer = co_await (target.client->*ask)(chat);
        if (answer) {
            passage.succeeded();
            note_target(*answer, target.name, std::move(passed_over));
            co_return answer;
        }
        if (!may_differ_elsewhere(answer.error())) {
            passage.succeeded();
            co_return std::move(answer).error().with_context(target.name);
        }
        passage.failed();
        passed_over.push_back(target.name + ": " + answer.error().message());
        last = std::move(answer).error();
    }
    if (!last) {
        co_return Error(LlmErrc::overloaded, "no target can be asked now: " + joined(passed_over))
            .with_retry(true, shortest_wait);
    }
    if (targets_.size() == 1) co_return *std::move(last);
    Error all(last->code(), "no target gave an answer: " + joined(passed_over));
    if (last->worth_retry()) {
        all = std::move(all).with_retry(*last->worth_retry(), last->retry_after());
    }
    co_return all;
}

}  // namespace weir::llm
