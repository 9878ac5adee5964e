// SPDX-License-Identifier: MIT
#include <weir/llm/wire/error.h>
#include <string>

namespace weir::llm {
namespace {

class LlmCategory final : public std::error_category {
public:
    const char* name() const noexcept override { return "weir.llm"; }

    std::string message(int value) const override {
        switch (static_cast<LlmErrc>(value)) {
            case LlmErrc::unauthorized:
                return "the server does not accept the API key";
            case LlmErrc::rate_limited:
                return "the server's rate limit was reached";
            case LlmErrc::quota_exhausted:
                return "the account has no credit or quota left";
            case LlmErrc::bad_request:
                return "the server refused the request as wrong";
            case LlmErrc::try_again:
                return "the server gave up on this attempt";
            case LlmErrc::overloaded:
                return "the server is overloaded";
            case LlmErrc::server_error:
                return "the server failed";
            case LlmErrc::stream_truncated:
                return "the stream was cut before the answer was whole";
            case LlmErrc::malformed_answer:
                return "the answer is not what the protocol promises";
            case LlmErrc::failed_in_stream:
                return "the server reported an error inside its answer";
            case LlmErrc::bad_line:
                return "the line is not a batch request";
        }
        return "unknown weir.llm error " + std::to_string(value);
    }
};

}  // namespace

const std::error_category& llm_category() noexcept {
    static const LlmCategory category;
    return category;
}

std::error_code make_error_code(LlmErrc code) noexcept {
    return std::error_code(static_cast<int>(code), llm_category());
}

}  // namespace weir::llm
