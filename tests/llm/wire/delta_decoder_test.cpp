// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/wire/delta_decoder.h>
#include <weir/llm/wire/error.h>
#include <type_traits>

#include "llm/wire/text.h"
#include "tests/llm/wire/mangle.h"

using namespace weir;
using namespace weir::llm;

namespace {

static_assert(!std::is_aggregate_v<DeltaDecoder>);

/// A decoder and all that it said.
class Stream {
public:
    Stream& feed(std::string_view data, std::string_view type = "") {
        auto result = decoder.event(type, data);
        if (!result) {
            error = result.error();
        } else if (*result) {
            ++deltas;
            text += (*result)->text;
            if ((*result)->role) role = *(*result)->role;
            if ((*result)->finish_reason) finish_reason = *(*result)->finish_reason;
            if ((*result)->usage) usage = (*result)->usage;
        }
        return *this;
    }

    DeltaDecoder decoder;
    std::optional<Error> error;
    std::string text, role, finish_reason;
    std::optional<Usage> usage;
    int deltas = 0;
};

std::string content(std::string_view json_text) {
    return "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + std::string(json_text) +
           "\"},\"finish_reason\":null}],\"usage\":null}";
}

constexpr std::string_view kFirst =
    R"({"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,)"
    R"("delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,)"
    R"("finish_reason":null}],"usage":null})";
constexpr std::string_view kStop = R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})";
constexpr std::string_view kUsage =
    R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}})";
constexpr std::string_view kError = R"({"error":{"message":"x","code":503}})";

TEST(DeltaDecoder, ReadsAWholeStream) {
    Stream stream;
    stream.feed(kFirst).feed(content("Hel")).feed(content("lo")).feed(kStop).feed(kUsage);
    EXPECT_FALSE(stream.decoder.is_done());
    stream.feed("[DONE]");
    EXPECT_TRUE(stream.decoder.is_done());
    EXPECT_EQ(stream.text, "Hello");
    EXPECT_EQ(stream.role, "assistant");
    EXPECT_EQ(stream.finish_reason, "stop");
    EXPECT_EQ(stream.usage, Usage(9, 12));
    EXPECT_EQ(stream.deltas, 5);
    EXPECT_TRUE(stream.decoder.saw_usage());
    EXPECT_TRUE(stream.decoder.finish(true).has_value());
}

TEST(DeltaDecoder, EndFollowsTheTable) {
    for (const bool error : {false, true}) {
        for (const bool done : {false, true}) {
            for (const bool finish : {false, true}) {
                for (const bool body_complete : {false, true}) {
                    Stream stream;
                    stream.feed(content("x"));
                    if (finish) stream.feed(kStop);
                    if (error) stream.feed(kError);
                    if (done) stream.feed("[DONE]");
                    const auto end = stream.decoder.finish(body_complete);
                    EXPECT_EQ(end.has_value(), !error && (done || finish));
                    if (end) continue;
                    const LlmErrc expected =
                        error ? LlmErrc::failed_in_stream : LlmErrc::stream_truncated;
                    EXPECT_TRUE(end.error() == expected);
                }
            }
        }
    }
}

TEST(DeltaDecoder, EmptyStreamIsTruncated) {
    EXPECT_TRUE(DeltaDecoder().finish(true).error() == LlmErrc::stream_truncated);
    EXPECT_EQ(DeltaDecoder().finish(false).error().worth_retry(), true);
}

TEST(DeltaDecoder, DoneMayHaveBlanksAroundIt) {
    EXPECT_TRUE(Stream().feed(" [DONE] \r").decoder.saw_done());
}

TEST(DeltaDecoder, IgnoresAllAfterDone) {
    Stream stream;
    stream.feed("[DONE]").feed(content("x")).feed("garbage").feed(kError);
    EXPECT_EQ(stream.text, "");
    EXPECT_TRUE(stream.decoder.finish(false).has_value());
}

TEST(DeltaDecoder, SkipsCommentSentAsData) {
    Stream stream;
    stream.feed(": OPENROUTER PROCESSING").feed("").feed("{}", "ping");
    EXPECT_EQ(stream.deltas, 0);
    EXPECT_FALSE(stream.error.has_value());
    EXPECT_EQ(stream.decoder.events_skipped(), 1u);
}

TEST(DeltaDecoder, ErrorThenDoneIsStillAFailure) {
    Stream stream;
    stream.feed(kError).feed("[DONE]");
    ASSERT_TRUE(stream.error.has_value());
    EXPECT_TRUE(*stream.error == LlmErrc::failed_in_stream);
    EXPECT_EQ(stream.error->worth_retry(), true);
    EXPECT_TRUE(stream.decoder.is_done());
    EXPECT_EQ(stream.decoder.finish(true).error().message(), stream.error->message());
}

