// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/wire/json.h>
#include <weir/llm/wire/responses_writer.h>

using namespace weir;
using namespace weir::llm;

namespace {

std::string body_of(const Chat& chat, bool stream = false) {
    const auto body = write_responses_body(chat, stream);
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

TEST(ResponsesWriter, WritesTheLeastThatItCan) {
    EXPECT_EQ(body_of(hi()),
              R"({"model":"m","input":[{"type":"message","role":"user","content":"Hi"}]})");
}

TEST(ResponsesWriter, WritesNumbersEffortAndStream) {
    const Chat chat = hi().max_tokens(9).temperature(0.5).top_p(0.25).reasoning_effort("low");
    const std::string body = body_of(chat, true);
    EXPECT_TRUE(body.ends_with(R"("max_output_tokens":9,"temperature":0.5,"top_p":0.25,)"
                               R"("reasoning":{"effort":"low"},"stream":true})"))
        << body;
}

TEST(ResponsesWriter, WhatTheSystemSaysFirstIsInstructions) {
    Chat chat = Chat("m").system("one").add(Message(Role::developer, "two")).user("Hi");
    chat.system("three");
    EXPECT_EQ(member_of(chat, "instructions"), R"("one\n\ntwo")");
    EXPECT_EQ(member_of(chat, "input"), R"([{"type":"message","role":"user","content":"Hi"},)"
                                        R"({"type":"message","role":"system","content":"three"}])");
}

TEST(ResponsesWriter, CallsAndTheirResultsAreItems) {
    Message said =
        Message::with_calls("I look", {ToolCall("1", "f", R"({"a":1})"), ToolCall("2", "g", "")});
    said.reasoning_blocks = R"([{"type":"reasoning","id":"rs_1","summary":[]}])";
    Message seen(Role::tool, std::vector<Part>{Part::image_url("u")});
    seen.tool_call_id = "2";
    const Chat chat = hi().add(said).add(Message::tool_result("1", "fine")).add(seen);
    EXPECT_EQ(member_of(chat, "input"),
              R"([{"type":"message","role":"user","content":"Hi"},)"
              R"({"type":"reasoning","id":"rs_1","summary":[]},)"
              R"({"type":"message","role":"assistant","content":"I look"},)"
              R"({"type":"function_call","call_id":"1","name":"f","arguments":"{\"a\":1}"},)"
              R"({"type":"function_call","call_id":"2","name":"g","arguments":"{}"},)"
              R"({"type":"function_call_output","call_id":"1","output":"fine"},)"
              R"({"type":"function_call_output","call_id":"2",)"
              R"("output":[{"type":"input_image","image_url":"u"}]}])");
    const Chat silent = hi().add(Message::with_calls("", {ToolCall("1", "f", "{}")}));
    EXPECT_EQ(member_of(silent, "input"),
              R"([{"type":"message","role":"user","content":"Hi"},)"
              R"({"type":"function_call","call_id":"1","name":"f","arguments":"{}"}])");
}

TEST(ResponsesWriter, PartsAreInputs) {
    Part image = Part::image("abc", "image/png");
    image.detail = "low";
    const Chat chat = Chat("m").user({Part::text("see"), image, Part::file_id("file_1"),
                                      Part::file("abc", "application/pdf", "a.pdf"),
                                      Part::audio("abc", "audio/wav")});
    EXPECT_EQ(member_of(chat, "input"),
              R"([{"type":"message","role":"user","content":[{"type":"input_text","text":"see"},)"
              R"({"type":"input_image","image_url":"data:image/png;base64,YWJj","detail":"low"},)"
              R"({"type":"input_file","file_id":"file_1"},)"
              R"({"type":"input_file","filename":"a.pdf",)"
              R"("file_data":"data:application/pdf;base64,YWJj"},)"
              R"({"type":"input_audio","input_audio":{"format":"wav","data":"YWJj"}}]}])");
    const Chat said =
        hi().add(Message(Role::assistant, std::vector<Part>{Part::text("x"), Part::text("y")}));
    EXPECT_NE(member_of(said, "input").find(R"([{"type":"output_text","text":"x"},)"),
              std::string::npos);
}

TEST(ResponsesWriter, ToolsAreFlat) {
    const Chat chat =
        hi().tool(Tool("f", "does", R"({"type":"object"})")).tool(Tool("g", "", "").strict());
    EXPECT_EQ(member_of(chat, "tools"),
              R"([{"type":"function","name":"f","description":"does",)"
              R"("parameters":{"type":"object"},"strict":false},)"
              R"({"type":"function","name":"g",)"
              R"("parameters":{"type":"object","properties":{}},"strict":true}])");
    const auto choice = [&chat](ToolChoice kind) {
        return member_of(Chat(chat).tool_choice(std::move(kind)), "tool_choice");
    };
    EXPECT_EQ(member_of(chat, "tool_choice"), "");
    EXPECT_EQ(choice(ToolChoice::automatic()), R"("auto")");
    EXPECT_EQ(choice(ToolChoice::none()), R"("none")");
    EXPECT_EQ(choice(ToolChoice::required()), R"("required")");
    EXPECT_EQ(choice(ToolChoice::named("f")), R"({"type":"function","name":"f"})");
    EXPECT_EQ(member_of(Chat(chat).parallel_tool_calls(false), "parallel_tool_calls"), "false");
}

TEST(ResponsesWriter, FormatsAreInText) {
    EXPECT_EQ(member_of(hi().response_format(ResponseFormat::json_object()), "text"),
              R"({"format":{"type":"json_object"}})");
    EXPECT_EQ(member_of(hi().response_format(ResponseFormat::json_schema("", "{}")), "text"),
              R"({"format":{"type":"json_schema","name":"answer","strict":true,"schema":{}}})");
}

TEST(ResponsesWriter, ExtraBodyReplacesMembers) {
    const Chat chat = Chat("m").system("s").user("Hi").extra_body(R"({"input":"x","store":false})");
    EXPECT_EQ(body_of(chat), R"({"model":"m","instructions":"s","input":"x","store":false})");
}

TEST(ResponsesWriter, RefusesWhatThisProtocolCannotSay) {
    const auto says = [](const Chat& chat, std::string_view text) {
        const auto body = write_responses_body(chat, false);
        ASSERT_FALSE(body.has_value()) << *body;
        EXPECT_TRUE(body.error() == Errc::bad_argument);
        EXPECT_NE(body.error().message().find(text), std::string::npos) << body.error().message();
    };
    says(hi().seed(1), "seed");
    says(hi().stop("x"), "stop");
    says(hi().choices(2), "one choice");
    says(hi().tool(Tool("f", "", "[]")), "the tool \"f\"");
    says(hi().extra_body(R"({"stream":false})"), "stream");
    says(Chat("").user("Hi"), "no model");
    says(Chat("m"), "no message");
    says(Chat("m").system("s"), "only system");
    says(hi().add(Message(Role::assistant, std::vector<Part>{Part::image_url("u")})), "only text");
}

}  // namespace
