// SPDX-License-Identifier: MIT
//
// What a simulated world says to processes. All else is in tests/conformance/process_test.cpp.
#include <gtest/gtest.h>
#include <weir/runtime/process.h>

#include <string>
#include <utility>

#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;

namespace {

TEST(Process, ASimulatedWorldHasNone) {
    simulate([]() -> Task<void> {
        ProcessOptions options("true");
        const Result<ProcessOutput> got = co_await run_process(std::move(options));
        EXPECT_FALSE(got);
        if (!got) {
            EXPECT_EQ(got.error(), Error::unsupported);
            EXPECT_NE(got.error().message().find("simulated"), std::string::npos);
        }
    });
}

}  // namespace
