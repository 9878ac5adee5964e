// SPDX-License-Identifier: MIT
//
// Requests with bodies: large ones, streamed ones, and servers that answer before they have all.
#include <gtest/gtest.h>
#include <weir/http/client.h>

#include "tests/http/tls_pair.h"
#include "tests/http/world.h"

#include <chrono>
#include <string>
#include <type_traits>
#include <vector>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kOne = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none";
constexpr std::string_view kTooLarge = "HTTP/1.1 413 No\r\nContent-Length: 3\r\n\r\nbig";

/// Gives these pieces, each after `delay`.
class Pieces final : public BodySource {
public:
    explicit Pieces(std::vector<std::string> texts) : texts_(std::move(texts)) {}

    Pieces& tell_length() {
        std::uint64_t sum = 0;
        for (const std::string& text : texts_)
            sum += text.size();
        length_ = sum;
        return *this;
    }
    Pieces& tell_length(std::uint64_t bytes) { return length_ = bytes, *this; }
    Pieces& can_rewind() { return can_rewind_ = true, *this; }
    Pieces& fails_at_end() { return fails_ = true, *this; }
    Pieces& delay(Duration time) { return delay_ = time, *this; }

    Task<Result<Bytes>> next() override {
        co_await sleep_for(delay_);
        if (asked < texts_.size()) co_return as_bytes(texts_[asked++]);
        if (fails_) co_return Error(Errc::bad_argument, "the file has gone");
        co_return Bytes();
    }
    std::optional<std::uint64_t> length() const override { return length_; }
    bool rewind() override { return asked = 0, can_rewind_; }

    std::size_t asked = 0;

private:
    std::vector<std::string> texts_;
    std::optional<std::uint64_t> length_;
    Duration delay_ = 1ms;
    bool can_rewind_ = false;
    bool fails_ = false;
};

Request post(std::string body = "", std::string_view origin = "http://localhost:8080") {
    Request request("POST", url("/", origin));
    request.body(std::move(body));
    return request;
}

std::string told(const Result<Response>& response) {
    if (!response) return "(" + response.error().message() + ")";
    return std::to_string(response->status()) + " " + response->body;
}

std::string numbers(std::size_t bytes) {
    std::string text;
    for (int i = 0; text.size() < bytes; ++i)
        text += std::to_string(i);
    return text;
}

/// Tells how the body was framed, and what it was.
Task<void> mirror(Exchange& exchange) {
    const Headers& headers = exchange.request().headers;
    std::string text(headers.get("content-length").value_or("none"));
    text += " " + std::string(headers.get("transfer-encoding").value_or("none"));
    text += " " + exchange.body();
    std::ignore = co_await exchange.respond(200, Headers(), std::move(text));
}

/// Runs `serve(stream)` for each connection, beside `body()`.
template <typename Serve, typename Body>
void with_raw_server(Serve serve, Body body) {
    alone([&]() -> Task<void> {
        TcpListener listener = TcpListener::bind(Endpoint::loopback(kPort)).value();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            const auto accept = [&]() -> Task<void> {
                for (;;) {
                    Result<TcpStream> stream = co_await listener.accept();
                    group.spawn(serve(*std::move(stream)));
                }
            };
            group.spawn(accept());
            co_await body();
            group.cancel();
        });
    });
}

// --- early answers -------------------------------------------------------------------------------

TEST(ClientUpload, HearsAnAnswerThatComesBeforeItsBodyIsTaken) {
    // The server reads no further, and does not close either.
    with_scripts({std::string(kTooLarge) + std::string(kStayOpen)}, []() -> Task<void> {
        Client client;
        const Instant start = Reactor::current().now();
        EXPECT_EQ(told(co_await client.send(post(numbers(1'000'000)))), "413 big");
        EXPECT_LT(since(start), 100ms);
        EXPECT_EQ(client.idle(), 0u);  // half a request lies in it
    });
}

