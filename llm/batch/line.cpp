// SPDX-License-Identifier: MIT
#include <weir/llm/batch/line.h>
#include <weir/llm/wire/error.h>
#include <weir/llm/wire/json.h>
#include <weir/llm/wire/json_writer.h>

#include <algorithm>
#include <vector>

namespace weir::llm {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kChatPath = "/v1/chat/completions";

Error bad_line(std::string message) {
    return Error(LlmErrc::bad_line, std::move(message));
}

/// Of a line's members, those that matter; null for those that it does not have.
struct Members {
    const JsonMember* custom_id = nullptr;
    const JsonMember* method = nullptr;
    const JsonMember* url = nullptr;
    const JsonMember* body = nullptr;
};

Result<Members> pick_members(const std::vector<JsonMember>& all) {
    Members found;
    for (const JsonMember& member : all) {
        const JsonMember** place = member.name == "custom_id" ? &found.custom_id
                                   : member.name == "method"  ? &found.method
                                   : member.name == "url"     ? &found.url
                                   : member.name == "body"    ? &found.body
                                                              : nullptr;
        if (place == nullptr) continue;
        if (*place != nullptr) return bad_line("\"" + member.name + "\" is given twice");
        *place = &member;
    }
    return found;
}

Result<std::string> check_custom_id(const JsonMember* member) {
    if (member == nullptr) {
        return bad_line("\"custom_id\" is missing: each line needs one, to find its answer by");
    }
    if (member->kind() != JsonKind::string) return bad_line("\"custom_id\" must be a string");
    std::string id = json_string_text(member->raw);
    if (id.empty()) return bad_line("\"custom_id\" is empty");
    return id;
}

Result<void> check_method(const JsonMember* member) {
    if (member == nullptr) return {};
    if (member->kind() == JsonKind::string && json_string_text(member->raw) == "POST") return {};
    return bad_line("\"method\" must be \"POST\", not " + std::string(member->raw.substr(0, 40)));
}

Result<std::string> check_url(const JsonMember* member) {
    if (member == nullptr) return std::string(kChatPath);
    if (member->kind() != JsonKind::string) return bad_line("\"url\" must be a string");
    std::string url = json_string_text(member->raw);
    if (url != kChatPath) {
        return bad_line("\"url\" is \"" + url.substr(0, 100) +
                        "\", an endpoint not known here: \"" + std::string(kChatPath) + "\" is");
    }
    return url;
}

Result<void> check_body(const JsonMember* member) {
    if (member == nullptr) return bad_line("\"body\" is missing: it holds the request to send");
    auto body = read_json_object(member->raw);
    if (!body) return bad_line("\"body\" must be a JSON object");
    const JsonMember* const messages = find_member(*body, "messages");
    if (messages == nullptr) return bad_line("\"body\" has no \"messages\"");
    if (messages->kind() != JsonKind::array) {
        return bad_line("\"messages\" in \"body\" must be an array");
    }
    if (is_empty_container(messages->raw)) return bad_line("\"messages\" in \"body\" is empty");
    const bool is_streamed = std::ranges::any_of(
        *body, [](const JsonMember& each) { return each.name == "stream" && each.raw == "true"; });
    if (is_streamed) {
        return bad_line("\"body\" asks for a stream, which a batch cannot have: remove \"stream\"");
    }
    return {};
}

/// `text` as a JSON value on one line: as it is if it is JSON, else as a string.
void append_body(std::string& out, std::string_view text) {
    if (!is_json(text)) {
        append_json_string(out, text);
    } else if (text.find_first_of("\r\n") == std::string_view::npos) {
        out += text;
    } else {
        out += minify_json(text);
    }
}

void append_response(std::string& out, int status_code, std::string_view request_id,
                     std::string_view body) {
    out += "{\"status_code\":";
    append_json_integer(out, status_code);
    out += ",\"request_id\":";
    append_json_string(out, request_id);
    out += ",\"body\":";
    append_body(out, body);
    out += '}';
}

std::string begin_line(std::string_view id, std::string_view custom_id) {
    std::string out = "{\"id\":";
    append_json_string(out, id);
    out += ",\"custom_id\":";
    append_json_string(out, custom_id);
    out += ",\"response\":";
    return out;
}

}  // namespace

std::string_view trim_line(std::string_view line) noexcept {
    if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t begin = line.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return {};
    return line.substr(begin, line.find_last_not_of(kBlanks) - begin + 1);
}

bool is_blank(std::string_view line) noexcept {
    return trim_line(line).empty();
}

Result<RequestLine> parse_request_line(std::string_view line) {
    const auto all = read_json_object(trim_line(line));
    if (!all) return bad_line("the line is not a request: " + all.error().message());
    const auto members = pick_members(*all);
    if (!members) return members.error();
    auto custom_id = check_custom_id(members->custom_id);
    if (!custom_id) return custom_id.error();
    if (auto method = check_method(members->method); !method) return method.error();
    auto url = check_url(members->url);
    if (!url) return url.error();
    if (auto body = check_body(members->body); !body) return body.error();
    return RequestLine(*std::move(custom_id), *std::move(url), std::string(members->body->raw));
}

std::optional<std::string> find_custom_id(std::string_view line) {
    const auto all = read_json_object(trim_line(line));
    if (!all) return std::nullopt;
    const JsonMember* const member = find_member(*all, "custom_id");
    if (member == nullptr || member->kind() != JsonKind::string) return std::nullopt;
    return json_string_text(member->raw);
}

std::string write_output_line(std::string_view id, std::string_view custom_id, int status_code,
                              std::string_view request_id, std::string_view body) {
    std::string out = begin_line(id, custom_id);
    append_response(out, status_code, request_id, body);
    out += ",\"error\":null}";
    return out;
}

std::string write_failure_line(std::string_view id, std::string_view custom_id,
                               const std::optional<FailedResponse>& response, std::string_view code,
                               std::string_view message) {
    std::string out = begin_line(id, custom_id);
    if (response) {
        append_response(out, response->status_code, response->request_id, response->body);
    } else {
        out += "null";
    }
    out += ",\"error\":";
    if (code.empty()) {
        out += "null}";
        return out;
    }
    out += "{\"code\":";
    append_json_string(out, code);
    out += ",\"message\":";
    append_json_string(out, message);
    out += "}}";
    return out;
}

std::string write_bad_line(std::uint64_t line_number, const std::optional<std::string>& custom_id,
                           std::string_view message) {
    const std::string number = std::to_string(line_number);
    std::string out = "{\"id\":\"line_" + number + "\",\"custom_id\":";
    if (custom_id) {
        append_json_string(out, *custom_id);
    } else {
        out += "null";
    }
    out += ",\"response\":null,\"error\":{\"code\":\"bad_line\",\"message\":";
    append_json_string(out, message);
    out += ",\"line\":" + number + "}}";
    return out;
}

}  // namespace weir::llm
