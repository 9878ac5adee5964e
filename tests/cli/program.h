// SPDX-License-Identifier: MIT
//
// The program under test as a process: begun with arguments, heard on both outputs, told to stop by
// a signal. Whatever it leaves running becomes a child of the test, which can thus find it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::test {

/// How a process ended, and what it said besides the lines that were read from it before.
class Ended {
public:
    Ended() = default;

    int code = -1;  ///< 128 and more: by that signal
    std::string out;
    std::string err;

    bool err_has(std::string_view words) const { return err.find(words) != std::string::npos; }
    bool out_has(std::string_view words) const { return out.find(words) != std::string::npos; }
};

class Program {
public:
    /// `weir` with these arguments. Of the environment, what the program reads is left out, and
    /// `environment` comes on top: "NAME=value".
    explicit Program(std::vector<std::string> arguments, std::vector<std::string> environment = {})
        : Program(WEIR_PROGRAM, std::move(arguments), std::move(environment)) {}
    Program(std::string path, std::vector<std::string> arguments,
            std::vector<std::string> environment, std::string input = "") {
        ::prctl(PR_SET_CHILD_SUBREAPER, 1);
        arguments.insert(arguments.begin(), path);
        for (char** entry = environ; *entry != nullptr; ++entry) {
            const std::string_view variable = *entry;
            const std::string_view name = variable.substr(0, variable.find('='));
            if (name.starts_with("OPENAI_") || name.ends_with("_proxy") || name.ends_with("_PROXY"))
                continue;
            environment.push_back(*entry);
        }
        std::array<int, 2> in{};
        std::array<int, 2> out{};
        std::array<int, 2> err{};
        for (auto* ends : {&in, &out, &err})
            EXPECT_EQ(::pipe2(ends->data(), O_CLOEXEC), 0);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, in[0], 0);
        ::posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        ::posix_spawn_file_actions_adddup2(&actions, err[1], 2);
        EXPECT_EQ(::posix_spawn(&pid_, path.c_str(), &actions, nullptr, pointers(arguments).data(),
                                pointers(environment).data()),
                  0);
        ::posix_spawn_file_actions_destroy(&actions);
        // What a test feeds fits into a pipe.
        EXPECT_EQ(::write(in[1], input.data(), input.size()), static_cast<ssize_t>(input.size()));
        for (const int fd : {in[0], in[1], out[1], err[1]})
            ::close(fd);
        out_ = out[0];
        err_ = err[0];
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program() {
        if (pid_ > 0) ::kill(pid_, SIGKILL);
        if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
        ::close(out_);
        ::close(err_);
    }

    /// The next line on stdout, without its newline; what came of it, where it does not all come.
    std::string next_line() {
        std::string line;
        while (line.empty() || line.back() != '\n') {
            const std::string letter = next_bytes(1);
            if (letter.empty()) return line;
            line += letter;
        }
        line.pop_back();
        return line;
    }

    /// So many bytes of stdout; fewer where it ends, or nothing comes for long.
    std::string next_bytes(std::size_t count) {
        std::string text;
        while (text.size() < count) {
            pollfd ready{out_, POLLIN, 0};
            char letter = 0;
            if (::poll(&ready, 1, 30'000) <= 0 || ::read(out_, &letter, 1) != 1) break;
            text += letter;
        }
        return text;
    }

    /// Waits until stderr has said `words`; all of it is in what wait() gives.
    void hear_err(std::string_view words) {
        pollfd ready{err_, POLLIN, 0};
        while (heard_.find(words) == std::string::npos) {
            if (::poll(&ready, 1, 30'000) > 0) take(ready, heard_);
            if (ready.fd >= 0 && ready.revents != 0) continue;
            ADD_FAILURE() << "stderr has not said \"" << words << "\" but: " << heard_;
            return;
        }
    }

    void send(int signal) { ::kill(pid_, signal); }
    int pid() const noexcept { return pid_; }

    /// Waits for its end, and kills it after the limit, which is for tests that fail.
    Ended wait(int limit_ms = 60'000) {
        Ended ended;
        ended.err = std::exchange(heard_, "");
        std::array<pollfd, 2> both = {pollfd{out_, POLLIN, 0}, pollfd{err_, POLLIN, 0}};
        while (both[0].fd >= 0 || both[1].fd >= 0) {
            if (::poll(both.data(), both.size(), limit_ms) <= 0) {
                ADD_FAILURE() << "the program said nothing for too long";
                ::kill(pid_, SIGKILL);
                break;
            }
            take(both[0], ended.out);
            take(both[1], ended.err);
        }
        int status = 0;
        EXPECT_EQ(::waitpid(std::exchange(pid_, -1), &status, 0) > 0, true);
        ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return ended;
    }

private:
    static std::vector<char*> pointers(std::vector<std::string>& texts) {
        std::vector<char*> list;
        for (std::string& text : texts)
            list.push_back(text.data());
        list.push_back(nullptr);
        return list;
    }

    static void take(pollfd& from, std::string& text) {
        if (from.fd < 0 || from.revents == 0) return;
        std::array<char, 4096> piece;
        const auto size = ::read(from.fd, piece.data(), piece.size());
        if (size > 0) {
            text.append(piece.data(), static_cast<std::size_t>(size));
        } else if (size == 0 || errno != EINTR) {
            from.fd = -1;
        }
    }

    pid_t pid_ = -1;
    int out_ = -1;
    int err_ = -1;
    std::string heard_;
};

/// Runs `weir` to its end.
inline Ended run_program(std::vector<std::string> arguments,
                         std::vector<std::string> environment = {}) {
    return Program(std::move(arguments), std::move(environment)).wait();
}

/// Whether this process has no child left, be it one of a program that has ended.
inline bool has_no_children() {
    return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
}

/// `weir mock` with these options, running.
class MockProgram {
public:
    explicit MockProgram(std::vector<std::string> options) : program_(with_name(options)) {
        constexpr std::string_view kName = "base url: ";
        const std::string line = program_.next_line();
        EXPECT_TRUE(line.starts_with(kName)) << line;
        if (line.size() > kName.size()) base_url_ = line.substr(kName.size());
    }

    const std::string& base_url() const noexcept { return base_url_; }
    Program& program() noexcept { return program_; }

private:
    static std::vector<std::string> with_name(std::vector<std::string> options) {
        options.insert(options.begin(), "mock");
        return options;
    }

    Program program_;
    std::string base_url_;
};

}  // namespace weir::test