TEST(ClientUpload, HearsAnAnswerThatComesWhileItsSourceIsSlow) {
    with_scripts({std::string(kTooLarge) + std::string(kStayOpen)}, []() -> Task<void> {
        Client client;
        Pieces source({"one", "two", "three"});
        source.delay(1h);
        const Instant start = Reactor::current().now();
        EXPECT_EQ(told(co_await client.send(post(), source)), "413 big");
        EXPECT_LT(since(start), 100ms);
        EXPECT_EQ(source.asked, 0u);
    });
}

TEST(ClientUpload, HearsWhyOfAServerThatClosesInTheMiddle) {
    with_scripts({std::string(kTooLarge)}, []() -> Task<void> {
        Client client;
        EXPECT_EQ(told(co_await client.send(post(numbers(1'000'000)))), "413 big");
    });
    with_scripts({""}, []() -> Task<void> {
        Client client;
        Result<Response> response = co_await client.send(post(numbers(1'000'000)));
        EXPECT_FALSE(response.has_value());
        EXPECT_EQ(client.opened(), 1u);  // not sent again: the connection was new
    });
}

TEST(ClientUpload, GoesOnSendingAfterAnAnswerThatIsNoRefusal) {
    const auto serve = [](TcpStream stream) -> Task<void> {
        std::string all = co_await read_until(stream, "\r\n\r\n");
        std::ignore = co_await stream.write_all(as_bytes(kOne));
        const std::size_t head = all.find("\r\n\r\n") + 4;
        while (all.size() < head + 1'000'000) {
            Result<Lease> lease = co_await stream.read();
            if (!lease || lease->empty()) break;
            all.append(as_text(lease->bytes()));
        }
        EXPECT_EQ(all.size(), head + 1'000'000);
        co_await read_all(stream);
    };
    with_raw_server(serve, []() -> Task<void> {
        Client client;
        EXPECT_EQ(told(co_await client.send(post(std::string(1'000'000, 'x')))), "200 one");
        EXPECT_EQ(client.idle(), 1u);
    });
}

