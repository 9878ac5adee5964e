// SPDX-License-Identifier: MIT
#include <weir/llm/wire/messages_writer.h>

#include <weir/llm/wire/base64.h>
#include <weir/llm/wire/json.h>
#include <weir/llm/wire/json_writer.h>

#include "llm/wire/body_members.h"
#include "llm/wire/json_reader.h"

#include <utility>

namespace weir::llm {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view text) {
    out += ",\"";
    out += name;
    out += "\":";
    append_json_string(out, text);
}

/// Appends content blocks, with commas between them.
class Blocks {
public:
    Result<void> part(const Part& part) {
        switch (part.kind) {
            case Part::Kind::text:
                text(part.data);
                return {};
            case Part::Kind::image:
                image(part);
                return {};
            case Part::Kind::audio:
                return bad_chat("Anthropic Messages takes no sound: send its text instead");
            case Part::Kind::file:
                return file(part);
        }
        return {};
    }

    void text(std::string_view words) {
        if (words.empty()) return;
        begin("text");
        append_member(out, "text", words);
        out += '}';
    }

    void raw(std::string_view block) {
        separate();
        out += block;
    }

    void call(const ToolCall& call) {
        begin("tool_use");
        append_member(out, "id", call.id);
        append_member(out, "name", call.name);
        out += ",\"input\":";
        append_input(call.arguments);
        out += '}';
    }

    Result<void> result(const Message& message) {
        begin("tool_result");
        append_member(out, "tool_use_id", message.tool_call_id);
        if (message.parts.empty()) {
            append_member(out, "content", message.text);
        } else {
            Blocks inner;
            for (const Part& each : message.parts) {
                if (auto done = inner.part(each); !done) return done;
            }
            out += ",\"content\":[" + inner.out + "]";
        }
        out += message.is_error ? ",\"is_error\":true}" : "}";
        return {};
    }

    std::string out;

private:
    void separate() {
        if (!out.empty()) out += ',';
    }

    void begin(std::string_view type) {
        separate();
        out += "{\"type\":\"";
        out += type;
        out += '"';
    }

    void source(const Part& part) {
        out += ",\"source\":{\"type\":\"base64\"";
        append_member(out, "media_type", part.media_type);
        append_member(out, "data", part.data);
        out += '}';
    }

    void image(const Part& part) {
        begin("image");
        if (part.media_type.empty()) {
            out += ",\"source\":{\"type\":\"url\"";
            append_member(out, "url", part.data);
            out += '}';
        } else {
            source(part);
        }
        out += '}';
    }

    Result<void> file(const Part& part) {
        if (part.media_type.starts_with("image/")) return image(part), Result<void>();
        begin("document");
        if (part.media_type.empty()) {
            out += ",\"source\":{\"type\":\"file\"";
            append_member(out, "file_id", part.data);
            out += '}';
        } else if (part.media_type.starts_with("text/")) {
            const auto words = from_base64(part.data);
            if (!words) return bad_chat("the data of a file of text is not base64");
            out += R"(,"source":{"type":"text","media_type":"text/plain")";
            append_member(out, "data", *words);
            out += '}';
        } else {
            source(part);
        }
        if (!part.name.empty()) append_member(out, "title", part.name);
        out += '}';
        return {};
    }

    void append_input(std::string_view arguments) {
        arguments = trim_json(arguments);
        if (arguments.empty()) {
            out += "{}";
        } else if (arguments.starts_with('{') && is_json(arguments)) {
            out += arguments;
        } else {
            out += "{\"invalid_json\":";
            append_json_string(out, arguments);
            out += '}';
        }
    }
};

Result<void> append_message(Blocks& blocks, const Message& message) {
    if (message.role == Role::tool) return blocks.result(message);
    auto reasoning = reasoning_elements(message);
    if (!reasoning) return std::move(reasoning).error();
    if (message.role == Role::assistant) {
        for (const std::string_view block : *reasoning)
            blocks.raw(block);
    }
    if (message.parts.empty()) blocks.text(message.text);
    for (const Part& part : message.parts) {
        if (auto done = blocks.part(part); !done) return done;
    }
    if (message.role == Role::assistant) {
        for (const ToolCall& call : message.tool_calls)
            blocks.call(call);
    }
    return {};
}

