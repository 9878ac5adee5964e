// SPDX-License-Identifier: MIT
//
// A chat in values: the request as a Chat that is filled in by chained setters, the answer as a
// ChatAnswer, a piece of a streamed answer as a Delta. None of them knows how it looks on the wire.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::llm {

/// Who says a message.
enum class Role { system, user, assistant };

/// The role's name on the wire.
std::string_view to_string(Role role) noexcept;

/// One message of a chat.
class Message {
public:
    Message(Role who, std::string what) : role(who), text(std::move(what)) {}

    Role role;
    std::string text;
};

/// A chat request: `Chat("model").system("Be brief.").user("Hi").max_tokens(100)`.
class Chat {
public:
    explicit Chat(std::string model) : model_(std::move(model)) {}

    Chat& system(std::string text) & { return add(Role::system, std::move(text)); }
    Chat& user(std::string text) & { return add(Role::user, std::move(text)); }
    Chat& assistant(std::string text) & { return add(Role::assistant, std::move(text)); }
    /// The most tokens that the answer may have.
    Chat& max_tokens(int count) & { return max_tokens_ = count, *this; }
    Chat& temperature(double value) & { return temperature_ = value, *this; }
    Chat& top_p(double value) & { return top_p_ = value, *this; }
    Chat& seed(std::int64_t value) & { return seed_ = value, *this; }
    /// The answer ends before this text. May be called several times: any of the texts stops it.
    Chat& stop(std::string text) & { return stop_.push_back(std::move(text)), *this; }
    /// A JSON object whose members are merged into the request body. They replace members that
    /// weir would write itself; only "stream" is refused, which the kind of call decides.
    Chat& extra_body(std::string json) & { return extra_body_ = std::move(json), *this; }

    Chat&& system(std::string text) && { return std::move(system(std::move(text))); }
    Chat&& user(std::string text) && { return std::move(user(std::move(text))); }
    Chat&& assistant(std::string text) && { return std::move(assistant(std::move(text))); }
    Chat&& max_tokens(int count) && { return std::move(max_tokens(count)); }
    Chat&& temperature(double value) && { return std::move(temperature(value)); }
    Chat&& top_p(double value) && { return std::move(top_p(value)); }
    Chat&& seed(std::int64_t value) && { return std::move(seed(value)); }
    Chat&& stop(std::string text) && { return std::move(stop(std::move(text))); }
    Chat&& extra_body(std::string json) && { return std::move(extra_body(std::move(json))); }

    const std::string& model() const noexcept { return model_; }
    const std::vector<Message>& messages() const noexcept { return messages_; }
    std::optional<int> max_tokens() const noexcept { return max_tokens_; }
    std::optional<double> temperature() const noexcept { return temperature_; }
    std::optional<double> top_p() const noexcept { return top_p_; }
    std::optional<std::int64_t> seed() const noexcept { return seed_; }
    const std::vector<std::string>& stop() const noexcept { return stop_; }
    /// Empty where none was given.
    const std::string& extra_body() const noexcept { return extra_body_; }

private:
    Chat& add(Role role, std::string text) {
        messages_.emplace_back(role, std::move(text));
        return *this;
    }

    std::string model_;
    std::vector<Message> messages_;
    std::optional<int> max_tokens_;
    std::optional<double> temperature_;
    std::optional<double> top_p_;
    std::optional<std::int64_t> seed_;
    std::vector<std::string> stop_;
    std::string extra_body_;
};

/// What a call cost, in the server's own count.
class Usage {
public:
    Usage() = default;
    Usage(std::int64_t input, std::int64_t output)
        : input_tokens(input), output_tokens(output), total_tokens(input + output) {}

    std::int64_t input_tokens = 0;
    std::int64_t output_tokens = 0;
    std::int64_t total_tokens = 0;

    friend bool operator==(const Usage&, const Usage&) = default;
};

/// Why an answer ended. Servers use more words than these: the raw one is kept beside it.
enum class FinishReason {
    stop,            ///< the model was done, or met a stop text
    length,          ///< max_tokens, or the model's own window, was reached
    tool_calls,      ///< the model asks for functions to be called
    content_filter,  ///< the answer was withheld
    other,           ///< another word: see the raw one
    none,            ///< no reason was given
};

FinishReason finish_reason_from(std::string_view raw) noexcept;

/// A whole answer.
class ChatAnswer {
public:
    ChatAnswer() = default;

    /// The finish reason as one of the known kinds.
    FinishReason finish() const noexcept { return finish_reason_from(finish_reason); }

    std::string id;
    std::string model;
    std::string text;
    std::optional<std::string> refusal;  ///< the model's words where it declined to answer
    std::string finish_reason;           ///< as the server spelled it; empty where it gave none
    std::optional<Usage> usage;
};

/// A piece of a streamed answer. A chunk is not a token: count tokens by `usage` alone.
class Delta {
public:
    Delta() = default;
    explicit Delta(std::string piece) : text(std::move(piece)) {}

    /// The finish reason as one of the known kinds; none while the answer goes on.
    FinishReason finish() const noexcept {
        return finish_reason_from(finish_reason ? std::string_view(*finish_reason) : "");
    }

    std::string text;                          ///< what to append to the answer; may be empty
    std::string refusal;                       ///< what to append to the refusal; mostly empty
    std::optional<std::string> role;           ///< on the first piece, from most servers
    std::optional<std::string> finish_reason;  ///< on the last piece, as the server spelled it
    std::optional<Usage> usage;                ///< so far: the last one of a stream counts
};

}  // namespace weir::llm
