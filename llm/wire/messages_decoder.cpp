// SPDX-License-Identifier: MIT
#include <weir/llm/wire/messages_decoder.h>

#include <weir/llm/wire/error.h>
#include <weir/llm/wire/json_writer.h>

#include "llm/wire/error_body.h"
#include "llm/wire/json_reader.h"
#include "llm/wire/json_slices.h"
#include "llm/wire/text.h"

#include <algorithm>
#include <utility>

namespace weir::llm {
namespace {

constexpr std::size_t kExcerptBytesMax = 200;
/// More blocks than this are never open at once, but from a server that means harm.
constexpr std::size_t kOpenBlocksMax = 100;

void append_element(std::string& list, std::string_view element) {
    if (!list.empty()) list += ',';
    list += element;
}

/// The input of a call as one line of JSON text.
std::string input_text(std::string_view raw) {
    if (raw.empty()) return "{}";
    return raw.starts_with('"') ? json_string_text(raw) : minify_json(raw);
}

void read_block(std::string_view raw, ChatAnswer& answer, std::string& reasoning_blocks) {
    const JsonSlices block = json_object_of(raw);
    const std::string type = block.text("type");
    if (type == "text") answer.text += block.text("text");
    if (type == "tool_use") {
        answer.tool_calls.emplace_back(block.text("id"), block.text("name"),
                                       input_text(block.raw("input")));
    }
    if (type == "thinking") answer.reasoning += block.text("thinking");
    if (type == "thinking" || type == "redacted_thinking") {
        append_element(reasoning_blocks, minify_json(raw));
    }
}

/// The words with which a model declined, where the server gives any.
std::string refusal_of(const JsonSlices& message) {
    if (message.raw("stop_reason") != "\"refusal\"") return "";
    return message.object("stop_details").text("explanation");
}

}  // namespace

bool MessagesUsage::take(std::string_view json) {
    const JsonSlices usage = json_object_of(json);
    bool is_told = false;
    const auto replace = [&is_told](std::int64_t& count, std::optional<std::int64_t> value) {
        if (!value) return;
        count = std::max<std::int64_t>(*value, 0);
        is_told = true;
    };
    replace(input_, usage.integer("input_tokens"));
    replace(output_, usage.integer("output_tokens"));
    replace(cache_read_, usage.integer("cache_read_input_tokens"));
    replace(cache_write_, usage.integer("cache_creation_input_tokens"));
    replace(thinking_, usage.object("output_tokens_details").integer("thinking_tokens"));
    return is_told;
}

Usage MessagesUsage::total() const noexcept {
    Usage usage;
    usage.input_tokens = add_counts(add_counts(input_, cache_read_), cache_write_);
    usage.output_tokens = output_;
    usage.total_tokens = add_counts(usage.input_tokens, output_);
    usage.cache_read_tokens = cache_read_;
    usage.cache_write_tokens = cache_write_;
    usage.reasoning_tokens = thinking_;
    return usage;
}

Result<ChatAnswer> decode_messages_answer(std::string_view body) {
    std::string repaired;
    const auto root = JsonSlices::read(body, repaired);
    if (!root || tells_error(*root) || !root->raw("content").starts_with('[')) {
        return bad_answer(body, "a message");
    }
    ChatAnswer answer;
    std::string reasoning_blocks;
    for (const std::string_view block : root->array("content"))
        read_block(block, answer, reasoning_blocks);
    if (!reasoning_blocks.empty()) answer.reasoning_blocks = "[" + reasoning_blocks + "]";
    answer.id = root->text("id");
    answer.model = root->text("model");
    answer.finish_reason = root->text("stop_reason");
    if (std::string words = refusal_of(*root); !words.empty()) answer.refusal = std::move(words);
    MessagesUsage usage;
    if (usage.take(root->raw("usage"))) answer.usage = usage.total();
    return answer;
}

/// An event whose kind is known, and those of its parts that several kinds have.
struct MessagesDecoder::Event {
    explicit Event(JsonSlices object)
        : root(std::move(object)),
          delta(root.object("delta")),
          index(root.integer("index").value_or(0)) {}

    JsonSlices root;
    JsonSlices delta;
    std::int64_t index;
};

Result<std::optional<Delta>> MessagesDecoder::event(std::string_view type, std::string_view data) {
    if (is_done()) return std::optional<Delta>();
    data = trim_json(data);
    if (type == "error") return fail(error_in_answer(data));
    // Some gateways put OpenAI's end mark here. It does not make an answer whole.
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
                          "an event of the stream is not the JSON of a message's event: " +
                              excerpt(data, kExcerptBytesMax)));
    }
    if (tells_error(*root)) return fail(error_in_answer(data));
    std::string kind = root->text("type");
    if (kind.empty()) kind = type;

    const Event event(*std::move(root));
    Delta delta;
    if (kind == "message_start") {
        const JsonSlices message = event.root.object("message");
        if (std::string role = message.text("role"); !role.empty()) delta.role = std::move(role);
        take_usage(message.raw("usage"), delta);
    } else if (kind == "content_block_start") {
        if (!start_block(event, delta)) {
            return fail(Error(LlmErrc::malformed_answer,
                              "the stream opens ever more blocks and closes none"));
        }
    } else if (kind == "content_block_delta") {
        continue_block(event, delta);
    } else if (kind == "content_block_stop") {
        if (Block* block = find_block(event.index)) {
            close_block(*block, delta);
            blocks_.erase(blocks_.begin() + (block - blocks_.data()));
        }
    } else if (kind == "message_delta") {
        take_usage(event.root.raw("usage"), delta);
        if (!event.delta.text("stop_reason").empty()) end_message(event, delta);
    } else if (kind == "message_stop") {
        saw_done_ = true;
        is_stopped_ = true;
        if (!saw_finish_) close_all_blocks(delta);
    }
    const bool is_empty = delta.text.empty() && delta.reasoning.empty() && delta.refusal.empty() &&
                          delta.tool_calls.empty() && !delta.role && !delta.finish_reason &&
                          !delta.usage && delta.reasoning_blocks.empty();
    if (is_empty) return std::optional<Delta>();
    return std::optional<Delta>(std::move(delta));
}

