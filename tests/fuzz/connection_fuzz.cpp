// SPDX-License-Identifier: MIT
//
// A whole client in a simulated world, with any bytes as what the server answers, cut anyhow, plain
// or through TLS. Each call ends within its deadline, succeeds only where the bytes prove an
// answer, and leaves nothing behind.
#include <weir/http/client.h>
#include <weir/http/wire/response_parser.h>
#include <weir/runtime/run.h>
#include <weir/runtime/simulation.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/tcp.h>

#include <optional>

#include "http/transport.h"
#include "tests/fuzz/fixed_random.h"
#include "tests/fuzz/fuzz.h"

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

constexpr std::uint16_t kPort = 8080;
constexpr Duration kCallLimit = 10s;

/// What the first bits of the input choose.
class World {
public:
    explicit World(const fuzz::Input& input)
        : is_secure(input.flag(1)),
          closes(input.flag(0)),
          says_goodbye(input.flag(2)),
          is_slow(input.flag(3)),
          is_head(input.flag(4)),
          text(input.text()),
          pieces(input.cut()) {}

    bool is_secure;
    bool closes;
    bool says_goodbye;
    bool is_slow;
    bool is_head;
    std::string text;
    test::Pieces pieces;
};

/// The answer that is in the bytes when all of them are seen at once; nothing if there is none.
std::optional<std::string> proven(const World& world) {
    ResponseParser parser;
    parser.start(world.is_head ? RequestKind::head : RequestKind::normal);
    std::string body;
    Bytes rest = as_bytes(world.text);
    while (!parser.is_done()) {
        Result<ParserEvent> event = parser.next(rest);
        if (event && event->kind == ParserEvent::need_more) {
            // An end proves something only where it is certain to be the end.
            if (!world.closes || (world.is_secure && !world.says_goodbye)) return std::nullopt;
            event = parser.on_end();
        }
        if (!event) return std::nullopt;
        if (event->kind == ParserEvent::body) body += as_text(event->bytes);
    }
    return std::to_string(parser.take_head().status) + " " + body;
}

Task<void> serve(TcpStream stream, const World& world) {
    Transport transport(std::move(stream));
    if (world.is_secure) {
        Result<TlsEngine> engine = TlsEngine::server(fuzz::FixedTls::get().server);
        Result<void> secured = co_await transport.begin_tls(*std::move(engine));
        if (!secured) co_return;
    }
    std::string request;
    while (request.find("\r\n\r\n") == std::string::npos) {
        Result<Bytes> piece = co_await transport.read();
        if (!piece || piece->empty()) co_return;
        request += as_text(*piece);
    }
    for (std::size_t i = 0; i < world.pieces.size(); ++i) {
        Result<void> sent = co_await transport.write_all(world.pieces[i]);
        if (!sent) co_return;
        if (world.is_slow) co_await sleep_for(700ms);
    }
    if (!world.closes) co_await sleep_for(24h);
    if (!world.says_goodbye) co_return;
    Result<void> ignored = co_await transport.say_goodbye();
    static_cast<void>(ignored);
}

Task<void> accept_all(TaskGroup& group, TcpListener& listener, const World& world) {
    for (;;) {
        Result<TcpStream> stream = co_await listener.accept();
        if (stream) group.spawn(serve(*std::move(stream), world));
    }
}

Task<void> call(Client& client, const World& world, const std::optional<std::string>& answer) {
    const Instant start = Reactor::current().now();
    const char* const address =
        world.is_secure ? "https://localhost:8080/" : "http://localhost:8080/";
    Request request(world.is_head ? "HEAD" : "GET", Url::parse(address).value());
    Result<Response> got = co_await client.send(std::move(request));
    // A timer fires at the next tick.
    fuzz::expect(Reactor::current().now() - start <= kCallLimit + 2ms,
                 "a call beyond its deadline");
    if (!got) co_return;
    fuzz::expect(answer.has_value(), "an answer that the bytes do not prove");
    fuzz::expect_equal(std::to_string(got->status()) + " " + got->body, *answer, "another answer");
}

Task<void> run_world(const World& world) {
    const std::optional<std::string> answer = proven(world);
    TcpListener listener = TcpListener::bind(Endpoint::loopback(kPort)).value();
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        group.spawn(accept_all(group, listener, world));
        ClientOptions options;
        options.tls(fuzz::FixedTls::get().client).call_limit(kCallLimit);
        options.first_byte_limit(4s).gap_limit(3s);
        Client client(std::move(options));
        // The second may find the connection of the first, or open its own.
        co_await call(client, world, answer);
        co_await call(client, world, answer);
        fuzz::expect(client.idle() <= 1, "more connections kept than there can be");
        group.cancel();
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < fuzz::Input::kSettings) return 0;
    static_cast<void>(fuzz::FixedTls::get());
    fuzz::FixedRandom::restart();
    const fuzz::Input input(data, size);
    const World world(input);
    const std::size_t frames_before = weir::detail::frames_live();
    run_simulated(run_world(world));
    fuzz::expect(weir::detail::frames_live() == frames_before, "frames are left behind");
    return 0;
}
