// SPDX-License-Identifier: MIT
//
// Bytes of streams as servers send them, good and bad, cut in two at every place.
#include <gtest/gtest.h>

#include <weir/http/wire/sse_parser.h>
#include <weir/llm/wire/answer_builder.h>
#include <weir/llm/wire/delta_decoder.h>
#include <string>
#include <string_view>

using namespace weir;
using namespace weir::llm;

namespace {

class Reader {
public:
    void feed(std::string_view text) {
        Bytes rest = as_bytes(text);
        for (;;) {
            const auto event = events_.next(rest);
            if (!event || event->kind == http::SseEvent::need_more) return;
            take(*event);
        }
    }
    std::string finish() {
        const auto last = events_.finish();
        if (last && last->kind == http::SseEvent::event) take(*last);
        const auto end = decoder_.finish(true);
        return builder_.answer().text + (end ? "|whole" : decoder_.is_done() ? "|failed" : "|cut");
    }

private:
    void take(const http::SseEvent& event) {
        const auto delta = decoder_.event(event.type, event.data);
        if (delta && *delta) builder_.add(**delta);
    }

    http::SseParser events_;
    DeltaDecoder decoder_;
    AnswerBuilder builder_;
};

void expect_in_all_cuts(const std::string& text, std::string_view expected) {
    for (std::size_t at = 0; at <= text.size(); ++at) {
        Reader reader;
        // On the heap each, so that a view into the first piece does not outlive it unseen.
        reader.feed(std::string(text, 0, at));
        reader.feed(std::string(text, at));
        EXPECT_EQ(reader.finish(), expected) << text << " cut at " << at;
    }
}

const std::string kHi = R"({"choices":[{"delta":{"content":"hi"}}]})";
const std::string kDone = "data: [DONE]\n\n";

TEST(StreamVectors, FramesOfAllForms) {
    expect_in_all_cuts("data: " + kHi + "\n\n" + kDone, "hi|whole");
    expect_in_all_cuts("data:" + kHi + "\n\n" + kDone, "hi|whole");
    expect_in_all_cuts("data: " + kHi + "\r\n\r\n" + kDone, "hi|whole");
    expect_in_all_cuts("data: " + kHi + "\r\r" + kDone, "hi|whole");
    expect_in_all_cuts(": ping\n\n:\n\ndata: " + kHi + "\n\n" + kDone, "hi|whole");
    expect_in_all_cuts(
        "\xEF\xBB\xBF"
        "data: " +
            kHi + "\n\ndata: [DONE]",
        "hi|whole");
    expect_in_all_cuts("id: 1\nretry: 3000\nfoo: bar\ndata: " + kHi + "\n\n" + kDone, "hi|whole");
    expect_in_all_cuts(
        "data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"\xE2\x82\xAC\"}}]}\n\n" + kDone,
        "\xE2\x82\xAC|whole");
    expect_in_all_cuts("data\n\ndata: \n\ndata: [DONE] \n\n", "|whole");
}

TEST(StreamVectors, EndsOfAllForms) {
    expect_in_all_cuts("data: " + kHi + "\n\n", "hi|cut");
    expect_in_all_cuts("error: {\"code\":500,\"message\":\"x\"}\n\n", "|failed");
    expect_in_all_cuts("event: error\ndata: {\"type\":\"error\"}\n\n", "|failed");
    expect_in_all_cuts("data: {\"error\":{\"message\":\"x\"}}\n\n" + kDone, "|failed");
    expect_in_all_cuts("data: not json\n\ndata: " + kHi + "\n\n", "|failed");
    expect_in_all_cuts("data: : OPENROUTER PROCESSING\n\ndata: {\"choices\":[]}\n\n" + kDone,
                       "|whole");
    expect_in_all_cuts(
        "data: {\"choices\":[{\"index\":0,\"delta\":null,"
        "\"finish_reason\":\"stop\"}]}\n\n",
        "|whole");
    expect_in_all_cuts(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},"
        "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1}}\n\n",
        "a|whole");
    expect_in_all_cuts(
        "data: {\"choices\":[{\"delta\":{\"content\":\"\\ud83d\"}}]}\n\n"
        "data: {\"choices\":[{\"delta\":{\"content\":\"\\ude00\"}}]}\n\n" +
            kDone,
        "\xF0\x9F\x98\x80|whole");
}

}  // namespace
