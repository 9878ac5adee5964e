// SPDX-License-Identifier: MIT
//
// Embeddings: texts to vectors of numbers, `POST /embeddings` of OpenAI's protocol. Values, the
// body of a request, and the answer to it.
#pragma once

#include <weir/llm/wire/answer.h>
#include <weir/runtime/base/result.h>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::llm {

/// `EmbeddingRequest("model").input("one text").input("another")`.
class EmbeddingRequest {
public:
    explicit EmbeddingRequest(std::string model) : model_(std::move(model)) {}

    /// A text to embed. May be called many times; the answer's vectors are in the same order.
    EmbeddingRequest& input(std::string text) & {
        return inputs_.push_back(std::move(text)), *this;
    }
    EmbeddingRequest& inputs(std::vector<std::string> texts) & {
        return inputs_ = std::move(texts), *this;
    }
    /// How long each vector is to be, where the model leaves the choice.
    EmbeddingRequest& dimensions(int count) & { return dimensions_ = count, *this; }
    /// Has the server write numbers as text instead of base64, which some cannot do. Default: not.
    EmbeddingRequest& as_numbers(bool wanted = true) & { return as_numbers_ = wanted, *this; }
    /// A JSON object whose members are merged into the request body, and replace ours.
    EmbeddingRequest& extra_body(std::string json) & {
        return extra_body_ = std::move(json), *this;
    }

    EmbeddingRequest&& input(std::string text) && { return std::move(input(std::move(text))); }
    EmbeddingRequest&& inputs(std::vector<std::string> texts) && {
        return std::move(inputs(std::move(texts)));
    }
    EmbeddingRequest&& dimensions(int count) && { return std::move(dimensions(count)); }
    EmbeddingRequest&& as_numbers(bool wanted = true) && { return std::move(as_numbers(wanted)); }
    EmbeddingRequest&& extra_body(std::string json) && {
        return std::move(extra_body(std::move(json)));
    }

    const std::string& model() const noexcept { return model_; }
    const std::vector<std::string>& inputs() const noexcept { return inputs_; }
    std::optional<int> dimensions() const noexcept { return dimensions_; }
    bool as_numbers() const noexcept { return as_numbers_; }
    /// Empty where none was given.
    const std::string& extra_body() const noexcept { return extra_body_; }

private:
    std::string model_;
    std::vector<std::string> inputs_;
    std::optional<int> dimensions_;
    bool as_numbers_ = false;
    std::string extra_body_;
};

class EmbeddingAnswer {
public:
    EmbeddingAnswer() = default;

    std::vector<std::vector<float>> vectors;  ///< one for each input, in their order
    std::string model;
    std::optional<Usage> usage;
};

/// The request body. Fails with Errc::bad_argument without a model or an input, and for an
/// extra_body that is no JSON object.
Result<std::string> write_embeddings_body(const EmbeddingRequest& request);

/// The answer, its vectors in base64 (little-endian float32) or as numbers, whichever the server
/// chose. They are put in order by their index. `inputs`: how many texts were sent, if known;
/// LlmErrc::malformed_answer where a vector is missing, is there twice, or is no vector.
Result<EmbeddingAnswer> decode_embeddings_answer(std::string_view body,
                                                 std::optional<std::size_t> inputs = {});

/// The same request as several, in order, each with at most `inputs_max` texts and about
/// `tokens_max` tokens in all. Tokens are estimated from above, at three bytes each; a text that is
/// too long by itself is sent alone, for the server to judge. OpenAI allows 2048 and 300'000.
/// Precondition: both are positive.
std::vector<EmbeddingRequest> split_embeddings(const EmbeddingRequest& request,
                                               std::size_t inputs_max, std::size_t tokens_max);

}  // namespace weir::llm
