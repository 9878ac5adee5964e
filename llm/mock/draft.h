// SPDX-License-Identifier: MIT
//
// A request while it is read: what the readers of the protocols find in it, before it is decided
// what to say. The elements belong to the parser, so a draft lives no longer than the reading.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "llm/mock/request.h"

namespace weir::llm::mock {

namespace dom = simdjson::dom;
using Member = simdjson::simdjson_result<dom::element>;

/// A function that the client offers. Its parameters are a schema, if it has any.
class OfferedTool {
public:
    OfferedTool(std::string_view tool, std::optional<dom::element> schema)
        : name(tool), parameters(schema) {}

    std::string_view name;
    std::optional<dom::element> parameters;
};

enum class ToolChoice : std::uint8_t { automatic, none, required };

class Draft {
public:
    explicit Draft(Protocol protocol) : ask(protocol) {}

    Ask ask;
    std::vector<OfferedTool> tools;
    ToolChoice choice = ToolChoice::automatic;
    std::string_view chosen_tool;  ///< the one that must be called, where one is named
    bool may_call_several = true;
    std::string user_text;             ///< the last message of the user
    std::vector<std::string> results;  ///< of tools, since the model spoke last
    bool wants_json = false;
    std::optional<dom::element> schema;  ///< which the JSON must fit
};

Error refuse(std::string message);

bool is_true(Member member);
/// An empty view where there is no such text.
std::string_view text_of(Member member);
/// Content is a string, or an array of parts of which those with a text count.
std::optional<std::string> read_content(dom::element content);
/// Takes a message's text into the draft: it is the prompt, unless another one follows.
void take_text(Draft& draft, std::string text);
/// The first of the members that is there becomes the limit on tokens.
Result<void> read_tokens_max(dom::element root, std::vector<const char*> names, Ask& ask);
/// One of "tools", whose members are in `function`; its schema is called `schema_name`.
Result<void> read_tool(Draft& draft, dom::element function, const char* schema_name);

Result<void> read_chat(dom::element root, Draft& draft);
Result<void> read_messages(dom::element root, Draft& draft);
Result<void> read_responses(dom::element root, Draft& draft);

/// Decides what the answer is: calls, JSON, a word on the tools' results, or nothing special.
void settle(Draft& draft);

}  // namespace weir::llm::mock
