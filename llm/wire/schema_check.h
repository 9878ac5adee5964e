// SPDX-License-Identifier: MIT
//
// One value held against one schema, and what is wrong with it, in words.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir::llm {

namespace dom = simdjson::dom;

inline constexpr int kSchemaDepthMax = 128;

/// What "#/a/b" points to. False where there is nothing, or where it leads out of the schema.
bool resolve_reference(dom::element root, std::string_view reference, dom::element& found);

class SchemaCheck {
public:
    explicit SchemaCheck(dom::element root) : root_(root), steps_left_(&own_steps_left_) {}
    SchemaCheck(const SchemaCheck&) = delete;
    SchemaCheck& operator=(const SchemaCheck&) = delete;

    /// Adds to faults() what is wrong. The schema has been read (JsonSchema::parse).
    void run(dom::element schema, dom::element value) { check(schema, value, 0); }

    /// A few of them, in the order of the value.
    const std::vector<std::string>& faults() const noexcept { return faults_; }

private:
    // A schema that refers to itself from two forms at once would take for ever.
    static constexpr std::size_t kStepsMax = 1'000'000;

    /// One of several forms, to be looked at on its own.
    SchemaCheck(dom::element root, std::size_t* steps_left)
        : root_(root), steps_left_(steps_left) {}

    void check(dom::element schema, dom::element value, int depth);
    void check_type(dom::object schema, dom::element value);
    void check_values(dom::object schema, dom::element value);
    void check_object(dom::object schema, dom::object value, int depth);
    void check_array(dom::object schema, dom::array value, int depth);
    void check_string(dom::object schema, std::string_view value);
    void check_number(dom::object schema, dom::element value);
    void check_combinations(dom::object schema, dom::element value, int depth);
    /// How many of the schemas the value keeps to.
    std::size_t matches(dom::array schemas, dom::element value, int depth);
    void check_below(std::string_view name, dom::element schema, dom::element value, int depth);
    void fail(std::string message);

    dom::element root_;
    std::size_t own_steps_left_ = kStepsMax;
    std::size_t* steps_left_;
    std::string path_;  // a JSON Pointer (RFC 6901) to what is looked at
    std::vector<std::string> faults_;
};

}  // namespace weir::llm
