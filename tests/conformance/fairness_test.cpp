// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>

#include <string>
#include <utility>

#include "tests/conformance/backends.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

class FairnessConformance : public Conformance {};

Task<void> spin_by_yielding(long& rounds) {
    for (;;) {
        ++rounds;
        co_await yield();
    }
}

Task<void> spin_over_a_free_semaphore(long& rounds) {
    Semaphore semaphore(1);
    for (;;) {
        const Permit permit = co_await semaphore.acquire();
        ++rounds;
    }
}

// Ends only if the loop still looks at the kernel while others are always ready.
TEST_P(FairnessConformance, UnitsThatAreAlwaysReadyDoNotStarveIo) {
    run_here([]() -> Task<void> {
        long yields = 0;
        long permits = 0;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 300; ++i)
                group.spawn(spin_by_yielding(yields));
            group.spawn(spin_over_a_free_semaphore(permits));
            Connected both = co_await connected();
            for (int i = 0; i < 20; ++i) {
                co_await write(both.client, "ping");
                const std::string heard = co_await read_exactly(both.server, 4);
                EXPECT_EQ(heard, "ping");
            }
            group.cancel();
        });
        EXPECT_GT(yields, 300);
        EXPECT_GT(permits, 0);
    });
}

Task<void> write_for_ever(TcpStream& stream) {
    for (;;)
        static_cast<void>(co_await stream.write_all(as_bytes("in vain")));
}

TEST_P(FairnessConformance, WritesToAPoisonedStreamStarveNobody) {
    run_here([]() -> Task<void> {
        Connected both = co_await connected();
        Result<void> shut = both.client.shut_down_output();
        shut.value();
        const Result<void> late = co_await timeout(5ms, write_for_ever(both.client));
        EXPECT_TRUE(!late && late.error() == Errc::timed_out);
    });
}

INSTANTIATE_TEST_SUITE_P(Backends, FairnessConformance, all_backends(), backend_name);

}  // namespace
