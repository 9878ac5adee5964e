// SPDX-License-Identifier: MIT
#include "llm/mock/chat_reply.h"

#include <weir/llm/wire/json_writer.h>

#include "llm/mock/refusal.h"

namespace weir::llm::mock {
namespace {

constexpr std::string_view kPadding = R"(,"obfuscation":"p9K3xT6w")";

}  // namespace

ChatReply::ChatReply(const Ask& ask, const ReplyId& id, const Dialect& dialect)
    : ReplyWriter(ask, id, dialect) {
    if (!ask.is_streamed) return;
    out_ += dialect.data_prefix;
    append_head("chat.completion.chunk");
    begin_ = std::move(out_);
    out_.clear();
    close_ += '}';
    close_ += dialect.choice_members;
    close_ += ",\"finish_reason\":null}]";
    if (dialect.has_null_usage && ask.wants_usage) close_ += ",\"usage\":null";
    if (dialect.has_padding) close_ += kPadding;
    out_.reserve(begin_.size() + 160);
}

void ChatReply::append_head(std::string_view object) {
    out_ += "{\"id\":\"chatcmpl-mock-";
    append_json_integer(out_, static_cast<std::int64_t>(id_.number));
    out_ += "\",\"object\":";
    append_json_string(out_, object);
    out_ += ",\"created\":";
    out_ += kCreated;
    out_ += ",\"model\":";
    append_json_string(out_, id_.model);
    out_ += dialect_.members;
    out_ += ",\"choices\":";
}

// --- whole ---------------------------------------------------------------------------------------

std::string ChatReply::whole(Plan& plan, Finish finish) {
    const WholeAnswer answer = plan.take_all();
    append_head("chat.completion");
    out_ += R"([{"index":0,"message":{"role":"assistant","content":)";
    if (!answer.calls.empty()) {
        out_ += "null";
    } else if (dialect_.has_content_parts) {
        out_ += R"([{"type":"text","text":)";
        append_json_string(out_, answer.text);
        out_ += "}]";
    } else {
        append_json_string(out_, answer.text);
    }
    if (!answer.thought.empty() && !dialect_.reasoning.empty()) {
        out_.append(",\"").append(dialect_.reasoning).append("\":");
        append_json_string(out_, answer.thought);
    }
    for (std::size_t i = 0; i < answer.calls.size(); ++i) {
        out_ += i == 0 ? ",\"tool_calls\":[" : ",";
        append_call(i, false, answer.calls[i].arguments);
    }
    if (!answer.calls.empty()) out_ += ']';
    out_ += '}';
    out_ += dialect_.choice_members;
    out_ += ",\"finish_reason\":";
    const std::string_view word = reason(finish);
    if (word.empty()) {
        out_ += "null";
    } else {
        append_json_string(out_, word);
    }
    out_ += "}],\"usage\":";
    append_usage(plan.usage());
    out_ += '}';
    return std::move(out_);
}

// --- streamed ------------------------------------------------------------------------------------

void ChatReply::begin(const Plan&) {
    if (!dialect_.comment.empty()) add_comment(dialect_.comment);
    if (dialect_.has_filter_chunk) {
        out_ += begin_;
        out_ += R"([],"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]})";
        close_event_line();
    }
    if (dialect_.has_role_chunk) {
        open_chunk();
        out_ += R"("content":"")";
        close_chunk();
    }
}

void ChatReply::add(const Piece& piece, const Plan& plan) {
    ++pieces_;
    switch (piece.kind) {
        case PieceKind::thought:
            if (dialect_.reasoning.empty()) return;
            open_chunk();
            out_.append("\"").append(dialect_.reasoning).append("\":");
            append_text(piece.text, true);
            return close_chunk();
        case PieceKind::word:
            open_chunk();
            out_ += "\"content\":";
            append_text(piece.text, plan.has_plain_words());
            return close_chunk();
        case PieceKind::call:
        case PieceKind::arguments:
            return add_call(piece, plan);
    }
}

void ChatReply::add_call(const Piece& piece, const Plan& plan) {
    const bool is_begin = piece.kind == PieceKind::call;
    const bool is_whole = dialect_.call_shape != CallShape::fragments;
    if (is_whole && !is_begin) return;
    open_chunk();
    if (is_begin && pieces_ == 1) out_ += "\"content\":null,";
    out_ += "\"tool_calls\":[";
    if (is_begin) {
        append_call(piece.call_index, true,
                    is_whole ? std::string_view(plan.calls()[piece.call_index].arguments)
                             : std::string_view());
    } else {
        out_ += "{\"index\":";
        append_json_integer(out_, static_cast<std::int64_t>(piece.call_index));
        out_ += ",\"function\":{\"arguments\":";
        append_json_string(out_, piece.text);
        out_ += "}}";
    }
    out_ += ']';
    close_chunk();
}

