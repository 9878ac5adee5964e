// SPDX-License-Identifier: MIT
//
// weir's HTTP client and server against each other in worlds that fail them, plain and through TLS.
// What a client takes for an answer is the answer to its own request, whole and unchanged; what a
// handler takes for a request was sent so; no request is handled more often than it may be sent;
// no call outlasts its limit; and nothing is left. WEIR_SOAK_SEEDS says how many worlds, and
// WEIR_SIM_SEED runs one.
#include <gtest/gtest.h>
#include <weir/http/client.h>
#include <weir/http/server.h>
#include <weir/runtime/base/random.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>

#include "tests/http/tls_pair.h"

#include <charconv>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kSeedsByDefault = 400;
// Handshakes take most of the time of a small world. No multiple of what chooses faults and order:
// each meets each.
constexpr std::uint64_t kTlsEvery = 7;
constexpr Duration kCallLimit = 60s;
constexpr int kTooSlow = 408;  // segments were, and a server has its limits, too
// What a cancellation may wait for: completions that are told late.
constexpr Duration kGrace = 1s;

/// Text that no other number has.
std::string text_of(std::uint64_t number, std::size_t size) {
    std::string text = std::to_string(number) + ":";
    Random letters(number);
    while (text.size() < size)
        text += static_cast<char>('a' + letters.below(26));
    text.resize(size);
    return text;
}

