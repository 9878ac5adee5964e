// SPDX-License-Identifier: MIT
#include <weir/http/server.h>

#include <weir/http/wire/error.h>
#include <weir/http/wire/request_parser.h>
#include <weir/http/wire/response_writer.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>

#include "http/transport.h"

namespace weir::http {
namespace {

// When descriptors have run out, accepting again at once would only spin.
constexpr Duration kPauseAfterFailedAccept = std::chrono::milliseconds(20);
constexpr Duration kHandshakeLimit = std::chrono::seconds(15);
constexpr Duration kLingerLimit = std::chrono::seconds(2);

class CountWhileAlive {
public:
    explicit CountWhileAlive(std::size_t& count) noexcept : count_(count) { ++count_; }
    CountWhileAlive(const CountWhileAlive&) = delete;
    CountWhileAlive& operator=(const CountWhileAlive&) = delete;
    ~CountWhileAlive() { --count_; }

private:
    std::size_t& count_;
};

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

/// Requests of one connection, one after the other.
class RequestReader {
public:
    RequestReader(Transport& transport, ParserLimits limits, Duration silence) noexcept
        : transport_(transport), parser_(limits), silence_(silence) {}

    /// Reads a head and its whole body. False where the client closed instead.
    Task<Result<bool>> next();
    RequestHead take_head() { return std::move(head_); }
    std::string take_body() { return std::exchange(body_, std::string()); }
    bool keep_alive() const noexcept { return parser_.keep_alive(); }

private:
    Task<Result<void>> more();
    Task<Result<void>> send_continue();

