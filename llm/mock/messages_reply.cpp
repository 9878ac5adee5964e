// SPDX-License-Identifier: MIT
#include "llm/mock/messages_reply.h"

#include <weir/llm/wire/json.h>
#include <weir/llm/wire/json_writer.h>

#include "llm/mock/refusal.h"

namespace weir::llm::mock {
namespace {

// Clients send it back and look no further.
constexpr std::string_view kSignature = "bW9jaw==";

std::string_view stop_reason(Finish finish) noexcept {
    switch (finish) {
        case Finish::stop:
            return "end_turn";
        case Finish::length:
            return "max_tokens";
        case Finish::calls:
            return "tool_use";
        case Finish::unknown:
            return {};
    }
    return {};
}

}  // namespace

void MessagesReply::append_head() {
    out_ += "{\"id\":\"msg_mock_";
    append_json_integer(out_, static_cast<std::int64_t>(id_.number));
    out_ += R"(","type":"message","role":"assistant","model":)";
    append_json_string(out_, id_.model);
    out_ += ",\"content\":[";
}

void MessagesReply::append_stop(Finish finish) {
    const std::string_view reason = stop_reason(finish);
    out_ += "\"stop_reason\":";
    if (reason.empty()) {
        out_ += "null";
    } else {
        append_json_string(out_, reason);
    }
    out_ += ",\"stop_sequence\":null";
}

void MessagesReply::append_usage(std::int64_t output_tokens) {
    out_ += "\"usage\":{\"input_tokens\":";
    append_json_integer(out_, ask_.prompt_tokens);
    out_ += R"(,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":)";
    append_json_integer(out_, output_tokens);
    out_ += '}';
}

void MessagesReply::append_call(std::size_t index, std::string_view input) {
    out_ += "{\"type\":\"tool_use\",\"id\":";
    append_json_string(out_, call_id(index));
    out_ += ",\"name\":";
    append_json_string(out_, ask_.calls[index].name);
    out_ += ",\"input\":";
    out_ += input;
    out_ += '}';
}

std::string MessagesReply::whole(Plan& plan, Finish finish) {
    const WholeAnswer answer = plan.take_all();
    append_head();
    if (!answer.thought.empty()) {
        out_ += "{\"type\":\"thinking\",\"thinking\":";
        append_json_string(out_, answer.thought);
        out_ += ",\"signature\":";
        append_json_string(out_, kSignature);
        out_ += "},";
    }
    if (answer.calls.empty()) {
        out_ += "{\"type\":\"text\",\"text\":";
        append_json_string(out_, answer.text);
        out_ += '}';
    }
    for (std::size_t i = 0; i < answer.calls.size(); ++i) {
        if (i > 0) out_ += ',';
        // What was cut short is no JSON any more.
        append_call(i, is_json(answer.calls[i].arguments) ? answer.calls[i].arguments : "{}");
    }
    out_ += "],";
    append_stop(finish);
    out_ += ',';
    append_usage(plan.size());
    out_ += '}';
    return std::move(out_);
}

void MessagesReply::begin(const Plan&) {
    open_event("message_start");
    out_ += ",\"message\":";
    append_head();
    out_ += "],";
    append_stop(Finish::unknown);
    out_ += ',';
    append_usage(1);
    out_ += '}';
    close_event();
    open_event("ping");
    close_event();
}

void MessagesReply::add(const Piece& piece, const Plan& plan) {
    switch (piece.kind) {
        case PieceKind::thought:
            if (block_ != Block::thinking) open_block(Block::thinking, piece);
            open_delta("thinking_delta", "thinking");
            append_text(piece.text, true);
            break;
        case PieceKind::word:
            if (block_ != Block::text) open_block(Block::text, piece);
            open_delta("text_delta", "text");
            append_text(piece.text, plan.has_plain_words());
            break;
        case PieceKind::call:
            return open_block(Block::call, piece);
        case PieceKind::arguments:
            open_delta("input_json_delta", "partial_json");
            append_text(piece.text, false);
            break;
    }
    out_ += '}';
    close_event();
}

void MessagesReply::open_block(Block block, const Piece& piece) {
    close_block();
    block_ = block;
    ++index_;
    open_event("content_block_start");
    out_ += ",\"index\":";
    append_json_integer(out_, index_);
    out_ += ",\"content_block\":";
    if (block == Block::thinking) out_ += R"({"type":"thinking","thinking":"","signature":""})";
    if (block == Block::text) out_ += R"({"type":"text","text":""})";
    if (block == Block::call) append_call(piece.call_index, "{}");
    close_event();
}

void MessagesReply::close_block() {
    if (block_ == Block::none) return;
    if (block_ == Block::thinking) {
        open_delta("signature_delta", "signature");
        append_text(kSignature, true);
        out_ += '}';
        close_event();
    }
    block_ = Block::none;
    open_event("content_block_stop");
    out_ += ",\"index\":";
    append_json_integer(out_, index_);
    close_event();
}

void MessagesReply::open_delta(std::string_view type, std::string_view member) {
    open_event("content_block_delta");
    out_ += ",\"index\":";
    append_json_integer(out_, index_);
    out_.append(",\"delta\":{\"type\":\"").append(type).append("\",\"");
    out_.append(member).append("\":");
}

void MessagesReply::finish(const Plan& plan, Finish finish) {
    close_block();
    open_event("message_delta");
    out_ += ",\"delta\":{";
    append_stop(finish);
    out_ += "},";
    append_usage(plan.size());
    close_event();
}

void MessagesReply::end() {
    open_event("message_stop");
    close_event();
}

void MessagesReply::fail(std::string_view message) {
    out_ += "event: error\ndata: ";
    out_ += write_anthropic_refusal(Refusal(529, std::string(message)), "req_mock");
    out_ += "\n\n";
}

}  // namespace weir::llm::mock
