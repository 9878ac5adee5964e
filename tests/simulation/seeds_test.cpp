// SPDX-License-Identifier: MIT
//
// Ten thousand worlds in which much goes wrong: whatever becomes of a small client and its server,
// nothing of them is left behind. That no slot and no lease is, each world's reactor checks.
#include <gtest/gtest.h>
#include <weir/runtime/simulate_seeds.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/tcp.h>
#include <weir/runtime/timeout.h>

#include <string>
#include <utility>

using namespace weir;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kSeeds = 10'000;
constexpr int kMessages = 3;

Task<void> echo(TcpStream stream) {
    for (;;) {
        const Result<Lease> lease = co_await stream.read();
        if (!lease && lease.error() == Errc::limit_reached) continue;  // no buffer just now
        if (!lease || lease->empty()) co_return;
        const Result<void> written = co_await stream.write_all(lease->bytes());
        if (!written) co_return;
    }
}

Task<void> serve(TcpListener& listener, TaskGroup& group) {
    for (;;) {
        Result<TcpStream> stream = co_await listener.accept();
        if (stream) group.spawn(echo(*std::move(stream)));
    }
}

// True when all that was sent came back.
Task<Result<bool>> exchange(Endpoint server) {
    Result<TcpStream> stream = co_await TcpStream::connect(server);
    if (!stream) co_return std::move(stream).error();
    for (int i = 0; i < kMessages; ++i) {
        const std::string sent = "message " + std::to_string(i);
        const Result<void> written = co_await stream->write_all(as_bytes(sent));
        if (!written) co_return written.error();
        std::string got;
        while (got.size() < sent.size()) {
            const Result<Lease> lease = co_await stream->read();
            if (!lease && lease.error() == Errc::limit_reached) continue;
            if (!lease) co_return lease.error();
            if (lease->empty()) co_return Error(Errc::stream_ended);
            got += as_text(lease->bytes());
        }
        if (got != sent) co_return false;
    }
    co_return true;
}

class Tally {
public:
    Tally() = default;
    std::size_t good = 0;
    std::size_t failed = 0;
    std::size_t wrong = 0;
    std::size_t late = 0;
};

Task<void> world(Tally& tally) {
    Result<TcpListener> made = TcpListener::bind(Endpoint::loopback(0));
    while (!made)
        made = TcpListener::bind(Endpoint::loopback(0));  // out of descriptors just now
    TcpListener listener = *std::move(made);
    const auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(serve(listener, group));
        const Result<bool> ended = co_await timeout(60s, exchange(listener.local_endpoint()));
        if (ended) {
            ++(*ended ? tally.good : tally.wrong);
        } else {
            ++(ended.error() == Errc::timed_out ? tally.late : tally.failed);
        }
        group.cancel();
    };
    co_await with_group(body);
}

TEST(TenThousandWorlds, LeaveNothingBehindAndCorruptNothing) {
    const std::size_t frames = detail::frames_live();
    Tally tally;
    const auto ended = simulate_seeds(kSeeds, Simulation().faults(Faults::heavy()).shuffle(),
                                      [&] { return world(tally); });
    EXPECT_TRUE(ended) << ended.error().message();
    EXPECT_EQ(detail::frames_live(), frames);
    EXPECT_EQ(tally.wrong, 0u);
    // The faults are neither too rare to be of use nor so many that nothing works.
    EXPECT_GT(tally.good, kSeeds / 4);
    EXPECT_GT(tally.failed, kSeeds / 10);
}

}  // namespace
