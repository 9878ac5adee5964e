// SPDX-License-Identifier: MIT
#include <weir/llm/wire/json_schema.h>

#include <weir/llm/wire/error.h>

#include <simdjson.h>

#include "llm/wire/schema_check.h"

#include <algorithm>
#include <utility>

namespace weir::llm {
namespace {

using dom::element;

constexpr std::string_view kUncheckable[] = {
    "pattern",
    "patternProperties",
    "propertyNames",
    "contains",
    "minContains",
    "maxContains",
    "if",
    "dependentRequired",
    "dependencies",
    "dependentSchemas",
    "unevaluatedProperties",
    "unevaluatedItems",
    "additionalItems",
    "format",
    "$dynamicRef",
    "$recursiveRef",
};
constexpr std::string_view kWithSchemas[] = {"properties", "$defs", "definitions"};
constexpr std::string_view kWithSchemaList[] = {"allOf", "anyOf", "oneOf", "prefixItems"};
constexpr std::string_view kWithSchema[] = {"items", "additionalProperties", "not"};

template <std::size_t count>
bool is_among(const std::string_view (&names)[count], std::string_view name) {
    return std::ranges::find(names, name) != std::end(names);
}

/// Looks through a schema once: for what cannot work, and for what will not be checked.
class SchemaReader {
public:
    explicit SchemaReader(element root) : root_(root) {}

    Result<void> read(element schema, int depth) {
        if (depth > kSchemaDepthMax) return refuse("it is nested too deeply");
        if (schema.is_bool()) return Result<void>();
        dom::object members;
        if (schema.get(members) != simdjson::SUCCESS) {
            return refuse("a schema in it is neither an object nor true or false");
        }
        for (const auto& [name, value] : members) {
            Result<void> good = read_member(name, value, depth);
            if (!good) return good;
        }
        return Result<void>();
    }

    std::vector<std::string> unchecked;

private:
    static Error refuse(std::string why) {
        return Error(Errc::bad_argument, "this is no JSON Schema that can be used: " + why);
    }

    Result<void> read_member(std::string_view name, element value, int depth) {
        if (is_among(kUncheckable, name)) {
            const bool is_new = std::ranges::find(unchecked, name) == unchecked.end();
            if (is_new) unchecked.emplace_back(name);
            return Result<void>();
        }
        if (name == "$ref") return read_reference(value);
        if (is_among(kWithSchemas, name)) {
            dom::object schemas;
            if (value.get(schemas) != simdjson::SUCCESS) return must_be(name, "an object");
            for (const auto& [key, schema] : schemas) {
                Result<void> good = read(schema, depth + 1);
                if (!good) return good;
            }
        }
        // Draft 7 has a list of schemas in "items", where 2020-12 has "prefixItems".
        const bool is_list =
            is_among(kWithSchemaList, name) || (name == "items" && value.is_array());
        if (is_list) {
            dom::array schemas;
            if (value.get(schemas) != simdjson::SUCCESS) return must_be(name, "an array");
            for (const element schema : schemas) {
                Result<void> good = read(schema, depth + 1);
                if (!good) return good;
            }
            return Result<void>();
        }
        if (is_among(kWithSchema, name)) return read(value, depth + 1);
        return Result<void>();
    }

    static Error must_be(std::string_view name, std::string_view kind) {
        return refuse("\"" + std::string(name) + "\" must be " + std::string(kind));
    }

    Result<void> read_reference(element value) {
        std::string_view target;
        if (value.get(target) != simdjson::SUCCESS) return must_be("$ref", "a string");
        element found;
        if (resolve_reference(root_, target, found)) return Result<void>();
        return refuse("\"$ref\" to \"" + std::string(target) + "\", which is not in it");
    }

    element root_;
};

}  // namespace

class JsonSchema::State {
public:
    dom::parser parser;
    element root;
    std::vector<std::string> unchecked;
};

JsonSchema::JsonSchema(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
JsonSchema::JsonSchema(JsonSchema&&) noexcept = default;
JsonSchema& JsonSchema::operator=(JsonSchema&&) noexcept = default;
JsonSchema::~JsonSchema() = default;

Result<JsonSchema> JsonSchema::parse(std::string_view text) {
    auto state = std::make_unique<State>();
    const auto error = state->parser.parse(text.data(), text.size()).get(state->root);
    if (error != simdjson::SUCCESS) {
        return Error(Errc::bad_argument, std::string("the schema is not valid JSON: ") +
                                             simdjson::error_message(error));
    }
    SchemaReader reader(state->root);
    Result<void> good = reader.read(state->root, 0);
    if (!good) return std::move(good).error();
    state->unchecked = std::move(reader.unchecked);
    return JsonSchema(std::move(state));
}

const std::vector<std::string>& JsonSchema::unchecked() const noexcept {
    return state_->unchecked;
}

Result<void> JsonSchema::check(std::string_view json) const {
    dom::parser parser;
    element value;
    const auto error = parser.parse(json.data(), json.size()).get(value);
    if (error != simdjson::SUCCESS) {
        return Error(LlmErrc::malformed_answer,
                     std::string("it is not valid JSON: ") + simdjson::error_message(error));
    }
    SchemaCheck check(state_->root);
    check.run(state_->root, value);
    if (check.faults().empty()) return Result<void>();
    std::string message;
    for (const std::string& fault : check.faults()) {
        if (!message.empty()) message += "; ";
        message += fault;
    }
    return Error(LlmErrc::malformed_answer, std::move(message));
}

}  // namespace weir::llm
