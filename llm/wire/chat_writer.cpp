// SPDX-License-Identifier: MIT
#include <weir/llm/wire/chat_writer.h>
#include <weir/llm/wire/json.h>
#include <weir/llm/wire/json_writer.h>

#include <cmath>
#include <utility>

namespace weir::llm {
namespace {

/// Writes an object's members, but for those that the caller's own members replace.
class BodyWriter {
public:
    explicit BodyWriter(const std::vector<JsonMember>& extra) : extra_(extra) {}

    /// True if the caller of this is to append the value now.
    bool begin(std::string_view name) {
        if (find_member(extra_, name) != nullptr) return false;
        write_name(name);
        return true;
    }

    void integer(std::string_view name, std::optional<std::int64_t> value) {
        if (value && begin(name)) append_json_integer(out, *value);
    }

    void real(std::string_view name, std::optional<double> value) {
        if (value && begin(name)) append_json_real(out, *value);
    }

    std::string finish() && {
        for (const JsonMember& member : extra_) {
            write_name(member.name);
            out += member.raw;
        }
        out += '}';
        return std::move(out);
    }

    std::string out = "{";

private:
    void write_name(std::string_view name) {
        if (out.size() > 1) out += ',';
        append_json_string(out, name);
        out += ':';
    }

    const std::vector<JsonMember>& extra_;
};

void append_messages(std::string& out, const std::vector<Message>& messages) {
    char separator = '[';
    for (const Message& message : messages) {
        out += separator;
        out += "{\"role\":";
        append_json_string(out, to_string(message.role));
        out += ",\"content\":";
        append_json_string(out, message.text);
        out += '}';
        separator = ',';
    }
    out += ']';
}

void append_strings(std::string& out, const std::vector<std::string>& texts) {
    char separator = '[';
    for (const std::string& text : texts) {
        out += separator;
        append_json_string(out, text);
        separator = ',';
    }
    out += ']';
}

Result<void> check(const Chat& chat, const std::vector<JsonMember>& extra) {
    const auto bad = [](std::string message) {
        return Error(Errc::bad_argument, std::move(message));
    };
    if (find_member(extra, "stream") != nullptr) {
        return bad("extra_body sets \"stream\", which the kind of call decides: remove it");
    }
    if (chat.model().empty() && find_member(extra, "model") == nullptr) {
        return bad("the chat names no model: give one to Chat()");
    }
    if (chat.messages().empty() && find_member(extra, "messages") == nullptr) {
        return bad("the chat has no message: add one with user()");
    }
    if (!std::isfinite(chat.temperature().value_or(0))) {
        return bad("the chat's temperature is not a finite number");
    }
    if (!std::isfinite(chat.top_p().value_or(0))) {
        return bad("the chat's top_p is not a finite number");
    }
    return {};
}

}  // namespace

Result<std::string> write_chat_body(const Chat& chat, bool stream) {
    std::vector<JsonMember> extra;
    if (!chat.extra_body().empty()) {
        auto members = read_json_object(chat.extra_body());
        if (!members) {
            return Error(Errc::bad_argument,
                         "extra_body must be a JSON object, but " + members.error().message());
        }
        extra = *std::move(members);
    }
    if (auto checked = check(chat, extra); !checked) return checked.error();

    BodyWriter writer(extra);
    if (writer.begin("model")) append_json_string(writer.out, chat.model());
    if (writer.begin("messages")) append_messages(writer.out, chat.messages());
    writer.integer("max_tokens", chat.max_tokens());
    writer.real("temperature", chat.temperature());
    writer.real("top_p", chat.top_p());
    writer.integer("seed", chat.seed());
    if (!chat.stop().empty() && writer.begin("stop")) append_strings(writer.out, chat.stop());
    if (stream) {
        if (writer.begin("stream")) writer.out += "true";
        if (writer.begin("stream_options")) writer.out += "{\"include_usage\":true}";
    }
    return std::move(writer).finish();
}

}  // namespace weir::llm
