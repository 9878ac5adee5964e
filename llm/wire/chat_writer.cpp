// SPDX-License-Identifier: MIT
#include <weir/llm/wire/chat_writer.h>
#include <weir/llm/wire/json.h>
#include <weir/llm/wire/json_writer.h>

#include "llm/wire/chat_message_writer.h"

#include <algorithm>
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

    void text(std::string_view name, const std::string& value) {
        if (!value.empty() && begin(name)) append_json_string(out, value);
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

void append_strings(std::string& out, const std::vector<std::string>& texts) {
    char separator = '[';
    for (const std::string& text : texts) {
        out += separator;
        append_json_string(out, text);
        separator = ',';
    }
    out += ']';
}

Error bad(std::string message) {
    return Error(Errc::bad_argument, std::move(message));
}

Result<void> check(const Chat& chat, const std::vector<JsonMember>& extra, const Dialect& dialect) {
    if (dialect.protocol != Protocol::chat_completions) {
        return bad("the dialect \"" + std::string(dialect.name) +
                   "\" is not one of Chat Completions: its bodies are written elsewhere");
    }
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
    if (chat.choices().value_or(1) < 1) return bad("the chat asks for less than one choice");
    return {};
}

/// A schema on one line; the error names whose it is.
Result<std::string> schema_text(const std::string& schema, const std::string& whose) {
    const auto members = read_json_object(schema);
    if (members) return minify_json(schema);
    return bad("the schema of " + whose + " must be a JSON object, but " +
               members.error().message());
}

Result<void> append_tools(std::string& out, const std::vector<Tool>& tools) {
    char separator = '[';
    for (const Tool& tool : tools) {
        if (tool.name.empty()) return bad("a tool of the chat has no name");
        out += separator;
        out += "{\"type\":\"function\",\"function\":{\"name\":";
        append_json_string(out, tool.name);
        if (!tool.description.empty()) {
            out += ",\"description\":";
            append_json_string(out, tool.description);
        }
        if (!tool.schema.empty()) {
            const auto schema = schema_text(tool.schema, "the tool \"" + tool.name + "\"");
            if (!schema) return schema.error();
            out += ",\"parameters\":";
            out += *schema;
        }
        out += tool.is_strict ? ",\"strict\":true}}" : "}}";
        separator = ',';
    }
    out += ']';
    return {};
}

Result<void> append_tool_choice(std::string& out, const Chat& chat, const Dialect& dialect) {
    const ToolChoice& choice = *chat.tool_choice();
    switch (choice.kind) {
        case ToolChoice::Kind::automatic:
            out += "\"auto\"";
            return {};
        case ToolChoice::Kind::none:
            out += "\"none\"";
            return {};
        case ToolChoice::Kind::required:
            append_json_string(out, dialect.required);
            return {};
        case ToolChoice::Kind::named:
            break;
    }
    const bool is_known =
        chat.tools().empty() ||
        std::ranges::find(chat.tools(), choice.name, &Tool::name) != chat.tools().end();
    if (!is_known) {
        return bad("tool_choice names \"" + choice.name + "\", which is no tool of the chat");
    }
    out += "{\"type\":\"function\",\"function\":{\"name\":";
    append_json_string(out, choice.name);
    out += "}}";
    return {};
}

/// The tools, and what is said about them; servers refuse the latter where there are no tools.
Result<void> write_tools(BodyWriter& writer, const Chat& chat, const Dialect& dialect,
                         bool has_other_tools) {
    if (!chat.tools().empty() && writer.begin("tools")) {
        if (auto written = append_tools(writer.out, chat.tools()); !written) return written;
    }
    const bool has_tools = !chat.tools().empty() || has_other_tools;
    if (chat.tool_choice()) {
        const ToolChoice::Kind kind = chat.tool_choice()->kind;
        const bool is_must = kind == ToolChoice::Kind::required || kind == ToolChoice::Kind::named;
        if (is_must && !has_tools) {
            return bad("tool_choice wants a call, but the chat has no tool: add one with tool()");
        }
        if (has_tools && writer.begin("tool_choice")) {
            auto written = append_tool_choice(writer.out, chat, dialect);
            if (!written) return written;
        }
    }
    if (chat.parallel_tool_calls() && has_tools && writer.begin("parallel_tool_calls")) {
        writer.out += *chat.parallel_tool_calls() ? "true" : "false";
    }
    return {};
}

Result<void> write_format(BodyWriter& writer, const std::optional<ResponseFormat>& format) {
    if (!format || !writer.begin("response_format")) return {};
    switch (format->kind) {
        case ResponseFormat::Kind::json_object:
            writer.out += "{\"type\":\"json_object\"}";
            return {};
        case ResponseFormat::Kind::json_schema:
            break;
    }
    if (format->name.empty()) return bad("the response_format's schema has no name");
    const auto schema = schema_text(format->schema, "the response_format \"" + format->name + "\"");
    if (!schema) return schema.error();
    writer.out += "{\"type\":\"json_schema\",\"json_schema\":{\"name\":";
    append_json_string(writer.out, format->name);
    writer.out.append(",\"strict\":true,\"schema\":").append(*schema).append("}}");
    return {};
}

void write_stream(BodyWriter& writer, const Dialect& dialect) {
    if (writer.begin("stream")) writer.out += "true";
    if (!dialect.asks_for_usage || !writer.begin("stream_options")) return;
    writer.out += "{\"include_usage\":true";
    writer.out += dialect.refuses_padding ? ",\"include_obfuscation\":false}" : "}";
}

}  // namespace

Result<std::string> write_chat_body(const Chat& chat, bool stream) {
    return write_chat_body(chat, stream, Dialect::compatible());
}

Result<std::string> write_chat_body(const Chat& chat, bool stream, const Dialect& dialect) {
    std::vector<JsonMember> extra;
    if (!chat.extra_body().empty()) {
        auto members = read_json_object(chat.extra_body());
        if (!members) {
            return bad("extra_body must be a JSON object, but " + members.error().message());
        }
        extra = *std::move(members);
    }
    if (auto checked = check(chat, extra, dialect); !checked) return checked.error();
    const auto has_extra = [&](std::string_view name) {
        return find_member(extra, name) != nullptr;
    };

    BodyWriter writer(extra);
    if (writer.begin("model")) append_json_string(writer.out, chat.model());
    if (writer.begin("messages")) {
        auto written = append_chat_messages(writer.out, chat.messages(), dialect);
        if (!written) return written.error();
    }
    // A limit by any name replaces ours: servers refuse to have two.
    if (!has_extra("max_tokens") && !has_extra("max_completion_tokens")) {
        writer.integer(dialect.token_limit, chat.max_tokens());
    }
    writer.real("temperature", chat.temperature());
    writer.real("top_p", chat.top_p());
    writer.integer(dialect.seed, chat.seed());
    writer.integer("n", chat.choices());
    if (!chat.stop().empty() && writer.begin("stop")) append_strings(writer.out, chat.stop());
    writer.text("reasoning_effort", chat.reasoning_effort());
    auto tools = write_tools(writer, chat, dialect, has_extra("tools"));
    if (!tools) return tools.error();
    auto format = write_format(writer, chat.response_format());
    if (!format) return format.error();
    if (stream) write_stream(writer, dialect);
    return std::move(writer).finish();
}

}  // namespace weir::llm
