// SPDX-License-Identifier: MIT
//
// All else that is read as JSON: answers, error bodies, lines of a batch. And what is written about
// them, which must be JSON whatever was read.
#include <simdjson.h>
#include <weir/llm/batch/line.h>
#include <weir/llm/wire/answer_decoder.h>

#include "llm/wire/error_body.h"
#include "tests/fuzz/fuzz.h"

using namespace weir;

namespace {

void expect_json_line(const std::string& text) {
    fuzz::expect(!text.empty() && text.find('\n') >= text.size() - 1, "not one line");
    simdjson::dom::parser parser;
    const auto error = parser.parse(simdjson::padded_string(text)).error();
    // A number may be larger than any that simdjson can hold.
    const bool is_json = error == simdjson::SUCCESS || error == simdjson::NUMBER_ERROR;
    fuzz::expect(is_json, "what was written is no JSON");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // A copy of its own size: reading past it shows.
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto answer = llm::decode_chat_answer(text);
    if (!answer) static_cast<void>(answer.error().message());

    const llm::ErrorBody body = llm::read_error_body(text);
    fuzz::expect(body.message.find('\n') == std::string::npos, "a message of two lines");
    static_cast<void>(llm::describe(body));
    static_cast<void>(llm::is_out_of_money(body));

    const auto line = llm::parse_request_line(text);
    const auto id = llm::find_custom_id(text);
    if (line) {
        fuzz::expect(text.find(line->body) != std::string::npos, "the body is not as it stood");
        expect_json_line(llm::write_output_line("id", line->custom_id, 200, "", line->body));
    }
    expect_json_line(llm::write_bad_line(7, id, line ? "" : line.error().message()));
    const llm::FailedResponse failed(500, text, text);
    expect_json_line(llm::write_failure_line("id", id.value_or(text), failed, text, text));
    return 0;
}
