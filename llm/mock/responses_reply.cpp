// SPDX-License-Identifier: MIT
#include "llm/mock/responses_reply.h"

#include <weir/llm/wire/json_writer.h>

namespace weir::llm::mock {
namespace {

void append_pair(std::string& out, std::string_view name, std::string_view text) {
    out.append(",\"").append(name).append("\":");
    append_json_string(out, text);
}

}  // namespace

// --- the response --------------------------------------------------------------------------------

void ResponsesReply::append_response(std::string_view status, const Usage* usage) {
    out_ += "{\"id\":\"resp_mock_";
    append_json_integer(out_, static_cast<std::int64_t>(id_.number));
    out_ += R"(","object":"response","created_at":)";
    out_ += kCreated;
    append_pair(out_, "status", status);
    out_ += R"(,"error":null,"incomplete_details":)";
    out_ += status == "incomplete" ? R"({"reason":"max_output_tokens"})" : "null";
    append_pair(out_, "model", id_.model);
    out_ += ",\"output\":[";
    out_ += items_;
    out_ += R"(],"instructions":null,"metadata":{},"parallel_tool_calls":true,"temperature":1.0,)";
    out_ += R"("top_p":1.0,"tool_choice":"auto","tools":[],"usage":)";
    if (usage == nullptr) {
        out_ += "null}";
        return;
    }
    out_ += "{\"input_tokens\":";
    append_json_integer(out_, usage->input_tokens);
    out_ += ",\"input_tokens_details\":{\"cached_tokens\":0},\"output_tokens\":";
    append_json_integer(out_, usage->output_tokens);
    out_ += ",\"output_tokens_details\":{\"reasoning_tokens\":";
    append_json_integer(out_, usage->reasoning_tokens);
    out_ += "},\"total_tokens\":";
    append_json_integer(out_, usage->total_tokens);
    out_ += "}}";
}

std::string ResponsesReply::whole(Plan& plan, Finish finish) {
    const WholeAnswer answer = plan.take_all();
    const auto put = [this](Item item, const std::string& content, std::size_t call_index) {
        item_ = item;
        ++index_;
        call_index_ = call_index;
        content_ = content;
        keep_item("completed");
    };
    if (!answer.thought.empty()) put(Item::reasoning, answer.thought, 0);
    if (answer.calls.empty()) put(Item::message, answer.text, 0);
    for (std::size_t i = 0; i < answer.calls.size(); ++i)
        put(Item::call, answer.calls[i].arguments, i);
    const Usage usage = plan.usage();
    const char* status = finish == Finish::unknown ? "in_progress" : "completed";
    append_response(finish == Finish::length ? "incomplete" : status, &usage);
    return std::move(out_);
}

// --- its items -----------------------------------------------------------------------------------

std::string ResponsesReply::item_id() const {
    const char* prefix = "msg_mock_";
    if (item_ == Item::reasoning) prefix = "rs_mock_";
    if (item_ == Item::call) prefix = "fc_mock_";
    return prefix + std::to_string(id_.number) + "_" + std::to_string(index_);
}

std::string ResponsesReply::part_json() const {
    const bool is_reasoning = item_ == Item::reasoning;
    std::string out = is_reasoning ? R"({"type":"summary_text")"
                                   : R"({"type":"output_text","annotations":[],"logprobs":[])";
    append_pair(out, "text", content_);
    return out += '}';
}

std::string ResponsesReply::item_json(std::string_view status) const {
    const bool is_done = status != "in_progress";
    std::string out = "{\"id\":";
    append_json_string(out, item_id());
    switch (item_) {
        case Item::none:
            break;
        case Item::reasoning:
            append_pair(out, "type", "reasoning");
            out.append(",\"summary\":[").append(is_done ? part_json() : "").append("]");
            break;
        case Item::message:
            append_pair(out, "type", "message");
            append_pair(out, "role", "assistant");
            out.append(",\"content\":[").append(is_done ? part_json() : "").append("]");
            append_pair(out, "status", status);
            break;
        case Item::call:
            append_pair(out, "type", "function_call");
            append_pair(out, "call_id", call_id(call_index_));
            append_pair(out, "name", ask_.calls[call_index_].name);
            append_pair(out, "arguments", content_);
            append_pair(out, "status", status);
            break;
    }
    return out += '}';
}

