// SPDX-License-Identifier: MIT
#include <weir/llm/wire/responses_decoder.h>

#include <weir/llm/wire/error.h>
#include <weir/llm/wire/json.h>

#include "llm/wire/error_body.h"
#include "llm/wire/json_reader.h"
#include "llm/wire/json_slices.h"
#include "llm/wire/text.h"

#include <algorithm>
#include <utility>

namespace weir::llm {
namespace {

constexpr std::size_t kExcerptBytesMax = 200;

void append_element(std::string& list, std::string_view element) {
    if (!list.empty()) list += ',';
    list += element;
}

std::optional<Usage> usage_of(std::string_view raw) {
    const JsonSlices told = json_object_of(raw);
    const auto input = told.integer("input_tokens");
    const auto output = told.integer("output_tokens");
    if (!input && !output) return std::nullopt;
    Usage usage;
    usage.input_tokens = input.value_or(0);
    usage.output_tokens = output.value_or(0);
    usage.total_tokens =
        told.integer("total_tokens").value_or(add_counts(usage.input_tokens, usage.output_tokens));
    const JsonSlices details = told.object("input_tokens_details");
    usage.cache_read_tokens = details.integer("cached_tokens").value_or(0);
    usage.cache_write_tokens = details.integer("cache_write_tokens").value_or(0);
    usage.reasoning_tokens =
        told.object("output_tokens_details").integer("reasoning_tokens").value_or(0);
    return usage;
}

/// The texts of a list of parts, each after a blank line but the first.
void append_paragraphs(const std::vector<std::string_view>& parts, std::string& out) {
    for (const std::string_view part : parts) {
        const std::string text = json_object_of(part).text("text");
        if (text.empty()) continue;
        if (!out.empty()) out += "\n\n";
        out += text;
    }
}

void read_message(const JsonSlices& item, ChatAnswer& answer) {
    for (const std::string_view raw : item.array("content")) {
        const JsonSlices part = json_object_of(raw);
        const std::string type = part.text("type");
        if (type == "output_text") answer.text += part.text("text");
        if (type == "refusal") answer.refusal = answer.refusal.value_or("") + part.text("refusal");
    }
}

std::string arguments_of(const JsonSlices& item) {
    const std::string_view raw = item.raw("arguments");
    if (raw.starts_with('{')) return minify_json(raw);
    std::string arguments = json_string_text(raw);
    return arguments.empty() ? "{}" : arguments;
}

std::string finish_reason_of(const JsonSlices& response, bool has_calls) {
    const std::string status = response.text("status");
    if (status == "incomplete") {
        std::string reason = response.object("incomplete_details").text("reason");
        return reason.empty() ? status : reason;
    }
    if (!status.empty() && status != "completed") return status;
    return has_calls ? "tool_calls" : "stop";
}

ChatAnswer read_response(const JsonSlices& response) {
    ChatAnswer answer;
    std::string reasoning_blocks;
    for (const std::string_view raw : response.array("output")) {
        const JsonSlices item = json_object_of(raw);
        const std::string type = item.text("type");
        if (type == "message") read_message(item, answer);
        if (type == "function_call") {
            answer.tool_calls.emplace_back(item.text("call_id"), item.text("name"),
                                           arguments_of(item));
        }
        if (type != "reasoning") continue;
        append_paragraphs(item.array("summary"), answer.reasoning);
        append_paragraphs(item.array("content"), answer.reasoning);
        append_element(reasoning_blocks, minify_json(raw));
    }
    if (!reasoning_blocks.empty()) answer.reasoning_blocks = "[" + reasoning_blocks + "]";
    answer.id = response.text("id");
    answer.model = response.text("model");
    answer.finish_reason = finish_reason_of(response, !answer.tool_calls.empty());
    answer.usage = usage_of(response.raw("usage"));
    return answer;
}

/// All of an answer in one piece, from a server that streams nothing before the end.
void append_answer(ChatAnswer answer, Delta& delta) {
    delta.text += answer.text;
    delta.reasoning += answer.reasoning;
    delta.refusal += answer.refusal.value_or("");
    delta.reasoning_blocks = std::move(answer.reasoning_blocks);
    for (ToolCall& call : answer.tool_calls) {
        ToolCallDelta& piece = delta.tool_calls.emplace_back();
        piece.index = static_cast<std::int64_t>(delta.tool_calls.size()) - 1;
        piece.id = std::move(call.id);
        piece.name = std::move(call.name);
        piece.arguments = std::move(call.arguments);
        piece.are_arguments_whole = true;
    }
}

bool is_empty(const Delta& delta) noexcept {
    return delta.text.empty() && delta.reasoning.empty() && delta.refusal.empty() &&
           delta.tool_calls.empty() && !delta.role && !delta.finish_reason && !delta.usage &&
           delta.reasoning_blocks.empty();
}

}  // namespace

Result<ChatAnswer> decode_responses_answer(std::string_view body) {
    std::string repaired;
    const auto root = JsonSlices::read(body, repaired);
    if (!root) return bad_answer(body, "a response");
    const std::string status = root->text("status");
    if (tells_error(*root) || status == "failed") return error_in_answer(body);
    if (!root->raw("output").starts_with('[')) return bad_answer(body, "a response");
    // One that was sent to be worked on later has no answer yet.
    if (status == "queued" || status == "in_progress" || status == "cancelled") {
        return Error(LlmErrc::malformed_answer,
                     "the response is \"" + status + "\", so it has no answer to read");
    }
    return read_response(*root);
}

struct ResponsesDecoder::Event {
    explicit Event(JsonSlices object)
        : root(std::move(object)), output_index(root.integer("output_index").value_or(0)) {}

