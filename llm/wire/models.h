// SPDX-License-Identifier: MIT
//
// The list of models that a server has, `GET /models`, in the forms of the known servers.
#pragma once

#include <weir/runtime/base/result.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::llm {

class ModelEntry {
public:
    ModelEntry() = default;

    std::string id;                              ///< what to name in a request
    std::string owned_by;                        ///< empty where the server does not say
    std::optional<std::int64_t> created;         ///< seconds since 1970, where told as a number
    std::optional<std::int64_t> context_tokens;  ///< input and output together, where told
};

/// The models in the server's order. Entries without an id are left out.
/// LlmErrc::malformed_answer where the body is no list of models, failed_in_stream where it is an
/// error.
Result<std::vector<ModelEntry>> decode_models_answer(std::string_view body);

}  // namespace weir::llm
