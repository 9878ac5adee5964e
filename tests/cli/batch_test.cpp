// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/batch/line.h>
#include <weir/llm/wire/json.h>

#include "tests/llm/batch/folder.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using weir::llm::find_custom_id;
using weir::llm::is_json;
using weir::test::Folder;

namespace {

/// A process of the program. Its stdout is a pipe, its stderr a file; it is gone with this object.
class Program {
public:
    Program(const std::vector<std::string>& arguments, const std::string& stderr_path) {
        std::array<int, 2> ends = {};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
        posix_spawn_file_actions_addopen(&actions, 2, stderr_path.c_str(),
                                         O_WRONLY | O_CREAT | O_TRUNC, 0600);
        std::vector<std::string> words = {WEIR_PROGRAM};
        words.insert(words.end(), arguments.begin(), arguments.end());
        std::vector<char*> pointers;
        for (std::string& word : words)
            pointers.push_back(word.data());
        pointers.push_back(nullptr);
        EXPECT_EQ(::posix_spawn(&pid_, WEIR_PROGRAM, &actions, nullptr, pointers.data(), environ),
                  0);
        posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
        stdout_ = ends[0];
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program() {
        if (pid_ > 0) {
            signal(SIGKILL);
            wait();
        }
        ::close(stdout_);
    }

    void signal(int number) const { ::kill(pid_, number); }

    /// Up to a newline, or to the end.
    std::string read_line() const {
        std::string line;
        for (char byte = 0; ::read(stdout_, &byte, 1) == 1 && byte != '\n';)
            line += byte;
        return line;
    }

    /// The exit code; -1 where a signal ended it.
    int wait() {
        int status = 0;
        EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

private:
    pid_t pid_ = -1;
    int stdout_ = -1;
};

class BatchCommand : public testing::Test {
protected:
    /// A mock server with these options, which answers at once; gives its base URL.
    std::string serve(std::vector<std::string> options) {
        options.insert(options.begin(),
                       {"mock", "--port", "0", "--ttft", "0", "--token-interval", "0"});
        server_.emplace(options, folder_ / "mock.err");
        const std::string line = server_->read_line();
        const std::size_t url = line.find("http://");
        EXPECT_NE(url, std::string::npos) << line << folder_.read("mock.err");
        return url == std::string::npos ? "" : line.substr(url);
    }

    int run(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "batch");
        Program program(arguments, folder_ / "stderr");
        first_line_ = program.read_line();
        const int code = program.wait();
        told_ = folder_.read("stderr");
        return code;
    }

    std::vector<std::string> lines(const std::string& name) const {
        std::istringstream text(folder_.read(name));
        std::vector<std::string> all;
        for (std::string line; std::getline(text, line);) {
            EXPECT_TRUE(is_json(line)) << line;
            all.push_back(line);
        }
        return all;
    }

    void write_requests(int count) const {
        std::string text;
        for (int number = 0; number < count; ++number) {
            text += R"({"custom_id":"r)" + std::to_string(number) +
                    R"(","method":"POST","url":"/v1/chat/completions","body":{"model":"m",)"
                    R"("messages":[{"role":"user","content":"hi"}]}})" +
                    "\n";
        }
        folder_.write("in.jsonl", text);
    }

    std::string path(const std::string& name) const { return folder_ / name; }

