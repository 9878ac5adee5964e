// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/wire/chat_writer.h>
#include <weir/llm/wire/json.h>
#include <limits>

using namespace weir;
using namespace weir::llm;

namespace {

std::string body_of(const Chat& chat, bool stream = false) {
    auto body = write_chat_body(chat, stream);
    EXPECT_TRUE(body.has_value()) << (body ? "" : body.error().message());
    return body ? *body : "";
}

TEST(ChatWriter, WritesOnlyWhatIsSet) {
    EXPECT_EQ(body_of(Chat("m").user("Hi \"you\"\n")),
              R"({"model":"m","messages":[{"role":"user","content":"Hi \"you\"\n"}]})");
}

TEST(ChatWriter, WritesAllOptions) {
    const Chat chat = Chat("m")
                          .system("s")
                          .user("u")
                          .assistant("a")
                          .max_tokens(9)
                          .temperature(0.5)
                          .top_p(1)
                          .seed(-3)
                          .stop("x")
                          .stop("y");
    EXPECT_EQ(body_of(chat),
              R"({"model":"m","messages":[{"role":"system","content":"s"},)"
              R"({"role":"user","content":"u"},{"role":"assistant","content":"a"}],)"
              R"("max_tokens":9,"temperature":0.5,"top_p":1,"seed":-3,"stop":["x","y"]})");
}

TEST(ChatWriter, StreamAsksForUsage) {
    EXPECT_EQ(body_of(Chat("m").user("u"), true),
              R"({"model":"m","messages":[{"role":"user","content":"u"}],)"
              R"("stream":true,"stream_options":{"include_usage":true}})");
}

TEST(ChatWriter, ExtraBodyAddsAndReplacesMembers) {
    const Chat chat =
        Chat("m").user("u").max_tokens(9).extra_body(R"({ "max_tokens" : 1 , "top_k": [1, 2] })");
    EXPECT_EQ(body_of(chat), R"({"model":"m","messages":[{"role":"user","content":"u"}],)"
                             R"("max_tokens":1,"top_k":[1, 2]})");
    EXPECT_EQ(body_of(Chat("m").user("u").extra_body("{}")), body_of(Chat("m").user("u")));
}

TEST(ChatWriter, RefusesWhatCannotBeARequest) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const std::vector<Chat> bad = {
        Chat("m"),
        Chat("").user("u"),
        Chat("m").user("u").temperature(nan),
        Chat("m").user("u").top_p(nan),
        Chat("m").user("u").extra_body("[1]"),
        Chat("m").user("u").extra_body("{\"a\":1}}"),
        Chat("m").user("u").extra_body("{\"stream\":false}"),
    };
    for (const Chat& chat : bad) {
        const auto body = write_chat_body(chat, true);
        ASSERT_FALSE(body.has_value());
        EXPECT_TRUE(body.error() == Errc::bad_argument);
    }
    EXPECT_EQ(write_chat_body(bad[4], false).error().message(),
              "extra_body must be a JSON object, but it is JSON, but not an object in braces");
}

TEST(ChatWriter, BodyIsJsonWhateverTheTextIs) {
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte)
        bytes += static_cast<char>(byte);
    EXPECT_TRUE(is_json(body_of(Chat(bytes).system(bytes).user(bytes).stop(bytes), true)));
}

}  // namespace
