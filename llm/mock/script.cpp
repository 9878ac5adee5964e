// SPDX-License-Identifier: MIT
#include <weir/llm/mock/script.h>

namespace weir::llm::mock {

Result<void> Script::fault(std::string_view name) {
    if (name == "silent") return silent(), Result<void>();
    if (name == "cut") return cut_after(tokens_ / 2), Result<void>();
    if (name == "close") return close_in_body(), Result<void>();
    if (name == "no-done") return without_done(), Result<void>();
    if (name == "no-finish-reason") return without_finish_reason(), Result<void>();
    if (name == "error") return fail_in_stream(tokens_ / 2), Result<void>();
    return Error(Errc::bad_argument,
                 "there is no fault '" + std::string(name) +
                     "': it is one of silent, cut, close, no-done, no-finish-reason, error");
}

Script Script::healthy() const {
    return Script().time_to_first_token(first_).token_interval(interval_).tokens(tokens_);
}

}  // namespace weir::llm::mock
