// SPDX-License-Identifier: MIT
//
// Child processes on the backends that can have some. After each test no child is left, dead or
// alive: asking for one gives ECHILD.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <weir/runtime/process.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>

#include "tests/conformance/backends.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<Process>);
static_assert(!std::is_aggregate_v<ProcessOptions>);
static_assert(!std::is_copy_constructible_v<Process>);

class ProcessConformance : public Conformance {
protected:
    static void expect_no_children() {
        errno = 0;
        EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child was left behind";
        EXPECT_EQ(errno, ECHILD);
    }

    template <typename Body>
    void run_group(Body body) {
        run_here([&]() -> Task<void> {
            co_await with_group([&](TaskGroup& group) -> Task<void> { return body(group); });
        });
        expect_no_children();
    }
};
INSTANTIATE_TEST_SUITE_P(Backends, ProcessConformance,
                         testing::Values(BackendKind::uring, BackendKind::epoll), backend_name);

ProcessOptions shell(std::string script) {
    ProcessOptions options("sh");
    options.argument("-c").argument(std::move(script)).grace(20s);
    return options;
}

Task<std::string> hear_all(Stream& stream) {
    std::string text;
    for (;;) {
        const Result<Lease> lease = co_await stream.read();
        if (lease.value().empty()) co_return std::move(text);
        text += as_text(lease->bytes());
    }
}

Task<std::string> hear_some(Stream& stream) {
    const Result<Lease> lease = co_await stream.read();
    co_return std::string(as_text(lease.value().bytes()));
}

TEST_P(ProcessConformance, GivesTheExitCode) {
    run_group([](TaskGroup& group) -> Task<void> {
        Result<Process> process = co_await Process::spawn(group, shell("exit 7"));
        const Result<ExitStatus> status = co_await process.value().wait();
        EXPECT_EQ(status.value(), ExitStatus::exited(7));
        EXPECT_FALSE(status->is_success());
        EXPECT_EQ(status->to_string(), "exit code 7");
        EXPECT_TRUE(process->has_ended());
        const Result<ExitStatus> again = co_await process->wait();
        EXPECT_EQ(again.value().code(), 7);
    });
}

TEST_P(ProcessConformance, TellsOfTheSignalThatKilled) {
    run_group([](TaskGroup& group) -> Task<void> {
        Result<Process> process = co_await Process::spawn(group, shell("exec sleep 1000"));
        EXPECT_TRUE(process.value().kill(SIGINT));
        const Result<ExitStatus> status = co_await process->wait();
        EXPECT_EQ(status.value(), ExitStatus::killed(SIGINT));
        EXPECT_EQ(status->code(), -1);
        const Result<void> late = process->kill(SIGINT);
        EXPECT_FALSE(late);
        if (!late) {
            EXPECT_EQ(late.error(), std::errc::no_such_process);
        }
    });
}

TEST_P(ProcessConformance, ACancelledGroupEndsAndReaps) {
    run_here([]() -> Task<void> {
        int id = 0;
        Unit owner([](int& number) -> Task<void> {
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                Result<Process> process = co_await Process::spawn(group, shell("exec sleep 1000"));
                number = process.value().id();
                const Result<ExitStatus> status = co_await process->wait();
                EXPECT_FALSE(status) << "not reached";
            });
        }(id));
        while (id == 0)
            co_await yield();
        co_await sleep_for(1ms);
        owner.cancel();
        co_await owner.join();
        EXPECT_TRUE(owner.was_unwound());
        EXPECT_EQ(::kill(id, 0), -1);
    });
    expect_no_children();
}

TEST_P(ProcessConformance, AGroupCancelledBeforeTheNextRoundReapsToo) {
    run_group([](TaskGroup& group) -> Task<void> {
        Result<Process> process = co_await Process::spawn(group, shell("exec sleep 1000"));
        EXPECT_TRUE(process);
        group.cancel();
        const Result<Process> refused = co_await Process::spawn(group, shell("exit 0"));
        EXPECT_FALSE(refused);
        if (!refused) {
            EXPECT_EQ(refused.error(), Error::cancelled);
        }
    });
}

TEST_P(ProcessConformance, LeavingTheGroupWithoutWaitingEndsTheProcess) {
    run_group([](TaskGroup& group) -> Task<void> {
        const Result<Process> process = co_await Process::spawn(group, shell("exec sleep 1000"));
        EXPECT_TRUE(process);
        co_await sleep_for(1ms);
    });
}

