// SPDX-License-Identifier: MIT
//
// usage: asio METRIC NUMBERS...
//
// The peers' benchmarks on standalone asio: C++20 coroutines on an io_context with one thread.
// ../README.md says what each metric is.
#include <asio.hpp>
#include <asio/experimental/channel.hpp>

#include <array>
#include <exception>
#include <string_view>
#include <utility>

#include "bench/peers/asio/group.h"
#include "bench/peers/measure.h"

namespace peer {
namespace {

using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;
using std::chrono::milliseconds;

constexpr std::size_t kMessageBytes = 64;
constexpr auto kHour = std::chrono::hours(1);

const Usage whole_process(0);  // from before main(), as good as from the start
std::size_t begun = 0;
std::size_t done = 0;

awaitable<void> sleeper(std::size_t count, Clock::duration span) {
    ++begun;
    asio::steady_timer timer(co_await asio::this_coro::executor, span);
    co_await timer.async_wait(use_awaitable);
    require(begun == count, "not all tasks slept at once: let them sleep longer");
}

awaitable<Report> sleepers(std::size_t count, std::size_t span) {
    Group group(co_await asio::this_coro::executor);
    for (std::size_t i = 0; i < count; ++i)
        group.spawn(sleeper(count, milliseconds(span)));
    co_await group.join();
    co_return whole_process.report(count);
}

awaitable<void> punctual(Clock::time_point deadline, float& lateness) {
    asio::steady_timer timer(co_await asio::this_coro::executor, deadline);
    co_await timer.async_wait(use_awaitable);
    lateness = std::chrono::duration<float, std::milli>(Clock::now() - deadline).count();
}

awaitable<Report> sleepers_spread(std::size_t count, std::size_t span) {
    std::vector<float> lateness(count);
    const std::vector<std::size_t> order = random_order(count);
    Group group(co_await asio::this_coro::executor);
    // The first deadline is one span from now, so that spawning is not counted as lateness.
    const Clock::time_point start = Clock::now() + milliseconds(span);
    for (std::size_t i = 0; i < count; ++i) {
        const auto after = std::chrono::nanoseconds(milliseconds(span)) / count * order[i];
        group.spawn(punctual(start + after, lateness[i]));
    }
    co_await group.join();
    std::sort(lateness.begin(), lateness.end());
    Report report = whole_process.report(count);
    report["lateness_p50_ms"] = lateness[count / 2];
    report["lateness_p99_ms"] = lateness[count - 1 - count / 100];
    report["lateness_max_ms"] = lateness.back();
    co_return report;
}

awaitable<void> trivial() {
    ++done;
    co_return;
}

awaitable<void> spawn_batches(std::size_t tasks, std::size_t batch) {
    Group group(co_await asio::this_coro::executor);
    for (done = 0; done < tasks;) {
        for (std::size_t left = std::min(batch, tasks - done); left > 0; --left)
            group.spawn(trivial());
        co_await group.join();
    }
}

awaitable<Report> spawn_join(std::size_t tasks, std::size_t batch) {
    co_await spawn_batches(tasks / 10, batch);
    const Usage usage;
    co_await spawn_batches(tasks, batch);
    require(done == tasks, "a task is missing");
    co_return usage.report(tasks);
}

awaitable<void> turns(std::size_t rounds) {
    for (std::size_t i = 0; i < rounds; ++i)
        co_await asio::post(use_awaitable);
}

awaitable<void> take_turns(std::size_t tasks, std::size_t rounds) {
    Group group(co_await asio::this_coro::executor);
    for (std::size_t i = 0; i < tasks; ++i)
        group.spawn(turns(rounds));
    co_await group.join();
}

awaitable<Report> yield(std::size_t tasks, std::size_t rounds) {
    co_await take_turns(tasks, rounds / 10);
    const Usage usage;
    co_await take_turns(tasks, rounds);
    co_return usage.report(tasks * rounds);
}

[[gnu::noinline]] awaitable<std::size_t> child(std::size_t value) {
    co_return value;
}

awaitable<std::size_t> await_children(std::size_t calls) {
    std::size_t total = 0;
    for (std::size_t i = 0; i < calls; ++i)
        total += co_await child(i & 1);
    co_return total;
}

awaitable<Report> await(std::size_t calls, std::size_t) {
    co_await await_children(calls / 10);
    const Usage usage;
    const std::size_t total = co_await await_children(calls);
    const Report report = usage.report(calls);
    require(total == calls / 2, "a call is missing");
    co_return report;
}

// asio has no semaphore. Its own examples use a channel: who has put something into it holds a
// permit, and gives it back by taking something out.
using Permits = asio::experimental::channel<void(asio::error_code, bool)>;

awaitable<void> hold_one(Permits& permits) {
    co_await permits.async_send(asio::error_code(), true, use_awaitable);
    co_await asio::post(use_awaitable);
    permits.try_receive([](asio::error_code, bool) {});
    ++done;
}

awaitable<void> share(std::size_t tasks, std::size_t count) {
    const auto executor = co_await asio::this_coro::executor;
    Permits permits(executor, count);
    Group group(executor);
    done = 0;
    for (std::size_t i = 0; i < tasks; ++i)
        group.spawn(hold_one(permits));
    co_await group.join();
    require(done == tasks, "a task is missing");
}

awaitable<Report> semaphore(std::size_t tasks, std::size_t permits) {
    co_await share(tasks, permits);
    const Usage usage;
    co_await share(tasks, permits);
    co_return usage.report(tasks);
}

awaitable<Report> cancel_all(Group& group, std::vector<asio::cancellation_signal>& signals) {
    while (begun < signals.size())
        co_await asio::post(use_awaitable);
    const Usage usage;
    for (asio::cancellation_signal& signal : signals)
        signal.emit(asio::cancellation_type::terminal);
    co_await group.join();
    const Report report = usage.report(signals.size());
    require(done == signals.size(), "a task was not cancelled");
    co_return report;
}

awaitable<void> cancelled_sleeper() {
    asio::steady_timer timer(co_await asio::this_coro::executor, kHour);
    ++begun;
    const auto [error] = co_await timer.async_wait(use_tuple);
    if (error == asio::error::operation_aborted) ++done;
}

awaitable<Report> cancel_sleepers(std::size_t count) {
    std::vector<asio::cancellation_signal> signals(count);
    Group group(co_await asio::this_coro::executor);
    begun = done = 0;
    for (asio::cancellation_signal& signal : signals)
        group.spawn(cancelled_sleeper(), signal.slot());
    co_return co_await cancel_all(group, signals);
}

awaitable<Report> cancel(std::size_t count, std::size_t) {
    co_await cancel_sleepers(count / 10);
    co_return co_await cancel_sleepers(count);
}

void start_all(std::vector<asio::steady_timer>& timers, std::size_t longest_ms) {
    std::mt19937 random(1);
    std::uniform_int_distribution<std::size_t> after(1, longest_ms);
    for (asio::steady_timer& timer : timers) {
        timer.expires_after(milliseconds(after(random)));
        timer.async_wait([](asio::error_code error) { done += !error; });
    }
}

awaitable<void> cancel_in(const std::vector<std::size_t>& order,
                          std::vector<asio::steady_timer>& timers) {
    for (const std::size_t i : order)
        timers[i].cancel();
    co_await asio::post(use_awaitable);  // behind the handlers, which are told of the cancellation
    require(done == 0, "a timer was not cancelled");
}

awaitable<Report> timers(std::size_t count, std::size_t) {
    const auto executor = co_await asio::this_coro::executor;
    std::vector<asio::steady_timer> all;
    all.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
        all.emplace_back(executor);
    const std::vector<std::size_t> order = random_order(count);
    start_all(all, 60'000);  // to warm up
    co_await cancel_in(order, all);

    const Usage inserting;
    start_all(all, 60'000);
    const double insert_s = inserting.cpu();
    const Usage cancelling;
    co_await cancel_in(order, all);
    const double cancel_s = cancelling.cpu();
    start_all(all, 1000);
    asio::steady_timer last(executor, milliseconds(1001));
    const Usage expiring;
    co_await last.async_wait(use_awaitable);
    const double expire_s = expiring.cpu();
    require(done == count, "a timer has not fired");

    Report report = inserting.report(count);
    const double ns = 1e9 / static_cast<double>(count);
    report["insert_ns"] = insert_s * ns;
    report["cancel_ns"] = cancel_s * ns;
    report["expire_ns"] = expire_s * ns;
    co_return report;
}

struct Pair {
    tcp::socket client;
    tcp::socket server;
};

awaitable<std::vector<Pair>> connect(std::size_t count) {
    const auto executor = co_await asio::this_coro::executor;
    tcp::acceptor acceptor(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const tcp::endpoint address = acceptor.local_endpoint();
    std::vector<Pair> pairs;
    for (std::size_t i = 0; i < count; ++i) {
        tcp::socket client(executor);
        co_await client.async_connect(address, use_awaitable);
        tcp::socket server = co_await acceptor.async_accept(use_awaitable);
        client.set_option(tcp::no_delay(true));
        server.set_option(tcp::no_delay(true));
        pairs.push_back(Pair{std::move(client), std::move(server)});
    }
    co_return pairs;
}

awaitable<void> answer(tcp::socket& socket, std::size_t rounds) {
    std::array<char, kMessageBytes> message{};
    for (std::size_t i = 0; i < rounds; ++i) {
        co_await asio::async_read(socket, asio::buffer(message), use_awaitable);
        co_await asio::async_write(socket, asio::buffer(message), use_awaitable);
    }
}

awaitable<void> ask(tcp::socket& socket, std::size_t rounds) {
    std::array<char, kMessageBytes> message{};
    for (std::size_t i = 0; i < rounds; ++i) {
        co_await asio::async_write(socket, asio::buffer(message), use_awaitable);
        co_await asio::async_read(socket, asio::buffer(message), use_awaitable);
        ++done;
    }
}

awaitable<void> play(std::vector<Pair>& pairs, std::size_t rounds) {
    Group group(co_await asio::this_coro::executor);
    done = 0;
    for (Pair& pair : pairs) {
        group.spawn(answer(pair.server, rounds));
        group.spawn(ask(pair.client, rounds));
    }
    co_await group.join();
    require(done == pairs.size() * rounds, "a round trip is missing");
}

awaitable<Report> pingpong(std::size_t connections, std::size_t rounds) {
    std::vector<Pair> pairs = co_await connect(connections);
    co_await play(pairs, rounds / 10 + 1);
    const Usage usage;
    co_await play(pairs, rounds);
    co_return usage.report(connections * rounds);
}

awaitable<void> cancelled_reader(tcp::socket& socket) {
    std::array<char, kMessageBytes> message{};
    ++begun;
    const auto [error, bytes] = co_await asio::async_read(socket, asio::buffer(message), use_tuple);
    if (error == asio::error::operation_aborted) ++done;
}

awaitable<Report> cancel_readers(std::size_t count) {
    std::vector<Pair> pairs = co_await connect(count);
    std::vector<asio::cancellation_signal> signals(count);
    Group group(co_await asio::this_coro::executor);
    begun = done = 0;
    for (std::size_t i = 0; i < count; ++i)
        group.spawn(cancelled_reader(pairs[i].client), signals[i].slot());
    co_return co_await cancel_all(group, signals);
}

awaitable<Report> cancel_io(std::size_t count, std::size_t) {
    co_await cancel_readers(count);
    co_return co_await cancel_readers(count);
}

struct Metric {
    std::string_view name;
    int numbers;
    awaitable<Report> (*run)(std::size_t, std::size_t);
};

constexpr Metric kMetrics[] = {
    {"sleepers", 2, sleepers},     {"sleepers_spread", 2, sleepers_spread},
    {"spawn_join", 2, spawn_join}, {"yield", 2, yield},
    {"await", 1, await},           {"semaphore", 2, semaphore},
    {"cancel", 1, cancel},         {"timers", 1, timers},
    {"pingpong", 2, pingpong},     {"cancel_io", 1, cancel_io},
};

int run(const Metric& metric, int words, char** word) {
    if (words < 2 + metric.numbers) fail(1, "a number is missing");
    const std::size_t first = std::strtoul(word[2], nullptr, 10);
    const std::size_t second = metric.numbers > 1 ? std::strtoul(word[3], nullptr, 10) : 0;
    raise_descriptor_limit();
    asio::io_context context(1);
    asio::co_spawn(context, metric.run(first, second),
                   [](const std::exception_ptr& error, Report report) {
                       if (error) std::rethrow_exception(error);
                       print(std::move(report));
                   });
    context.run();
    return 0;
}

}  // namespace
}  // namespace peer

int main(int words, char** word) {
    const std::string_view name = words > 1 ? word[1] : "";
    if (name == "--version") {
        std::printf("asio %d.%d.%d, g++ %s\n", ASIO_VERSION / 100000, ASIO_VERSION / 100 % 1000,
                    ASIO_VERSION % 100, __VERSION__);
        return 0;
    }
    for (const peer::Metric& metric : peer::kMetrics) {
        if (metric.name == name) return peer::run(metric, words, word);
    }
    peer::fail(3, "has no metric " + std::string(name));
}
