// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/wire/chat_writer.h>
#include <weir/llm/wire/json.h>
#include <optional>

using namespace weir;
using namespace weir::llm;

namespace {

std::string body_of(const Chat& chat, const Dialect& dialect = Dialect::compatible(),
                    bool stream = false) {
    auto body = write_chat_body(chat, stream, dialect);
    EXPECT_TRUE(body.has_value()) << (body ? "" : body.error().message());
    EXPECT_TRUE(!body || is_json(*body)) << *body;
    return body ? *body : "";
}

/// One member of the body, as it stands.
std::string member_of(const Chat& chat, std::string_view name,
                      const Dialect& dialect = Dialect::compatible(), bool stream = false) {
    const std::string body = body_of(chat, dialect, stream);
    const auto members = read_json_object(body);
    const JsonMember* const member = members ? find_member(*members, name) : nullptr;
    return member == nullptr ? "" : std::string(member->raw);
}

std::string fault_of(const Chat& chat) {
    const auto body = write_chat_body(chat, false);
    EXPECT_FALSE(body.has_value()) << *body;
    return body ? "" : body.error().message();
}

Chat ask() {
    return Chat("m").user("u");
}

Dialect mistral() {
    return *Dialect::named("mistral");
}

TEST(ChatWriterTools, WritesToolsOnOneLine) {
    const Chat chat = ask()
                          .tool(Tool("f", "does f", "{ \"type\":\n\"object\" }").strict())
                          .tool(Tool("g", "", ""));
    EXPECT_EQ(member_of(chat, "tools"),
              R"([{"type":"function","function":{"name":"f","description":"does f",)"
              R"("parameters":{"type":"object"},"strict":true}},)"
              R"({"type":"function","function":{"name":"g"}}])");
}

TEST(ChatWriterTools, ASchemaThatIsNoJsonIsNamed) {
    EXPECT_NE(fault_of(ask().tool(Tool("f", "", "{"))).find("the tool \"f\""), std::string::npos);
    EXPECT_NE(fault_of(ask().tool(Tool("f", "", "[]"))).find("the tool \"f\""), std::string::npos);
    EXPECT_NE(fault_of(ask().response_format(ResponseFormat::json_schema("s", "x")))
                  .find("the response_format \"s\""),
              std::string::npos);
    EXPECT_NE(fault_of(ask().tool(Tool("", "", ""))).find("no name"), std::string::npos);
}

TEST(ChatWriterTools, WritesTheChoiceOfTools) {
    const Chat chat = ask().tool(Tool("f", "", ""));
    const auto choice = [&](ToolChoice kind, const Dialect& dialect = Dialect::compatible()) {
        return member_of(Chat(chat).tool_choice(std::move(kind)), "tool_choice", dialect);
    };
    EXPECT_EQ(choice(ToolChoice::automatic()), "\"auto\"");
    EXPECT_EQ(choice(ToolChoice::none()), "\"none\"");
    EXPECT_EQ(choice(ToolChoice::required()), "\"required\"");
    EXPECT_EQ(choice(ToolChoice::required(), mistral()), "\"any\"");
    EXPECT_EQ(choice(ToolChoice::named("f")), R"({"type":"function","function":{"name":"f"}})");
    EXPECT_EQ(member_of(Chat(chat).parallel_tool_calls(false), "parallel_tool_calls"), "false");
}

TEST(ChatWriterTools, WithoutToolsNothingIsSaidOfThem) {
    EXPECT_EQ(body_of(ask().tool_choice(ToolChoice::none()).parallel_tool_calls(true)),
              body_of(ask()));
    EXPECT_NE(fault_of(ask().tool_choice(ToolChoice::required())).find("no tool"),
              std::string::npos);
    EXPECT_NE(
        fault_of(ask().tool(Tool("f", "", "")).tool_choice(ToolChoice::named("g"))).find("\"g\""),
        std::string::npos);
}

TEST(ChatWriterTools, WritesTheShapeOfTheAnswer) {
    EXPECT_EQ(member_of(ask().response_format(ResponseFormat::json_object()), "response_format"),
              R"({"type":"json_object"})");
    EXPECT_EQ(member_of(ask().response_format(ResponseFormat::json_schema("s", "{ }")),
                        "response_format"),
              R"({"type":"json_schema","json_schema":{"name":"s","strict":true,"schema":{}}})");
}

TEST(ChatWriterTools, CallsAndResultsGoBackAsTheyCame) {
    ToolCall call("id", "f", "{\"x\":1}");
    call.extra = R"("extra_content":{ "google":1})";
    const Chat chat = ask()
                          .add(Message::with_calls("", {call, ToolCall("b", "g", "")}))
                          .add(Message::tool_result("id", "3"));
    EXPECT_EQ(member_of(chat, "messages"),
              R"([{"role":"user","content":"u"},{"role":"assistant","content":null,"tool_calls":[)"
              R"({"id":"id","type":"function","function":{"name":"f","arguments":"{\"x\":1}"},)"
              R"("extra_content":{"google":1}},)"
              R"({"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]},)"
              R"({"role":"tool","tool_call_id":"id","content":"3"}])");
    EXPECT_EQ(member_of(Chat("m").assistant(""), "messages"),
              R"([{"role":"assistant","content":""}])");
}

