// SPDX-License-Identifier: MIT
#include "llm/wire/tool_call_members.h"

#include <weir/llm/wire/json.h>
#include <weir/llm/wire/json_writer.h>

#include <cstdint>

namespace weir::llm {
namespace {

using ondemand::json_type;

error_code read_arguments(ondemand::value value, ToolCallDelta& call, char16_t& high) {
    json_type type;
    if (const error_code error = value.type().get(type)) return error;
    if (type == json_type::string) {
        return append_json_text(value.raw_json_token(), call.arguments, high)
                   ? simdjson::SUCCESS
                   : simdjson::STRING_ERROR;
    }
    if (type != json_type::object) return simdjson::SUCCESS;
    call.arguments.clear();
    call.are_arguments_whole = true;
    return append_raw(value, call.arguments);
}

error_code read_function(ondemand::value value, ToolCallDelta& call, char16_t& high) {
    json_type type;
    if (const error_code error = value.type().get(type)) return error;
    if (type != json_type::object) return simdjson::SUCCESS;
    ondemand::object function;
    if (const error_code error = value.get_object().get(function)) return error;
    return for_each_member(function, [&](ondemand::raw_json_string key, ondemand::value member) {
        if (key == "name") return read_text(member, call.name);
        return key == "arguments" ? read_arguments(member, call, high) : simdjson::SUCCESS;
    });
}

/// The text of a key between its quotes, still escaped. Behind the document there are zeros.
std::string_view raw_key(ondemand::raw_json_string key) noexcept {
    const char* const begin = key.raw();
    const char* end = begin;
    while (*end != '"' && *end != '\0')
        end += *end == '\\' ? 2 : 1;
    return std::string_view(begin, static_cast<std::size_t>(end - begin));
}

/// Keeps a member whose meaning we do not know.
error_code keep_member(ondemand::field field, ToolCallDelta& call) {
    json_type type;
    if (const error_code error = field.value().type().get(type)) return error;
    if (type == json_type::null) return simdjson::SUCCESS;
    const std::string_view key = raw_key(field.key());
    if (!call.extra.empty()) call.extra += ',';
    call.extra.append("\"").append(key).append("\":");
    return append_raw(field.value(), call.extra);
}

error_code read_entry(ondemand::object entry, ToolCallDelta& call, char16_t& high) {
    for (auto result : entry) {
        ondemand::field field;
        if (const error_code error = std::move(result).get(field)) return error;
        const ondemand::raw_json_string key = field.key();
        error_code error = simdjson::SUCCESS;
        if (key == "index") {
            error = read_integer(field.value(), call.index);
        } else if (key == "id") {
            error = read_text(field.value(), call.id);
        } else if (key == "function") {
            error = read_function(field.value(), call, high);
        } else if (key != "type") {
            error = keep_member(field, call);
        }
        if (error) return error;
    }
    return simdjson::SUCCESS;
}

}  // namespace

error_code read_tool_calls(ondemand::value value, std::vector<ToolCallDelta>& calls,
                           char16_t& high) {
    json_type type;
    if (const error_code error = value.type().get(type)) return error;
    if (type != json_type::array) return simdjson::SUCCESS;
    ondemand::array entries;
    if (const error_code error = value.get_array().get(entries)) return error;
    return for_each_element(entries, [&](ondemand::value entry) -> error_code {
        ondemand::object object;
        if (const error_code error = entry.get_object().get(object)) return error;
        return read_entry(object, calls.emplace_back(), high);
    });
}

error_code read_function_call(ondemand::value value, std::vector<ToolCallDelta>& calls,
                              char16_t& high) {
    ToolCallDelta call;
    if (const error_code error = read_function(value, call, high)) return error;
    if (call.name.empty() && call.arguments.empty()) return simdjson::SUCCESS;
    call.index = 0;
    calls.push_back(std::move(call));
    return simdjson::SUCCESS;
}

bool settle(std::vector<ToolCallDelta>& calls) {
    for (ToolCallDelta& call : calls) {
        if (call.are_arguments_whole) {
            if (!is_json(call.arguments)) return false;
            call.arguments = minify_json(call.arguments);
        }
        if (call.extra.empty()) continue;
        std::string object = "{" + call.extra + "}";
        if (!is_json(object)) return false;
        object = minify_json(object);
        call.extra = object.substr(1, object.size() - 2);
    }
    return true;
}

void merge_members(std::string& extra, std::string_view more) {
    if (more.empty() || extra == more) return;
    if (extra.empty()) {
        extra = more;
        return;
    }
    const std::string old_object = "{" + extra + "}";
    const std::string new_object = "{" + std::string(more) + "}";
    const auto old_members = read_json_object(old_object);
    const auto new_members = read_json_object(new_object);
    if (!old_members || !new_members) return;
    std::string merged;
    for (const JsonMember& member : *old_members) {
        if (find_member(*new_members, member.name) != nullptr) continue;
        append_json_string(merged, member.name);
        merged.append(":").append(member.raw).append(",");
    }
    extra = merged.append(more);
}

std::string made_up_id(std::string_view seed) {
    static constexpr std::string_view kDigits = "abcdefghijklmnopqrstuvwxyz0123456789";
    std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
    for (const char byte : seed)
        hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
    std::string id;
    for (int digit = 0; digit < 9; ++digit) {
        id += kDigits[hash % kDigits.size()];
        hash /= kDigits.size();
    }
    return id;
}

}  // namespace weir::llm