TEST(ClientUpload, DoesNotWaitForAServerThatWaitsForItsReader) {
    // It sends all of its answer before it reads on: more than any buffer between the two holds.
    const std::string large = numbers(1'000'000);
    const auto serve = [&large](TcpStream stream) -> Task<void> {
        std::ignore = co_await read_until(stream, "\r\n\r\n");
        const std::string head =
            "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(large.size()) + "\r\n\r\n";
        std::ignore = co_await stream.write_all(as_bytes(head));
        std::ignore = co_await stream.write_all(as_bytes(large));
        co_await read_all(stream);
    };
    with_raw_server(serve, [&]() -> Task<void> {
        Client client;
        Result<Response> response = co_await client.send(post(large));
        EXPECT_TRUE(response && response->body == large);
        EXPECT_EQ(client.idle(), 1u);

        Client bounded(ClientOptions().body_max(100'000));
        response = co_await bounded.send(post(large));
        EXPECT_EQ(response.error(), HttpErrc::body_too_large) << told(response);
    });
}

TEST(ClientUpload, EndsAtTheGapsLimitWhereNobodyTakesTheBody) {
    with_scripts({std::string(kStayOpen)}, []() -> Task<void> {
        Client client(ClientOptions().gap_limit(5s));
        const Instant start = Reactor::current().now();
        EXPECT_EQ(told(co_await client.send(post(numbers(1'000'000)))),
                  "(http://localhost:8080: waited 5 s for the request to be taken, the limit)");
        EXPECT_LT(since(start), 5100ms);
    });
}

TEST(ClientUpload, SpeaksAndListensAtOnceThroughTls) {
    ParserLimits limits;
    limits.body_bytes = 1000;
    TlsContext served = server_context({"localhost"});
    const auto both = ServerOptions().tls(served);
    with_server(mirror, ServerOptions().tls(served).limits(limits), [](Server&) -> Task<void> {
        Client client(ClientOptions().tls(client_context()));
        Result<Response> response =
            co_await client.send(post(numbers(1'000'000), "https://localhost:8080"));
        EXPECT_EQ(response.value().status(), 413);
    });
    with_server(mirror, both, [](Server&) -> Task<void> {
        Client client(ClientOptions().tls(client_context()));
        const std::string large = numbers(500'000);
        Result<Response> response = co_await client.send(post(large, "https://localhost:8080"));
        EXPECT_EQ(told(response), "200 " + std::to_string(large.size()) + " none " + large);
        EXPECT_EQ(client.idle(), 1u);
    });
}

// --- streamed bodies -----------------------------------------------------------------------------

TEST(ClientUpload, StreamsABodyInChunksOrWithItsLength) {
    with_server(mirror, [](Server&) -> Task<void> {
        Client client;
        Pieces chunked({"one", "two", "three"});
        EXPECT_EQ(told(co_await client.send(post(), chunked)), "200 none chunked onetwothree");
        Pieces counted({"one", "two"});
        counted.tell_length();
        EXPECT_EQ(told(co_await client.send(post(), counted)), "200 6 none onetwo");
        Pieces none({});
        EXPECT_EQ(told(co_await client.send(post(), none)), "200 none chunked ");
        Pieces zero({});
        zero.tell_length();
        EXPECT_EQ(told(co_await client.send(post(), zero)), "200 0 none ");
        const std::string large = numbers(300'000);
        Pieces pieces({large, large});
        EXPECT_EQ(told(co_await client.send(post(), pieces)), "200 none chunked " + large + large);
        EXPECT_EQ(client.opened(), 1u);
    });
}

TEST(ClientUpload, AsksItsSourceForNoMoreThanIsTaken) {
    with_scripts({std::string(kStayOpen)}, []() -> Task<void> {
        Client client(ClientOptions().call_limit(10s));
        Pieces source(std::vector<std::string>(100, std::string(10'000, 'x')));
        Result<Response> response = co_await client.send(post(), source);
        EXPECT_EQ(response.error(), Error::timed_out);
        EXPECT_LE(source.asked, 9u);  // what one window holds, and some that the server has read
    });
}

TEST(ClientUpload, ReportsASourceThatFailsOrMiscounts) {
    with_server(mirror, [](Server&) -> Task<void> {
        Client client;
        Pieces failing({"one"});
        failing.fails_at_end();
        EXPECT_EQ(told(co_await client.send(post(), failing)),
                  "(http://localhost:8080: the file has gone)");
        for (const std::uint64_t length : {std::uint64_t{2}, std::uint64_t{4}}) {
            Pieces source({"one"});
            source.tell_length(length);
            Result<Response> response = co_await client.send(post(), source);
            EXPECT_EQ(response.error(), HttpErrc::bad_request) << told(response);
        }
        Pieces second({"one"});
        Result<Response> two = co_await client.send(post("body"), second);
        EXPECT_EQ(two.error(), HttpErrc::bad_request) << told(two);
        EXPECT_EQ(client.idle(), 0u);
    });
}

TEST(ClientUpload, SendsAStreamedBodyAgainOnlyFromItsBeginning) {
    const std::string stale = std::string(kOne) + std::string(kNextRequest);
    with_scripts({stale, std::string(kOne)}, []() -> Task<void> {
        Client client;
        EXPECT_EQ(told(co_await client.send(post("x"))), "200 one");
        Pieces source({"one", "two"});
        source.can_rewind();
        EXPECT_EQ(told(co_await client.send(post(), source)), "200 one");
        EXPECT_EQ(client.opened(), 2u);
    });
    with_scripts({stale, std::string(kOne)}, []() -> Task<void> {
        Client client;
        EXPECT_EQ(told(co_await client.send(post("x"))), "200 one");
        Pieces source({"one", "two"});
        Result<Response> response = co_await client.send(post(), source);
        EXPECT_EQ(response.error(), HttpErrc::no_response) << told(response);
        EXPECT_EQ(client.opened(), 1u);
    });
}

// --- Expect: 100-continue ------------------------------------------------------------------------

Request expecting(std::string body) {
    Request request = post(std::move(body));
    request.header("Expect", "100-continue");
    return request;
}

/// Reads a head, answers `interim`, and tells what it had read by then, and what in all. It closes
/// where it says no more.
Task<void> tell_apart(TcpStream stream, std::string_view interim) {
    const std::string before = co_await read_until(stream, "\r\n\r\n");
    EXPECT_TRUE(before.ends_with("\r\n\r\n")) << before;
    std::ignore = co_await stream.write_all(as_bytes(interim));
    const std::string body = co_await read_until(stream, "end");
    std::ignore = co_await stream.write_all(as_bytes(kOne));
    EXPECT_EQ(body, "the end");
}

TEST(ClientUpload, WaitsForTheServersWordWhereItExpectsOne) {
    const auto serve = [](TcpStream stream) -> Task<void> {
        return tell_apart(std::move(stream), "HTTP/1.1 100 Continue\r\n\r\n");
    };
    with_raw_server(serve, []() -> Task<void> {
        Client client;
        const Instant start = Reactor::current().now();
        EXPECT_EQ(told(co_await client.send(expecting("the end"))), "200 one");
        EXPECT_LT(since(start), 100ms);
    });
}

TEST(ClientUpload, SendsItsBodyAfterAWhileWithoutTheServersWord) {
    const auto serve = [](TcpStream stream) -> Task<void> {
        return tell_apart(std::move(stream), "HTTP/1.1 103 Early Hints\r\n\r\n");
    };
    with_raw_server(serve, []() -> Task<void> {
        Client client(ClientOptions().continue_limit(3s));
        const Instant start = Reactor::current().now();
        EXPECT_EQ(told(co_await client.send(expecting("the end"))), "200 one");
        EXPECT_GE(since(start), 3s);
        EXPECT_LT(since(start), 3100ms);
    });
}

TEST(ClientUpload, KeepsABodyThatIsRefusedByTheHeadAlone) {
    std::size_t bytes = 0;
    const auto serve = [&](TcpStream stream) -> Task<void> {
        std::ignore = co_await read_until(stream, "\r\n\r\n");
        std::ignore = co_await stream.write_all(as_bytes(kTooLarge));
        bytes += (co_await read_all(stream)).size();
    };
    with_raw_server(serve, [&]() -> Task<void> {
        Client client;
        EXPECT_EQ(told(co_await client.send(expecting("the end"))), "413 big");
        EXPECT_EQ(client.idle(), 0u);
        co_await sleep_for(1s);
        EXPECT_EQ(bytes, 0u);
    });
}

// As nginx does where it has no need of the body.
TEST(ClientUpload, TakesAnAnswerThatComesTogetherWithTheWordToContinue) {
    const std::string together = "HTTP/1.1 100 Continue\r\n\r\n" + std::string(kOne);
    const auto serve = [&](TcpStream stream) -> Task<void> {
        std::ignore = co_await read_until(stream, "\r\n\r\n");
        std::ignore = co_await stream.write_all(as_bytes(together));
    };
    with_raw_server(serve, []() -> Task<void> {
        Client client;
        EXPECT_EQ(told(co_await client.send(expecting("the end"))), "200 one");
    });
}

TEST(ClientUpload, AsksAgainWithoutExpectationWhereItIsNotUnderstood) {
    with_scripts({"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n", std::string(kOne)},
                 []() -> Task<void> {
                     Client client;
                     EXPECT_EQ(told(co_await client.send(expecting("the end"))), "200 one");
                     EXPECT_EQ(client.opened(), 2u);
                 });
}

static_assert(std::has_virtual_destructor_v<BodySource>);

}  // namespace
