// SPDX-License-Identifier: MIT
//
// The protocols beside Chat Completions: any bytes as a whole answer of each, and as the events of
// a stream of each, whose deltas must not depend on the cuts.
#include <weir/http/wire/sse_parser.h>
#include <weir/llm/wire/embeddings.h>
#include <weir/llm/wire/json.h>
#include <weir/llm/wire/messages_decoder.h>
#include <weir/llm/wire/messages_writer.h>
#include <weir/llm/wire/models.h>
#include <weir/llm/wire/responses_decoder.h>
#include <weir/llm/wire/responses_writer.h>

#include <utility>

#include "tests/fuzz/fuzz.h"

using namespace weir;

namespace {

void append_delta(std::string& out, const llm::Delta& delta) {
    out.append("+").append(delta.text).append("|").append(delta.reasoning).append("|");
    out += delta.refusal + "|" + delta.finish_reason.value_or("") + "|" + delta.reasoning_blocks;
    for (const llm::ToolCallDelta& call : delta.tool_calls) {
        fuzz::expect(call.index.has_value(), "a piece of a call that belongs to none");
        out += "(" + std::to_string(*call.index) + call.id + call.name + call.arguments + ")";
    }
    fuzz::expect(delta.reasoning_blocks.empty() || llm::is_json(delta.reasoning_blocks),
                 "blocks that could not be sent back");
}

template <typename Decoder>
std::string story(test::Pieces& pieces, const fuzz::Input& input) {
    http::SseParser parser;
    Decoder decoder;
    std::string text;
    const auto take = [&](const Result<http::SseEvent>& event) {
        if (!event || event->kind == http::SseEvent::Kind::need_more) return false;
        const auto delta = decoder.event(event->type, event->data);
        if (!delta) text += "!" + delta.error().message();
        if (delta && *delta) append_delta(text, **delta);
        return true;
    };
    for (std::size_t at = 0; at < pieces.size(); ++at) {
        Bytes rest = pieces[at];
        while (take(parser.next(rest))) {
        }
        pieces.release(at);
    }
    take(parser.finish());
    const auto end = decoder.finish(input.flag(1));
    return text + (end ? "|whole" : "|" + end.error().message());
}

/// What was answered can be said again, in the protocol that it came in.
template <typename Write>
void expect_can_go_back(const Result<llm::ChatAnswer>& answer, Write write) {
    if (!answer) return fuzz::expect(!answer.error().message().empty(), "an error without words");
    const llm::Chat chat = llm::Chat("m").user("Hi").add(answer->message());
    const auto body = write(chat, true);
    fuzz::expect(body.has_value(), "an answer that cannot go back");
    fuzz::expect(llm::is_json(*body), "a body that is not JSON");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::expect_same_in_pieces(data, size, story<llm::MessagesDecoder>);
    fuzz::expect_same_in_pieces(data, size, story<llm::ResponsesDecoder>);
    if (size < fuzz::Input::kSettings) return 0;
    const std::string_view text = fuzz::Input(data, size).text();
    expect_can_go_back(llm::decode_messages_answer(text), llm::write_messages_body);
    expect_can_go_back(llm::decode_responses_answer(text), llm::write_responses_body);
    const auto vectors = llm::decode_embeddings_answer(text);
    fuzz::expect(vectors || !vectors.error().message().empty(), "an error without words");
    const auto models = llm::decode_models_answer(text);
    fuzz::expect(models || !models.error().message().empty(), "an error without words");
    return 0;
}
