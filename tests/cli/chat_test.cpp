// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/llm/mock/text.h>

#include "tests/cli/program.h"
#include "tests/support/deaf_port.h"

#include <string>
#include <vector>

using namespace weir::test;
using weir::llm::mock::expected_text;

namespace {

/// Options of a mock server that loses no time, and more of them.
std::vector<std::string> at_once(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--ttft", "0", "--token-interval", "0", "--tokens", "9"});
    return more;
}

Ended chat_with(MockProgram& mock, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"chat", "--base-url", mock.base_url(), "Hi there"});
    return run_program(std::move(more));
}

}  // namespace

TEST(ChatCommand, PrintsTheAnswerAndNothingElse) {
    MockProgram mock(at_once());
    const Ended ended = chat_with(mock);
    EXPECT_EQ(ended.code, 0);
    EXPECT_EQ(ended.out, expected_text("Hi there", 9) + "\n");
    EXPECT_EQ(ended.err, "");
}

TEST(ChatCommand, ShowsTheAnswerWhileItComes) {
    MockProgram mock({"--ttft", "0", "--token-interval", "3600000", "--tokens", "2"});
    Program chat({"chat", "--base-url", mock.base_url(), "Hi"});
    // The second token is an hour away.
    const std::string first = expected_text("Hi", 1);
    EXPECT_EQ(chat.next_bytes(first.size()), first);
    chat.send(SIGINT);
    const Ended ended = chat.wait();
    EXPECT_EQ(ended.code, 130);
    EXPECT_EQ(ended.out, "\n");  // the prompt of the shell begins a line of its own
}

TEST(ChatCommand, TakesServerAndKeyFromTheEnvironment) {
    MockProgram mock(at_once());
    const Ended ended = run_program({"chat", "Hi there"}, {"OPENAI_BASE_URL=" + mock.base_url(),
                                                           "OPENAI_API_KEY=k", "OPENAI_MODEL=m"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(ended.out, expected_text("Hi there", 9) + "\n");
}

TEST(ChatCommand, ReadsThePromptFromStdinAndSendsTheOptions) {
    MockProgram mock(at_once());
    Program chat(
        WEIR_PROGRAM,
        {"chat", "-", "--system", "Be brief.", "--max-tokens", "4", "--base-url", mock.base_url()},
        {}, "A prompt\nof two lines");
    const Ended ended = chat.wait();
    EXPECT_EQ(ended.code, 0);
    EXPECT_EQ(ended.out, expected_text("A prompt\nof two lines", 4) + "\n");
    EXPECT_TRUE(ended.err_has("--max-tokens")) << ended.err;
}

TEST(ChatCommand, TrustsAServerOnlyByItsAuthority) {
    MockProgram mock(at_once({"--tls"}));
    const std::string ca_file = mock.program().next_line().substr(9);
    const Ended trusted = chat_with(mock, {"--ca-file", ca_file});
    EXPECT_EQ(trusted.code, 0) << trusted.err;
    EXPECT_EQ(trusted.out, expected_text("Hi there", 9) + "\n");
    const Ended distrusted = chat_with(mock);
    EXPECT_EQ(distrusted.code, 1);
    EXPECT_TRUE(distrusted.err_has("--ca-file")) << distrusted.err;
    EXPECT_EQ(chat_with(mock, {"--ca-file", "/no/such/file"}).code, 2);
}

TEST(ChatCommand, GoesThroughTheProxyOfTheEnvironment) {
    MockProgram mock(at_once());  // which serves whatever host it is asked for, as a proxy does
    const std::string proxy = mock.base_url().substr(0, mock.base_url().rfind('/'));
    const std::vector<std::string> far = {"chat", "--base-url", "http://far.test/v1", "Hi there"};
    const Ended through = run_program(far, {"http_proxy=" + proxy});
    EXPECT_EQ(through.code, 0) << through.err;
    EXPECT_EQ(through.out, expected_text("Hi there", 9) + "\n");

    const Ended unusable = run_program(far, {"http_proxy=socks5://me:secret@127.0.0.1:1"});
    EXPECT_EQ(unusable.code, 2);
    EXPECT_TRUE(unusable.err_has("http_proxy")) << unusable.err;
    EXPECT_FALSE(unusable.err_has("secret")) << unusable.err;
}

TEST(ChatCommand, SaysWhatToDoAboutAFailedCall) {
    MockProgram unauthorized(at_once({"--status", "401"}));
    Ended ended = chat_with(unauthorized);
    EXPECT_EQ(ended.code, 1);
    EXPECT_TRUE(ended.err_has("OPENAI_API_KEY")) << ended.err;

    MockProgram limited(at_once({"--status", "429"}));
    ended = chat_with(limited);
    EXPECT_EQ(ended.code, 1);
    EXPECT_TRUE(ended.err_has("429")) << ended.err;

    MockProgram silent(at_once({"--fault", "silent"}));
    ended = chat_with(silent, {"--timeout", "0.2"});
    EXPECT_EQ(ended.code, 1);
    EXPECT_TRUE(ended.err_has("--timeout")) << ended.err;
}

TEST(ChatCommand, SaysWhereNobodyListens) {
    const DeafPort port;
    const std::string url = "http://127.0.0.1:" + port.to_string() + "/v1";
    const Ended ended = run_program({"chat", "--base-url", url, "hi"});
    EXPECT_EQ(ended.code, 1);
    EXPECT_TRUE(ended.err_has("weir mock")) << ended.err;
    EXPECT_TRUE(ended.err_has("127.0.0.1")) << ended.err;
}

TEST(ChatCommand, CutAnswerIsAFailureAndWhatCameIsShown) {
    MockProgram mock(at_once({"--fault", "cut"}));
    const Ended ended = chat_with(mock);
    EXPECT_EQ(ended.code, 1);
    EXPECT_TRUE(
        expected_text("Hi there", 9).starts_with(ended.out.substr(0, ended.out.size() - 1)));
    EXPECT_TRUE(ended.out.ends_with('\n'));
    EXPECT_TRUE(ended.err.starts_with("weir: ")) << ended.err;
}

TEST(ChatCommand, BadArgumentsGiveTwo) {
    EXPECT_EQ(run_program({"chat"}).code, 2);
    const Ended nowhere = run_program({"chat", "hi"});
    EXPECT_EQ(nowhere.code, 2);
    EXPECT_TRUE(nowhere.err_has("OPENAI_BASE_URL")) << nowhere.err;
    EXPECT_EQ(run_program({"chat", "--base-url", "ftp://x", "hi"}).code, 2);
    EXPECT_EQ(run_program({"chat", "--base-url", "http://127.0.0.1:1/v1", ""}).code, 2);
}