TEST_P(ProcessConformance, ADroppedHandleEndsOnlyItsProcess) {
    run_group([](TaskGroup& group) -> Task<void> {
        Result<Process> first = co_await Process::spawn(group, shell("exec sleep 1000"));
        ProcessOptions patient = shell("read line; exit 3");
        patient.input(Redirect::piped);
        Result<Process> second = co_await Process::spawn(group, std::move(patient));
        EXPECT_TRUE(second);
        Task<Result<ExitStatus>> waiting = first.value().wait();
        std::optional<Process> handle(std::move(*first));
        handle.reset();
        const Result<ExitStatus> status = co_await std::move(waiting);
        EXPECT_EQ(status.value(), ExitStatus::killed(SIGTERM));
        EXPECT_FALSE(second->has_ended());
        second->input().close();
        const Result<ExitStatus> other = co_await second->wait();
        EXPECT_EQ(other.value(), ExitStatus::exited(3));
    });
}

TEST_P(ProcessConformance, AProcessThatIgnoresSigtermIsKilledAfterTheGrace) {
    run_group([](TaskGroup& group) -> Task<void> {
        ProcessOptions options = shell("trap '' TERM; echo ready; while :; do sleep 1; done");
        options.output(Redirect::piped).grace(20ms);
        Result<Process> process = co_await Process::spawn(group, std::move(options));
        const std::string ready = co_await hear_some(process.value().output());
        EXPECT_EQ(ready, "ready\n");
        process->terminate();
        process->terminate();
        const Result<ExitStatus> status = co_await process->wait();
        EXPECT_EQ(status.value(), ExitStatus::killed(SIGKILL));
    });
}

TEST_P(ProcessConformance, AProcessMayUseTheGraceToEndWell) {
    run_group([](TaskGroup& group) -> Task<void> {
        ProcessOptions options =
            shell("trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.01; done");
        options.output(Redirect::piped);
        Result<Process> process = co_await Process::spawn(group, std::move(options));
        static_cast<void>(co_await hear_some(process.value().output()));
        process->terminate();
        const std::string last = co_await hear_all(process->output());
        EXPECT_EQ(last, "bye\n");
        const Result<ExitStatus> status = co_await process->wait();
        EXPECT_EQ(status.value(), ExitStatus::exited(5));
    });
}

TEST_P(ProcessConformance, StreamsLeadToTheChildsThree) {
    run_group([](TaskGroup& group) -> Task<void> {
        ProcessOptions options = shell("read line; echo \"got $line\"; echo oops >&2");
        options.input(Redirect::piped).output(Redirect::piped).errors(Redirect::piped);
        Result<Process> process = co_await Process::spawn(group, std::move(options));
        const Result<void> written = co_await process.value().input().write_all(as_bytes("it\n"));
        EXPECT_TRUE(written);
        const std::string output = co_await hear_all(process->output());
        EXPECT_EQ(output, "got it\n");
        const std::string errors = co_await hear_all(process->errors());
        EXPECT_EQ(errors, "oops\n");
    });
}

TEST_P(ProcessConformance, EnvironmentAndDirectoryAreAsAsked) {
    ::setenv("WEIR_INHERITED", "old", 1);
    run_here([]() -> Task<void> {
        ProcessOptions options = shell("echo $WEIR_INHERITED $WEIR_NEW $PWD");
        options.environment("WEIR_NEW", "new").working_directory("/");
        const Result<ProcessOutput> with = co_await run_process(std::move(options));
        EXPECT_EQ(with.value().output, "old new /\n");
        ProcessOptions replaced = shell("echo $WEIR_INHERITED");
        replaced.environment("WEIR_INHERITED", "newer");
        const Result<ProcessOutput> other = co_await run_process(std::move(replaced));
        EXPECT_EQ(other.value().output, "newer\n");
        ProcessOptions cleared("env");
        cleared.clear_environment().environment("ONLY", "this");
        const Result<ProcessOutput> alone = co_await run_process(std::move(cleared));
        EXPECT_EQ(alone.value().output, "ONLY=this\n");
    });
    ::unsetenv("WEIR_INHERITED");
    expect_no_children();
}

