// SPDX-License-Identifier: MIT
#include "llm/mock/embeddings.h"

#include <weir/llm/mock/text.h>
#include <weir/llm/wire/base64.h>
#include <weir/llm/wire/error.h>
#include <weir/llm/wire/json_writer.h>

#include <simdjson.h>

#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

namespace weir::llm::mock {
namespace {

namespace dom = simdjson::dom;

constexpr std::int64_t kDimensions = 256;
constexpr std::int64_t kDimensionsMax = 8192;
constexpr std::size_t kInputsMax = 2048;

Error refuse(std::string message) {
    return Error(LlmErrc::bad_request, std::move(message));
}

/// A text to embed, or tokens, which are a text of numbers then.
class Input {
public:
    std::string text;
    std::int64_t tokens = 0;
};

bool read_input(dom::element element, Input& input) {
    std::string_view text;
    if (element.get(text) == simdjson::SUCCESS) {
        input.text = text;
        input.tokens = count_words(text);
        return true;
    }
    dom::array tokens;
    if (element.get(tokens) != simdjson::SUCCESS || tokens.size() == 0) return false;
    for (const dom::element token : tokens) {
        std::int64_t number = 0;
        if (token.get(number) != simdjson::SUCCESS) return false;
        input.text += std::to_string(number) + " ";
        ++input.tokens;
    }
    return true;
}

// One text, several, the tokens of one, or those of several.
bool read_inputs(dom::element element, std::vector<Input>& inputs) {
    if (Input one; read_input(element, one)) {
        inputs.push_back(std::move(one));
        return true;
    }
    dom::array several;
    if (element.get(several) != simdjson::SUCCESS || several.size() == 0) return false;
    for (const dom::element each : several) {
        Input input;
        if (!read_input(each, input)) return false;
        inputs.push_back(std::move(input));
    }
    return true;
}

void append_numbers(std::string& out, const std::vector<float>& vector) {
    out += '[';
    for (const float value : vector) {
        char digits[32];
        const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
        out.append(std::begin(digits), end);
        out += ',';
    }
    out.back() = ']';
}

void append_base64(std::string& out, const std::vector<float>& vector) {
    std::string bytes;
    bytes.reserve(vector.size() * sizeof(float));
    for (const float value : vector) {
        std::uint32_t bits = 0;
        std::memcpy(&bits, &value, sizeof bits);
        for (int shift = 0; shift < 32; shift += 8)
            bytes += static_cast<char>((bits >> shift) & 0xffu);
    }
    append_json_string(out, to_base64(bytes));
}

}  // namespace

Result<EmbeddingAnswer> embed(std::string_view body) {
    static thread_local dom::parser parser;
    dom::element root;
    if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS ||
        !root.is_object()) {
        return refuse("the body must be a JSON object");
    }
    std::string_view model;
    if (root["model"].get(model) != simdjson::SUCCESS || model.empty()) {
        return refuse("'model' must be the name of a model");
    }
    dom::element member;
    std::vector<Input> inputs;
    if (root["input"].get(member) != simdjson::SUCCESS || !read_inputs(member, inputs) ||
        inputs.size() > kInputsMax) {
        return refuse("'input' must be a text, texts, or tokens; at most 2048 of them");
    }
    std::int64_t dimensions = kDimensions;
    if (root["dimensions"].get(member) == simdjson::SUCCESS && !member.is_null()) {
        if (member.get(dimensions) != simdjson::SUCCESS || dimensions < 1 ||
            dimensions > kDimensionsMax) {
            return refuse("'dimensions' must be a number from 1 to 8192");
        }
    }
    std::string_view format;
    const bool is_base64 =
        root["encoding_format"].get(format) == simdjson::SUCCESS && format == "base64";

    EmbeddingAnswer answer;
    answer.body = R"({"object":"list","data":[)";
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (i > 0) answer.body += ',';
        answer.body += R"({"object":"embedding","index":)";
        append_json_integer(answer.body, static_cast<std::int64_t>(i));
        answer.body += ",\"embedding\":";
        const std::vector<float> vector =
            expected_embedding(inputs[i].text, static_cast<int>(dimensions));
        if (is_base64) {
            append_base64(answer.body, vector);
        } else {
            append_numbers(answer.body, vector);
        }
        answer.body += '}';
        answer.prompt_tokens += inputs[i].tokens;
    }
    answer.body += "],\"model\":";
    append_json_string(answer.body, model);
    answer.body += ",\"usage\":{\"prompt_tokens\":";
    append_json_integer(answer.body, answer.prompt_tokens);
    answer.body += ",\"total_tokens\":";
    append_json_integer(answer.body, answer.prompt_tokens);
    answer.body += "}}";
    return answer;
}

}  // namespace weir::llm::mock
