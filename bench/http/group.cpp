// SPDX-License-Identifier: MIT
//
// The contests about HTTP. Each client has the first CPU, and a server, in a process of its own and
// new for each run, the second: so no run meets the closed connections of the one before.
#include <algorithm>
#include <cstdio>
#include <initializer_list>

#include "bench/contest.h"
#include "bench/http/tls_files.h"

namespace weir::bench {
namespace {

constexpr std::size_t kSpareDescriptors = 64;

Command server(std::size_t delay_milliseconds, TlsMode mode = TlsMode::none) {
    Command command("delay_server");
    command.argument(delay_milliseconds).argument(static_cast<std::size_t>(mode));
    return command.cpu(kServerCpu);
}

double microseconds_of_cpu(const Reading& reading) {
    return reading.each("cpu_s") * 1e6;
}

/// Calls `enter(peer, command, backend)` for weir and the floors of its two mechanisms, by the
/// names of their workers.
template <typename Enter>
void for_each_own(const std::string& bench, Enter enter) {
    for (const char* backend : {"uring", "epoll"}) {
        enter("weir", Command(bench + "_weir"), backend);
        enter("floor", Command(bench + "_" + backend), backend);
    }
}

// Very many calls at once, each on a connection of its own to a server that takes a second to
// answer: the client's own memory a call, its CPU a call, and how far above one second the whole
// takes.
Result<void> inflight(const Plan& plan, Report& report) {
    constexpr std::size_t kDelayMilliseconds = 1000;
    const std::size_t wanted = plan.is_quick() ? 1000 : 10'000;
    const std::size_t calls = std::min(wanted, raise_descriptor_limit() - kSpareDescriptors);
    if (calls < wanted) {
        std::fprintf(stderr, "http: %zu calls and not %zu, since no more descriptors are allowed\n",
                     calls, wanted);
    }
    Contest contest("http: " + std::to_string(calls) + " calls in flight");
    contest.ask("inflight.bytes_per_call", "B",
                [](const Reading& reading) { return reading.each("peak_bytes"); });
    contest.ask("inflight.cpu_us", "us", microseconds_of_cpu);
    contest.ask("inflight.wall_s", "s",
                [](const Reading& reading) { return reading.raw("wall_s"); });
    // How many the server had at one time: were they all in flight at once?
    contest.ask("inflight.pending_peak", "calls",
                [](const Reading& reading) { return reading.of_helper("pending_peak"); });
    const auto contender_of = [&](std::string peer, Command all) {
        Command one = all;
        all.argument(calls).cpu(kMeasuringCpu);
        one.argument(1).cpu(kMeasuringCpu);
        Contender contender(std::move(peer), all, calls - 1);
        contender.less(one).beside(server(kDelayMilliseconds));
        return contender;
    };
    for_each_own("inflight", [&](const char* peer, const Command& command, const char* backend) {
        contest.enter(std::move(contender_of(peer, command).backend(backend)));
    });
    for (const Peer& peer : plan.peers())
        contest.enter(contender_of(peer.name(), peer.command("inflight")));
    return contest.run(plan, report);
}

Result<void> head_parse(const Plan& plan, Report& report) {
    const std::size_t rounds = plan.is_quick() ? 2000 : 50'000;
    Contest contest("http: heads of responses");
    contest.ask("head_parse.gb_per_s", "GB/s", [](const Reading& reading) {
        return reading.raw("items") / reading.raw("cpu_s") / 1e9;
    });
    const auto enter = [&](std::string peer, Command command) {
        command.argument(rounds).cpu(kMeasuringCpu);
        contest.enter(Contender(std::move(peer), std::move(command), rounds));
    };
    enter("weir", Command("head_parse_weir"));
    enter("floor", Command("head_parse_floor"));
    for (const Peer& peer : plan.peers())
        enter(peer.name(), peer.command("head_parse"));
    return contest.run(plan, report);
}

// One call after another on each of a few kept connections, to a server that answers at once.
Result<void> http_call(const Plan& plan, Report& report) {
    constexpr std::size_t kInFlight = 64;
    const std::size_t calls = plan.is_quick() ? 10'000 : 200'000;
    Contest contest("http: calls on kept connections");
    contest.ask("http_call.cpu_us", "us", [](const Reading& reading) {
        constexpr double kBusy = 0.95;
        const double share = reading.of_helper("cpu_s") / reading.raw("wall_s");
        if (share > kBusy) {
            std::fprintf(stderr, "http: the server was busy for %.0f %% of the time\n",
                         share * 100);
        }
        return microseconds_of_cpu(reading);
    });
    const auto contender_of = [](std::string peer, Command command, std::size_t some) {
        command.argument(some).argument(kInFlight).cpu(kMeasuringCpu);
        Contender contender(std::move(peer), command, some);
        contender.beside(server(0));
        return contender;
    };
    for_each_own("http_call", [&](const char* peer, const Command& command, const char* backend) {
        contest.enter(std::move(contender_of(peer, command, calls).backend(backend)));
    });
    for (const Peer& peer : plan.peers()) {
        const std::size_t some = peer.scaled("http_call", calls / 2);
        contest.enter(contender_of(peer.name(), peer.command("http_call"), some));
    }
    return contest.run(plan, report);
}

// One call after the other on one connection: how long each takes. The floor is a blocking socket.
Result<void> one_call(const Plan& plan, Report& report) {
    const std::size_t calls = plan.is_quick() ? 500 : 10'000;
    Contest contest("http: one call after the other");
    const auto p50 = [](const Reading& reading) {
        return reading.raw("p50_us");
    };
    contest.ask("one_call.p50_us", "us", p50);
    contest.ask_over_floor("one_call.added_us", "us", p50);
    const auto contender_of = [](std::string peer, Command command, std::size_t some) {
        command.argument(some).cpu(kMeasuringCpu);
        Contender contender(std::move(peer), command, some);
        contender.beside(server(0));
        return contender;
    };
    contest.enter(contender_of("floor", Command("one_call_blocking"), calls));
    for (const char* backend : {"uring", "epoll"}) {
        Contender weir = contender_of("weir", Command("one_call_weir"), calls);
        contest.enter(std::move(weir.backend(backend)));
    }
    for (const Peer& peer : plan.peers())
        contest.enter(contender_of(peer.name(), peer.command("one_call"), calls / 5));
    return contest.run(plan, report);
}

// What it brings to keep a connection, near by and where a round trip takes 20 ms.
Result<void> session_reuse(const Plan& plan, Report& report, TlsMode mode, bool is_far) {
    constexpr double kRoundTripMilliseconds = 20;
    const std::size_t calls = is_far ? (plan.is_quick() ? 3 : 30) : (plan.is_quick() ? 50 : 1000);
    const std::string name = "session_reuse." +
                             std::string(mode == TlsMode::none ? "plain" : "tls") +
                             (is_far ? "_20ms" : "");
    Contest contest("http: " + name);
    contest.ask(name + "_ratio", "x", [](const Reading& reading) {
        return reading.raw("new_p50_us") / reading.raw("reused_p50_us");
    });
    if (is_far) {
        contest.ask(name + "_round_trips_saved", "round trips", [](const Reading& reading) {
            const double saved = reading.raw("new_p50_us") - reading.raw("reused_p50_us");
            return saved / (kRoundTripMilliseconds * 1000);
        });
    }
    for (const char* backend : {"uring", "epoll"}) {
        Command command("session_reuse_weir");
        command.argument(calls).argument(mode == TlsMode::none ? 0 : 1).cpu(kMeasuringCpu);
        Contender contender("weir", command, calls);
        contender.beside(server(0, mode)).backend(backend);
        Command relay("delay_relay");
        relay.argument(static_cast<std::size_t>(kRoundTripMilliseconds)).cpu(kServerCpu);
        if (is_far) contender.beside(relay);
        contest.enter(std::move(contender));
    }
    return contest.run(plan, report);
}

Result<void> session_reuse(const Plan& plan, Report& report) {
    Result<void> worst;
    for (const bool is_far : {false, true}) {
        for (const TlsMode mode : {TlsMode::none, TlsMode::resumed}) {
            auto done = session_reuse(plan, report, mode, is_far);
            if (!done) worst = std::move(done);
        }
    }
    return worst;
}

// A new connection over TLS for each call: connect, verify, request. The floor is OpenSSL on a
// blocking socket.
Result<void> tls_connect(const Plan& plan, Report& report, TlsMode mode) {
    const std::size_t calls = plan.is_quick() ? 100 : 1000;
    const bool is_full = mode == TlsMode::full;
    const std::string name = is_full ? "tls_connect" : "tls_connect_resumed";
    Contest contest(std::string("http: new connections over TLS, ") +
                    (is_full ? "full" : "with tickets"));
    contest.ask(name + ".cpu_us", "us", microseconds_of_cpu);
    if (!is_full) {
        contest.ask(name + ".resumed", "%", [](const Reading& reading) {
            return reading.of_helper("resumed") / reading.of_helper("handshakes") * 100;
        });
    }
    const auto contender_of = [&](std::string peer, Command command) {
        command.argument(calls).cpu(kMeasuringCpu);
        Contender contender(std::move(peer), command, calls);
        contender.beside(server(0, mode));
        return contender;
    };
    contest.enter(contender_of("floor", Command("tls_connect_blocking")));
    for (const char* backend : {"uring", "epoll"}) {
        Contender weir = contender_of("weir", Command("tls_connect_weir"));
        contest.enter(std::move(weir.backend(backend)));
    }
    return contest.run(plan, report);
}

Result<void> tls_connect(const Plan& plan, Report& report) {
    Result<void> full = tls_connect(plan, report, TlsMode::full);
    Result<void> resumed = tls_connect(plan, report, TlsMode::resumed);
    return full ? std::move(resumed) : std::move(full);
}

// The server takes so long that all have shaken hands before it answers the first.
Result<void> inflight_tls(const Plan& plan, Report& report) {
    const std::size_t calls = plan.is_quick() ? 200 : 2000;
    const std::size_t delay_milliseconds = plan.is_quick() ? 1000 : 5000;
    Contest contest("http: " + std::to_string(calls) + " calls in flight over TLS");
    contest.ask("inflight_tls.bytes_per_call", "B",
                [](const Reading& reading) { return reading.each("peak_bytes"); });
    contest.ask("inflight_tls.pending_peak", "calls",
                [](const Reading& reading) { return reading.of_helper("pending_peak"); });
    const auto contender_of = [&](std::string peer, Command all) {
        Command one = all;
        all.argument(calls).cpu(kMeasuringCpu);
        one.argument(1).cpu(kMeasuringCpu);
        Contender contender(std::move(peer), all, calls - 1);
        contender.less(one).beside(server(delay_milliseconds, TlsMode::full));
        return contender;
    };
    contest.enter(contender_of("floor", Command("inflight_tls_epoll")));
    for (const char* backend : {"uring", "epoll"}) {
        Contender weir = contender_of("weir", Command("inflight_tls_weir"));
        contest.enter(std::move(weir.backend(backend)));
    }
    return contest.run(plan, report);
}

using Part = Result<void> (*)(const Plan& plan, Report& report);

Result<void> run_parts(std::initializer_list<Part> parts, const Plan& plan, Report& report) {
    Result<void> worst;
    for (const Part part : parts) {
        if (Result<void> done = part(plan, report); !done) worst = std::move(done);
    }
    return worst;
}

}  // namespace

Result<void> run_http_group(const Plan& plan, Report& report) {
    const Result<void> plain = run_parts({head_parse, http_call, one_call, inflight}, plan, report);
    const Result<TlsFiles> files = TlsFiles::make();
    if (!files) return files.error();
    const Result<void> secure = run_parts({session_reuse, tls_connect, inflight_tls}, plan, report);
    return plain ? secure : plain;
}

}  // namespace weir::bench
