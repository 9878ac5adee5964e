// SPDX-License-Identifier: MIT
//
// What the mock server says to a request: the convention of docs/mock.md.
#include <weir/llm/wire/json.h>

#include <algorithm>
#include <cstddef>

#include "llm/mock/draft.h"
#include "llm/mock/schema.h"

namespace weir::llm::mock {
namespace {

constexpr std::size_t kCallsMax = 64;

bool is_name_letter(char letter) noexcept {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '_' || letter == '-' || letter == '.';
}

// How long the JSON object is that `text` begins with, by its braces; zero where it has no end.
std::size_t object_size(std::string_view text) noexcept {
    int depth = 0;
    bool is_quoted = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char letter = text[at];
        if (is_quoted) {
            if (letter == '\\') ++at;
            if (letter == '"') is_quoted = false;
            continue;
        }
        if (letter == '"') is_quoted = true;
        if (letter == '{') ++depth;
        if (letter == '}' && --depth == 0) return at + 1;
        if (depth == 0) return 0;
    }
    return 0;
}

const OfferedTool* find_tool(const Draft& draft, std::string_view name) {
    const auto found = std::find_if(draft.tools.begin(), draft.tools.end(),
                                    [&](const OfferedTool& tool) { return tool.name == name; });
    return found == draft.tools.end() ? nullptr : &*found;
}

// Takes what stands as "call NAME(JSON)" in the user's text, for tools that are offered.
void find_calls(Draft& draft) {
    constexpr std::string_view kWord = "call ";
    const std::string_view text = draft.user_text;
    const std::size_t calls_max = draft.may_call_several ? kCallsMax : 1;
    for (std::size_t at = text.find(kWord); at != text.npos && draft.ask.calls.size() < calls_max;
         at = text.find(kWord, at + 1)) {
        const std::string_view rest = text.substr(at + kWord.size());
        const auto end = std::find_if_not(rest.begin(), rest.end(), is_name_letter);
        const std::string_view name(rest.data(), static_cast<std::size_t>(end - rest.begin()));
        std::string_view values = rest.substr(name.size());
        if (!values.starts_with('(') || find_tool(draft, name) == nullptr) continue;
        if (!draft.chosen_tool.empty() && draft.chosen_tool != name) continue;
        values.remove_prefix(1);
        const std::size_t size = object_size(values);
        const std::string_view json = size == 0 ? std::string_view("{}") : values.substr(0, size);
        if (!values.substr(size).starts_with(')') || !is_json(json)) continue;
        draft.ask.calls.emplace_back(std::string(name), std::string(json));
    }
}

void make_up_call(Draft& draft) {
    const OfferedTool* tool = &draft.tools.front();
    if (!draft.chosen_tool.empty()) tool = find_tool(draft, draft.chosen_tool);
    if (tool == nullptr) return;
    std::string arguments = "{}";
    if (tool->parameters) arguments = make_fitting_json(*tool->parameters, draft.user_text);
    draft.ask.calls.emplace_back(std::string(tool->name), std::move(arguments));
}

std::string tell_results(const std::vector<std::string>& results) {
    std::string text = "The tools say:";
    for (const std::string& result : results)
        text.append(" ").append(result).append(";");
    text.back() = '.';
    return text;
}

}  // namespace

void settle(Draft& draft) {
    if (draft.results.empty() && !draft.tools.empty() && draft.choice != ToolChoice::none) {
        find_calls(draft);
        const bool must_call = draft.choice == ToolChoice::required || !draft.chosen_tool.empty();
        if (draft.ask.calls.empty() && must_call) make_up_call(draft);
        if (!draft.ask.calls.empty()) return;
    }
    if (draft.wants_json) {
        draft.ask.text = draft.schema && draft.schema->is_object()
                             ? make_fitting_json(*draft.schema, draft.ask.prompt)
                             : R"({"answer":"mock"})";
    } else if (!draft.results.empty()) {
        draft.ask.text = tell_results(draft.results);
    }
}

}  // namespace weir::llm::mock
