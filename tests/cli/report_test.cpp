// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/runtime/stats.h>

#include "llm/cli/report_tasks.h"
#include "tests/cli/program.h"
#include "tests/support/temporary_folder.h"

#include <cstdlib>
#include <string>

using namespace weir;
using namespace weir::test;

TEST(ReportTasks, SigUsr1TellsWhoWaitsForWhatAndTheProgramGoesOn) {
    MockProgram mock({"--ttft", "0", "--token-interval", "0"});
    // The server is known to wait for the next connection once it has answered over one.
    EXPECT_EQ(run_program({"chat", "--base-url", mock.base_url(), "hi"}).code, 0);
    mock.program().send(SIGUSR1);
    mock.program().hear_err("\nloop: ");
    EXPECT_EQ(run_program({"chat", "--base-url", mock.base_url(), "hi"}).code, 0);
    mock.program().send(SIGINT);
    const Ended ended = mock.program().wait();
    EXPECT_EQ(ended.code, 0);
    EXPECT_TRUE(ended.err.starts_with("tasks:\n")) << ended.err;
    EXPECT_TRUE(ended.err_has(": accept on fd ")) << ended.err;
    EXPECT_TRUE(ended.err_has("report_tasks: running")) << ended.err;
    EXPECT_TRUE(ended.err_has("\nloop: ")) << ended.err;
    EXPECT_TRUE(ended.err_has("served 2 calls")) << ended.err;
}

TEST(ReportTasks, OfAProgramWithoutSymbolsHasAddressesForNames) {
    const TemporaryFolder folder;
    const std::string path = folder.path_to("weir_stripped");
    // A part of what each compiler needs, so it is there.
    ASSERT_EQ(std::system(("strip -o '" + path + "' '" WEIR_PROGRAM "'").c_str()), 0);
    Program mock(path, {"mock"}, {});
    EXPECT_TRUE(mock.next_line().starts_with("base url: "));
    mock.send(SIGUSR1);
    mock.hear_err("\nloop: ");
    mock.send(SIGINT);
    const Ended ended = mock.wait();
    EXPECT_EQ(ended.code, 0);
    EXPECT_TRUE(ended.err_has("\n  0x")) << ended.err;
    EXPECT_TRUE(ended.err_has(" in weir_stripped: running")) << ended.err;
    EXPECT_TRUE(ended.err_has("wait until readable on fd ")) << ended.err;
    EXPECT_FALSE(ended.err_has("weir::cli")) << ended.err;
}

TEST(ReportTasks, StatsLineHasEachCounter) {
    ReactorStats stats;
    stats.turns = 1001;
    stats.steps = 2;
    stats.units_unwound = 3;
    stats.completions = 4;
    stats.posts = 5;
    stats.ready = 6;
    stats.timers_armed = 7;
    stats.operations = 8;
    stats.sockets = 9;
    stats.leases = 10;
    stats.frames = 11;
    EXPECT_EQ(cli::stats_line(stats),
              "loop: 1,001 turns, 2 steps, 3 cancelled, 4 operations done, 5 posts; now 6 ready, 7 "
              "timers, 8 operations, 9 sockets, 10 buffers lent, 11 frames");
}
