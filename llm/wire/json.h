// SPDX-License-Identifier: MIT
//
// JSON text seen from outside: is it valid, which members has an object, what does a string say.
// Values stay slices of the caller's text, so that a body can be passed on byte by byte. All text
// is read to its end: garbage inside or after it is an error.
#pragma once

#include <weir/runtime/base/result.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::llm {

enum class JsonKind { object, array, string, number, boolean, null };

/// One member of an object. `raw` is a slice of the text that was read, without blanks around it.
class JsonMember {
public:
    JsonMember(std::string member_name, std::string_view raw_value)
        : name(std::move(member_name)), raw(raw_value) {}

    JsonKind kind() const noexcept;

    std::string name;
    std::string_view raw;
};

/// Whether `text` is one whole JSON value (RFC 8259, valid UTF-8) and nothing else.
bool is_json(std::string_view text);

/// The members of a JSON object, in order; duplicates are kept. Errors are of
/// LlmErrc::malformed_answer and say what is wrong, without saying where `text` came from.
Result<std::vector<JsonMember>> read_json_object(std::string_view text);

/// The first member called `name`, or null.
const JsonMember* find_member(const std::vector<JsonMember>& members, std::string_view name);

/// The text of a raw JSON string. A lone surrogate becomes U+FFFD. Empty if `raw` is no string.
std::string json_string_text(std::string_view raw);

/// Whether `raw` is an array or object without elements. Precondition: it is valid JSON.
bool is_empty_container(std::string_view raw) noexcept;

/// The same value on one line. Precondition: `text` is valid JSON.
std::string minify_json(std::string_view text);

}  // namespace weir::llm
