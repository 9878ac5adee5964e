// SPDX-License-Identifier: MIT
#include "llm/mock/schema.h"

#include <weir/llm/mock/text.h>
#include <weir/llm/wire/json_writer.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

namespace weir::llm::mock {
namespace {

namespace dom = simdjson::dom;

// Beyond the first only what is required is made, and beyond the second nothing but null.
constexpr int kOptionalDepth = 4;
constexpr int kDepthMax = 40;
constexpr std::int64_t kItemsMax = 64;
constexpr std::int64_t kLettersMax = 4096;

class Maker {
public:
    Maker(dom::element root, std::string_view prompt) : root_(root), words_(prompt) {}

    std::string make() {
        value(root_, 0);
        return std::move(out_);
    }

private:
    void value(dom::element schema, int depth) {
        if (depth > kDepthMax) return void(out_ += "null");
        if (const auto target = reference(schema)) return value(*target, depth + 1);
        dom::element one;
        if (schema["const"].get(one) == simdjson::SUCCESS) return copy(one);
        dom::array choices;
        if (schema["enum"].get(choices) == simdjson::SUCCESS && choices.size() > 0) {
            return copy(choices.at(words_.next().size() % choices.size()));
        }
        for (const char* name : {"anyOf", "oneOf", "allOf"}) {
            if (schema[name].get(choices) == simdjson::SUCCESS && choices.size() > 0) {
                return value(choices.at(0), depth + 1);
            }
        }
        const std::string_view type = type_of(schema);
        if (type == "object") return object(schema, depth);
        if (type == "array") return array(schema, depth);
        if (type == "integer" || type == "number") return number(schema, type == "integer");
        if (type == "boolean")
            return void(out_ += words_.next().size() % 2 == 0 ? "true" : "false");
        if (type == "null") return void(out_ += "null");
        text(schema);
    }

    // The first of several types; what the members tell where there is none.
    static std::string_view type_of(dom::element schema) {
        std::string_view type;
        if (schema["type"].get(type) == simdjson::SUCCESS) return type;
        dom::array types;
        if (schema["type"].get(types) == simdjson::SUCCESS && types.size() > 0 &&
            types.at(0).get(type) == simdjson::SUCCESS) {
            return type;
        }
        if (schema["properties"].error() == simdjson::SUCCESS) return "object";
        if (schema["items"].error() == simdjson::SUCCESS) return "array";
        return "string";
    }

    std::optional<dom::element> reference(dom::element schema) const {
        std::string_view path;
        if (schema["$ref"].get(path) != simdjson::SUCCESS) return std::nullopt;
        if (path == "#") return root_;
        dom::element target;
        if (!path.starts_with("#/")) return std::nullopt;
        if (root_.at_pointer(path.substr(1)).get(target) != simdjson::SUCCESS) return std::nullopt;
        return target;
    }

    void copy(dom::element element) { out_ += simdjson::minify(element); }

    static bool requires_member(dom::element schema, std::string_view name) {
        dom::array names;
        if (schema["required"].get(names) != simdjson::SUCCESS) return false;
        return std::any_of(names.begin(), names.end(), [&](dom::element each) {
            std::string_view text;
            return each.get(text) == simdjson::SUCCESS && text == name;
        });
    }

    void object(dom::element schema, int depth) {
        out_ += '{';
        bool is_first = true;
        dom::object properties;
        if (schema["properties"].get(properties) == simdjson::SUCCESS) {
            for (const auto [name, each] : properties) {
                if (depth >= kOptionalDepth && !requires_member(schema, name)) continue;
                if (!is_first) out_ += ',';
                is_first = false;
                append_json_string(out_, name);
                out_ += ':';
                value(each, depth + 1);
            }
        }
        out_ += '}';
    }

    void array(dom::element schema, int depth) {
        const std::int64_t least = bound(schema, "minItems", 0);
        const std::int64_t most = bound(schema, "maxItems", kItemsMax);
        const std::int64_t wanted =
            depth >= kOptionalDepth ? least : std::max<std::int64_t>(least, 2);
        const std::int64_t count = std::min({wanted, std::max(least, most), kItemsMax});
        dom::element item;
        const bool has_schema = schema["items"].get(item) == simdjson::SUCCESS && item.is_object();
        out_ += '[';
        for (std::int64_t i = 0; i < count; ++i) {
            if (i > 0) out_ += ',';
            if (has_schema) {
                value(item, depth + 1);
            } else {
                append_json_string(out_, word());
            }
        }
        out_ += ']';
    }

    void number(dom::element schema, bool is_whole) {
        std::optional<double> low = real(schema["minimum"]);
        std::optional<double> high = real(schema["maximum"]);
        if (const auto above = real(schema["exclusiveMinimum"]))
            low = *above + (is_whole ? 1 : 0.5);
        if (const auto below = real(schema["exclusiveMaximum"])) {
            high = *below - (is_whole ? 1 : 0.5);
        }
        double chosen = static_cast<double>(words_.next().size()) * 3;
        if (low) chosen = std::max(chosen, is_whole ? std::ceil(*low) : *low);
        if (high) chosen = std::min(chosen, is_whole ? std::floor(*high) : *high);
        if (low && high && *low > *high) chosen = (*low + *high) / 2;
        if (const auto step = real(schema["multipleOf"]); step && *step > 0) {
            chosen = std::floor(chosen / *step) * *step;
            if (low && chosen < *low) chosen += *step;
        }
        append_json_real(out_, chosen);
    }

    void text(dom::element schema) {
        std::string_view format;
        if (schema["format"].get(format) == simdjson::SUCCESS) {
            if (format == "date-time") return void(out_ += R"("2025-01-01T12:00:00Z")");
            if (format == "date") return void(out_ += R"("2025-01-01")");
            if (format == "time") return void(out_ += R"("12:00:00Z")");
            if (format == "email") return void(out_ += R"("someone@example.com")");
            if (format == "uri") return void(out_ += R"("https://example.com/")");
            if (format == "uuid") {
                return void(out_ += R"("00000000-0000-4000-8000-000000000000")");
            }
        }
        const std::int64_t least = std::min(bound(schema, "minLength", 1), kLettersMax);
        const std::int64_t most = std::max(least, bound(schema, "maxLength", kLettersMax));
        std::string letters(word());
        while (static_cast<std::int64_t>(letters.size()) < least)
            letters.append(word());
        letters.resize(std::min(letters.size(), static_cast<std::size_t>(most)));
        append_json_string(out_, letters);
    }

    std::string_view word() {
        const std::string_view token = words_.next();
        return token.front() == ' ' ? token.substr(1) : token;
    }

    static std::int64_t bound(dom::element schema, const char* name, std::int64_t fallback) {
        std::int64_t value = 0;
        if (schema[name].get(value) != simdjson::SUCCESS || value < 0) return fallback;
        return value;
    }
    static std::optional<double> real(simdjson::simdjson_result<dom::element> member) {
        double value = 0;
        if (member.get(value) != simdjson::SUCCESS) return std::nullopt;
        return value;
    }

    dom::element root_;
    TokenSource words_;
    std::string out_;
};

}  // namespace

std::string make_fitting_json(dom::element schema, std::string_view prompt) {
    return Maker(schema, prompt).make();
}

}  // namespace weir::llm::mock