void ResponsesReply::keep_item(std::string_view status) {
    if (!items_.empty()) items_ += ',';
    items_ += item_json(status);
    item_ = Item::none;
    content_.clear();
}

// --- the stream ----------------------------------------------------------------------------------

void ResponsesReply::open(std::string_view event) {
    open_event(event);
    out_ += ",\"sequence_number\":";
    append_json_integer(out_, sequence_++);
}

void ResponsesReply::begin(const Plan&) {
    for (const char* event : {"response.created", "response.in_progress"}) {
        open(event);
        out_ += ",\"response\":";
        append_response("in_progress", nullptr);
        close_event();
    }
}

void ResponsesReply::append_place(bool has_content) {
    out_ += ",\"item_id\":\"";
    out_ += item_id();
    out_ += "\",\"output_index\":";
    append_json_integer(out_, index_);
    if (!has_content) return;
    out_ += item_ == Item::reasoning ? ",\"summary_index\":0" : ",\"content_index\":0";
}

void ResponsesReply::add_part_event(std::string_view event) {
    open(event);
    append_place(true);
    out_ += ",\"part\":";
    out_ += part_json();
    close_event();
}

void ResponsesReply::open_item(Item item, std::size_t call_index) {
    close_item();
    item_ = item;
    ++index_;
    call_index_ = call_index;
    open("response.output_item.added");
    out_ += ",\"output_index\":";
    append_json_integer(out_, index_);
    out_ += ",\"item\":";
    out_ += item_json("in_progress");
    close_event();
    if (item == Item::message) add_part_event("response.content_part.added");
    if (item == Item::reasoning) add_part_event("response.reasoning_summary_part.added");
}

void ResponsesReply::close_item() {
    if (item_ == Item::none) return;
    const bool is_call = item_ == Item::call;
    const bool is_reasoning = item_ == Item::reasoning;
    const char* done =
        is_reasoning ? "response.reasoning_summary_text.done" : "response.output_text.done";
    open(is_call ? "response.function_call_arguments.done" : done);
    append_place(!is_call);
    append_pair(out_, is_call ? "arguments" : "text", content_);
    if (is_call) append_pair(out_, "name", ask_.calls[call_index_].name);
    if (item_ == Item::message) out_ += ",\"logprobs\":[]";
    close_event();
    if (item_ == Item::message) add_part_event("response.content_part.done");
    if (is_reasoning) add_part_event("response.reasoning_summary_part.done");
    open("response.output_item.done");
    out_ += ",\"output_index\":";
    append_json_integer(out_, index_);
    out_ += ",\"item\":";
    out_ += item_json("completed");
    close_event();
    keep_item("completed");
}

void ResponsesReply::add(const Piece& piece, const Plan& plan) {
    switch (piece.kind) {
        case PieceKind::thought:
            if (item_ != Item::reasoning) open_item(Item::reasoning, 0);
            open("response.reasoning_summary_text.delta");
            break;
        case PieceKind::word:
            if (item_ != Item::message) open_item(Item::message, 0);
            open("response.output_text.delta");
            break;
        case PieceKind::call:
            return open_item(Item::call, piece.call_index);
        case PieceKind::arguments:
            open("response.function_call_arguments.delta");
            break;
    }
    content_ += piece.text;
    append_place(piece.kind != PieceKind::arguments);
    out_ += ",\"delta\":";
    append_text(piece.text, piece.kind == PieceKind::thought ||
                                (piece.kind == PieceKind::word && plan.has_plain_words()));
    if (piece.kind == PieceKind::word) out_ += ",\"logprobs\":[]";
    close_event();
}

void ResponsesReply::finish(const Plan& plan, Finish finish) {
    close_item();
    finish_ = finish;
    usage_ = plan.usage();
}

void ResponsesReply::end() {
    // The reason for the end and the end itself are one event here.
    const char* status = finish_ == Finish::length ? "incomplete" : "completed";
    open(std::string("response.") + status);
    out_ += ",\"response\":";
    append_response(finish_ == Finish::unknown ? "in_progress" : status, &usage_);
    close_event();
}

void ResponsesReply::fail(std::string_view message) {
    open("error");
    append_pair(out_, "code", "server_error");
    append_pair(out_, "message", message);
    out_ += ",\"param\":null";
    close_event();
}

}  // namespace weir::llm::mock
