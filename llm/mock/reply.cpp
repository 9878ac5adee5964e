// SPDX-License-Identifier: MIT
#include "llm/mock/reply.h"

#include <weir/llm/wire/json_writer.h>

#include "llm/mock/chat_reply.h"
#include "llm/mock/messages_reply.h"
#include "llm/mock/responses_reply.h"

namespace weir::llm::mock {

ReplyWriter::ReplyWriter(const Ask& ask, const ReplyId& id, const Dialect& dialect)
    : ask_(ask), dialect_(dialect), id_(id) {}

void ReplyWriter::add_malformed() {
    out_ += dialect_.data_prefix;
    out_ += R"({"choices":[{"delta":{"cont)";
    out_ += dialect_.line_end;
    out_ += dialect_.line_end;
}

void ReplyWriter::add_comment(std::string_view line) {
    out_ += line;
    out_ += dialect_.line_end;
    out_ += dialect_.line_end;
}

void ReplyWriter::open_event(std::string_view name) {
    out_ += "event: ";
    out_ += name;
    out_ += "\ndata: {\"type\":\"";
    out_ += name;
    out_ += '"';
}

void ReplyWriter::close_event() {
    out_ += "}\n\n";
}

void ReplyWriter::append_text(std::string_view text, bool is_plain) {
    if (!is_plain) return append_json_string(out_, text);
    out_ += '"';
    out_ += text;
    out_ += '"';
}

std::string ReplyWriter::call_id(std::size_t index) const {
    if (dialect_.has_short_ids) {
        std::string digits = std::to_string(id_.number * 64 + index);
        if (digits.size() > 8) digits.erase(0, digits.size() - 8);
        return "c" + std::string(8 - digits.size(), '0') + digits;
    }
    const char* prefix = ask_.protocol == Protocol::messages ? "toolu_mock_" : "call_mock_";
    return prefix + std::to_string(id_.number) + "_" + std::to_string(index);
}

std::unique_ptr<ReplyWriter> make_reply_writer(const Ask& ask, const ReplyId& id,
                                               const Dialect& dialect) {
    switch (ask.protocol) {
        case Protocol::chat:
            break;
        case Protocol::messages:
            return std::make_unique<MessagesReply>(ask, id, dialect);
        case Protocol::responses:
            return std::make_unique<ResponsesReply>(ask, id, dialect);
    }
    return std::make_unique<ChatReply>(ask, id, dialect);
}

std::string write_models() {
    std::string out = R"({"object":"list","data":[{"id":"mock","object":"model","created":)";
    out += kCreated;
    // The rest is Anthropic's.
    out += R"(,"owned_by":"weir","type":"model","display_name":"Mock",)";
    out += R"("created_at":"2025-01-01T00:00:00Z"}],)";
    out += R"("has_more":false,"first_id":"mock","last_id":"mock"})";
    return out;
}

}  // namespace weir::llm::mock
