// SPDX-License-Identifier: MIT
//
// Headers about rate limits, in any bytes: numbers stay in their ranges, nothing depends on the
// order of the fields, and nothing of a date is known without the server's own.
#include <weir/llm/wire/rate_limit.h>

#include <vector>

#include "tests/fuzz/fuzz.h"

using namespace weir;
using llm::RateLimit;
using llm::RateLimitState;

namespace {

void check(const RateLimit& limit) {
    constexpr Duration kYear = std::chrono::hours(365 * 24);
    fuzz::expect(!limit.limit || *limit.limit > 0, "a limit that is not positive");
    fuzz::expect(!limit.remaining || *limit.remaining >= 0, "less than nothing is left");
    fuzz::expect(!limit.reset || (*limit.reset >= Duration::zero() && *limit.reset <= kYear),
                 "a reset that is out of range");
    fuzz::expect(limit.window > Duration::zero(), "a window of no time");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    http::Headers headers;
    std::vector<http::Field> fields;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::string_view name = line.substr(0, line.find(':'));
        const std::string_view value = line.substr(std::min(name.size() + 1, line.size()));
        static_cast<void>(llm::parse_rate_limit_reset(value, 784111777));
        const bool is_new = !headers.contains(name);  // of two that are the same the last counts
        if (!is_new) continue;
        headers.add(name, value);
        fields.emplace_back(name, value);
    }
    const RateLimitState state = llm::rate_limit_state(headers);
    for (const RateLimit* limit :
         {&state.requests, &state.tokens, &state.input_tokens, &state.output_tokens}) {
        check(*limit);
    }
    http::Headers backward;
    for (auto field = fields.rbegin(); field != fields.rend(); ++field)
        backward.add(field->name, field->value);
    fuzz::expect(llm::rate_limit_state(backward) == state, "the order of the fields matters");
    return 0;
}
