// SPDX-License-Identifier: MIT
//
// Very many HTTP calls at once, each on a connection of its own to a server that takes a second to
// answer: the client's own memory a call, its CPU a call, and how far above one second the whole
// takes. The server is a process of its own, and each run has a new one, so that no run meets the
// closed connections of the one before.
#include <algorithm>
#include <array>
#include <cstdio>

#include "bench/groups.h"

namespace weir::bench {
namespace {

constexpr std::size_t kDelayMilliseconds = 1000;
constexpr std::size_t kClientCpu = kMeasuringCpu;
constexpr std::size_t kServerCpu = 1;
constexpr std::size_t kSpareDescriptors = 64;

struct Outcome {
    Sample client;
    Sample server;
};

Result<Outcome> call(const std::string& worker, const std::string& backend, std::size_t calls) {
    Result<Child> server =
        Child::start(Command("delay_server").argument(kDelayMilliseconds).cpu(kServerCpu));
    if (!server) return server.error();
    const Result<std::string> port = server->read_line();
    if (!port) return port.error();
    const auto port_number = static_cast<std::size_t>(std::stoul(*port));
    Result<Sample> client = measure(
        Command(worker).argument(calls).argument(port_number).backend(backend).cpu(kClientCpu));
    Result<Sample> served = server->finish();
    if (!client) return client.error();
    if (!served) return served.error();
    return Outcome{std::move(*client), std::move(*served)};
}

class Client {
public:
    Client(std::string peer, std::string backend, std::string worker)
        : peer_(std::move(peer)), backend_(std::move(backend)), worker_(std::move(worker)) {}

    std::string title() const { return peer_ + " on " + backend_; }

    Result<void> run_once(std::size_t calls) {
        const Result<Outcome> one = call(worker_, backend_, 1);
        if (!one) return one.error();
        const Result<Outcome> all = call(worker_, backend_, calls);
        if (!all) return all.error();
        const auto each = [&](const char* name) {
            return (all->client.at(name) - one->client.at(name)) / static_cast<double>(calls - 1);
        };
        bytes_.add(each("peak_bytes"));
        cpu_.add(each("cpu_s") * 1e6);
        wall_.add(all->client.at("wall_s"));
        pending_.add(all->server.at("pending_peak"));
        return {};
    }

    void add_to(Report& report) const {
        const auto add = [&](const char* metric, const char* unit, const Series& series) {
            report.add(Subject(metric, peer_).unit(unit).backend(backend_), series);
        };
        add("inflight.bytes_per_call", "B", bytes_);
        add("inflight.cpu_us", "us", cpu_);
        add("inflight.wall_s", "s", wall_);
        add("inflight.pending_peak", "calls", pending_);
    }

private:
    std::string peer_;
    std::string backend_;
    std::string worker_;
    Series bytes_;
    Series cpu_;
    Series wall_;
    Series pending_;  // calls that the server had at one time: were they all in flight at once?
};

}  // namespace

Result<void> run_http_group(const Plan& plan, Report& report) {
    const std::size_t wanted = plan.is_quick() ? 1000 : 10'000;
    const std::size_t calls = std::min(wanted, raise_descriptor_limit() - kSpareDescriptors);
    if (calls < wanted) {
        std::fprintf(stderr, "http: %zu calls and not %zu, since no more descriptors are allowed\n",
                     calls, wanted);
    }
    std::array<Client, 4> contenders = {
        Client("weir", "uring", "inflight_weir"), Client("floor", "uring", "inflight_uring"),
        Client("weir", "epoll", "inflight_weir"), Client("floor", "epoll", "inflight_epoll")};
    Result<void> worst;
    for (int repeat = 0; repeat < plan.repeats(); ++repeat) {
        for (Client& contender : contenders) {
            std::fprintf(stderr, "http: %zu calls in flight, %s, %d of %d\n", calls,
                         contender.title().c_str(), repeat + 1, plan.repeats());
            // Without io_uring there is still something to say about epoll.
            if (auto ran = contender.run_once(calls); !ran) {
                worst = std::move(ran.error()).with_context(contender.title());
            }
        }
    }
    for (const Client& contender : contenders)
        contender.add_to(report);
    return worst;
}

}  // namespace weir::bench
