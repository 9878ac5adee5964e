// SPDX-License-Identifier: MIT
//
// What a chat may ask of the form of its answer: functions that the model may call, whether it
// must, and the shape of what it says.
#pragma once

#include <string>
#include <utility>

namespace weir::llm {

/// A function that the model may ask for, as the model sees it.
class Tool {
public:
    /// `parameters`: a JSON Schema of an object, as JSON text; empty: no parameters. The writer of
    /// the body refuses what is not JSON.
    Tool(std::string function, std::string purpose, std::string parameters)
        : name(std::move(function)),
          description(std::move(purpose)),
          schema(std::move(parameters)) {}

    /// Has the server hold the model to the schema, where it can.
    Tool& strict() & noexcept { return is_strict = true, *this; }
    Tool&& strict() && noexcept { return is_strict = true, std::move(*this); }

    std::string name;
    std::string description;
    std::string schema;
    bool is_strict = false;
};

/// Whether the model may, must or must not call functions.
class ToolChoice {
public:
    enum class Kind {
        automatic,  ///< the model decides
        none,       ///< no calls
        required,   ///< at least one
        named,      ///< this one
    };

    static ToolChoice automatic() { return ToolChoice(Kind::automatic, ""); }
    static ToolChoice none() { return ToolChoice(Kind::none, ""); }
    static ToolChoice required() { return ToolChoice(Kind::required, ""); }
    static ToolChoice named(std::string function) {
        return ToolChoice(Kind::named, std::move(function));
    }

    Kind kind;
    std::string name;

private:
    ToolChoice(Kind what, std::string function) : kind(what), name(std::move(function)) {}
};

/// The shape of what the model says.
class ResponseFormat {
public:
    enum class Kind { json_object, json_schema };

    /// Any JSON object.
    static ResponseFormat json_object() { return ResponseFormat(Kind::json_object, "", ""); }
    /// JSON that keeps to this JSON Schema, given as JSON text.
    static ResponseFormat json_schema(std::string name, std::string schema) {
        return ResponseFormat(Kind::json_schema, std::move(name), std::move(schema));
    }

    Kind kind;
    std::string name;
    std::string schema;

private:
    ResponseFormat(Kind what, std::string title, std::string text)
        : kind(what), name(std::move(title)), schema(std::move(text)) {}
};

}  // namespace weir::llm
