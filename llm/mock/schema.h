// SPDX-License-Identifier: MIT
//
// A JSON value that fits a JSON Schema, made up from the prompt: the same prompt and schema give
// the same value. Of the schema's words it knows type, enum, const, properties, required, items,
// anyOf, oneOf, allOf, $ref within the schema, and the bounds on numbers, texts and arrays.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace weir::llm::mock {

/// Members that are not required are there too, but not in the depth, where a schema that refers to
/// itself must come to an end.
std::string make_fitting_json(simdjson::dom::element schema, std::string_view prompt);

}  // namespace weir::llm::mock