TEST(ChatWriterTools, ShortIdsStillMatchTheirCalls) {
    const Chat chat = Chat("m")
                          .add(Message::with_calls("", {ToolCall("call_long_id", "f", "{}")}))
                          .add(Message::tool_result("call_long_id", "3"))
                          .add(Message::tool_result("abcDEF123", "4"));
    const std::string messages = member_of(chat, "messages", mistral());
    const std::size_t first = messages.find("\"id\":\"") + 6;
    const std::string id = messages.substr(first, 9);
    EXPECT_NE(messages.find("\"tool_call_id\":\"" + id + "\""), std::string::npos) << messages;
    EXPECT_NE(messages.find("\"tool_call_id\":\"abcDEF123\""), std::string::npos) << messages;
    EXPECT_EQ(messages.find("call_long_id"), std::string::npos);
}

TEST(ChatWriterTools, WritesPartsOfAllKinds) {
    std::vector<Part> parts = {Part::text("t"),
                               Part::image_url("https://x/y.png"),
                               Part::image("abc", "image/png"),
                               Part::audio("abc", "audio/mpeg"),
                               Part::file("abc", "application/pdf", "a.pdf"),
                               Part::file_id("file-1")};
    parts[1].detail = "low";
    EXPECT_EQ(member_of(Chat("m").user(parts), "messages"),
              R"([{"role":"user","content":[{"type":"text","text":"t"},)"
              R"({"type":"image_url","image_url":{"url":"https://x/y.png","detail":"low"}},)"
              R"({"type":"image_url","image_url":{"url":"data:image/png;base64,YWJj"}},)"
              R"({"type":"input_audio","input_audio":{"data":"YWJj","format":"mp3"}},)"
              R"({"type":"file","file":{"file_data":"data:application/pdf;base64,YWJj",)"
              R"("filename":"a.pdf"}},{"type":"file","file":{"file_id":"file-1"}}]}])");
}

TEST(ChatWriterTools, RefusesWhatTheProtocolCannotSay) {
    const std::vector<Part> image = {Part::image_url("https://x")};
    EXPECT_EQ(fault_of(ask().add(Message(Role::system, image))),
              "message 2 (system) has a part that is not text, which only a user's message may "
              "have");
    EXPECT_NE(fault_of(Chat("m").add(Message(Role::tool, "x"))).find("tool_result()"),
              std::string::npos);
    Message confused = Message(Role::user, "x");
    confused.tool_calls.emplace_back("a", "f", "{}");
    EXPECT_NE(fault_of(Chat("m").add(confused)).find("only an assistant's"), std::string::npos);
    EXPECT_NE(fault_of(Chat("m").user({Part::audio("x", "audio/ogg")})).find("audio/ogg"),
              std::string::npos);
    ToolCall call("a", "f", "{}");
    call.extra = "}";
    EXPECT_NE(fault_of(Chat("m").add(Message::with_calls("", {call}))).find("extra"),
              std::string::npos);
    EXPECT_NE(fault_of(ask().choices(0)).find("choice"), std::string::npos);
    const auto other = write_chat_body(ask(), false, Dialect::anthropic());
    ASSERT_FALSE(other.has_value());
    EXPECT_NE(other.error().message().find("\"anthropic\""), std::string::npos);
}

TEST(ChatWriterTools, DialectsNameTheLimitAndTheSeed) {
    const Chat chat = ask().max_tokens(5).seed(7).choices(2).reasoning_effort("low");
    EXPECT_EQ(member_of(chat, "max_completion_tokens", Dialect::openai()), "5");
    EXPECT_EQ(member_of(chat, "max_tokens", Dialect::openai()), "");
    EXPECT_EQ(member_of(chat, "max_tokens"), "5");
    EXPECT_EQ(member_of(chat, "seed"), "7");
    EXPECT_EQ(member_of(chat, "random_seed", mistral()), "7");
    EXPECT_EQ(member_of(chat, "n"), "2");
    EXPECT_EQ(member_of(chat, "reasoning_effort"), "\"low\"");
    const Chat own = Chat(chat).extra_body(R"({"max_tokens":1})");
    EXPECT_EQ(member_of(own, "max_completion_tokens", Dialect::openai()), "");
}

TEST(ChatWriterTools, DialectsAskForUsageInTheirWay) {
    EXPECT_EQ(member_of(ask(), "stream_options", Dialect::openai(), true),
              R"({"include_usage":true,"include_obfuscation":false})");
    EXPECT_EQ(member_of(ask(), "stream_options", mistral(), true), "");
    EXPECT_EQ(member_of(ask(), "stream", mistral(), true), "true");
}

TEST(ChatWriterTools, TheDeveloperIsTheSystemWhereThatIsAllThatIsKnown) {
    const Chat chat = Chat("m").add(Message(Role::developer, "d"));
    EXPECT_EQ(member_of(chat, "messages"), R"([{"role":"system","content":"d"}])");
    EXPECT_EQ(member_of(chat, "messages", Dialect::openai()),
              R"([{"role":"developer","content":"d"}])");
}

TEST(ChatWriterTools, BlocksOfReasoningGoWhereTheyAreWanted) {
    Message said(Role::assistant, "x");
    said.reasoning_blocks = R"([ {"a":1} ])";
    const Chat chat = Chat("m").add(said);
    EXPECT_EQ(member_of(chat, "messages", *Dialect::named("openrouter")),
              R"([{"role":"assistant","content":"x","reasoning_details":[{"a":1}]}])");
    EXPECT_EQ(member_of(chat, "messages"), R"([{"role":"assistant","content":"x"}])");
}

}  // namespace
