// SPDX-License-Identifier: MIT
//
// What the writers of request bodies beside Chat Completions share: an object's members, but for
// those that the caller's own members replace, and the checks that all of them make.
#pragma once

#include <weir/llm/wire/chat.h>
#include <weir/llm/wire/json.h>
#include <weir/runtime/base/result.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::llm {

/// Writes an object. Members of the caller's are written last, and in the place of our own.
class BodyMembers {
public:
    BodyMembers() = default;

    /// Reads `extra_body`, the inside of which must outlive this. Errc::bad_argument where it is
    /// no JSON object, or sets "stream".
    Result<void> take_extra(std::string_view extra_body);
    bool has_extra(std::string_view name) const { return find_member(extra_, name) != nullptr; }

    /// True if the caller of this is to append the value to `out` now.
    bool begin(std::string_view name);
    void raw(std::string_view name, std::string_view json);
    void text(std::string_view name, std::string_view value);
    void integer(std::string_view name, std::optional<std::int64_t> value);
    void real(std::string_view name, std::optional<double> value);
    void flag(std::string_view name, std::optional<bool> value);
    void texts(std::string_view name, const std::vector<std::string>& values);
    std::string finish() &&;

    std::string out = "{";

private:
    void write_name(std::string_view name);

    std::vector<JsonMember> extra_;
};

Error bad_chat(std::string message);

/// What no protocol can do without: a model, a message, numbers that are finite, schemas that are
/// JSON objects.
Result<void> check_chat(const Chat& chat, const BodyMembers& members, std::string_view messages);

/// The schema as given, or that of an object without members where none was.
std::string_view schema_or_empty(std::string_view schema) noexcept;

/// "data:image/png;base64,..."
std::string data_url(const Part& part);

/// The elements of Message::reasoning_blocks, or an error that says which message has others.
Result<std::vector<std::string_view>> reasoning_elements(const Message& message);

/// Joins the texts of messages for a system by blank lines. An error where one has other parts.
Result<void> append_system_text(std::string& out, const Message& message);

}  // namespace weir::llm
