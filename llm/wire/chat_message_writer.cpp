// SPDX-License-Identifier: MIT
#include "llm/wire/chat_message_writer.h"

#include <weir/llm/wire/json.h>
#include <weir/llm/wire/json_writer.h>

#include "llm/wire/json_reader.h"
#include "llm/wire/tool_call_members.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace weir::llm {
namespace {

constexpr std::size_t kShortIdBytes = 9;

/// Writes one message; a fault is said without its place, which the caller knows.
class MessageWriter {
public:
    MessageWriter(std::string& out, const Dialect& dialect) : out_(out), dialect_(dialect) {}

    Result<void> write(const Message& message) {
        if (auto checked = check(message); !checked) return checked;
        const bool is_unknown = message.role == Role::developer && !dialect_.knows_developer;
        out_ += "{\"role\":";
        append_json_string(out_, to_string(is_unknown ? Role::system : message.role));
        if (message.role == Role::tool) {
            out_ += ",\"tool_call_id\":";
            append_id(message.tool_call_id);
        }
        out_ += ",\"content\":";
        if (auto written = append_content(message); !written) return written;
        if (!message.tool_calls.empty()) {
            if (auto written = append_calls(message.tool_calls); !written) return written;
        }
        if (dialect_.takes_reasoning_details && !message.reasoning_blocks.empty()) {
            if (!is_json(message.reasoning_blocks))
                return bad("has reasoning_blocks that are no JSON");
            out_ += ",\"reasoning_details\":";
            out_ += minify_json(message.reasoning_blocks);
        }
        out_ += '}';
        return {};
    }

private:
    static Error bad(std::string what) { return Error(Errc::bad_argument, std::move(what)); }

    static Result<void> check(const Message& message) {
        if (message.role == Role::tool && message.tool_call_id.empty()) {
            return bad("does not say which call it answers: make it with Message::tool_result()");
        }
        if (message.role != Role::assistant && !message.tool_calls.empty()) {
            return bad("has tool_calls, which only an assistant's message may have");
        }
        if (message.role == Role::user) return {};
        for (const Part& part : message.parts) {
            if (part.kind == Part::Kind::text) continue;
            return bad("has a part that is not text, which only a user's message may have");
        }
        return {};
    }

    Result<void> append_content(const Message& message) {
        if (message.parts.empty()) {
            const bool has_none = message.text.empty() && !message.tool_calls.empty();
            if (has_none) {
                out_ += "null";
            } else {
                append_json_string(out_, message.text);
            }
            return {};
        }
        char separator = '[';
        for (const Part& part : message.parts) {
            out_ += separator;
            if (auto written = append_part(part); !written) return written;
            separator = ',';
        }
        out_ += ']';
        return {};
    }

    Result<void> append_part(const Part& part) {
        switch (part.kind) {
            case Part::Kind::text:
                out_ += "{\"type\":\"text\",\"text\":";
                append_json_string(out_, part.data);
                out_ += '}';
                return {};
            case Part::Kind::image:
                out_ += "{\"type\":\"image_url\",\"image_url\":{\"url\":";
                append_source(part);
                append_member("detail", part.detail);
                out_ += "}}";
                return {};
            case Part::Kind::audio:
                return append_audio(part);
            case Part::Kind::file:
                append_file(part);
                return {};
        }
        return {};
    }

    Result<void> append_audio(const Part& part) {
        const std::string_view type = part.media_type;
        const bool is_wav = type == "audio/wav" || type == "audio/x-wav" || type == "audio/wave";
        if (!is_wav && type != "audio/mp3" && type != "audio/mpeg") {
            return bad("has sound of the type \"" + part.media_type +
                       "\"; the protocol knows \"audio/wav\" and \"audio/mp3\"");
        }
        out_ += "{\"type\":\"input_audio\",\"input_audio\":{\"data\":";
        append_json_string(out_, part.data);
        out_ += is_wav ? ",\"format\":\"wav\"}}" : ",\"format\":\"mp3\"}}";
        return {};
    }

    void append_file(const Part& part) {
        out_ += "{\"type\":\"file\",\"file\":{";
        if (part.media_type.empty()) {
            out_ += "\"file_id\":";
            append_json_string(out_, part.data);
        } else {
            out_ += "\"file_data\":";
            append_source(part);
            append_member("filename", part.name.empty() ? "file" : part.name);
        }
        out_ += "}}";
    }

    /// A URL, or the bytes as one (RFC 2397).
    void append_source(const Part& part) {
        if (part.media_type.empty()) {
            append_json_string(out_, part.data);
            return;
        }
        std::string url;
        url.reserve(part.data.size() + part.media_type.size() + 16);
        url.append("data:").append(part.media_type).append(";base64,").append(part.data);
        append_json_string(out_, url);
    }

    void append_member(std::string_view name, const std::string& value) {
        if (value.empty()) return;
        out_.append(",\"").append(name).append("\":");
        append_json_string(out_, value);
    }

    Result<void> append_calls(const std::vector<ToolCall>& calls) {
        std::string_view separator = ",\"tool_calls\":[";
        for (const ToolCall& call : calls) {
            if (call.name.empty()) return bad("has a call that names no function");
            out_ += separator;
            out_ += "{\"id\":";
            append_id(call.id);
            out_ += ",\"type\":\"function\",\"function\":{\"name\":";
            append_json_string(out_, call.name);
            out_ += ",\"arguments\":";
            const bool is_blank = trim_json(call.arguments).empty();
            append_json_string(out_, is_blank ? "{}" : call.arguments);
            out_ += '}';
            if (!call.extra.empty()) {
                const std::string object = "{" + call.extra + "}";
                if (!is_json(object)) return bad("has a call whose extra is not members of JSON");
                out_ += ',';
                const std::string members = minify_json(object);
                out_.append(members, 1, members.size() - 2);
            }
            out_ += '}';
            separator = ",";
        }
        out_ += ']';
        return {};
    }

    /// The same id gives the same short one, so that results still find their calls.
    void append_id(const std::string& id) {
        const auto is_plain = [](char letter) {
            return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                   (letter >= 'A' && letter <= 'Z');
        };
        const bool is_short = id.size() == kShortIdBytes && std::ranges::all_of(id, is_plain);
        append_json_string(out_, dialect_.has_short_ids && !is_short ? made_up_id(id) : id);
    }

    std::string& out_;
    const Dialect& dialect_;
};

}  // namespace

Result<void> append_chat_messages(std::string& out, const std::vector<Message>& messages,
                                  const Dialect& dialect) {
    MessageWriter writer(out, dialect);
    out += '[';
    for (std::size_t at = 0; at < messages.size(); ++at) {
        if (at > 0) out += ',';
        Result<void> written = writer.write(messages[at]);
        if (written) continue;
        return Error(Errc::bad_argument, "message " + std::to_string(at + 1) + " (" +
                                             std::string(to_string(messages[at].role)) + ") " +
                                             written.error().message());
    }
    out += ']';
    return {};
}

}  // namespace weir::llm
