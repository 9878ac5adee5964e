// SPDX-License-Identifier: MIT
//
// Functions for a model to call: declared once, called as it asks, all of one answer at the same
// time. converse() is the loop of model and functions.
#pragma once

#include <weir/llm/client.h>
#include <weir/llm/wire/answer.h>
#include <weir/llm/wire/chat.h>
#include <weir/llm/wire/json_schema.h>
#include <weir/llm/wire/message.h>
#include <weir/llm/wire/tool.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/task.h>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::llm {

/// Gives what the model is told; of an error, its message. `arguments` is JSON that keeps to the
/// function's schema, as far as JsonSchema checks it.
using ToolFunction = std::function<Task<Result<std::string>>(std::string arguments)>;

/// Lives on one loop, and longer than the calls it makes.
class Toolbox {
public:
    Toolbox() = default;

    /// Errc::bad_argument where the schema is none, or the name is taken. `function` is kept here,
    /// so it may be a coroutine that captures.
    Result<void> add(Tool tool, ToolFunction function);
    /// How many functions of one answer run at the same time. Default: 8.
    Toolbox& concurrency(std::size_t most) noexcept { return concurrency_ = most, *this; }
    /// How long one call may take. Default: 60 s.
    Toolbox& call_limit(Duration limit) noexcept { return call_limit_ = limit, *this; }

    /// Adds the declarations to a chat.
    void declare(Chat& chat) const;
    /// Makes the calls and gives their results as messages, in the order of the calls. A function
    /// that is not there, arguments that do not fit, an error and a time that is over are results,
    /// too, which the model is to deal with. An exception of a function goes to the caller.
    Task<std::vector<Message>> call(const std::vector<ToolCall>& calls) const;

private:
    class Entry {
    public:
        Entry(Tool what, JsonSchema form, ToolFunction how)
            : tool(std::move(what)), schema(std::move(form)), function(std::move(how)) {}
        Tool tool;
        JsonSchema schema;
        ToolFunction function;
    };

    const Entry* find(const std::string& name) const noexcept;
    Task<Message> call_one(const ToolCall& call) const;

    // Their addresses are in the frames of calls.
    std::vector<std::unique_ptr<Entry>> entries_;
    std::size_t concurrency_ = 8;
    Duration call_limit_ = std::chrono::seconds(60);
};

/// What a conversation came to.
class Conversation {
public:
    explicit Conversation(Chat begun) : chat(std::move(begun)) {}

    Chat chat;          ///< all that was said, calls and results included
    ChatAnswer answer;  ///< the last one
    int rounds = 0;     ///< how often the model was asked
    Usage usage;        ///< of all rounds
};

/// Asks the model, makes the calls that it asks for, tells it the results, and asks again, until it
/// asks for none. LlmErrc::malformed_answer where it still does when it was asked `rounds_max`
/// times. `client` and `tools` must live until the task ends.
Task<Result<Conversation>> converse(Client& client, const Toolbox& tools, Chat chat,
                                    int rounds_max = 10);

}  // namespace weir::llm
