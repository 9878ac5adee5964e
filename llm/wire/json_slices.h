// SPDX-License-Identifier: MIT
//
// A JSON object looked up by name, member by member, for protocols whose objects say what they are
// in a member that may come last. Values are slices of the text that was read, which must outlive
// them. What is absent, null or of another type reads as empty.
#pragma once

#include <weir/llm/wire/answer.h>
#include <weir/llm/wire/json.h>
#include <weir/runtime/base/result.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::llm {

class JsonSlices {
public:
    JsonSlices() = default;

    /// Reads the object in `text`. Where that is not UTF-8, a repaired copy goes to `repaired`,
    /// and the slices are of that.
    static Result<JsonSlices> read(std::string_view text, std::string& repaired);

    /// The raw value; empty where it is absent or null.
    std::string_view raw(std::string_view name) const;
    std::string text(std::string_view name) const;
    bool is_true(std::string_view name) const { return raw(name) == "true"; }
    /// Fractions are dropped.
    std::optional<std::int64_t> integer(std::string_view name) const;
    /// Empty where there is no such object.
    JsonSlices object(std::string_view name) const;
    /// The raw elements; none where there is no such array.
    std::vector<std::string_view> array(std::string_view name) const;
    bool is_empty() const noexcept { return members_.empty(); }

private:
    std::vector<JsonMember> members_;
};

/// The object in a text that is known to be valid JSON; empty where it is something else.
JsonSlices json_object_of(std::string_view valid_json);
/// The raw elements of an array in a text that is known to be valid JSON.
std::vector<std::string_view> json_elements_of(std::string_view valid_json);

/// Appends the text of a raw JSON string; nothing for other values. `high` holds the first half of
/// a character whose second half comes with the next piece.
void append_json_piece(std::string_view raw, std::string& out, char16_t& high);

/// Adds counts that come from outside: the greatest number instead of an overflow.
std::int64_t add_counts(std::int64_t one, std::int64_t other) noexcept;

/// Whether an object that came with status 200 is an error: a member "error" that is an object or
/// a text, or the type "error".
bool tells_error(const JsonSlices& root);

/// The error for an answer's body that is not what was asked for: what the server says in it where
/// it is an error, else LlmErrc::malformed_answer with an excerpt. `what` names what was expected.
Error bad_answer(std::string_view body, std::string_view what);

}  // namespace weir::llm