void ChatReply::append_call(std::size_t index, bool is_streamed, std::string_view arguments) {
    out_ += '{';
    if (is_streamed && dialect_.call_shape != CallShape::unnumbered) {
        const bool is_zero = dialect_.call_shape == CallShape::at_zero;
        out_ += "\"index\":";
        append_json_integer(out_, is_zero ? 0 : static_cast<std::int64_t>(index));
        out_ += ',';
    }
    out_ += "\"id\":";
    append_json_string(out_, call_id(index));
    out_ += R"(,"type":"function","function":{"name":)";
    append_json_string(out_, ask_.calls[index].name);
    out_ += ",\"arguments\":";
    append_json_string(out_, arguments);
    out_ += "}}";
}

void ChatReply::finish(const Plan& plan, Finish finish) {
    const std::string_view word = reason(finish);
    if (!word.empty()) {
        out_ += begin_;
        out_ += R"([{"index":0,"delta":{})";
        out_ += dialect_.choice_members;
        out_ += ",\"finish_reason\":";
        append_json_string(out_, word);
        out_ += "}]";
        if (tells_usage_often() || (tells_usage() && dialect_.has_usage_at_finish)) {
            out_ += ",\"usage\":";
            append_usage(plan.usage());
        } else if (dialect_.has_null_usage && ask_.wants_usage) {
            out_ += ",\"usage\":null";
        }
        out_ += '}';
        close_event_line();
    }
    if (!tells_usage() || dialect_.has_usage_at_finish) return;
    out_ += begin_;
    out_ += dialect_.has_usage_with_choice
                ? R"([{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}])"
                : "[]";
    out_ += ",\"usage\":";
    append_usage(plan.usage());
    out_ += '}';
    close_event_line();
}

void ChatReply::end() {
    if (!dialect_.comment_at_end.empty()) add_comment(dialect_.comment_at_end);
    out_ += dialect_.data_prefix;
    out_ += "[DONE]";
    close_event_line();
}

void ChatReply::fail(std::string_view message) {
    std::string error = write_refusal(dialect_, Refusal(500, std::string(message)));
    if (dialect_.has_error_choice) {
        error.pop_back();
        error += R"(,"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]})";
    }
    if (dialect_.has_error_field && error.starts_with("{\"error\":")) {
        // What older versions of llama.cpp send: the object alone, in a field of its own.
        out_.append("error: ").append(error, 9, error.size() - 10);
    } else {
        out_.append(dialect_.data_prefix).append(error);
    }
    close_event_line();
}

void ChatReply::open_chunk() {
    out_ += begin_;
    out_ += R"([{"index":0,"delta":{)";
    if (!has_role_) out_ += R"("role":"assistant",)";
    has_role_ = true;
}

void ChatReply::close_chunk() {
    out_ += close_;
    if (tells_usage_often()) {
        out_ += ",\"usage\":";
        append_usage(Usage(ask_.prompt_tokens, pieces_));
    }
    out_ += '}';
    close_event_line();
}

void ChatReply::close_event_line() {
    out_ += dialect_.line_end;
    out_ += dialect_.line_end;
}

void ChatReply::append_usage(const Usage& usage) {
    out_ += "{\"prompt_tokens\":";
    append_json_integer(out_, usage.input_tokens);
    out_ += ",\"completion_tokens\":";
    append_json_integer(out_, usage.output_tokens);
    out_ += ",\"total_tokens\":";
    append_json_integer(out_, usage.total_tokens);
    if (usage.reasoning_tokens > 0) {
        out_ += ",\"completion_tokens_details\":{\"reasoning_tokens\":";
        append_json_integer(out_, usage.reasoning_tokens);
        out_ += '}';
    }
    out_ += '}';
}

bool ChatReply::tells_usage() const noexcept {
    return ask_.wants_usage || dialect_.tells_usage_unasked;
}

bool ChatReply::tells_usage_often() const noexcept {
    return dialect_.tells_usage_often || ask_.wants_usage_often;
}

std::string_view ChatReply::reason(Finish finish) const noexcept {
    switch (finish) {
        case Finish::stop:
            return "stop";
        case Finish::length:
            return dialect_.length_reason;
        case Finish::calls:
            return dialect_.stops_for_calls ? "stop" : "tool_calls";
        case Finish::unknown:
            return {};
    }
    return {};
}

}  // namespace weir::llm::mock
