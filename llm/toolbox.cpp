// SPDX-License-Identifier: MIT
#include <weir/llm/toolbox.h>

#include <weir/llm/wire/error.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/timeout.h>

#include <algorithm>

namespace weir::llm {
namespace {

Message failure(const ToolCall& call, const std::string& why) {
    Message message = Message::tool_result(call.id, "Error: " + why);
    message.is_error = true;
    return message;
}

Task<Message> with_permit(Semaphore& places, Task<Message> call) {
    Permit permit = co_await places.acquire();
    co_return co_await std::move(call);
}

void add_up(Usage& sum, const std::optional<Usage>& more) noexcept {
    if (!more) return;
    sum.input_tokens += more->input_tokens;
    sum.output_tokens += more->output_tokens;
    sum.total_tokens += more->total_tokens;
    sum.cache_read_tokens += more->cache_read_tokens;
    sum.cache_write_tokens += more->cache_write_tokens;
    sum.reasoning_tokens += more->reasoning_tokens;
}

}  // namespace

Result<void> Toolbox::add(Tool tool, ToolFunction function) {
    const auto bad = [&](std::string why) {
        return Error(Errc::bad_argument, "the function \"" + tool.name + "\": " + std::move(why));
    };
    if (find(tool.name) != nullptr) return bad("there is one of this name already");
    if (!function) return bad("there is nothing to call");
    const std::string_view text = tool.schema.empty() ? "{}" : std::string_view(tool.schema);
    Result<JsonSchema> schema = JsonSchema::parse(text);
    if (!schema) return bad(schema.error().message());
    entries_.push_back(
        std::make_unique<Entry>(std::move(tool), *std::move(schema), std::move(function)));
    return Result<void>();
}

void Toolbox::declare(Chat& chat) const {
    for (const auto& entry : entries_)
        chat.tool(entry->tool);
}

const Toolbox::Entry* Toolbox::find(const std::string& name) const noexcept {
    const auto entry =
        std::ranges::find_if(entries_, [&](const auto& each) { return each->tool.name == name; });
    return entry == entries_.end() ? nullptr : entry->get();
}

Task<std::vector<Message>> Toolbox::call(const std::vector<ToolCall>& calls) const {
    Semaphore places(std::max<std::size_t>(1, concurrency_));
    std::vector<Task<Message>> tasks;
    tasks.reserve(calls.size());
    for (const ToolCall& each : calls)
        tasks.push_back(with_permit(places, call_one(each)));
    co_return co_await gather(std::move(tasks));
}

Task<Message> Toolbox::call_one(const ToolCall& call) const {
    const Entry* const entry = find(call.name);
    if (entry == nullptr) {
        std::string names;
        for (const auto& each : entries_)
            names += (names.empty() ? "" : ", ") + each->tool.name;
        co_return failure(call, "there is no function \"" + call.name + "\"; there are: " + names);
    }
    Result<void> good = entry->schema.check(call.arguments);
    if (!good) co_return failure(call, "the arguments do not fit: " + good.error().message());
    Result<std::string> result =
        co_await timeout(call_limit_, entry->function(std::string(call.arguments)));
    if (!result) co_return failure(call, result.error().message());
    co_return Message::tool_result(call.id, *std::move(result));
}

Task<Result<Conversation>> converse(Client& client, const Toolbox& tools, Chat chat,
                                    int rounds_max) {
    tools.declare(chat);
    Conversation talk(std::move(chat));
    for (;;) {
        Result<ChatAnswer> answer = co_await client.chat(talk.chat);
        if (!answer) co_return std::move(answer).error();
        ++talk.rounds;
        add_up(talk.usage, answer->usage);
        talk.chat.add(answer->message());
        talk.answer = *std::move(answer);
        if (talk.answer.tool_calls.empty()) co_return talk;
        if (talk.rounds >= rounds_max) {
            co_return Error(LlmErrc::malformed_answer,
                            "the model was asked " + std::to_string(talk.rounds) +
                                " times and still asks for calls; at last for \"" +
                                talk.answer.tool_calls.front().name + "\"")
                .with_retry(false);
        }
        std::vector<Message> results = co_await tools.call(talk.answer.tool_calls);
        for (Message& result : results)
            talk.chat.add(std::move(result));
    }
}

}  // namespace weir::llm