/// The value of "messages"; texts for the system go to `system`. Without `needs_turns`, these
/// alone.
Result<std::string> write_turns(const Chat& chat, bool needs_turns, std::string& system) {
    std::string turns;
    std::string_view open_role;
    for (const Message& message : chat.messages()) {
        if (message.role == Role::system || message.role == Role::developer) {
            if (auto added = append_system_text(system, message); !added) return added.error();
            continue;
        }
        if (!needs_turns) continue;
        Blocks blocks;
        if (auto added = append_message(blocks, message); !added) return added.error();
        const std::string_view role = message.role == Role::assistant ? "assistant" : "user";
        if (blocks.out.empty()) {
            // An assistant that said nothing is left out; a question that is empty is a mistake.
            if (role == "assistant") continue;
            return bad_chat("a message of the user is empty, which Anthropic Messages refuses");
        }
        if (role == open_role) {
            turns += ',';
        } else {
            turns += turns.empty() ? "[" : "]},";
            turns += "{\"role\":\"";
            turns += role;
            turns += "\",\"content\":[";
            open_role = role;
        }
        turns += blocks.out;
    }
    if (!needs_turns) return turns;
    if (turns.empty()) return bad_chat("the chat has only system messages: add one with user()");
    return turns + "]}]";
}

Result<void> check(const Chat& chat) {
    if (chat.seed()) {
        return bad_chat(
            "Anthropic Messages knows no seed, so no answer could be repeated: "
            "leave it out");
    }
    if (chat.choices().value_or(1) != 1) {
        return bad_chat("Anthropic Messages gives one choice for each request: send several");
    }
    const auto& format = chat.response_format();
    if (format && format->kind == ResponseFormat::Kind::json_object) {
        return bad_chat(
            "Anthropic Messages has no format for any JSON object: give a schema with "
            "ResponseFormat::json_schema(), or a tool with a strict one");
    }
    return {};
}

void write_tools(BodyMembers& body, const std::vector<Tool>& tools) {
    if (tools.empty() || !body.begin("tools")) return;
    std::string_view separator = "[{\"name\":";
    for (const Tool& tool : tools) {
        body.out += separator;
        append_json_string(body.out, tool.name);
        if (!tool.description.empty()) append_member(body.out, "description", tool.description);
        body.out += ",\"input_schema\":";
        body.out += schema_or_empty(tool.schema);
        if (tool.is_strict) body.out += ",\"strict\":true";
        body.out += '}';
        separator = ",{\"name\":";
    }
    body.out += ']';
}

std::string_view type_of(ToolChoice::Kind kind) noexcept {
    switch (kind) {
        case ToolChoice::Kind::automatic:
            return "auto";
        case ToolChoice::Kind::none:
            return "none";
        case ToolChoice::Kind::required:
            return "any";
        case ToolChoice::Kind::named:
            return "tool";
    }
    return "auto";
}

void write_tool_choice(BodyMembers& body, const Chat& chat) {
    const bool is_single = chat.parallel_tool_calls() == std::optional<bool>(false);
    if (!chat.tool_choice() && (!is_single || chat.tools().empty())) return;
    const ToolChoice choice = chat.tool_choice().value_or(ToolChoice::automatic());
    if (!body.begin("tool_choice")) return;
    body.out += "{\"type\":\"";
    body.out += type_of(choice.kind);
    body.out += '"';
    if (choice.kind == ToolChoice::Kind::named) append_member(body.out, "name", choice.name);
    if (is_single && choice.kind != ToolChoice::Kind::none) {
        body.out += ",\"disable_parallel_tool_use\":true";
    }
    body.out += '}';
}

void write_output_config(BodyMembers& body, const Chat& chat) {
    const std::string& effort = chat.reasoning_effort();
    if (effort == "none") body.raw("thinking", R"({"type":"disabled"})");
    std::string config;
    if (!effort.empty() && effort != "none") append_member(config, "effort", effort);
    if (chat.response_format()) {
        config += R"(,"format":{"type":"json_schema","schema":)";
        config += chat.response_format()->schema;
        config += '}';
    }
    if (!config.empty()) body.raw("output_config", "{" + config.substr(1) + "}");
}

}  // namespace

Result<std::string> write_messages_body(const Chat& chat, bool stream) {
    BodyMembers body;
    if (auto taken = body.take_extra(chat.extra_body()); !taken) return taken.error();
    if (auto checked = check_chat(chat, body, "messages"); !checked) return checked.error();
    if (auto checked = check(chat); !checked) return checked.error();

    std::string system;
    auto turns = write_turns(chat, !body.has_extra("messages"), system);
    if (!turns) return std::move(turns).error();
    body.text("model", chat.model());
    body.integer("max_tokens", chat.max_tokens().value_or(kMessagesMaxTokens));
    if (!system.empty()) body.text("system", system);
    body.raw("messages", *turns);
    body.real("temperature", chat.temperature());
    body.real("top_p", chat.top_p());
    body.texts("stop_sequences", chat.stop());
    write_tools(body, chat.tools());
    write_tool_choice(body, chat);
    write_output_config(body, chat);
    if (stream) body.raw("stream", "true");
    return std::move(body).finish();
}

}  // namespace weir::llm