    Transport& transport_;
    RequestParser parser_;
    Duration silence_;
    Bytes input_;
    RequestHead head_;
    std::string body_;
    bool has_ended_ = false;
};

Task<Result<bool>> RequestReader::next() {
    if (parser_.is_done()) parser_.start();
    for (;;) {
        Result<ParserEvent> event = parser_.next(input_);
        if (!event) co_return std::move(event).error();
        switch (event->kind) {
            case ParserEvent::head: {
                head_ = parser_.take_head();
                if (!parser_.expects_continue()) break;
                Result<void> sent = co_await send_continue();
                if (!sent) co_return std::move(sent).error();
                break;
            }
            case ParserEvent::body:
                body_.append(as_text(event->bytes));
                break;
            case ParserEvent::end:
                co_return true;
            case ParserEvent::need_more: {
                Result<void> received = co_await more();
                if (!received) co_return std::move(received).error();
                if (!has_ended_) break;
                if (!parser_.has_begun()) co_return false;
                co_return Error(HttpErrc::body_cut);
            }
        }
    }
}

Task<Result<void>> RequestReader::more() {
    Result<Bytes> received = co_await timeout(silence_, transport_.read());
    if (!received) co_return std::move(received).error();
    input_ = *received;
    has_ended_ = received->empty();
    co_return Result<void>();
}

Task<Result<void>> RequestReader::send_continue() {
    ByteQueue out;
    write_continue(out);
    co_return co_await transport_.write_all(out.readable());
}

}  // namespace

// --- exchange ------------------------------------------------------------------------------------

Task<Result<void>> Exchange::respond(int status, Headers headers, std::string body) {
    WEIR_CHECK_HINT(state_ == State::waiting, "a handler answers once");
    if (closes_ || aborts_) headers.set("Connection", "close");
    Result<void> written = write_response(out_, status, headers, body, head_.kind());
    if (!written) co_return written;
    state_ = State::done;
    co_return co_await flush();
}

Task<Result<void>> Exchange::begin(int status, Headers headers) {
    WEIR_CHECK_HINT(state_ == State::waiting, "a handler answers once");
    if (head_.minor_version == 0 || head_.kind() == RequestKind::head) {
        state_ = State::streaming;
        held_.emplace(status, "", std::move(headers));
        co_return Result<void>();
    }
    if (closes_ || aborts_) headers.set("Connection", "close");
    Result<void> written = write_head_chunked(out_, status, headers);
    if (!written) co_return written;
    state_ = State::streaming;
    co_return co_await flush();
}

Task<Result<void>> Exchange::write(std::string_view data) {
    WEIR_CHECK_HINT(state_ == State::streaming, "begin() comes before write()");
    if (held_) {
        held_body_.append(data);
        co_return Result<void>();
    }
    write_chunk(out_, as_bytes(data));
    co_return co_await flush();
}

Task<Result<void>> Exchange::end() {
    WEIR_CHECK_HINT(state_ == State::streaming, "begin() comes before end()");
    if (held_) {
        state_ = State::waiting;
        co_return co_await respond(held_->status, std::move(held_->headers), std::move(held_body_));
    }
    state_ = State::done;
    write_last_chunk(out_);
    co_return co_await flush();
}

Task<Result<void>> Exchange::flush() {
    Result<void> sent = co_await transport_.write_all(out_.readable());
    out_.clear();
    out_.release_if_empty();
    co_return sent;
}

// --- server --------------------------------------------------------------------------------------

Result<Server> Server::listen(const Endpoint& local, ServerOptions options) {
    Result<TcpListener> listener = TcpListener::bind(local);
    if (!listener) return std::move(listener).error();
    return Server(*std::move(listener), std::move(options));
}

Task<Result<void>> Server::serve(Handler handler) {
    co_return co_await with_group([&](TaskGroup& group) -> Task<Result<void>> {
        for (;;) {
            Result<TcpStream> stream = co_await listener_.accept();
            if (stream) {
                group.spawn(serve_connection(*std::move(stream), handler));
                continue;
            }
            if (stream.error() == std::errc::bad_file_descriptor)
                co_return std::move(stream).error();
            co_await sleep_for(kPauseAfterFailedAccept);
        }
    });
}

Task<void> Server::serve_connection(TcpStream stream, const Handler& handler) {
    const CountWhileAlive counted(connections_);
    Transport transport(std::move(stream));
    if (options_.tls_) {
        Result<TlsEngine> engine = TlsEngine::server(*options_.tls_);
        if (!engine) co_return;
        Result<void> secured =
            co_await timeout(kHandshakeLimit, transport.begin_tls(*std::move(engine)));
        if (!secured) co_return;
    }
    co_await serve_requests(transport, handler);
    Result<void> ignored = co_await timeout(options_.silence_, transport.say_goodbye());
    static_cast<void>(ignored);
}

Task<void> Server::serve_requests(Transport& transport, const Handler& handler) {
    RequestReader reader(transport, options_.limits_, options_.silence_);
    for (;;) {
        Result<bool> got = co_await reader.next();
        if (!got) {
            co_await refuse(transport, got.error());
            co_return;
        }
        if (!*got) co_return;
        const bool keep_alive = reader.keep_alive();
        Exchange exchange(transport, reader.take_head(), reader.take_body());
        exchange.closes_ = !keep_alive;
        co_await answer(exchange, handler);
        ++requests_;
        if (exchange.state_ != Exchange::State::done) co_return;
        if (exchange.closes_ || exchange.aborts_) co_return;
    }
}

Task<void> Server::answer(Exchange& exchange, const Handler& handler) {
    try {
        co_await handler(exchange);
    } catch (...) {
        // Answered below, where it has not begun to answer; else the connection is cut.
    }
    if (exchange.has_begun() || exchange.aborts_) co_return;
    Result<void> ignored =
        co_await exchange.respond(500, Headers(), "the handler gave no answer\n");
    static_cast<void>(ignored);
}

// Tells the client what was wrong with its request, where there is still a client to be told.
Task<void> Server::refuse(Transport& transport, const Error& error) {
    if (error.category() != http_category() || error == HttpErrc::body_cut) co_return;
    ByteQueue out;
    Headers headers;
    headers.add("Connection", "close");
    const std::string body = error.message() + "\n";
    if (!write_response(out, status_for(error), headers, body)) co_return;
    Result<void> sent = co_await timeout(options_.silence_, transport.write_all(out.readable()));
    if (!sent) co_return;
    // To close with bytes unread is to reset the connection, and the refusal may never be seen.
    Result<void> ignored = co_await timeout(kLingerLimit, read_to_end(transport));
    static_cast<void>(ignored);
}

}  // namespace weir::http
