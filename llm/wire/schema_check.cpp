// SPDX-License-Identifier: MIT
#include "llm/wire/schema_check.h"

#include <weir/llm/wire/json_writer.h>

#include "llm/wire/text.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace weir::llm {
namespace {

using dom::element;
using dom::element_type;

constexpr std::size_t kFaultsMax = 5;

bool is_integer(element value) {
    double number = 0;
    if (value.is_int64() || value.is_uint64()) return true;
    return value.get(number) == simdjson::SUCCESS && std::floor(number) == number;
}

std::string_view type_of(element value) {
    switch (value.type()) {
        case element_type::ARRAY:
            return "array";
        case element_type::OBJECT:
            return "object";
        case element_type::INT64:
        case element_type::UINT64:
        case element_type::DOUBLE:
            return "number";
        case element_type::STRING:
            return "string";
        case element_type::BOOL:
            return "boolean";
        case element_type::NULL_VALUE:
            return "null";
    }
    return "null";
}

bool has_type(element value, std::string_view type) {
    return type == "integer" ? value.is_number() && is_integer(value) : type_of(value) == type;
}

bool are_equal(element left, element right);

bool are_equal(dom::array left, dom::array right) {
    if (left.size() != right.size()) return false;
    auto other = right.begin();
    for (const element each : left) {
        if (!are_equal(each, *other)) return false;
        ++other;
    }
    return true;
}

bool are_equal(dom::object left, dom::object right) {
    if (left.size() != right.size()) return false;
    return std::ranges::all_of(left, [&](const auto& member) {
        element other;
        return right.at_key(member.key).get(other) == simdjson::SUCCESS &&
               are_equal(member.value, other);
    });
}

bool are_equal(element left, element right) {
    if (left.is_number() && right.is_number()) {
        return double(left.get_double()) == double(right.get_double());
    }
    if (left.type() != right.type()) return false;
    switch (left.type()) {
        case element_type::ARRAY:
            return are_equal(dom::array(left), dom::array(right));
        case element_type::OBJECT:
            return are_equal(dom::object(left), dom::object(right));
        case element_type::STRING:
            return std::string_view(left) == std::string_view(right);
        case element_type::BOOL:
            return bool(left) == bool(right);
        case element_type::NULL_VALUE:
        case element_type::INT64:
        case element_type::UINT64:
        case element_type::DOUBLE:
            return true;
    }
    return false;
}

std::string shown(element value) {
    constexpr std::size_t kShownMax = 200;
    return excerpt(simdjson::minify(value), kShownMax);
}

std::string number_text(double number) {
    std::string text;
    append_json_real(text, number);
    return text;
}

std::size_t code_points(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

/// Calls `use(limit)` if the schema has a number of this name.
template <typename Use>
void with_number(dom::object schema, std::string_view name, Use use) {
    double limit = 0;
    if (schema[name].get(limit) == simdjson::SUCCESS) use(limit);
}

}  // namespace

bool resolve_reference(element root, std::string_view reference, element& found) {
    if (!reference.starts_with('#')) return false;
    reference.remove_prefix(1);
    if (reference.empty()) return found = root, true;
    return root.at_pointer(reference).get(found) == simdjson::SUCCESS;
}

void SchemaCheck::fail(std::string message) {
    if (faults_.size() >= kFaultsMax) return;
    faults_.push_back((path_.empty() ? "at the top: " : "at " + path_ + ": ") + message);
}

void SchemaCheck::check(element schema, element value, int depth) {
    // A reference to itself would go on for ever; no value is nested so deeply.
    if (depth > kSchemaDepthMax || *steps_left_ == 0) {
        return fail("is nested too deeply to be checked");
    }
    --*steps_left_;
    bool allows = false;
    if (schema.get(allows) == simdjson::SUCCESS) {
        if (!allows) fail("must not be there");
        return;
    }
    dom::object members;
    if (schema.get(members) != simdjson::SUCCESS) return;
    std::string_view reference;
    element target;
    if (members["$ref"].get(reference) == simdjson::SUCCESS &&
        resolve_reference(root_, reference, target)) {
        check(target, value, depth + 1);
    }
    check_type(members, value);
    check_values(members, value);
    check_combinations(members, value, depth);
    if (value.is_object()) check_object(members, dom::object(value), depth);
    if (value.is_array()) check_array(members, dom::array(value), depth);
    if (value.is_string()) check_string(members, std::string_view(value));
    if (value.is_number()) check_number(members, value);
}

void SchemaCheck::check_type(dom::object schema, element value) {
    element type;
    if (schema["type"].get(type) != simdjson::SUCCESS) return;
    std::string names;
    const auto fits = [&](element name) {
        std::string_view text;
        if (name.get(text) != simdjson::SUCCESS) return true;
        if (!names.empty()) names += " or ";
        names += text;
        return has_type(value, text);
    };
    bool is_good = false;
    if (type.is_array()) {
        for (const element name : dom::array(type))
            is_good = fits(name) || is_good;
    } else {
        is_good = fits(type);
    }
    if (!is_good) {
        fail("must be of type " + names + ", but is of type " + std::string(type_of(value)));
    }
}

void SchemaCheck::check_values(dom::object schema, element value) {
    element wanted;
    if (schema["const"].get(wanted) == simdjson::SUCCESS && !are_equal(value, wanted)) {
        fail("must be " + shown(wanted));
    }
    dom::array list;
    if (schema["enum"].get(list) != simdjson::SUCCESS) return;
    const bool is_known =
        std::ranges::any_of(list, [&](element each) { return are_equal(value, each); });
    if (!is_known) fail("must be one of " + shown(schema["enum"]));
}

void SchemaCheck::check_below(std::string_view name, element schema, element value, int depth) {
    const std::size_t size = path_.size();
    path_ += '/';
    for (const char c : name) {
        if (c == '~') path_ += "~0";
        if (c == '/') path_ += "~1";
        if (c != '~' && c != '/') path_ += c;
    }
    check(schema, value, depth + 1);
    path_.resize(size);
}

void SchemaCheck::check_object(dom::object schema, dom::object value, int depth) {
    dom::array required;
    if (schema["required"].get(required) == simdjson::SUCCESS) {
        for (const element each : required) {
            std::string_view name;
            if (each.get(name) != simdjson::SUCCESS) continue;
            if (value.at_key(name).error() == simdjson::SUCCESS) continue;
            fail("lacks the member \"" + std::string(name) + "\"");
        }
    }
    dom::object properties;
    const bool has_properties = schema["properties"].get(properties) == simdjson::SUCCESS;
    element others;
    const bool has_others = schema["additionalProperties"].get(others) == simdjson::SUCCESS;
    for (const auto& [name, member] : value) {
        element known;
        if (has_properties && properties.at_key(name).get(known) == simdjson::SUCCESS) {
            check_below(name, known, member, depth);
        } else if (has_others) {
            check_below(name, others, member, depth);
        }
    }
    const auto size = static_cast<double>(value.size());
    with_number(schema, "minProperties", [&](double least) {
        if (size < least) fail("must have at least " + number_text(least) + " members");
    });
    with_number(schema, "maxProperties", [&](double most) {
        if (size > most) fail("must have at most " + number_text(most) + " members");
    });
}

void SchemaCheck::check_array(dom::object schema, dom::array value, int depth) {
    element items;
    const bool has_items = schema["items"].get(items) == simdjson::SUCCESS;
    dom::array first;
    bool has_first = schema["prefixItems"].get(first) == simdjson::SUCCESS;
    const bool is_list = has_items && items.is_array();
    if (is_list) has_first = items.get(first) == simdjson::SUCCESS;
    std::size_t index = 0;
    for (const element each : value) {
        const std::string name = std::to_string(index);
        if (has_first && index < first.size()) {
            check_below(name, first.at(index), each, depth);
        } else if (has_items && !is_list) {
            check_below(name, items, each, depth);
        }
        ++index;
    }
    const auto size = static_cast<double>(value.size());
    with_number(schema, "minItems", [&](double least) {
        if (size < least) fail("must have at least " + number_text(least) + " items");
    });
    with_number(schema, "maxItems", [&](double most) {
        if (size > most) fail("must have at most " + number_text(most) + " items");
    });
    bool is_unique = false;
    if (schema["uniqueItems"].get(is_unique) != simdjson::SUCCESS || !is_unique) return;
    for (auto left = value.begin(); left != value.end(); ++left) {
        auto right = left;
        for (++right; right != value.end(); ++right) {
            if (are_equal(*left, *right)) return fail("has an item twice: " + shown(*left));
        }
    }
}

void SchemaCheck::check_string(dom::object schema, std::string_view value) {
    const auto length = static_cast<double>(code_points(value));
    with_number(schema, "minLength", [&](double least) {
        if (length < least) fail("must have at least " + number_text(least) + " characters");
    });
    with_number(schema, "maxLength", [&](double most) {
        if (length > most) fail("must have at most " + number_text(most) + " characters");
    });
}

void SchemaCheck::check_number(dom::object schema, element value) {
    const double number = value.get_double();
    with_number(schema, "minimum", [&](double least) {
        if (number < least) fail("must be at least " + number_text(least));
    });
    with_number(schema, "maximum", [&](double most) {
        if (number > most) fail("must be at most " + number_text(most));
    });
    with_number(schema, "exclusiveMinimum", [&](double below) {
        if (number <= below) fail("must be more than " + number_text(below));
    });
    with_number(schema, "exclusiveMaximum", [&](double above) {
        if (number >= above) fail("must be less than " + number_text(above));
    });
    with_number(schema, "multipleOf", [&](double step) {
        const double times = number / step;
        const bool fits = step > 0 && std::fabs(times - std::round(times)) < 1e-9;
        if (!fits) fail("must be a multiple of " + number_text(step));
    });
}

void SchemaCheck::check_combinations(dom::object schema, element value, int depth) {
    dom::array list;
    if (schema["allOf"].get(list) == simdjson::SUCCESS) {
        for (const element each : list)
            check(each, value, depth + 1);
    }
    if (schema["anyOf"].get(list) == simdjson::SUCCESS && matches(list, value, depth) == 0) {
        fail("keeps to none of the " + std::to_string(list.size()) + " forms that it may have");
    }
    if (schema["oneOf"].get(list) == simdjson::SUCCESS) {
        const std::size_t count = matches(list, value, depth);
        if (count != 1) {
            fail("must keep to one of the " + std::to_string(list.size()) +
                 " forms that it may have, but keeps to " + std::to_string(count));
        }
    }
    element forbidden;
    if (schema["not"].get(forbidden) == simdjson::SUCCESS) {
        SchemaCheck other(root_, steps_left_);
        other.check(forbidden, value, depth + 1);
        if (other.faults_.empty()) fail("has a form that is ruled out");
    }
}

std::size_t SchemaCheck::matches(dom::array schemas, element value, int depth) {
    return static_cast<std::size_t>(std::ranges::count_if(schemas, [&](element schema) {
        SchemaCheck other(root_, steps_left_);
        other.check(schema, value, depth + 1);
        return other.faults_.empty();
    }));
}

}  // namespace weir::llm
