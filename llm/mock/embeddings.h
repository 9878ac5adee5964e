// SPDX-License-Identifier: MIT
//
// `/v1/embeddings`: vectors of length one, drawn from a hash of each text. The same text gives the
// same vector on every machine; texts that are alike give vectors that are not.
#pragma once

#include <weir/runtime/base/result.h>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::llm::mock {

class EmbeddingAnswer {
public:
    EmbeddingAnswer() = default;

    std::string body;
    std::int64_t prompt_tokens = 0;
};

/// The answer to a request's body. LlmErrc::bad_request names the member at fault.
Result<EmbeddingAnswer> embed(std::string_view body);

}  // namespace weir::llm::mock