TEST_P(ProcessConformance, TheChildHasNoneOfOurDescriptors) {
    // Whoever runs the tests may have left some open.
    std::set<std::string> allowed{"0", "1", "2"};
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd"))
        allowed.insert(each.path().filename());
    run_here([&]() -> Task<void> {
        TcpListener listener = listen_here();
        Result<TcpStream> client = co_await TcpStream::connect(listener.local_endpoint());
        ProcessOptions options = shell("ls /proc/self/fd");
        const Result<ProcessOutput> got = co_await run_process(std::move(options));
        std::istringstream lines(got.value().output);
        int unexpected = 0;
        for (std::string line; std::getline(lines, line);)
            unexpected += allowed.count(line) == 0 ? 1 : 0;
        EXPECT_LE(unexpected, 1) << got->output;  // ls has the folder open
    });
    expect_no_children();
}

TEST_P(ProcessConformance, TheChildHasNotOurSignalMask) {
    sigset_t blocked;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
    run_here([]() -> Task<void> {
        ProcessOptions options("grep");
        options.argument("SigBlk").argument("/proc/self/status");
        const Result<ProcessOutput> got = co_await run_process(std::move(options));
        EXPECT_EQ(got.value().output, "SigBlk:\t0000000000000000\n");
    });
    ::pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
    expect_no_children();
}

TEST_P(ProcessConformance, MuchInputAndOutputDoNotWaitForEachOther) {
    const std::string text = pattern(4 << 20);
    run_here([&]() -> Task<void> {
        ProcessOptions options = shell("head -c 3000000 /dev/zero >&2; cat");
        const Result<ProcessOutput> got = co_await run_process(std::move(options), text);
        EXPECT_TRUE(got.value().status.is_success());
        EXPECT_TRUE(got->output == text);
        EXPECT_EQ(got->errors.size(), 3'000'000u);
    });
    expect_no_children();
}

TEST_P(ProcessConformance, AProgramThatReadsNothingIsNoError) {
    const std::string text = pattern(1 << 20);
    run_here([&]() -> Task<void> {
        const Result<ProcessOutput> got = co_await run_process(shell("echo done"), text);
        EXPECT_EQ(got.value().output, "done\n");
    });
    expect_no_children();
}

// What a program leaves running may hold its input open, and never read it.
TEST_P(ProcessConformance, InputThatNobodyReadsIsNotWaitedFor) {
    run_here([]() -> Task<void> {
        ProcessOptions options("sh");
        options.argument("-c").argument(
            "exec 3<&0; sleep 60 <&3 >/dev/null 2>&1 3<&- & echo $!; exit 0");
        const Result<ProcessOutput> ended =
            co_await run_process(std::move(options), std::string(10'000'000, 'x'));
        const pid_t left = static_cast<pid_t>(std::stoi(ended.value().output));
        EXPECT_EQ(::kill(left, SIGKILL), 0) << "it had ended already";
    });
}

TEST_P(ProcessConformance, TooMuchOutputEndsTheProcess) {
    run_here([]() -> Task<void> {
        ProcessOptions options("yes");
        const Result<ProcessOutput> got = co_await run_process(std::move(options), "", 100'000);
        EXPECT_FALSE(got);
        if (!got) {
            EXPECT_EQ(got.error(), Error::limit_reached);
        }
    });
    expect_no_children();
}

TEST_P(ProcessConformance, ATimeoutEndsTheProcess) {
    run_here([]() -> Task<void> {
        const Result<ProcessOutput> got =
            co_await timeout(10ms, run_process(shell("exec sleep 1000")));
        EXPECT_FALSE(got);
        if (!got) {
            EXPECT_EQ(got.error(), Error::timed_out);
        }
    });
    expect_no_children();
}

TEST_P(ProcessConformance, AProgramThatIsMissingIsNamed) {
    run_group([](TaskGroup& group) -> Task<void> {
        ProcessOptions options("weir-no-such-program");
        options.output(Redirect::piped);
        const Result<Process> process = co_await Process::spawn(group, std::move(options));
        EXPECT_FALSE(process);
        if (!process) {
            EXPECT_EQ(process.error(), std::errc::no_such_file_or_directory);
            EXPECT_NE(process.error().message().find("weir-no-such-program"), std::string::npos);
        }
        ProcessOptions bad("sh");
        bad.argument(std::string("a\0b", 3));
        const Result<Process> cut = co_await Process::spawn(group, std::move(bad));
        EXPECT_FALSE(cut);
    });
}

}  // namespace
