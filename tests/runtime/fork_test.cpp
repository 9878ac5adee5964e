// SPDX-License-Identifier: MIT
//
// A process with loops that forks: on each real backend the parent goes on unharmed, and the child
// can run loops of its own.
#include <weir/runtime/fork_guard.h>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weir/runtime/offload.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/tcp.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "tests/conformance/backends.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

#if defined(__SANITIZE_THREAD__)
constexpr bool kThreadSanitizer = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
constexpr bool kThreadSanitizer = true;
#else
constexpr bool kThreadSanitizer = false;
#endif
#else
constexpr bool kThreadSanitizer = false;
#endif

class Fork : public Conformance {
protected:
    void SetUp() override {
        if (kThreadSanitizer) GTEST_SKIP() << "its runtime does not bear a fork beside threads";
        Conformance::SetUp();
    }
};
INSTANTIATE_TEST_SUITE_P(AllBackends, Fork, testing::Values(BackendKind::uring, BackendKind::epoll),
                         backend_name);
class ForkDeathTest : public Conformance {};
INSTANTIATE_TEST_SUITE_P(AllBackends, ForkDeathTest,
                         testing::Values(BackendKind::uring, BackendKind::epoll), backend_name);

Task<void> exchange(std::string& got) {
    TcpListener listener = listen_here();
    Connected pair = co_await connected_to(listener);
    const std::string text = "over a loop of one's own";
    Result<void> written = co_await pair.client.write_all(as_bytes(text));
    written.value();
    Result<Lease> lease = co_await pair.server.read();
    got = std::string(as_text(lease.value().bytes()));
}

// What the child does: 0 when a loop of its own works as in any process.
int live_as_child(const ReactorOptions& options) {
    std::string got;
    run(exchange(got), options);
    if (got != "over a loop of one's own") return 1;
    const auto with_pool = []() -> Task<int> {
        auto work = [] {
            return 7;
        };
        co_return co_await offload(work);
    };
    if (run(with_pool(), options) != 7) return 2;
    return 0;
}

Task<int> exit_status_of(pid_t child) {
    auto work = [child] {
        int status = -1;
        ::waitpid(child, &status, 0);
        return status;
    };
    co_return co_await offload(work);
}

// Forks while a read, an accept and a timer are in flight, and then sees all of them end well.
template <typename InChild>
Task<int> fork_amid_traffic(InChild in_child) {
    TcpListener listener = listen_here();
    Connected pair = co_await connected_to(listener);
    std::string got;
    bool has_accepted = false;
    const auto read = [&]() -> Task<void> {
        for (int i = 0; i < 2; ++i) {
            Result<Lease> lease = co_await pair.server.read();
            got += as_text(lease.value().bytes());
        }
    };
    const auto accept = [&]() -> Task<void> {
        Result<TcpStream> stream = co_await listener.accept();
        has_accepted = stream.has_value();
    };
    Unit reader(read());
    Unit acceptor(accept());
    co_await sleep_for(1ms);
    static_cast<void>(co_await exit_status_of(-1));  // the pool has threads, all idle
    const pid_t child = ::fork();
    if (child == 0) in_child();
    const std::string first = "before the child's end, ";
    const std::string second = "and after it";
    Result<void> written = co_await pair.client.write_all(as_bytes(first));
    written.value();
    const int status = co_await exit_status_of(child);
    co_await sleep_for(1ms);
    written = co_await pair.client.write_all(as_bytes(second));
    written.value();
    co_await reader.join();
    EXPECT_EQ(got, first + second);
    Result<TcpStream> late = co_await TcpStream::connect(listener.local_endpoint());
    late.value().close();
    co_await acceptor.join();
    EXPECT_TRUE(has_accepted);
    co_return int(status);
}

TEST_P(Fork, AChildRunsALoopOfItsOwnAndTheParentGoesOn) {
    run_here([]() -> Task<void> {
        const auto in_child = [] {
            ::_exit(live_as_child(options()));
        };
        const int status = co_await fork_amid_traffic(in_child);
        EXPECT_TRUE(WIFEXITED(status)) << status;
        EXPECT_EQ(WEXITSTATUS(status), 0);
    });
}

TEST_P(Fork, AChildMayExec) {
    run_here([]() -> Task<void> {
        const auto in_child = [] {
            ::execl("/bin/sh", "sh", "-c", "exit 3", static_cast<char*>(nullptr));
            ::_exit(1);
        };
        const int status = co_await fork_amid_traffic(in_child);
        EXPECT_TRUE(WIFEXITED(status)) << status;
        EXPECT_EQ(WEXITSTATUS(status), 3);
    });
}

TEST_P(Fork, OutsideOfTasksIsFreeOfRules) {
    std::string got;
    run(exchange(got), options());
    const pid_t child = ::fork();
    if (child == 0) ::_exit(live_as_child(options()));
    run(exchange(got), options());
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_P(ForkDeathTest, AChildThatReturnsIntoTheParentsLoopAborts) {
    const auto body = []() -> Task<void> {
        Semaphore none(0);
        const pid_t child = ::fork();
        if (child == 0) {
            static_cast<void>(co_await none.acquire());
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        // So that the death that the test sees is the child's.
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) std::abort();
    };
    // Debug builds notice at the first wait, the others when the turn ends.
    EXPECT_DEATH(run(body(), options()), "child of fork|no loop runs on this thread");
}

}  // namespace
