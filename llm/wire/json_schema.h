// SPDX-License-Identifier: MIT
//
// Whether JSON keeps to a JSON Schema (draft 2020-12, and what of draft 7 is spelled otherwise): as
// much of it as models are asked for. What it does not check it names. The one validator among
// Debian's packages brings Qt along, hence this.
#pragma once

#include <weir/runtime/base/result.h>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::llm {

class JsonSchema {
public:
    /// Errc::bad_argument where `text` is not a schema, or refers to what it does not have. Checked
    /// are: type, enum, const; properties, required, additionalProperties, minProperties,
    /// maxProperties; items, prefixItems, minItems, maxItems, uniqueItems; minLength, maxLength;
    /// minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf; allOf, anyOf, oneOf, not;
    /// and $ref within the schema.
    static Result<JsonSchema> parse(std::string_view text);
    JsonSchema(JsonSchema&&) noexcept;
    JsonSchema& operator=(JsonSchema&&) noexcept;
    ~JsonSchema();

    /// LlmErrc::malformed_answer, with what is wrong and where, in words that a model understands:
    /// "at /steps/2/name: must be a string, but is a number". A few faults at most are named.
    Result<void> check(std::string_view json) const;

    /// Keywords of the schema that constrain and are not checked, such as "pattern".
    const std::vector<std::string>& unchecked() const noexcept;

private:
    class State;
    explicit JsonSchema(std::unique_ptr<State> state) noexcept;
    std::unique_ptr<State> state_;
};

}  // namespace weir::llm
