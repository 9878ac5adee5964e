// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "tests/cli/program.h"

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace weir::test;

namespace {

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

}  // namespace

TEST(MockCommand, PrintsItsBaseUrlAndEndsWellOnEitherSignal) {
    for (const int signal : {SIGINT, SIGTERM}) {
        MockProgram mock({"--ttft", "0"});
        EXPECT_TRUE(mock.base_url().starts_with("http://127.0.0.1:")) << mock.base_url();
        EXPECT_TRUE(mock.base_url().ends_with("/v1"));
        mock.program().send(signal);
        const Ended ended = mock.program().wait();
        EXPECT_EQ(ended.code, 0);
        EXPECT_EQ(ended.err, "served 0 calls, 0 tokens\n");
    }
}

TEST(MockCommand, SaysHowMuchItServed) {
    MockProgram mock({"--ttft", "0", "--token-interval", "0", "--tokens", "7"});
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(run_program({"chat", "--base-url", mock.base_url(), "hi"}).code, 0);
    }
    mock.program().send(SIGINT);
    EXPECT_EQ(mock.program().wait().err, "served 2 calls, 14 tokens\n");
}

TEST(MockCommand, CaFileIsThereWhileItRunsAndGoneAfterwards) {
    MockProgram mock({"--tls"});
    EXPECT_TRUE(mock.base_url().starts_with("https://127.0.0.1:")) << mock.base_url();
    const std::string line = mock.program().next_line();
    ASSERT_TRUE(line.starts_with("ca file: ")) << line;
    const std::string path = line.substr(9);
    EXPECT_TRUE(read_file(path).starts_with("-----BEGIN CERTIFICATE-----"));
    mock.program().send(SIGINT);
    EXPECT_EQ(mock.program().wait().code, 0);
    EXPECT_EQ(::access(path.c_str(), F_OK), -1);
}

TEST(MockCommand, SaysThatAPortIsTaken) {
    MockProgram mock({});
    const std::string url = mock.base_url();
    const std::string port = url.substr(17, url.size() - 17 - 3);
    const Ended ended = run_program({"mock", "--port", port});
    EXPECT_EQ(ended.code, 3);
    EXPECT_TRUE(ended.err_has("127.0.0.1:" + port)) << ended.err;
    EXPECT_TRUE(ended.err_has("--port")) << ended.err;
}

TEST(MockCommand, RefusesOptionsThatMakeNoSense) {
    EXPECT_EQ(run_program({"mock", "--tokens", "0"}).code, 2);
    EXPECT_EQ(run_program({"mock", "--port", "70000"}).code, 2);
    EXPECT_EQ(run_program({"mock", "--status", "200"}).code, 2);
    EXPECT_EQ(run_program({"mock", "--error-rate", "2"}).code, 2);
    EXPECT_TRUE(run_program({"mock", "--ttft", "huh"}).err_has("lognormal:"));
    EXPECT_TRUE(run_program({"mock", "--dialect", "huh"}).err_has("openrouter"));
    const Ended ended = run_program({"mock", "--fault", "huh"});
    EXPECT_EQ(ended.code, 2);
    EXPECT_TRUE(ended.err_has("no-finish-reason")) << ended.err;
}

TEST(MockCommand, TakesPacesFaultsAndDialects) {
    MockProgram mock({"--ttft",
                      "uniform:0ms,1ms",
                      "--token-interval",
                      "0",
                      "--fault",
                      "no-done",
                      "--fault",
                      "cut",
                      "--faulty-calls",
                      "1",
                      "--dialect",
                      "openrouter",
                      "--rpm",
                      "9",
                      "--record",
                      "5",
                      "--seed",
                      "3",
                      "--reasoning",
                      "2"});
    const std::vector<std::string> chat = {"chat", "--base-url", mock.base_url(), "hi"};
    EXPECT_EQ(run_program(chat).code, 1) << "cut";
    EXPECT_EQ(run_program(chat).code, 0);
}

TEST(MockCommand, ErrorsComeAtTheirRate) {
    MockProgram mock({"--ttft", "0", "--token-interval", "0", "--error-rate", "1", "--status",
                      "403", "--retry-after", "200"});
    const Ended ended = run_program({"chat", "--base-url", mock.base_url(), "hi"});
    EXPECT_EQ(ended.code, 1);
    EXPECT_TRUE(ended.err_has("403")) << ended.err;
}

TEST(WeirProgram, HelpOfEachCommandHasExamplesAndExitCodes) {
    for (const std::string command : {"mock", "chat", "batch", "demo"}) {
        const Ended ended = run_program({command, "--help"});
        EXPECT_EQ(ended.code, 0);
        EXPECT_TRUE(ended.out_has("weir " + command)) << ended.out;
        EXPECT_TRUE(ended.out_has("Examples:")) << ended.out;
        EXPECT_TRUE(ended.out_has("Exit codes:")) << ended.out;
    }
}

TEST(WeirProgram, WithoutACommandSaysWhatItWants) {
    const Ended ended = run_program({});
    EXPECT_EQ(ended.code, 2);
    EXPECT_TRUE(ended.err_has("--help")) << ended.err;
    EXPECT_EQ(run_program({"no-such-command"}).code, 2);
    const Ended version = run_program({"--version"});
    EXPECT_EQ(version.code, 0);
    EXPECT_TRUE(version.out.starts_with("weir ")) << version.out;
}
