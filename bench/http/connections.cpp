// SPDX-License-Identifier: MIT
//
// The contests for which it matters how a connection is made: kept or new, plain or over TLS.
#include "bench/http/contests.h"
#include "bench/http/tls_files.h"

namespace weir::bench {
namespace {

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
    Contender weir = http_client("weir", Command("session_reuse_weir"),
                                 {calls, mode == TlsMode::none ? 0u : 1u}, http_server(0, mode));
    Command relay("delay_relay");
    relay.argument(static_cast<std::size_t>(kRoundTripMilliseconds)).cpu(kServerCpu);
    if (is_far) weir.beside(relay);
    enter_weir(contest, weir);
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
    const Command server = http_server(0, mode);
    contest.enter(http_client("floor", Command("tls_connect_blocking"), {calls}, server));
    enter_weir(contest, http_client("weir", Command("tls_connect_weir"), {calls}, server));
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
    contest.ask("inflight_tls.pending_peak", "calls", pending_peak);
    const Command server = http_server(delay_milliseconds, TlsMode::full);
    contest.enter(http_crowd("floor", Command("inflight_tls_epoll"), calls, server));
    enter_weir(contest, http_crowd("weir", Command("inflight_tls_weir"), calls, server));
    return contest.run(plan, report);
}

}  // namespace

Result<void> run_connection_contests(const Plan& plan, Report& report) {
    const Result<TlsFiles> files = TlsFiles::make();
    if (!files) return files.error();
    return run_all({session_reuse, tls_connect, inflight_tls}, plan, report);
}

}  // namespace weir::bench