TEST(DeltaDecoder, FindsErrorsInAllTheirPlaces) {
    for (const char* data :
         {R"({"error":{"message":"x!"}})", R"({"error":"x!"})",
          R"({"error":{"message":"x!"},"choices":[{"delta":{"content":""},)"
          R"("finish_reason":"error"}]})",
          R"({"choices":[{"delta":{"content":""},"error":{"code":502,"message":"x!"}}]})",
          R"({"object":"error","message":"x!","code":500})",
          R"({"type":"error","error":{"type":"overloaded_error","message":"x!"}})",
          R"([{"error":{"message":"x!"}}])"}) {
        Stream stream;
        stream.feed(data);
        ASSERT_TRUE(stream.error.has_value()) << data;
        EXPECT_TRUE(*stream.error == LlmErrc::failed_in_stream);
        EXPECT_NE(stream.error->message().find("x!"), std::string::npos) << data;
    }
    Stream by_type;
    by_type.feed(R"({"code":500,"message":"x"})", "error");
    ASSERT_TRUE(by_type.error.has_value());
    EXPECT_EQ(by_type.error->message(),
              "the server reported an error inside its answer: x (code 500)");
    EXPECT_TRUE(Stream().feed(R"({"choices":[{"finish_reason":"error"}]})").error.has_value());
}

TEST(DeltaDecoder, NullErrorIsNone) {
    EXPECT_FALSE(Stream().feed(R"({"error":null,"choices":[]})").error.has_value());
    EXPECT_FALSE(Stream().feed(R"({"error":"","choices":[]})").error.has_value());
}

TEST(DeltaDecoder, ToleratesSparseChunks) {
    Stream stream;
    stream.feed(R"({"choices":[]})").feed("{}").feed(R"({"choices":null})");
    EXPECT_EQ(stream.deltas, 0);
    stream.feed(R"({"choices":[{"delta":{"content":"x"}}]})");
    EXPECT_EQ(stream.text, "x");
    EXPECT_FALSE(stream.decoder.saw_finish());
    stream.feed(R"({"choices":[{"index":0,"delta":null,"finish_reason":"stop"}]})");
    EXPECT_EQ(stream.finish_reason, "stop");
    EXPECT_FALSE(stream.error.has_value());
}

TEST(DeltaDecoder, EmptyFinishReasonDoesNotFinish) {
    Stream stream;
    stream.feed(R"({"choices":[{"delta":{"content":"x"},"finish_reason":""}]})");
    EXPECT_FALSE(stream.decoder.saw_finish());
    EXPECT_FALSE(stream.decoder.finish(true).has_value());
}

TEST(DeltaDecoder, DataThatIsNoJsonFails) {
    for (const char* data : {"not json", "1", "null", "[]", "{\"choices\":[", "{} {}"}) {
        Stream stream;
        stream.feed(data).feed(content("later"));
        ASSERT_TRUE(stream.error.has_value()) << data;
        EXPECT_TRUE(*stream.error == LlmErrc::malformed_answer);
        EXPECT_EQ(stream.text, "");
    }
}

TEST(DeltaDecoder, UsageMayComeWithContentAndFinish) {
    Stream stream;
    stream.feed(R"({"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}],)"
                R"("usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}})");
    EXPECT_EQ(stream.text, "a");
    EXPECT_EQ(stream.usage, Usage(1, 1));
    EXPECT_TRUE(stream.decoder.finish(true).has_value());
}

TEST(DeltaDecoder, JoinsSurrogatesOverChunks) {
    Stream stream;
    stream.feed(content("a\\ud83d")).feed(content("")).feed(content("\\ude00b"));
    EXPECT_EQ(stream.text,
              "a\xF0\x9F\x98\x80"
              "b");
}

TEST(DeltaDecoder, ReplacesSurrogatesThatStayAlone) {
    const std::string mark = "\xEF\xBF\xBD";
    EXPECT_EQ(Stream().feed(content("\\ud83d")).feed(content("x")).text, mark + "x");
    EXPECT_EQ(Stream().feed(content("\\ude00")).text, mark);
    EXPECT_EQ(Stream().feed(content("\\ud83d")).feed(kStop).text, mark);
    EXPECT_EQ(Stream().feed(content("\\ud83d")).feed("[DONE]").text, mark);
    EXPECT_EQ(Stream().feed(content("\\ud83d\\ud83d\\ude00")).text, mark + "\xF0\x9F\x98\x80");
}

TEST(DeltaDecoder, RefusalIsReported) {
    DeltaDecoder decoder;
    const auto delta = decoder.event("", R"({"choices":[{"delta":{"refusal":"no"}}]})");
    ASSERT_TRUE(delta.has_value() && delta->has_value());
    EXPECT_EQ((*delta)->refusal, "no");
}

TEST(DeltaDecoder, DecodersDoNotDisturbEachOther) {
    Stream one;
    Stream two;
    one.feed(content("\\ud83d"));
    two.feed(content("x"));
    one.feed(content("\\ude00"));
    two.feed(content(std::string(2'000'000, 'y')));
    EXPECT_EQ(one.text, "\xF0\x9F\x98\x80");
    EXPECT_EQ(two.text.size(), 2'000'001u);
}

TEST(DeltaDecoder, MangledChunksGiveValidTextOrAnError) {
    const std::string chunk = content("a\\ud83d\\ude00\\n\xE2\x82\xAC");
    for (const std::string& text : {chunk, std::string(kUsage), std::string(kError)}) {
        tests::for_each_mangled(text, [](std::string_view mangled) {
            Stream stream;
            stream.feed(mangled).feed(content("\\ude00")).feed(mangled);
            std::string repaired;
            append_valid_utf8(repaired, stream.text);
            EXPECT_EQ(repaired, stream.text);
            EXPECT_EQ(stream.error.has_value(),
                      stream.decoder.is_done() && !stream.decoder.saw_done());
        });
    }
}

}  // namespace
