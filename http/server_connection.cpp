// SPDX-License-Identifier: MIT
#include "http/server_connection.h"

#include <weir/http/wire/error.h>
#include <weir/http/wire/response_writer.h>
#include <weir/runtime/timeout.h>

namespace weir::http {
namespace {

constexpr Duration kHandshakeLimit = std::chrono::seconds(15);
constexpr Duration kLingerLimit = std::chrono::seconds(2);
// A handler that is done before pays nothing for the watch.
constexpr Duration kWatchAfter = std::chrono::milliseconds(5);
// What is kept of requests that come while one is answered. Beyond it the client waits, unwatched.
constexpr std::size_t kAheadBytesMax = 16 * 1024;

int status_for(const Error& error) {
    if (error == HttpErrc::body_too_large) return 413;
    return error == HttpErrc::head_too_large ? 431 : 400;
}

Task<Result<void>> read_to_end(Transport& transport) {
    for (;;) {
        Result<Bytes> received = co_await transport.read();
        if (!received) co_return std::move(received).error();
        if (received->empty()) co_return Result<void>();
    }
}

}  // namespace

ServerConnection::ServerConnection(ServerCore& core, TcpStream stream,
                                   const Server::Handler& handler) noexcept
    : core_(core),
      options_(core.options),
      transport_(std::move(stream)),
      handler_(handler),
      reader_(transport_, options_.limits_, options_.silence_) {}

Task<void> ServerConnection::serve() {
    if (options_.tls_) {
        Result<TlsEngine> engine = TlsEngine::server(*options_.tls_);
        if (!engine) co_return;
        Result<void> secured =
            co_await timeout(kHandshakeLimit, transport_.begin_tls(*std::move(engine)));
        if (!secured) co_return;
    }
    co_await serve_requests();
    Result<void> ignored = co_await timeout(options_.silence_, transport_.say_goodbye());
    static_cast<void>(ignored);
}

Task<void> ServerConnection::serve_requests() {
    for (;;) {
        Result<bool> got = co_await reader_.next();
        if (!got) {
            co_await refuse(got.error());
            co_return;
        }
        if (!*got) co_return;
        Exchange exchange(core_, transport_, reader_.take_head(), reader_.take_body(),
                          reader_.keep_alive());
        co_await answer(exchange);
        ++core_.requests;
        if (exchange.state_ != Exchange::State::done) co_return;
        if (exchange.closes_ || exchange.aborts_) co_return;
    }
}

Task<void> ServerConnection::answer(Exchange& exchange) {
    const Instant watch_at = saturating_add(Reactor::current().now(), kWatchAfter);
    try {
        Result<void> ended = co_await supervised(*this, kNever, watch_at, handler_(exchange));
        if (!ended) co_return;  // the client is gone
    } catch (...) {
        // Answered below, where it has not begun to answer; else the connection is cut.
    }
    if (exchange.has_begun() || exchange.aborts_) co_return;
    Result<void> ignored =
        co_await exchange.respond(500, Headers(), "the handler gave no answer\n");
    static_cast<void>(ignored);
}

// True where the client has gone: its handler is to end.
Task<bool> ServerConnection::watch() {
    Result<bool> has_ended = co_await transport_.watch(kAheadBytesMax);
    if (!has_ended) co_return true;
    co_return *has_ended && !options_.half_close_;
}

// Tells the client what was wrong with its request, where there is still a client to be told.
Task<void> ServerConnection::refuse(const Error& error) {
    if (error.category() != http_category() || error == HttpErrc::body_cut) co_return;
    ByteQueue out;
    const ServerFields added(core_.dates.now(), "close");
    const std::string body = error.message() + "\n";
    Result<void> written =
        write_response(out, status_for(error), Headers(), body, RequestKind::normal, added);
    if (!written) co_return;
    Result<void> sent = co_await timeout(options_.silence_, transport_.write_all(out.readable()));
    if (!sent) co_return;
    // To close with bytes unread is to reset the connection, and the refusal may never be seen.
    Result<void> ignored = co_await timeout(kLingerLimit, read_to_end(transport_));
    static_cast<void>(ignored);
}

}  // namespace weir::http