    Folder folder_;
    std::optional<Program> server_;
    std::string first_line_;  // of stdout
    std::string told_;        // on stderr
};

TEST_F(BatchCommand, AnswersEachRequestAndRefusesBadLines) {
    const std::string url = serve({"--tokens", "4"});
    write_requests(300);
    folder_.write("in.jsonl", folder_.read("in.jsonl") + "no request\n");
    EXPECT_EQ(run({path("in.jsonl"), "-o", path("out.jsonl"), "--base-url", url, "--json"}), 1)
        << told_;
    std::map<std::string, int> ids;
    for (const std::string& line : lines("out.jsonl"))
        ++ids[find_custom_id(line).value_or("")];
    EXPECT_EQ(ids.size(), 300u);
    for (const auto& [id, count] : ids)
        EXPECT_EQ(count, 1) << id;
    const auto errors = lines("out.errors.jsonl");
    ASSERT_EQ(errors.size(), 1u);
    EXPECT_NE(errors[0].find("\"line\":301"), std::string::npos) << errors[0];

    EXPECT_TRUE(is_json(first_line_)) << first_line_;
    EXPECT_NE(first_line_.find("\"succeeded\":300"), std::string::npos) << first_line_;
    EXPECT_NE(first_line_.find("\"output_tokens\":1200"), std::string::npos) << first_line_;
    EXPECT_NE(told_.find("301 lines done"), std::string::npos) << told_;
    EXPECT_EQ(told_.find('\r'), std::string::npos) << "progress, and stderr is no terminal";
}

TEST_F(BatchCommand, ExitsWithZeroAndNoErrorFileWhereAllWentWell) {
    const std::string url = serve({});
    write_requests(3);
    EXPECT_EQ(run({path("in.jsonl"), "-o", path("out.jsonl"), "--base-url", url}), 0) << told_;
    EXPECT_EQ(lines("out.jsonl").size(), 3u);
    EXPECT_FALSE(std::filesystem::exists(path("out.errors.jsonl")));
    EXPECT_EQ(first_line_, "");
}

TEST_F(BatchCommand, PutsErrorStatusesIntoTheErrorFile) {
    const std::string url = serve({"--status", "429"});
    write_requests(5);
    EXPECT_EQ(run({path("in.jsonl"), "-o", path("out.jsonl"), "--errors", path("bad.jsonl"),
                   "--base-url", url}),
              1)
        << told_;
    EXPECT_TRUE(lines("out.jsonl").empty());
    ASSERT_EQ(lines("bad.jsonl").size(), 5u);
    EXPECT_NE(lines("bad.jsonl")[0].find("\"status_code\":429"), std::string::npos);
}

TEST_F(BatchCommand, AsksAboutFiles) {
    const std::string url = serve({});
    folder_.write("a.txt", "one");
    folder_.write("b.txt", "\xFF");
    EXPECT_EQ(run({"--files", path("*.txt"), "--prompt", "Sum up: {{text}}", "--model", "m", "-o",
                   path("out.jsonl"), "--base-url", url}),
              1)
        << told_;
    ASSERT_EQ(lines("out.jsonl").size(), 1u);
    EXPECT_EQ(find_custom_id(lines("out.jsonl")[0]), path("a.txt"));
    ASSERT_EQ(lines("out.errors.jsonl").size(), 1u);
    EXPECT_EQ(find_custom_id(lines("out.errors.jsonl")[0]), path("b.txt"));
}

TEST_F(BatchCommand, OverwritesNothing) {
    write_requests(1);
    folder_.write("old.jsonl", "old");
    EXPECT_EQ(run({path("in.jsonl"), "-o", path("old.jsonl"), "--base-url", "http://[::1]:1/v1"}),
              2);
    EXPECT_NE(told_.find("exists already"), std::string::npos) << told_;
    EXPECT_EQ(folder_.read("old.jsonl"), "old");
}

TEST_F(BatchCommand, ExplainsWhatItCannotUse) {
    write_requests(1);
    const std::string url = "http://127.0.0.1:1/v1";
    EXPECT_EQ(run({path("none.jsonl"), "-o", path("out.jsonl"), "--base-url", url}), 2);
    EXPECT_NE(told_.find("none.jsonl: No such file"), std::string::npos) << told_;
    EXPECT_EQ(run({"-o", path("out.jsonl"), "--base-url", url}), 2);
    EXPECT_EQ(run({path("in.jsonl"), "--base-url", url}), 2);
    EXPECT_EQ(run({path("in.jsonl"), "-o", path("out.jsonl"), "--base-url", "nowhere"}), 2);
    EXPECT_EQ(run({"--files", path("in*"), "--prompt", "{{name}}", "-o", path("out.jsonl"),
                   "--base-url", url}),
              2);
    EXPECT_NE(told_.find("{{name}}"), std::string::npos) << told_;
    EXPECT_FALSE(std::filesystem::exists(path("out.jsonl"))) << "it is made last";
}

TEST_F(BatchCommand, InterruptedItEndsAtOnceAndSaysWhatIsMissing) {
    // Nine calls are never answered; the tenth place serves all others.
    const std::string url = serve({"--fault", "silent", "--faulty-calls", "9"});
    write_requests(50);
    Program program({"batch", path("in.jsonl"), "-o", path("out.jsonl"), "--base-url", url, "-c",
                     "10", "--json"},
                    path("stderr"));
    while (std::ranges::count(folder_.read("out.jsonl"), '\n') < 41)
        std::this_thread::yield();
    program.signal(SIGINT);
    const std::string summary = program.read_line();
    EXPECT_EQ(program.wait(), 130);
    EXPECT_NE(summary.find("\"interrupted\":true"), std::string::npos) << summary;
    EXPECT_NE(summary.find("\"succeeded\":41"), std::string::npos) << summary;
    EXPECT_NE(summary.find("\"cancelled\":9"), std::string::npos) << summary;
    EXPECT_NE(folder_.read("stderr").find("interrupted"), std::string::npos);
    EXPECT_EQ(lines("out.jsonl").size(), 41u);
}

}  // namespace
