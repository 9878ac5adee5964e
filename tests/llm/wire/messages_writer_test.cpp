// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/wire/json.h>
#include <weir/llm/wire/messages_writer.h>
#include <cmath>

using namespace weir;
using namespace weir::llm;

namespace {

std::string body_of(const Chat& chat, bool stream = false) {
    const auto body = write_messages_body(chat, stream);
    EXPECT_TRUE(body.has_value()) << body.error().message();
    EXPECT_TRUE(body && is_json(*body));
    return body ? *body : "";
}

/// The raw value of one member.
std::string member_of(const Chat& chat, std::string_view name) {
    const std::string body = body_of(chat);
    const auto members = read_json_object(body);
    const JsonMember* member = find_member(*members, name);
    return member == nullptr ? "" : std::string(member->raw);
}

Chat hi() {
    return Chat("m").user("Hi");
}

TEST(MessagesWriter, WritesTheLeastThatItCan) {
    EXPECT_EQ(body_of(hi()),
              R"({"model":"m","max_tokens":4096,"messages":[{"role":"user","content":)"
              R"([{"type":"text","text":"Hi"}]}]})");
}

TEST(MessagesWriter, WritesNumbersStopsAndStream) {
    const std::string body =
        body_of(hi().max_tokens(9).temperature(0.5).top_p(0.25).stop("a").stop("b"), true);
    EXPECT_TRUE(body.starts_with(R"({"model":"m","max_tokens":9,)")) << body;
    EXPECT_TRUE(body.ends_with(
        R"("temperature":0.5,"top_p":0.25,"stop_sequences":["a","b"],"stream":true})"))
        << body;
}

TEST(MessagesWriter, SystemTextsAreOutsideAndJoined) {
    Chat chat("m");
    chat.system("one").user("Hi").add(Message(Role::developer, "two"));
    chat.add(Message(Role::system, std::vector<Part>{Part::text("three"), Part::text("four")}));
    EXPECT_EQ(member_of(chat, "system"), R"("one\n\ntwo\n\nthree\n\nfour")");
    EXPECT_EQ(member_of(chat, "messages"),
              R"([{"role":"user","content":[{"type":"text","text":"Hi"}]}])");
}

TEST(MessagesWriter, MessagesOfOneRoleBecomeOne) {
    const Chat chat = Chat("m").user("a").user("b").assistant("c").assistant("").user("d");
    EXPECT_EQ(member_of(chat, "messages"),
              R"([{"role":"user","content":[{"type":"text","text":"a"},)"
              R"({"type":"text","text":"b"}]},)"
              R"({"role":"assistant","content":[{"type":"text","text":"c"}]},)"
              R"({"role":"user","content":[{"type":"text","text":"d"}]}])");
}

TEST(MessagesWriter, CallsAndTheirResultsAreBlocks) {
    Chat chat("m");
    chat.user("Hi");
    Message said = Message::with_calls(
        "", {ToolCall("1", "f", R"({"a":1})"), ToolCall("2", "g", ""), ToolCall("3", "h", "{a")});
    said.reasoning_blocks = R"([{"type":"thinking","thinking":"t","signature":"s"}])";
    chat.add(std::move(said)).add(Message::tool_result("1", "fine"));
    Message failed = Message::tool_result("2", "no");
    failed.is_error = true;
    chat.add(std::move(failed)).user("Go on");
    EXPECT_EQ(
        member_of(chat, "messages"),
        R"([{"role":"user","content":[{"type":"text","text":"Hi"}]},)"
        R"({"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},)"
        R"({"type":"tool_use","id":"1","name":"f","input":{"a":1}},)"
        R"({"type":"tool_use","id":"2","name":"g","input":{}},)"
        R"({"type":"tool_use","id":"3","name":"h","input":{"invalid_json":"{a"}}]},)"
        R"({"role":"user","content":[)"
        R"({"type":"tool_result","tool_use_id":"1","content":"fine"},)"
        R"({"type":"tool_result","tool_use_id":"2","content":"no","is_error":true},)"
        R"({"type":"text","text":"Go on"}]}])");
}

TEST(MessagesWriter, PartsAreBlocks) {
    const Chat chat = Chat("m").user(
        {Part::text("see"), Part::image("abc", "image/png"), Part::image_url("https://x/y.png"),
         Part::file("abc", "application/pdf", "a.pdf"), Part::file("abc", "text/plain", ""),
         Part::file_id("file_1"), Part::file("abc", "image/gif", "a.gif")});
    EXPECT_EQ(
        member_of(chat, "messages"),
        R"([{"role":"user","content":[{"type":"text","text":"see"},)"
        R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"YWJj"}},)"
        R"({"type":"image","source":{"type":"url","url":"https://x/y.png"}},)"
        R"({"type":"document","source":{"type":"base64","media_type":"application/pdf",)"
        R"("data":"YWJj"},"title":"a.pdf"},)"
        R"({"type":"document","source":{"type":"text","media_type":"text/plain","data":"abc"}},)"
        R"({"type":"document","source":{"type":"file","file_id":"file_1"}},)"
        R"({"type":"image","source":{"type":"base64","media_type":"image/gif","data":"YWJj"}}]}])");
}

