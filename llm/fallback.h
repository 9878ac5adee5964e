// SPDX-License-Identifier: MIT
//
// Several places to ask, in order: where one fails for a reason of its own, the next is asked. A
// target that fails again and again is passed over for a while.
#pragma once

#include <weir/llm/breaker.h>
#include <weir/llm/chat_stream.h>
#include <weir/llm/client.h>
#include <weir/llm/wire/answer.h>
#include <weir/llm/wire/chat.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/task.h>
#include <memory>
#include <string>
#include <vector>

namespace weir::llm {

/// Whether a failure says something about the target, so that another might do better; not where
/// the request itself is wrong.
bool may_differ_elsewhere(const Error& error) noexcept;

/// Lives on one loop, and longer than its calls.
class Fallback {
public:
    explicit Fallback(BreakerOptions breaker = BreakerOptions()) noexcept : breaker_(breaker) {}

    /// Asked when those before it have failed, with the client's own model whatever the chat
    /// names. `client` must outlive this. `name` is for reports: "the large one".
    Fallback& target(std::string name, Client& client);

    /// The answer of the first target that gives one. `report` says which it was and why those
    /// before it were passed over. Where none does, the last one's error, with all reasons in its
    /// message; LlmErrc::overloaded where none could be asked. Precondition: there is a target.
    Task<Result<ChatAnswer>> chat(Chat chat);
    /// The same until a stream has begun. What happens to it then is not repeated elsewhere.
    Task<Result<ChatStream>> stream(Chat chat);

    /// For reports. `index` is that of the order in which targets were added.
    Breaker::State state(std::size_t index) const;

private:
    class Target {
    public:
        Target(std::string title, Client& where, BreakerOptions options) noexcept
            : name(std::move(title)), client(&where), breaker(options) {}
        std::string name;
        Client* client;
        Breaker breaker;
    };

    static void note_target(ChatAnswer& answer, const std::string& name,
                            std::vector<std::string> passed_over);
    static void note_target(ChatStream& stream, const std::string& name,
                            std::vector<std::string> passed_over);
    template <typename Answer>
    Task<Result<Answer>> first_of(Chat chat, Task<Result<Answer>> (Client::*ask)(const Chat&));

    BreakerOptions breaker_;
    std::vector<Target> targets_;
};

}  // namespace weir::llm
