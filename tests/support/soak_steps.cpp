// SPDX-License-Identifier: MIT
//
// The single steps of a random program: what it waits for, alone or with others.
#include <gtest/gtest.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/offload.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/timeout.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/soak_program.h"

using namespace std::chrono_literals;

namespace weir::test {

// --- what they share -----------------------------------------------------------------------------

Task<void> SoakProgram::hold_a_permit() {
    const Permit permit = co_await semaphore_.acquire();
    co_await sleep_for(span(4));
    // One who holds a permit and waits for another may wait for itself.
    if (one_in(3)) static_cast<void>(co_await timeout(span(4), take_a_permit()));
}
Task<void> SoakProgram::take_a_permit() {
    const Permit permit = co_await semaphore_.acquire();
    co_await yield();
}

Task<void> SoakProgram::hold_the_lock() {
    const MutexLock lock = co_await mutex_.lock();
    EXPECT_FALSE(std::exchange(is_inside_, true)) << "two tasks hold one mutex";
    class Leave {
    public:
        explicit Leave(bool& inside) noexcept : inside_(inside) {}
        Leave(const Leave&) = delete;
        Leave& operator=(const Leave&) = delete;
        ~Leave() { inside_ = false; }

    private:
        bool& inside_;
    };
    const Leave leave(is_inside_);
    if (one_in(2)) co_await sleep_for(span(3));
    ++tokens_;
    condition_.notify_one();
    if (one_in(8)) condition_.notify_all();
}

Task<void> SoakProgram::wait_for_a_token() {
    const auto wait = [&]() -> Task<void> {
        MutexLock lock = co_await mutex_.lock();
        while (tokens_ == 0)
            co_await condition_.wait(lock);
        EXPECT_TRUE(lock.is_held());
        --tokens_;
        ++tally_.notifications;
    };
    static_cast<void>(co_await timeout(span(8), wait()));
}

Task<void> SoakProgram::wait_for_the_event() {
    const auto wait = [&]() -> Task<void> {
        co_await event_.wait();
    };
    if (one_in(2)) {
        event_.set();
        if (one_in(2)) event_.clear();
    }
    static_cast<void>(co_await timeout(span(6), wait()));
}

Task<void> SoakProgram::send_parcels() {
    const auto send = [&]() -> Task<void> {
        for (std::uint64_t i = random_.below(6); i > 0; --i) {
            Parcel parcel(parcels_, ++parcels_sent_);
            const Result<void> sent = co_await channel_.send(std::move(parcel));
            EXPECT_TRUE(sent);
        }
    };
    static_cast<void>(co_await timeout(span(8), send()));
}

Task<void> SoakProgram::receive_parcels() {
    const auto receive = [&]() -> Task<void> {
        for (std::uint64_t i = random_.below(6); i > 0; --i) {
            const std::optional<Parcel> parcel = co_await channel_.receive();
            EXPECT_TRUE(parcel.has_value());
            EXPECT_GT(parcel->number, last_parcel_) << "a channel gave values out of order";
            last_parcel_ = parcel->number;
            ++tally_.values;
        }
    };
    static_cast<void>(co_await timeout(span(8), receive()));
}

Task<void> SoakProgram::use_other_threads() {
    int borrowed = 1;  // offload() waits for its job even when cancelled, so it may borrow
    const int value = co_await offload([&borrowed] { return ++borrowed; });
    EXPECT_EQ(value, 2);
    ++tally_.jobs;
}

// --- the network ---------------------------------------------------------------------------------

Task<void> SoakProgram::serve(TcpListener& listener, TaskGroup& group) {
    for (;;) {
        Result<TcpStream> stream = co_await listener.accept();
        if (stream) {
            group.spawn(echo(std::move(*stream)));
        } else {
            co_await sleep_for(1ms);  // out of descriptors, for now
        }
    }
}
Task<void> SoakProgram::echo(TcpStream stream) {
    const Counted local(objects_);
    for (;;) {
        const Result<Lease> lease = co_await stream.read();
        if (!lease || lease->empty() || one_in(20)) co_return;
        const Result<void> written = co_await stream.write_all(lease->bytes());
        if (!written) co_return;
    }
}
Task<void> SoakProgram::talk_to_the_server() {
    Result<TcpStream> stream = co_await TcpStream::connect(server_);
    if (!stream) co_return;
    for (std::uint64_t i = random_.below(4); i > 0; --i) {
        const std::string text(1 + random_.below(3'000), 'y');
        const Result<void> written = co_await stream->write_all(as_bytes(text));
        if (!written || one_in(4)) co_return;
        const Result<Lease> lease = co_await stream->read();
        if (!lease) co_return;
        tally_.bytes += static_cast<long>(lease->size());
        if (one_in(4)) co_await sleep_for(span(3));
    }
}
Task<void> SoakProgram::accept_once() {
    Result<TcpListener> listener = TcpListener::bind(Endpoint::loopback(0));
    if (!listener) co_return;
    const auto both = [&]() -> Task<void> {
        std::vector<Task<void>> tasks;
        tasks.push_back(connect_to(listener->local_endpoint()));
        tasks.push_back(accept_from(*listener));
        co_await gather(std::move(tasks));
    };
    static_cast<void>(co_await timeout(span(4), both()));
}
Task<void> SoakProgram::connect_to(Endpoint endpoint) {
    if (one_in(2)) co_await sleep_for(span(3));
    static_cast<void>(co_await TcpStream::connect(endpoint));
}
Task<void> SoakProgram::accept_from(TcpListener& listener) {
    const Result<TcpStream> stream = co_await listener.accept();
    if (one_in(2)) co_await sleep_for(span(3));
}
// More than the window takes, to a peer that does not read: ends by its timeout.
Task<void> SoakProgram::send_without_a_reader() {
    Result<TcpListener> listener = TcpListener::bind(Endpoint::loopback(0));
    if (!listener) co_return;
    Result<TcpStream> stream = co_await TcpStream::connect(listener->local_endpoint());
    if (!stream) co_return;
    static_cast<void>(co_await timeout(span(4), send_much(*stream)));
}
Task<void> SoakProgram::send_much(TcpStream& stream) {
    // Kernels buffer some megabytes, the simulated world 64 KiB.
    const bool is_simulated = Reactor::current().backend_kind() == BackendKind::simulated;
    const std::string text(is_simulated ? 100'000 : 4'000'000, 'z');
    static_cast<void>(co_await stream.write_all(as_bytes(text)));
}

}  // namespace weir::test