bool MessagesDecoder::start_block(const Event& event, Delta& delta) {
    const std::string_view raw = event.root.raw("content_block");
    const JsonSlices content = json_object_of(raw);
    const std::string type = content.text("type");
    if (type == "redacted_thinking") append_element(reasoning_blocks_, minify_json(raw));
    if (type == "text") append_json_piece(content.raw("text"), delta.text, high_);
    if (type != "thinking" && type != "tool_use") return true;
    if (blocks_.size() >= kOpenBlocksMax) return false;

    Block& block = blocks_.emplace_back();
    block.index = event.index;
    if (type == "thinking") {
        block.is_thinking = true;
        append_json_piece(content.raw("thinking"), delta.reasoning, block.high);
        block.thinking = delta.reasoning;
        block.signature = content.text("signature");
        return true;
    }
    block.call = calls_++;
    // Mostly {}: the pieces that follow are the input. Only where none come does this count.
    block.input = input_text(content.raw("input"));
    ToolCallDelta& call = delta.tool_calls.emplace_back();
    call.index = block.call;
    call.id = content.text("id");
    call.name = content.text("name");
    return true;
}

void MessagesDecoder::continue_block(const Event& event, Delta& delta) {
    const std::string type = event.delta.text("type");
    // A piece of text belongs to the answer, whether its block was announced or not.
    if (type == "text_delta") append_json_piece(event.delta.raw("text"), delta.text, high_);
    Block* const block = find_block(event.index);
    if (type == "thinking_delta") {
        char16_t stray = 0;
        char16_t& high = block == nullptr ? stray : block->high;
        append_json_piece(event.delta.raw("thinking"), delta.reasoning, high);
        flush_surrogate(delta.reasoning, stray);
        if (block != nullptr) block->thinking += delta.reasoning;
    }
    if (block == nullptr) return;
    if (type == "signature_delta") block->signature += event.delta.text("signature");
    if (type != "input_json_delta" || block->call < 0) return;
    std::string piece;
    append_json_piece(event.delta.raw("partial_json"), piece, block->high);
    if (piece.empty()) return;
    block->has_input = true;
    ToolCallDelta& call = delta.tool_calls.emplace_back();
    call.index = block->call;
    call.arguments = std::move(piece);
}

void MessagesDecoder::close_block(Block& block, Delta& delta) {
    if (block.is_thinking) {
        const std::size_t size = delta.reasoning.size();
        flush_surrogate(delta.reasoning, block.high);
        block.thinking += delta.reasoning.substr(size);
        std::string json = "{\"type\":\"thinking\",\"thinking\":";
        append_json_string(json, block.thinking);
        json += ",\"signature\":";
        append_json_string(json, block.signature);
        append_element(reasoning_blocks_, json + "}");
        return;
    }
    std::string rest;
    flush_surrogate(rest, block.high);
    if (block.has_input && rest.empty()) return;
    ToolCallDelta& call = delta.tool_calls.emplace_back();
    call.index = block.call;
    call.arguments = block.has_input ? rest : block.input;
    call.are_arguments_whole = !block.has_input;
}

void MessagesDecoder::close_all_blocks(Delta& delta) {
    flush_surrogate(delta.text, high_);
    for (Block& block : blocks_)
        close_block(block, delta);
    blocks_.clear();
    if (!reasoning_blocks_.empty()) delta.reasoning_blocks = "[" + reasoning_blocks_ + "]";
}

void MessagesDecoder::take_usage(std::string_view json, Delta& delta) {
    if (!usage_.take(json)) return;
    saw_usage_ = true;
    delta.usage = usage_.total();
}

void MessagesDecoder::end_message(const Event& event, Delta& delta) {
    saw_finish_ = true;
    delta.finish_reason = event.delta.text("stop_reason");
    delta.refusal = refusal_of(event.delta);
    close_all_blocks(delta);
}

MessagesDecoder::Block* MessagesDecoder::find_block(std::int64_t index) {
    const auto found = std::ranges::find(blocks_, index, &Block::index);
    return found == blocks_.end() ? nullptr : &*found;
}

Result<void> MessagesDecoder::finish(bool body_complete) const {
    if (error_) return Error(*error_);
    if (saw_finish_ || is_stopped_) return {};
    return Error(
               LlmErrc::stream_truncated,
               body_complete
                   ? "the stream ended without message_stop and without a stop reason: the answer "
                     "is cut, though the server closed in good order; send the request again"
                   : "the connection broke in the middle of the answer; send the request again")
        .with_retry(true);
}

Error MessagesDecoder::fail(Error error) {
    error_ = std::make_unique<Error>(error);
    return error;
}

}  // namespace weir::llm
