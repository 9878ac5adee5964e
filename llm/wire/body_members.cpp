// SPDX-License-Identifier: MIT
#include "llm/wire/body_members.h"

#include <weir/llm/wire/json_writer.h>

#include "llm/wire/json_reader.h"
#include "llm/wire/json_slices.h"

#include <cmath>

namespace weir::llm {

Result<void> BodyMembers::take_extra(std::string_view extra_body) {
    if (extra_body.empty()) return {};
    auto members = read_json_object(extra_body);
    if (!members) {
        return bad_chat("extra_body must be a JSON object, but " + members.error().message());
    }
    extra_ = *std::move(members);
    if (!has_extra("stream")) return {};
    return bad_chat("extra_body sets \"stream\", which the kind of call decides: remove it");
}

bool BodyMembers::begin(std::string_view name) {
    if (has_extra(name)) return false;
    write_name(name);
    return true;
}

void BodyMembers::raw(std::string_view name, std::string_view json) {
    if (begin(name)) out += json;
}

void BodyMembers::text(std::string_view name, std::string_view value) {
    if (begin(name)) append_json_string(out, value);
}

void BodyMembers::integer(std::string_view name, std::optional<std::int64_t> value) {
    if (value && begin(name)) append_json_integer(out, *value);
}

void BodyMembers::real(std::string_view name, std::optional<double> value) {
    if (value && begin(name)) append_json_real(out, *value);
}

void BodyMembers::flag(std::string_view name, std::optional<bool> value) {
    if (value && begin(name)) out += *value ? "true" : "false";
}

void BodyMembers::texts(std::string_view name, const std::vector<std::string>& values) {
    if (values.empty() || !begin(name)) return;
    char separator = '[';
    for (const std::string& value : values) {
        out += separator;
        append_json_string(out, value);
        separator = ',';
    }
    out += ']';
}

std::string BodyMembers::finish() && {
    for (const JsonMember& member : extra_) {
        write_name(member.name);
        out += member.raw;
    }
    out += '}';
    return std::move(out);
}

void BodyMembers::write_name(std::string_view name) {
    if (out.size() > 1) out += ',';
    append_json_string(out, name);
    out += ':';
}

Error bad_chat(std::string message) {
    return Error(Errc::bad_argument, std::move(message));
}

Result<void> check_chat(const Chat& chat, const BodyMembers& members, std::string_view messages) {
    if (chat.model().empty() && !members.has_extra("model")) {
        return bad_chat("the chat names no model: give one to Chat()");
    }
    if (chat.messages().empty() && !members.has_extra(messages)) {
        return bad_chat("the chat has no message: add one with user()");
    }
    if (!std::isfinite(chat.temperature().value_or(0))) {
        return bad_chat("the chat's temperature is not a finite number");
    }
    if (!std::isfinite(chat.top_p().value_or(0))) {
        return bad_chat("the chat's top_p is not a finite number");
    }
    for (const Tool& tool : chat.tools()) {
        if (tool.schema.empty()) continue;
        const auto schema = read_json_object(tool.schema);
        if (schema) continue;
        return bad_chat("the schema of the tool \"" + tool.name + "\" must be a JSON object, but " +
                        schema.error().message());
    }
    const auto& format = chat.response_format();
    if (!format || format->kind != ResponseFormat::Kind::json_schema) return {};
    const auto schema = read_json_object(format->schema);
    if (schema) return {};
    return bad_chat("the schema of response_format must be a JSON object, but " +
                    schema.error().message());
}

std::string_view schema_or_empty(std::string_view schema) noexcept {
    return schema.empty() ? R"({"type":"object","properties":{}})" : schema;
}

std::string data_url(const Part& part) {
    return "data:" + part.media_type + ";base64," + part.data;
}

Result<std::vector<std::string_view>> reasoning_elements(const Message& message) {
    const std::string_view blocks = trim_json(message.reasoning_blocks);
    if (blocks.empty()) return std::vector<std::string_view>();
    if (blocks.starts_with('[') && is_json(blocks)) return json_elements_of(blocks);
    return bad_chat(
        "a message's reasoning_blocks must be a JSON array, as the decoder made it: give them back "
        "unchanged, or leave them out");
}

Result<void> append_system_text(std::string& out, const Message& message) {
    const auto add = [&out](const std::string& text) {
        if (text.empty()) return;
        if (!out.empty()) out += "\n\n";
        out += text;
    };
    if (message.parts.empty()) add(message.text);
    for (const Part& part : message.parts) {
        if (part.kind != Part::Kind::text) {
            return bad_chat("a system message may only hold text: move the rest to user()");
        }
        add(part.data);
    }
    return {};
}

}  // namespace weir::llm
