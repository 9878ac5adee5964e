// SPDX-License-Identifier: MIT
//
// One server on each loop of a group, all on one port.
#include <gtest/gtest.h>
#include <weir/http/server.h>
#include <weir/runtime/reactor_group.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/tcp.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>

using namespace weir;
using namespace std::chrono_literals;

namespace {

Task<void> greet(http::Exchange& exchange) {
    static_cast<void>(co_await exchange.respond(200, http::Headers(), "hello"));
}

/// What the loops tell each other.
class Signs {
public:
    std::atomic<int> listening = 0;
    std::atomic<bool> is_over = false;
};

Task<std::uint64_t> serve_on(Endpoint shared, Signs& signs) {
    http::Server server = http::Server::listen(shared, http::ServerOptions().share_port()).value();
    ++signs.listening;
    const auto drain_when_over = [&]() -> Task<void> {
        while (!signs.is_over)
            co_await sleep_for(1ms);
        server.drain(1min);
    };
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        group.spawn(drain_when_over());
        const Result<void> served = co_await server.serve(greet);
        served.value();
    });
    co_return server.requests();
}

Task<int> ask_often(Endpoint server, int times) {
    int answered = 0;
    for (int i = 0; i < times; ++i) {
        Result<TcpStream> stream = co_await TcpStream::connect(server);
        if (!stream) continue;
        constexpr std::string_view kRequest =
            "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        static_cast<void>(co_await stream->write_all(as_bytes(kRequest)));
        std::string all;
        for (;;) {
            Result<Lease> lease = co_await stream->read();
            if (!lease || lease->empty()) break;
            all.append(as_text(lease->bytes()));
        }
        if (all.ends_with("hello")) ++answered;
    }
    co_return answered;
}

TEST(ServerGroup, ServersOnSeveralLoopsShareAPortAndDrainOnTheirOwn) {
    constexpr int kTimes = 200;
    ReactorGroup loops = ReactorGroup::make(ReactorGroupOptions().reactors(2)).value();
    Signs signs;
    std::uint64_t served = 0;
    int answered = 0;
    const auto all = [&]() -> Task<void> {
        // Holds the port while the others come; nobody accepts here, so it closes before the first
        // request.
        std::optional<TcpListener> port = TcpListener::bind_shared(Endpoint::loopback(0)).value();
        const Endpoint shared = port->local_endpoint();
        // Out here, since the servers outlast the group's body.
        const auto serve = [&](std::size_t index) -> Task<void> {
            const auto count =
                co_await loops.run_on(index, [&] { return serve_on(shared, signs); });
            served += count.value();
        };
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(serve(0));
            group.spawn(serve(1));
            while (signs.listening < 2)
                co_await sleep_for(1ms);
            port.reset();
            answered = co_await ask_often(shared, kTimes);
            signs.is_over = true;
        });
    };
    run(all());
    EXPECT_EQ(answered, kTimes);
    EXPECT_EQ(served, static_cast<std::uint64_t>(kTimes));
}

}  // namespace
