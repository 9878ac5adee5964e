// SPDX-License-Identifier: MIT
//
// What a task costs in own memory, by what it waits for: very many of a kind, all waiting at one
// time, which is checked.
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/channel.h>
#include <weir/runtime/sync/event.h>
#include <weir/runtime/sync/mutex.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>

#include <array>

#include "bench/memory/waiters.h"

namespace weir::bench {
namespace {

using std::chrono_literals::operator""h;

/// What the tasks wait for, and what opens the way for all of them.
class Place {
public:
    Semaphore semaphore{1};
    Mutex mutex;
    Event event;
    Channel<int> channel{1};
    std::size_t waiting = 0;
    std::size_t done = 0;
};

Task<void> at_semaphore(Place& place) {
    ++place.waiting;
    const Permit permit = co_await place.semaphore.acquire();
    ++place.done;
}
Task<void> at_mutex(Place& place) {
    ++place.waiting;
    const MutexLock lock = co_await place.mutex.lock();
    ++place.done;
}
Task<void> at_event(Place& place) {
    ++place.waiting;
    co_await place.event.wait();
    ++place.done;
}
Task<void> at_channel(Place& place) {
    ++place.waiting;
    static_cast<void>(co_await place.channel.receive());
    ++place.done;
}
Task<void> asleep(Place& place) {
    ++place.waiting;
    co_await sleep_for(1h);
}
Task<void> in_a_timeout(Place& place) {
    static_cast<void>(co_await timeout(1h, at_event(place)));
}
Task<void> in_a_group(Place& place) {
    co_await with_group([&place](TaskGroup& group) -> Task<void> {
        group.spawn(at_event(place));
        co_return;
    });
}
Task<void> in_a_child(Place& place) {
    co_await at_event(place);
}

struct Kind {
    const char* name;
    Task<void> (*wait)(Place& place);
};
constexpr std::array<Kind, 8> kKinds = {
    Kind{"sleep", asleep},     Kind{"semaphore", at_semaphore}, Kind{"mutex", at_mutex},
    Kind{"event", at_event},   Kind{"channel", at_channel},     Kind{"timeout", in_a_timeout},
    Kind{"group", in_a_group}, Kind{"child", in_a_child}};

Task<bool> wait_together(std::size_t count, Task<void> (*wait)(Place&)) {
    Place place;
    const Permit taken = co_await place.semaphore.acquire();
    const MutexLock locked = co_await place.mutex.lock();
    bool all_waited = false;
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        for (std::size_t i = 0; i < count; ++i)
            group.spawn(wait(place));
        for (int i = 0; i < 3; ++i)
            co_await yield();  // until the last of them waits
        all_waited = place.waiting == count && place.done == 0;
        group.cancel();
    });
    co_return all_waited;
}

}  // namespace

std::vector<std::string> kinds_of_waiters() {
    std::vector<std::string> names;
    for (const Kind& kind : kKinds)
        names.emplace_back(kind.name);
    return names;
}

// Arguments: the number of the kind, and how many tasks.
Result<Sample> waiters_weir(const Arguments& arguments) {
    const Kind& kind = kKinds.at(arguments.number(0));
    if (!run(wait_together(arguments.number(1), kind.wait))) {
        return Error(Errc::timed_out, std::string("not all waited at once: ") + kind.name);
    }
    return Sample();
}

}  // namespace weir::bench
