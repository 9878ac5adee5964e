// SPDX-License-Identifier: MIT
#include <weir/llm/structured.h>

#include <weir/llm/wire/error.h>
#include <weir/llm/wire/json_schema.h>

namespace weir::llm {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kFence = "```";

std::string_view trimmed(std::string_view text) noexcept {
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

Error no_answer(std::string message) {
    return Error(LlmErrc::malformed_answer, std::move(message)).with_retry(false);
}

}  // namespace

std::string_view json_in(std::string_view text) noexcept {
    text = trimmed(text);
    const bool is_fenced =
        text.size() >= 2 * kFence.size() && text.starts_with(kFence) && text.ends_with(kFence);
    if (!is_fenced) return text;
    text.remove_suffix(kFence.size());
    const std::size_t line_end = text.find('\n');  // after "```json"
    if (line_end == std::string_view::npos) return trimmed(text.substr(kFence.size()));
    return trimmed(text.substr(line_end));
}

Task<Result<StructuredAnswer>> ask_structured(Client& client, Chat chat, int rounds_max) {
    const std::optional<ResponseFormat>& format = chat.response_format();
    if (!format || format->kind != ResponseFormat::Kind::json_schema) {
        co_return Error(Errc::bad_argument,
                        "the chat does not say what its answer is to be like: give it "
                        "response_format(ResponseFormat::json_schema(name, schema))");
    }
    Result<JsonSchema> schema = JsonSchema::parse(format->schema);
    if (!schema) co_return std::move(schema).error().with_context(format->name);
    std::string fault;
    for (int round = 1; round <= rounds_max; ++round) {
        Result<ChatAnswer> answer = co_await client.chat(chat);
        if (!answer) co_return std::move(answer).error();
        if (answer->refusal) co_return no_answer("the model declined: " + *answer->refusal);
        if (answer->finish() == FinishReason::length) {
            co_return no_answer(
                "the answer is cut, since max_tokens or the model's window was "
                "reached: allow more tokens, or ask for less");
        }
        std::string json(json_in(answer->text));
        Result<void> good = schema->check(json);
        if (good) co_return StructuredAnswer(std::move(json), *std::move(answer), round);
        fault = good.error().message();
        chat.assistant(std::move(answer->text));
        chat.user("That does not keep to the schema: " + fault +
                  ". Answer again with JSON that does, and with nothing else.");
    }
    co_return no_answer("the model was asked " + std::to_string(rounds_max) +
                        " times and gave no JSON that keeps to the schema; at last: " + fault);
}

}  // namespace weir::llm