    JsonSlices root;
    std::int64_t output_index;
};

Result<std::optional<Delta>> ResponsesDecoder::event(std::string_view type, std::string_view data) {
    if (is_done()) return std::optional<Delta>();
    data = trim_json(data);
    if (type == "error") return fail(error_in_answer(data));
    if (data == "[DONE]") saw_done_ = true;
    if (data.empty() || type == "ping" || saw_done_) return std::optional<Delta>();
    if (data.starts_with(':')) {
        ++events_skipped_;
        return std::optional<Delta>();
    }
    std::string repaired;
    auto root = JsonSlices::read(data, repaired);
    if (data.starts_with("[{\"error\"")) return fail(error_in_answer(data));
    if (!root) {
        return fail(Error(LlmErrc::malformed_answer,
                          "an event of the stream is not the JSON of a response's event: " +
                              excerpt(data, kExcerptBytesMax)));
    }
    if (tells_error(*root)) return fail(error_in_answer(data));
    std::string kind = root->text("type");
    if (kind.empty()) kind = type;

    const Event event(*std::move(root));
    Delta delta;
    if (kind == "response.failed") return fail(error_in_answer(event.root.raw("response")));
    if (kind == "response.created") {
        delta.role = "assistant";
    } else if (kind == "response.output_text.delta") {
        append_json_piece(event.root.raw("delta"), delta.text, high_text_);
    } else if (kind == "response.refusal.delta") {
        delta.refusal = event.root.text("delta");
    } else if (kind == "response.reasoning_text.delta" ||
               kind == "response.reasoning_summary_text.delta") {
        append_json_piece(event.root.raw("delta"), delta.reasoning, high_reasoning_);
    } else if (kind == "response.reasoning_summary_part.added") {
        // Between the paragraphs of a summary stands nothing in the stream itself.
        if (event.root.integer("summary_index").value_or(0) > 0) delta.reasoning = "\n\n";
    } else if (kind == "response.function_call_arguments.delta") {
        take_arguments(event, false, delta);
    } else if (kind == "response.function_call_arguments.done") {
        take_arguments(event, true, delta);
    } else if (kind == "response.output_item.added") {
        take_item(event, false, delta);
    } else if (kind == "response.output_item.done") {
        take_item(event, true, delta);
    } else if (kind == "response.completed" || kind == "response.incomplete") {
        take_end(event, delta);
    }
    saw_content_ = saw_content_ || !delta.text.empty() || !delta.refusal.empty() ||
                   !delta.reasoning.empty() || !delta.tool_calls.empty();
    if (is_empty(delta)) return std::optional<Delta>();
    return std::optional<Delta>(std::move(delta));
}

void ResponsesDecoder::take_item(const Event& event, bool is_whole, Delta& delta) {
    const std::string_view raw = event.root.raw("item");
    const JsonSlices item = json_object_of(raw);
    const std::string type = item.text("type");
    if (type == "reasoning" && is_whole) append_element(reasoning_blocks_, minify_json(raw));
    if (type != "function_call") return;
    const std::size_t at = call_at(event.output_index);
    if (at == calls_.size()) {
        calls_.emplace_back().output_index = event.output_index;
        ToolCallDelta& call = delta.tool_calls.emplace_back();
        call.index = static_cast<std::int64_t>(at);
        call.id = item.text("call_id");
        call.name = item.text("name");
    }
    if (!is_whole || calls_[at].has_arguments) return;
    calls_[at].has_arguments = true;
    if (delta.tool_calls.empty()) delta.tool_calls.emplace_back();
    ToolCallDelta& call = delta.tool_calls.back();
    call.index = static_cast<std::int64_t>(at);
    call.arguments = arguments_of(item);
    call.are_arguments_whole = true;
}

void ResponsesDecoder::take_arguments(const Event& event, bool are_whole, Delta& delta) {
    const std::size_t at = call_at(event.output_index);
    // Of a call that was not announced: it comes whole, with its name, when its item is done.
    if (at == calls_.size()) return;
    std::string piece;
    if (!are_whole) append_json_piece(event.root.raw("delta"), piece, high_arguments_);
    if (are_whole && !calls_[at].has_arguments) piece = arguments_of(event.root);
    if (are_whole) flush_surrogate(piece, high_arguments_);
    if (piece.empty()) return;
    ToolCallDelta& call = delta.tool_calls.emplace_back();
    call.index = static_cast<std::int64_t>(at);
    call.arguments = std::move(piece);
    call.are_arguments_whole = are_whole && !calls_[at].has_arguments;
    calls_[at].has_arguments = true;
}

void ResponsesDecoder::take_end(const Event& event, Delta& delta) {
    saw_done_ = true;
    saw_finish_ = true;
    flush_surrogate(delta.text, high_text_);
    flush_surrogate(delta.reasoning, high_reasoning_);
    const JsonSlices response = event.root.object("response");
    if (!saw_content_ && delta.text.empty()) append_answer(read_response(response), delta);
    if (!reasoning_blocks_.empty()) delta.reasoning_blocks = "[" + reasoning_blocks_ + "]";
    const bool has_calls = !calls_.empty() || !delta.tool_calls.empty();
    delta.finish_reason = finish_reason_of(response, has_calls);
    delta.usage = usage_of(response.raw("usage"));
    saw_usage_ = delta.usage.has_value();
}

std::size_t ResponsesDecoder::call_at(std::int64_t output_index) const {
    const auto found = std::ranges::find(calls_, output_index, &Call::output_index);
    return static_cast<std::size_t>(found - calls_.begin());
}

Result<void> ResponsesDecoder::finish(bool body_complete) const {
    if (error_) return Error(*error_);
    if (saw_finish_) return {};
    return Error(LlmErrc::stream_truncated,
                 body_complete
                     ? "the stream ended before response.completed: the answer is cut, though the "
                       "server closed in good order; send the request again"
                     : "the connection broke in the middle of the answer; send the request again")
        .with_retry(true);
}

Error ResponsesDecoder::fail(Error error) {
    error_ = std::make_unique<Error>(error);
    return error;
}

}  // namespace weir::llm
