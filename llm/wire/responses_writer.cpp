// SPDX-License-Identifier: MIT
#include <weir/llm/wire/responses_writer.h>

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

void begin_item(std::string& out, std::string_view type) {
    if (!out.empty()) out += ',';
    out += "{\"type\":\"";
    out += type;
    out += '"';
}

Result<void> append_part(std::string& out, const Part& part, Role role) {
    if (role == Role::assistant && part.kind != Part::Kind::text) {
        return bad_chat("Responses lets an assistant's message hold only text");
    }
    switch (part.kind) {
        case Part::Kind::text:
            begin_item(out, role == Role::assistant ? "output_text" : "input_text");
            append_member(out, "text", part.data);
            break;
        case Part::Kind::image:
            begin_item(out, "input_image");
            append_member(out, "image_url", part.media_type.empty() ? part.data : data_url(part));
            if (!part.detail.empty()) append_member(out, "detail", part.detail);
            break;
        case Part::Kind::audio:
            begin_item(out, "input_audio");
            out += ",\"input_audio\":{\"format\":";
            append_json_string(out, part.media_type == "audio/wav" ? "wav" : "mp3");
            append_member(out, "data", part.data);
            out += '}';
            break;
        case Part::Kind::file:
            begin_item(out, "input_file");
            if (part.media_type.empty()) {
                append_member(out, "file_id", part.data);
                break;
            }
            append_member(out, "filename", part.name.empty() ? "file" : part.name);
            append_member(out, "file_data", data_url(part));
            break;
    }
    out += '}';
    return {};
}

/// Appends a value: the text, or the list of parts.
Result<void> append_content(std::string& out, const Message& message) {
    if (message.parts.empty()) {
        append_json_string(out, message.text);
        return {};
    }
    std::string parts;
    for (const Part& part : message.parts) {
        if (auto added = append_part(parts, part, message.role); !added) return added;
    }
    out += "[" + parts + "]";
    return {};
}

Result<void> append_result(std::string& out, const Message& message) {
    begin_item(out, "function_call_output");
    append_member(out, "call_id", message.tool_call_id);
    out += ",\"output\":";
    if (auto added = append_content(out, message); !added) return added;
    out += '}';
    return {};
}

Result<void> append_message(std::string& out, const Message& message) {
    if (message.role == Role::tool) return append_result(out, message);
    const bool is_assistant = message.role == Role::assistant;
    auto reasoning = reasoning_elements(message);
    if (!reasoning) return std::move(reasoning).error();
    if (is_assistant) {
        for (const std::string_view item : *reasoning) {
            if (!out.empty()) out += ',';
            out += item;
        }
    }
    const bool is_silent = message.text.empty() && message.parts.empty();
    if (!is_silent || !is_assistant) {
        begin_item(out, "message");
        append_member(out, "role", to_string(message.role));
        out += ",\"content\":";
        if (auto added = append_content(out, message); !added) return added;
        out += '}';
    }
    if (!is_assistant) return {};
    for (const ToolCall& call : message.tool_calls) {
        begin_item(out, "function_call");
        append_member(out, "call_id", call.id);
        append_member(out, "name", call.name);
        append_member(out, "arguments",
                      trim_json(call.arguments).empty() ? "{}" : std::string_view(call.arguments));
        out += '}';
    }
    return {};
}

/// The value of "input"; what the system says first goes to `instructions`.
Result<std::string> write_items(const Chat& chat, bool needs_items, std::string& instructions) {
    std::string items;
    bool is_first = true;
    for (const Message& message : chat.messages()) {
        const bool is_system = message.role == Role::system || message.role == Role::developer;
        is_first = is_first && is_system;
        if (is_first) {
            auto added = append_system_text(instructions, message);
            if (!added) return std::move(added).error();
            continue;
        }
        if (!needs_items) break;
        if (auto added = append_message(items, message); !added) return std::move(added).error();
    }
    if (items.empty() && needs_items) {
        return bad_chat("the chat has only system messages: add one with user()");
    }
    return "[" + items + "]";
}

Result<void> check(const Chat& chat) {
    if (chat.seed()) {
        return bad_chat(
            "Responses knows no seed, so no answer could be repeated: leave it out, or "
            "use Chat Completions");
    }
    if (!chat.stop().empty()) {
        return bad_chat(
            "Responses knows no stop texts: cut the answer yourself, or use Chat "
            "Completions");
    }
    if (chat.choices().value_or(1) != 1) {
        return bad_chat(
            "Responses gives one choice for each request: send several, or use Chat "
            "Completions");
    }
    return {};
}

void write_tools(BodyMembers& body, const std::vector<Tool>& tools) {
    if (tools.empty() || !body.begin("tools")) return;
    std::string list;
    for (const Tool& tool : tools) {
        begin_item(list, "function");
        append_member(list, "name", tool.name);
        if (!tool.description.empty()) append_member(list, "description", tool.description);
        list += ",\"parameters\":";
        list += schema_or_empty(tool.schema);
        // Always told: this protocol, other than Chat Completions, takes a tool to be strict.
        list += tool.is_strict ? ",\"strict\":true}" : ",\"strict\":false}";
    }
    body.out += "[" + list + "]";
}

void write_tool_choice(BodyMembers& body, const ToolChoice& choice) {
    switch (choice.kind) {
        case ToolChoice::Kind::automatic:
            return body.text("tool_choice", "auto");
        case ToolChoice::Kind::none:
            return body.text("tool_choice", "none");
        case ToolChoice::Kind::required:
            return body.text("tool_choice", "required");
        case ToolChoice::Kind::named:
            if (!body.begin("tool_choice")) return;
            body.out += "{\"type\":\"function\"";
            append_member(body.out, "name", choice.name);
            body.out += '}';
            return;
    }
}

void write_format(BodyMembers& body, const ResponseFormat& format) {
    if (!body.begin("text")) return;
    if (format.kind == ResponseFormat::Kind::json_object) {
        body.out += R"({"format":{"type":"json_object"}})";
        return;
    }
    body.out += R"({"format":{"type":"json_schema")";
    append_member(body.out, "name", format.name.empty() ? "answer" : format.name);
    body.out += ",\"strict\":true,\"schema\":";
    body.out += format.schema;
    body.out += "}}";
}

}  // namespace

Result<std::string> write_responses_body(const Chat& chat, bool stream) {
    BodyMembers body;
    if (auto taken = body.take_extra(chat.extra_body()); !taken) return taken.error();
    if (auto checked = check_chat(chat, body, "input"); !checked) return checked.error();
    if (auto checked = check(chat); !checked) return checked.error();

    std::string instructions;
    auto items = write_items(chat, !body.has_extra("input"), instructions);
    if (!items) return std::move(items).error();
    body.text("model", chat.model());
    if (!instructions.empty()) body.text("instructions", instructions);
    body.raw("input", *items);
    body.integer("max_output_tokens", chat.max_tokens());
    body.real("temperature", chat.temperature());
    body.real("top_p", chat.top_p());
    if (!chat.reasoning_effort().empty() && body.begin("reasoning")) {
        body.out += "{\"effort\":";
        append_json_string(body.out, chat.reasoning_effort());
        body.out += '}';
    }
    write_tools(body, chat.tools());
    if (chat.tool_choice()) write_tool_choice(body, *chat.tool_choice());
    body.flag("parallel_tool_calls", chat.parallel_tool_calls());
    if (chat.response_format()) write_format(body, *chat.response_format());
    if (stream) body.raw("stream", "true");
    return std::move(body).finish();
}

}  // namespace weir::llm
