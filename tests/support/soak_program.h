// SPDX-License-Identifier: MIT
//
// A random program over all that the runtime has: a tree of tasks that spawn, cancel, time out,
// race, lock, send, receive and talk at random, and are cancelled at a random moment. Whatever it
// does, nothing may be left of it; it checks that itself, with EXPECT. The same seed makes the same
// choices; in a simulated world the whole run is the same.
#pragma once

#include <weir/runtime/address.h>
#include <weir/runtime/base/random.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/sync/channel.h>
#include <weir/runtime/sync/condition.h>
#include <weir/runtime/sync/event.h>
#include <weir/runtime/sync/mutex.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/tcp.h>

#include <cstddef>
#include <cstdint>

#include "tests/support/journal.h"

namespace weir::test {

/// What came of all programs; to see that a soak does not pass by doing nothing.
class SoakTally {
public:
    SoakTally() {}
    long returned = 0;
    long thrown = 0;
    long cancelled = 0;
    long timeouts = 0;
    long races = 0;
    long cleanups = 0;
    long shields = 0;
    long joins = 0;
    long completions = 0;
    long retries = 0;
    long values = 0;
    long notifications = 0;
    long jobs = 0;
    long bytes = 0;
};

class SoakProgram {
public:
    /// `longest`: after this time at the latest all of it is cancelled.
    SoakProgram(std::uint64_t seed, Duration longest, SoakTally& tally);
    SoakProgram(const SoakProgram&) = delete;
    SoakProgram& operator=(const SoakProgram&) = delete;

    Task<void> main();

private:
    enum class Ending { returned, thrown, cancelled };

    /// A value in a channel: counts itself, and knows its place in the order of sending.
    class Parcel {
    public:
        Parcel(long& count, std::uint64_t place) noexcept : number(place), counted_(count) {}
        std::uint64_t number;

    private:
        Counted counted_;
    };

    bool one_in(std::uint64_t count) { return random_.below(count) == 0; }
    Duration span(std::uint64_t below_ms);
    void check_that_nothing_is_left();

    // The tree: each step is a wait or a scope with more of the tree in it.
    Task<void> body(TaskGroup& group, TcpListener& listener, Ending& ending);
    Task<int> tree(int depth);
    Task<int> wait_somehow();
    Task<int> combine(int depth);
    Task<int> gathered(int depth, bool settled);
    Task<int> raced(int depth);
    Task<int> completed(int depth);
    Task<int> scope(int depth);
    Task<int> limited(int depth);
    Task<int> cleaned(int depth);
    Task<int> shielded();
    Task<int> retried(int depth);
    Task<int> caught(int depth);
    Task<void> child(int depth, TaskGroup& group, bool cancels);
    Task<void> clean_up();
    Task<int> short_work();
    Task<void> sleeper();
    Task<void> cancel_later(TaskGroup& group, Duration when);

    // What they share.
    Task<void> hold_a_permit();
    Task<void> take_a_permit();
    Task<void> hold_the_lock();
    Task<void> wait_for_a_token();
    Task<void> wait_for_the_event();
    Task<void> send_parcels();
    Task<void> receive_parcels();
    Task<void> use_other_threads();

    // The network.
    Task<void> serve(TcpListener& listener, TaskGroup& group);
    Task<void> echo(TcpStream stream);
    Task<void> talk_to_the_server();
    Task<void> accept_once();
    Task<void> connect_to(Endpoint endpoint);
    Task<void> accept_from(TcpListener& listener);
    Task<void> send_without_a_reader();
    Task<void> send_much(TcpStream& stream);

    Random random_;
    Duration longest_;
    SoakTally& tally_;
    Semaphore semaphore_;
    std::size_t permits_;
    Mutex mutex_;
    Condition condition_;
    int tokens_ = 0;
    Event event_;
    Channel<Parcel> channel_;
    std::uint64_t parcels_sent_ = 0;
    std::uint64_t last_parcel_ = 0;
    bool is_inside_ = false;  // the mutex
    Endpoint server_;
    long objects_ = 0;
    long parcels_ = 0;
    int cleanups_begun_ = 0;
    int cleanups_done_ = 0;
};

}  // namespace weir::test