std::uint64_t number_in(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

class Tally {
public:
    Tally() = default;
    std::size_t answers = 0;
    std::size_t errors = 0;
    std::size_t left_early = 0;
    std::size_t resent = 0;
};

/// Gives a text in pieces, with pauses.
class SlowText final : public BodySource {
public:
    SlowText(std::string text, bool tells_length)
        : text_(std::move(text)), tells_length_(tells_length) {}

    Task<Result<Bytes>> next() override {
        constexpr std::size_t kPiece = 3000;
        co_await sleep_for(5ms);
        const std::string_view piece = std::string_view(text_).substr(at_, kPiece);
        at_ += piece.size();
        co_return as_bytes(piece);
    }
    std::optional<std::uint64_t> length() const override {
        return tells_length_ ? std::optional<std::uint64_t>(text_.size()) : std::nullopt;
    }
    bool rewind() override { return at_ = 0, true; }

private:
    std::string text_;
    std::size_t at_ = 0;
    bool tells_length_;
};

class World {
public:
    World(std::uint64_t seed, bool clock_jumps, Tally& tally)
        : random_(seed * 0x9e3779b97f4a7c15u + 1),
          clock_jumps_(clock_jumps),
          is_secure_(seed % kTlsEvery == 0),
          tally_(tally) {}

    Task<void> main() {
        co_await serve_and_call();
        co_await sleep_for(1h);  // the last segments arrive, and everybody closes
        const ReactorStats stats = Reactor::current().stats();
        EXPECT_EQ(stats.sockets, 0u);
        EXPECT_EQ(stats.leases, 0u);
        EXPECT_EQ(stats.operations, 0u);
        EXPECT_EQ(stats.timers_armed, 0u);
        for (const auto& [number, times] : handled_) {
            EXPECT_LE(times, 2) << "request " << number;
            if (times == 2) ++tally_.resent;
        }
    }

private:
    Task<void> serve_and_call() {
        Server server = co_await listen();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(server.serve([&](Exchange& exchange) { return answer(exchange); }));
            Client client(client_options());
            co_await with_group([&](TaskGroup& callers) -> Task<void> {
                for (std::uint64_t i = random_.below(3) + 2; i > 0; --i)
                    callers.spawn(call_some(client));
                co_return;
            });
            group.cancel();
        });
    }
    Task<Server> listen() {
        ServerOptions options;
        if (is_secure_) options.tls(served());
        for (;;) {  // out of descriptors just now
            Result<Server> server = Server::listen(Endpoint::loopback(8080), options);
            if (server) co_return *std::move(server);
            co_await sleep_for(10ms);
        }
    }
    static TlsContext served() {
        static const TlsContext context = server_context({"api.test"});
        return context;
    }
    ClientOptions client_options() {
        ClientOptions options;
        options.tls(client_context()).call_limit(kCallLimit);
        if (random_.below(2) == 0) options.connections_max(1 + random_.below(2));
        if (random_.below(4) == 0) options.idle_limit(500ms);
        return options;
    }

    // --- the server's side -----------------------------------------------------------------------
    Task<void> answer(Exchange& exchange) {
        const std::uint64_t number = number_in(exchange.request().target.substr(1));
        const std::string& body = exchange.body();
        EXPECT_EQ(body, body.empty() ? "" : text_of(number, body.size()));
        const auto told = exchange.request().headers.get("X-Size");
        EXPECT_EQ(std::to_string(body.size()), told.value_or(""));
        ++handled_[number];

        const std::string text = text_of(number + 1, 10 + number % 60'000);
        Headers headers;
        if (number % 11 == 0) headers.add("Connection", "close");
        if (number % 3 != 0) {
            if (number % 5 == 0) co_await sleep_for(300ms);
            static_cast<void>(co_await exchange.respond(200, std::move(headers), text));
            co_return;
        }
        Task<Result<void>> begun = number % 2 == 0
                                       ? exchange.begin(200, std::move(headers), text.size())
                                       : exchange.begin(200, std::move(headers));
        Result<void> sent = co_await std::move(begun);
        for (std::size_t at = 0; sent && at < text.size(); at += 7000) {
            sent = co_await exchange.write(std::string_view(text).substr(at, 7000));
            if (number % 4 == 0) co_await sleep_for(20ms);
        }
        if (sent) static_cast<void>(co_await exchange.end());
    }

    // --- the clients' side -----------------------------------------------------------------------
    Task<void> call_some(Client& client) {
        for (std::uint64_t i = random_.below(4) + 1; i > 0; --i) {
            const Instant begin = Reactor::current().now();
            co_await call(client, next_number_ += 1 + random_.below(50'000));
            if (!clock_jumps_) {
                EXPECT_LE(Reactor::current().now() - begin, kCallLimit + kGrace);
            }
            co_await sleep_for(std::chrono::milliseconds(random_.below(1500)));
        }
    }

    Task<void> call(Client& client, std::uint64_t number) {
        const std::uint64_t kind = random_.below(8);
        const std::size_t size = kind < 4 ? 0 : 1 + random_.below(kind < 6 ? 2000 : 80'000);
        const std::string sent = text_of(number, size);
        Request request = request_for(number, size);
        if (kind == 0) co_return co_await leave_early(client, std::move(request), number);
        if (kind == 1) {
            const Duration patience = std::chrono::milliseconds(random_.below(700));
            co_return take(number, co_await timeout(patience, client.send(std::move(request))));
        }
        if (kind == 5 || kind == 7) {
            SlowText body(sent, random_.below(2) == 0);
            co_return take(number, co_await client.send(std::move(request), body));
        }
        request.body(sent);
        co_return take(number, co_await client.send(std::move(request)));
    }

    Request request_for(std::uint64_t number, std::size_t size) const {
        const std::string origin = is_secure_ ? "https://api.test:8080/" : "http://api.test:8080/";
        Request request(size == 0 ? "GET" : "POST",
                        Url::parse(origin + std::to_string(number)).value());
        request.header("X-Size", std::to_string(size));
        return request;
    }

    void take(std::uint64_t number, const Result<Response>& answer) {
        if (!answer || answer->status() == kTooSlow) {
            ++tally_.errors;
            return;
        }
        ++tally_.answers;
        EXPECT_EQ(answer->status(), 200);
        EXPECT_TRUE(answer->body == text_of(number + 1, 10 + number % 60'000)) << number;
        EXPECT_GE(handled_[number], 1) << number;
    }

    Task<void> leave_early(Client& client, Request request, std::uint64_t number) {
        Result<ResponseStream> stream = co_await client.open(std::move(request));
        if (!stream || stream->status() == kTooSlow) {
            ++tally_.errors;
            co_return;
        }
        EXPECT_EQ(stream->status(), 200);
        const std::string text = text_of(number + 1, 10 + number % 60'000);
        Result<Bytes> piece = co_await stream->read();
        if (piece) {
            EXPECT_TRUE(text.starts_with(as_text(*piece)));
        }
        ++tally_.left_early;
    }

    Random random_;
    bool clock_jumps_;
    bool is_secure_;
    Tally& tally_;
    std::uint64_t next_number_ = 1;
    std::map<std::uint64_t, int> handled_;
};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* asked = std::getenv(variable);
    return asked == nullptr ? otherwise : std::strtoull(asked, nullptr, 10);
}

void run_world(std::uint64_t seed, Tally& tally) {
    SCOPED_TRACE("WEIR_SIM_SEED=" + std::to_string(seed));
    const bool clock_jumps = seed % 4 == 3;
    Faults faults = seed % 4 == 1 ? Faults::light() : Faults::heavy();
    if (!clock_jumps) faults.clock_jumps(0, 0s);
    World world(seed, clock_jumps, tally);
    run_simulated(world.main(), Simulation()
                                    .seed(seed)
                                    .latency(5ms, 5ms)
                                    .host("api.test", Endpoint::loopback(0))
                                    .faults(seed % 4 == 0 ? Faults::none() : faults)
                                    .shuffle(seed % 3 == 1));
}

TEST(HttpWorld, NoAnswerIsLostDoubledOrSwapped) {
    const std::size_t frames = detail::frames_live();
    const std::uint64_t only = number_from("WEIR_SIM_SEED", 0);
    const std::uint64_t count = number_from("WEIR_SOAK_SEEDS", kSeedsByDefault);
    Tally tally;
    if (only != 0) run_world(only, tally);
    for (std::uint64_t seed = 1; only == 0 && seed <= count && !HasFailure(); ++seed)
        run_world(seed, tally);
    EXPECT_EQ(detail::frames_live(), frames);
    if (only == 0 && count >= kSeedsByDefault) {
        EXPECT_GT(tally.answers, count);
        EXPECT_GT(tally.errors, count / 10);
        EXPECT_GT(tally.left_early, count / 10);
        EXPECT_GT(tally.resent, 0u);
    }
    RecordProperty("answers", static_cast<int>(tally.answers));
    RecordProperty("errors", static_cast<int>(tally.errors));
    RecordProperty("resent", static_cast<int>(tally.resent));
}

}  // namespace
