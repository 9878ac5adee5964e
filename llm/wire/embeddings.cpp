// SPDX-License-Identifier: MIT
#include <weir/llm/wire/embeddings.h>

#include <weir/llm/wire/base64.h>
#include <weir/llm/wire/error.h>
#include <weir/llm/wire/json_writer.h>
#include <weir/runtime/base/assert.h>

#include "llm/wire/body_members.h"
#include "llm/wire/chat_members.h"
#include "llm/wire/json_reader.h"
#include "llm/wire/json_slices.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>

namespace weir::llm {
namespace {

using ondemand::json_type;

constexpr std::size_t kBytesPerToken = 3;

/// float32 as it travels: four bytes, the lowest first, on any machine.
float read_float(const char* bytes) noexcept {
    std::uint32_t word = 0;
    for (int index = 3; index >= 0; --index)
        word = word << 8 | static_cast<unsigned char>(bytes[index]);
    return std::bit_cast<float>(word);
}

class Reader {
public:
    error_code read(std::string_view json) {
        JsonDocument document;
        if (const error_code error = document.open(json, BadUtf8::replace)) return error;
        ondemand::object root;
        if (const error_code error = document.root().get_object().get(root)) return error;
        const error_code error =
            for_each_member(root, [&](ondemand::raw_json_string key, ondemand::value value) {
                if (key == "data") return read_data(value);
                if (key == "model") return read_text(value, answer.model);
                return key == "usage" ? read_usage(value, answer.usage) : simdjson::SUCCESS;
            });
        return error ? error : document.check_end();
    }

    EmbeddingAnswer answer;
    std::vector<std::int64_t> indices;  // of the vectors, as they came
    bool has_data = false;

private:
    error_code read_data(ondemand::value value) {
        ondemand::array list;
        if (const error_code error = value.get_array().get(list)) return error;
        has_data = true;
        return for_each_element(list, [&](ondemand::value element) -> error_code {
            ondemand::object object;
            if (const error_code error = element.get_object().get(object)) return error;
            std::optional<std::int64_t> index;
            std::vector<float> numbers;
            const error_code error =
                for_each_member(object, [&](ondemand::raw_json_string key, ondemand::value member) {
                    if (key == "index") return read_integer(member, index);
                    return key == "embedding" ? read_vector(member, numbers) : simdjson::SUCCESS;
                });
            indices.push_back(index.value_or(-1));
            answer.vectors.push_back(std::move(numbers));
            return error;
        });
    }

    static error_code read_vector(ondemand::value value, std::vector<float>& numbers) {
        json_type type;
        if (const error_code error = value.type().get(type)) return error;
        if (type == json_type::string) {
            std::string text;
            if (const error_code error = read_text(value, text)) return error;
            const auto bytes = from_base64(text);
            if (!bytes || bytes->size() % 4 != 0) return simdjson::STRING_ERROR;
            numbers.reserve(bytes->size() / 4);
            for (std::size_t at = 0; at < bytes->size(); at += 4)
                numbers.push_back(read_float(bytes->data() + at));
            return simdjson::SUCCESS;
        }
        ondemand::array list;
        if (const error_code error = value.get_array().get(list)) return error;
        return for_each_element(list, [&](ondemand::value element) -> error_code {
            const std::string_view token = trim_json(element.raw_json_token());
            if (!is_json_scalar(token)) return simdjson::NUMBER_ERROR;
            double number = 0;
            const char* const end = token.data() + token.size();
            const auto read = std::from_chars(token.data(), end, number);
            // A number too small for its type is as good as zero.
            const bool is_out_of_range = read.ec == std::errc::result_out_of_range;
            if (read.ptr != end || (read.ec != std::errc() && !is_out_of_range)) {
                return simdjson::NUMBER_ERROR;
            }
            numbers.push_back(is_out_of_range ? 0.0F : static_cast<float>(number));
            return simdjson::SUCCESS;
        });
    }
};

Error malformed(std::string message) {
    return Error(LlmErrc::malformed_answer, std::move(message));
}

/// Puts the vectors where their indices say.
Result<void> sort_vectors(Reader& reader) {
    std::vector<std::vector<float>>& found = reader.answer.vectors;
    std::vector<std::vector<float>> sorted(found.size());
    std::vector<bool> is_there(found.size());
    for (std::size_t at = 0; at < found.size(); ++at) {
        const std::int64_t index = reader.indices[at];
        const std::string name = "the embedding of index " + std::to_string(index);
        if (index < 0) {
            return malformed("embedding " + std::to_string(at) + " of the answer has no index");
        }
        const auto place = static_cast<std::size_t>(index);
        if (place >= found.size()) {
            return malformed(name + " is one too many: there are " + std::to_string(found.size()));
        }
        if (is_there[place]) return malformed(name + " is there twice");
        if (found[at].empty()) return malformed(name + " is empty");
        is_there[place] = true;
        sorted[place] = std::move(found[at]);
    }
    found = std::move(sorted);
    return {};
}

}  // namespace

Result<std::string> write_embeddings_body(const EmbeddingRequest& request) {
    BodyMembers body;
    if (auto taken = body.take_extra(request.extra_body()); !taken) return taken.error();
    if (request.model().empty() && !body.has_extra("model")) {
        return bad_chat("the request names no model: give one to EmbeddingRequest()");
    }
    if (request.inputs().empty() && !body.has_extra("input")) {
        return bad_chat("the request has no text to embed: add one with input()");
    }
    body.text("model", request.model());
    body.texts("input", request.inputs());
    body.integer("dimensions", request.dimensions());
    body.text("encoding_format", request.as_numbers() ? "float" : "base64");
    return std::move(body).finish();
}

Result<EmbeddingAnswer> decode_embeddings_answer(std::string_view body,
                                                 std::optional<std::size_t> inputs) {
    Reader reader;
    const error_code error = reader.read(body);
    if (error || !reader.has_data) return bad_answer(body, "a list of embeddings");
    if (inputs && *inputs != reader.answer.vectors.size()) {
        return malformed("the answer has " + std::to_string(reader.answer.vectors.size()) +
                         " embeddings for " + std::to_string(*inputs) + " inputs");
    }
    if (auto sorted = sort_vectors(reader); !sorted) return sorted.error();
    return std::move(reader.answer);
}

std::vector<EmbeddingRequest> split_embeddings(const EmbeddingRequest& request,
                                               std::size_t inputs_max, std::size_t tokens_max) {
    WEIR_CHECK(inputs_max > 0 && tokens_max > 0);
    std::vector<EmbeddingRequest> parts;
    EmbeddingRequest frame = request;
    frame.inputs({});
    std::size_t tokens = 0;
    for (const std::string& text : request.inputs()) {
        const std::size_t cost = text.size() / kBytesPerToken + 1;
        const bool is_full = parts.empty() || parts.back().inputs().size() >= inputs_max ||
                             cost > tokens_max - std::min(tokens, tokens_max);
        if (is_full) {
            parts.push_back(frame);
            tokens = 0;
        }
        parts.back().input(text);
        tokens += cost;
    }
    return parts;
}

}  // namespace weir::llm