TEST(MessagesWriter, ToolsAndTheirChoice) {
    const Chat chat =
        hi().tool(Tool("f", "does", R"({"type":"object"})")).tool(Tool("g", "", "").strict());
    EXPECT_EQ(member_of(chat, "tools"),
              R"([{"name":"f","description":"does","input_schema":{"type":"object"}},)"
              R"({"name":"g","input_schema":{"type":"object","properties":{}},"strict":true}])");
    const auto choice = [&chat](ToolChoice kind) {
        return member_of(Chat(chat).tool_choice(std::move(kind)), "tool_choice");
    };
    EXPECT_EQ(member_of(chat, "tool_choice"), "");
    EXPECT_EQ(choice(ToolChoice::automatic()), R"({"type":"auto"})");
    EXPECT_EQ(choice(ToolChoice::none()), R"({"type":"none"})");
    EXPECT_EQ(choice(ToolChoice::required()), R"({"type":"any"})");
    EXPECT_EQ(choice(ToolChoice::named("f")), R"({"type":"tool","name":"f"})");
    EXPECT_EQ(member_of(Chat(chat).parallel_tool_calls(false), "tool_choice"),
              R"({"type":"auto","disable_parallel_tool_use":true})");
    EXPECT_EQ(member_of(Chat(chat).parallel_tool_calls(true), "tool_choice"), "");
    EXPECT_EQ(member_of(hi().parallel_tool_calls(false), "tool_choice"), "");
}

TEST(MessagesWriter, EffortAndSchemaAreOutputConfig) {
    EXPECT_EQ(member_of(hi().reasoning_effort("high"), "output_config"), R"({"effort":"high"})");
    const Chat both = hi().reasoning_effort("low").response_format(
        ResponseFormat::json_schema("n", R"({"type":"object"})"));
    EXPECT_EQ(member_of(both, "output_config"),
              R"({"effort":"low","format":{"type":"json_schema","schema":{"type":"object"}}})");
    EXPECT_EQ(member_of(hi().reasoning_effort("none"), "thinking"), R"({"type":"disabled"})");
    EXPECT_EQ(member_of(hi().reasoning_effort("none"), "output_config"), "");
}

TEST(MessagesWriter, ExtraBodyReplacesMembers) {
    const Chat chat =
        Chat("m").system("s").user("Hi").extra_body(R"({"max_tokens":5,"messages":[1],"top_k":3})");
    EXPECT_EQ(body_of(chat),
              R"({"model":"m","system":"s","max_tokens":5,"messages":[1],"top_k":3})");
}

TEST(MessagesWriter, RefusesWhatThisProtocolCannotSay) {
    const auto refusal = [](const Chat& chat) {
        const auto body = write_messages_body(chat, false);
        EXPECT_FALSE(body.has_value());
        EXPECT_TRUE(!body && body.error() == Errc::bad_argument);
        return body ? "" : body.error().message();
    };
    const auto says = [&refusal](const Chat& chat, std::string_view text) {
        EXPECT_NE(refusal(chat).find(text), std::string::npos) << refusal(chat);
    };
    says(hi().seed(1), "seed");
    says(hi().choices(2), "one choice");
    says(hi().response_format(ResponseFormat::json_object()), "json_schema()");
    says(hi().response_format(ResponseFormat::json_schema("n", "[")), "schema");
    says(hi().tool(Tool("f", "", "[]")), "the tool \"f\"");
    says(hi().temperature(std::nan("")), "temperature");
    says(hi().extra_body("[]"), "extra_body");
    says(hi().extra_body(R"({"stream":true})"), "stream");
    says(Chat("").user("Hi"), "no model");
    says(Chat("m"), "no message");
    says(Chat("m").system("s"), "only system");
    says(Chat("m").user(""), "empty");
    says(Chat("m").user({Part::audio("a", "audio/wav")}), "sound");
    Message said(Role::assistant, "x");
    said.reasoning_blocks = "{}";
    says(hi().add(said), "reasoning_blocks");
    Message seen(Role::system, std::vector<Part>{Part::image_url("u")});
    says(hi().add(seen), "only hold text");
}

}  // namespace
