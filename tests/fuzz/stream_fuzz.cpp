// SPDX-License-Identifier: MIT
//
// A streamed answer: any bytes as server-sent events, and those as pieces of a chat.
#include <weir/http/wire/sse_parser.h>
#include <weir/llm/wire/answer_builder.h>
#include <weir/llm/wire/delta_decoder.h>

#include "tests/fuzz/fuzz.h"

using namespace weir;

namespace {

class Reader {
public:
    explicit Reader(bool is_small) : events_(is_small ? 50 : http::SseParser::kEventBytesMax) {}

    /// False once the stream is of no more use.
    bool take(const Result<http::SseEvent>& event) {
        if (!event) {
            text += "|" + event.error().message();
            return false;
        }
        if (event->kind == http::SseEvent::need_more) return false;
        fuzz::expect(!event->data.empty(), "an event without data");
        text.append("{").append(event->type).append(":").append(event->data).append("}");
        const auto delta = decoder_.event(event->type, event->data);
        if (!delta) {
            text += "!" + delta.error().message();
            return true;
        }
        if (*delta) take(**delta);
        while (const auto more = decoder_.more())
            take(*more);
        return true;
    }
    std::string finish(bool is_complete) {
        const auto end = decoder_.finish(is_complete);
        text += end ? "|whole" : "|" + end.error().message();
        const std::size_t open_calls = builder_.open_calls();
        const auto answer = std::move(builder_).finish();
        fuzz::expect(answer.has_value() == (open_calls == 0), "calls are cut, or are not");
        if (!answer) return text;
        text += answer->text + "|" + answer->reasoning + answer->refusal.value_or("");
        for (const llm::ToolCall& call : answer->tool_calls) {
            fuzz::expect(!call.id.empty() && !call.arguments.empty(), "a call lacks a part");
            text += "(" + call.id + call.name + call.arguments + call.extra + ")";
        }
        return text;
    }

    http::SseParser& events() noexcept { return events_; }
    std::string text;

private:
    void take(const llm::Delta& delta) {
        text += "+" + delta.text + delta.refusal + delta.finish_reason.value_or("");
        fuzz::expect(delta.choice >= 0, "a choice before the first");
        builder_.add(delta);
    }

    http::SseParser events_;
    llm::DeltaDecoder decoder_;
    llm::AnswerBuilder builder_;
};

std::string story(test::Pieces& pieces, const fuzz::Input& input) {
    Reader reader(input.flag(0));
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        Bytes rest = pieces[i];
        for (;;) {
            const auto event = reader.events().next(rest);
            if (reader.take(event)) continue;
            if (!event) return reader.finish(false);
            fuzz::expect(rest.empty(), "it wants more, and has not taken all");
            break;
        }
        pieces.release(i);
    }
    const auto last = reader.events().finish();
    reader.take(last);
    return reader.finish(input.flag(1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::expect_same_in_pieces(data, size, story);
    return 0;
}
