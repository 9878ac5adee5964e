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

/// How a request is refused that could not be read. Nothing where it is not the request that is at
/// fault, but the connection, through TLS or not.
std::optional<int> refusal_for(const Error& error, bool is_amidst) {
    if (error == HttpErrc::malformed_request) return 400;
    if (error == HttpErrc::body_too_large) return 413;
    if (error == HttpErrc::target_too_large) return 414;
    if (error == HttpErrc::unknown_expectation) return 417;
    if (error == HttpErrc::head_too_large) return 431;
    if (error == HttpErrc::unknown_version) return 505;
    if (error == Error::timed_out && is_amidst) return 408;
    return std::nullopt;
}

std::string refusal_text(const Error& error) {
    return (error == Error::timed_out ? "the request took too long" : error.message()) + "\n";
}

Task<Result<void>> read_to_end(Transport& transport) {
    for (;;) {
        Result<Bytes> received = co_await transport.read();
        if (!received) co_return std::move(received).error();
        if (received->empty()) co_return Result<void>();
    }
}

}  // namespace

ServerConnection::ServerConnection(ServerCore& core, TcpStream stream)
    : core_(core),
      options_(core.options),
      transport_(std::move(stream)),
      reader_(core, *this, transport_) {}

Task<void> ServerConnection::serve() {
    if (options_.tls_) {
        Result<TlsEngine> engine = TlsEngine::server(*options_.tls_);
        if (!engine) co_return;
        Result<void> secured =
            co_await timeout(kHandshakeLimit, transport_.begin_tls(*std::move(engine)));
        if (!secured) co_return;
    }
    co_await serve_requests();
    co_await close();
}

Task<void> ServerConnection::serve_requests() {
    for (;;) {
        Result<bool> got = co_await reader_.next();
        if (!got) co_return co_await refuse(got.error());
        if (!*got) co_return;
        const bool is_last = ++answered_ >= options_.requests_max_;
        Exchange exchange(core_, transport_, reader_, reader_.keep_alive() && !is_last);
        const Instant begin = Reactor::current().now();
        co_await answer(exchange);
        ++core_.requests;
        if (options_.on_access_) report(exchange, Reactor::current().now() - begin);
        lingers_ = !reader_.has_whole_body() || reader_.has_more() || !transport_.is_quiet();
        if (exchange.state_ != Exchange::State::done) co_return;
        if (exchange.closes_ || exchange.aborts_) co_return;
        if (reader_.has_whole_body()) continue;
        Result<bool> skipped = co_await timeout(kLingerLimit, reader_.skip_body());
        if (!skipped || !*skipped) co_return;
    }
}

Task<void> ServerConnection::answer(Exchange& exchange) {
    int status = 500;
    std::string text = "the handler gave no answer\n";
    if (exchange.head_.kind() == RequestKind::connect) {
        status = 501;
        text = "this server is no proxy\n";
        exchange.closes_ = true;
    } else {
        try {
            Result<void> ended = co_await run_handler(exchange);
            if (!ended && ended.error() != Error::timed_out) co_return;  // the client is gone
            if (!ended) {
                status = 503;
                text = "the handler took too long\n";
            } else if (const Error* error = reader_.failure()) {
                status = refusal_for(*error, true).value_or(0);
                text = refusal_text(*error);
            }
        } catch (...) {
            // Answered below, where it has not begun to answer; else the connection is cut.
            exception_ = std::current_exception();
        }
    }
    if (exchange.has_begun() || exchange.aborts_ || status == 0) co_return;
    Result<void> ignored = co_await exchange.respond(status, Headers(), std::move(text));
    static_cast<void>(ignored);
}

Task<Result<void>> ServerConnection::run_handler(Exchange& exchange) {
    const Instant now = Reactor::current().now();
    const Instant deadline = saturating_add(now, options_.handler_);
    co_return co_await supervised(*this, deadline, now + kWatchAfter, core_.handler(exchange));
}

void ServerConnection::report(const Exchange& exchange, Duration duration) {
    AccessRecord record(exchange.head_.method, exchange.head_.target);
    record.status = exchange.status_;
    record.body_bytes = exchange.body_bytes_;
    record.duration = duration;
    record.is_complete = exchange.state_ == Exchange::State::done && !exchange.has_failed_;
    record.exception = std::exchange(exception_, nullptr);
    record.error = reader_.failure();
    report(record);
}

void ServerConnection::report(AccessRecord& record) {
    Result<Endpoint> client = transport_.peer_endpoint();
    if (client) record.client = *client;
    options_.on_access_(record);
}

// True where the client has gone: its handler is to end.
Task<bool> ServerConnection::watch() {
    co_await reader_.body_end();
    Result<bool> has_ended = co_await transport_.watch(kAheadBytesMax);
    if (!has_ended) co_return true;
    co_return *has_ended && !options_.half_close_;
}

// Tells the client what was wrong with its request, where there is still a client to be told.
Task<void> ServerConnection::refuse(const Error& error) {
    const bool is_amidst = reader_.is_amidst();
    const int status = refusal_for(error, is_amidst).value_or(0);
    std::string text = refusal_text(error);
    const std::size_t size = text.size();
    bool is_sent = false;
    if (status != 0) is_sent = co_await send_refusal(status, std::move(text));
    if (!is_amidst || !options_.on_access_) co_return;
    const RequestHead head = reader_.take_known_head();
    AccessRecord record(head.method, head.target);
    record.status = status;
    if (status != 0) record.body_bytes = size;
    record.duration = Reactor::current().now() - reader_.begun();
    record.is_complete = is_sent;
    record.error = &error;
    report(record);
}

Task<bool> ServerConnection::send_refusal(int status, std::string body) {
    ByteQueue out;
    const ServerFields added(core_.dates.now(), "close");
    Result<void> sent = write_response(out, status, Headers(), body, RequestKind::normal, added);
    if (sent) sent = co_await timeout(options_.write_, transport_.write_all(out.readable()));
    lingers_ = true;
    co_return sent.has_value();
}

// RFC 9112, 9.6: to close with bytes unread is to reset the connection, and the client may never
// see an answer that was on its way. So its own end is waited for, if it may be sending still.
Task<void> ServerConnection::close() {
    Result<void> done = co_await timeout(options_.write_, transport_.say_goodbye());
    if (!done || !lingers_) co_return;
    done = transport_.shut_down_output();
    if (done) done = co_await timeout(kLingerLimit, read_to_end(transport_));
    static_cast<void>(done);
}

}  // namespace weir::http
