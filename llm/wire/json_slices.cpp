// SPDX-License-Identifier: MIT
#include "llm/wire/json_slices.h"

#include <weir/llm/wire/error.h>

#include "llm/wire/error_body.h"
#include "llm/wire/json_reader.h"
#include "llm/wire/text.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace weir::llm {
namespace {

/// Where the string that begins at `at` has its second quote.
std::size_t end_of_string(std::string_view text, std::size_t at) noexcept {
    for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\') ++at;
    }
    return at;
}

}  // namespace

Result<JsonSlices> JsonSlices::read(std::string_view text, std::string& repaired) {
    auto members = read_json_object(text);
    if (!members) {
        repaired.clear();
        append_valid_utf8(repaired, text);
        if (repaired != text) members = read_json_object(repaired);
    }
    if (!members) return std::move(members).error();
    JsonSlices slices;
    slices.members_ = *std::move(members);
    return slices;
}

std::string_view JsonSlices::raw(std::string_view name) const {
    const JsonMember* member = find_member(members_, name);
    return member == nullptr || member->kind() == JsonKind::null ? std::string_view() : member->raw;
}

std::string JsonSlices::text(std::string_view name) const {
    return json_string_text(raw(name));
}

std::optional<std::int64_t> JsonSlices::integer(std::string_view name) const {
    const std::string_view token = raw(name);
    if (token.empty() || !is_json_scalar(token)) return std::nullopt;
    std::int64_t integer = 0;
    const char* const end = token.data() + token.size();
    const auto whole = std::from_chars(token.data(), end, integer);
    if (whole.ec == std::errc() && whole.ptr == end) return integer;
    double real = 0;
    const auto part = std::from_chars(token.data(), end, real);
    if (part.ec != std::errc() || part.ptr != end || std::fabs(real) >= 9e18) return std::nullopt;
    return static_cast<std::int64_t>(real);
}

JsonSlices JsonSlices::object(std::string_view name) const {
    return json_object_of(raw(name));
}

std::vector<std::string_view> JsonSlices::array(std::string_view name) const {
    return json_elements_of(raw(name));
}

JsonSlices json_object_of(std::string_view valid_json) {
    if (!valid_json.starts_with('{')) return {};
    std::string repaired;  // Stays empty: the text is valid.
    auto slices = JsonSlices::read(valid_json, repaired);
    return slices ? *std::move(slices) : JsonSlices();
}

std::vector<std::string_view> json_elements_of(std::string_view valid_json) {
    std::vector<std::string_view> elements;
    if (!valid_json.starts_with('[')) return elements;
    std::size_t begin = 1;
    int depth = 0;
    // Of valid JSON, strings, brackets and commas are all that need be told apart.
    for (std::size_t at = 0; at < valid_json.size(); ++at) {
        const char byte = valid_json[at];
        if (byte == '"') at = end_of_string(valid_json, at);
        if (byte == '[' || byte == '{') ++depth;
        if (byte == ']' || byte == '}') --depth;
        const bool is_end = depth == 0 || (depth == 1 && byte == ',');
        if (!is_end) continue;
        const std::string_view raw = trim_json(valid_json.substr(begin, at - begin));
        if (!raw.empty()) elements.push_back(raw);
        begin = at + 1;
        if (depth == 0) break;
    }
    return elements;
}

void append_json_piece(std::string_view raw, std::string& out, char16_t& high) {
    if (raw.starts_with('"')) append_json_text(raw, out, high);
}

std::int64_t add_counts(std::int64_t one, std::int64_t other) noexcept {
    std::int64_t sum = 0;
    const bool overflows = __builtin_add_overflow(one, other, &sum);
    return overflows ? std::numeric_limits<std::int64_t>::max() : sum;
}

bool tells_error(const JsonSlices& root) {
    const std::string_view error = root.raw("error");
    const bool is_text = error.starts_with('"') && error != "\"\"";
    return error.starts_with('{') || is_text || root.raw("type") == "\"error\"" ||
           root.raw("object") == "\"error\"";
}

Error bad_answer(std::string_view body, std::string_view what) {
    constexpr std::size_t kExcerptBytesMax = 200;
    std::string repaired;
    const auto root = JsonSlices::read(body, repaired);
    const std::string_view text = trim_json(body);
    if ((root && tells_error(*root)) || text.starts_with("[{\"error\"")) {
        return error_in_answer(body);
    }
    if (text.empty()) return Error(LlmErrc::malformed_answer, "the answer's body is empty");
    return Error(LlmErrc::malformed_answer, "the answer is not the JSON of " + std::string(what) +
                                                " (check the base URL, or a proxy on the way): " +
                                                excerpt(text, kExcerptBytesMax));
}

}  // namespace weir::llm
