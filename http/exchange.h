// SPDX-License-Identifier: MIT
//
// One request and the answer to it, as a handler sees them.
#pragma once

#include <weir/http/wire/headers.h>
#include <weir/http/wire/message.h>
#include <weir/runtime/address.h>
#include <weir/runtime/base/byte_queue.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/task.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::http {

class RequestReader;
class ServerCore;
class Transport;

/// A handler answers once: whole with respond(), or with begin(), any number of write() and end().
/// One that does not answer makes it a 500. An error means that the client is gone or reads too
/// slowly, or, as HttpErrc::bad_request, that the answer cannot be sent as it is; a handler then
/// returns. While a handler waits for something else and the client goes, the handler is cancelled
/// where it waits.
class Exchange {
public:
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    const RequestHead& request() const noexcept { return head_; }
    /// Whole, but where bodies are streamed: then what gather_body() has read.
    const std::string& body() const noexcept { return body_; }
    /// The target's path as sent, with its percent signs: see RequestTarget.
    std::string_view path() const noexcept;
    /// The first value that the query has for that name, decoded as forms are; nothing without one.
    std::optional<std::string> query(std::string_view name) const;
    /// What the Router found in the path for "{name}", decoded; empty without one. The view is
    /// valid while the exchange lives.
    std::string_view parameter(std::string_view name) const noexcept;
    /// Whom the request is for, "host" or "host:port": the target's where it names one, else the
    /// Host field's. RFC 9112, 3.2.2.
    std::string_view host() const noexcept;
    /// Who sent it, which behind a proxy is the proxy. An error where the connection is gone.
    Result<Endpoint> client() const;

    // --- the body, piece by piece: ServerOptions::stream_bodies() --------------------------------
    /// The next piece, valid until the next call; empty at the end. The client sends no faster than
    /// pieces are read. An error, such as HttpErrc::body_cut or body_too_large, is the end of it,
    /// and is given again; a handler may then return, and the server says what was wrong. A client
    /// that holds its body back (Expect: 100-continue) is asked for it at the first call, if no
    /// answer has begun. That a client goes is found out by reading, and only after the body's end
    /// by a handler that waits for something else. The rest of a body that is not read to its end
    /// is passed over if it is little; else the connection is closed. Where bodies are not streamed
    /// it gives all of the body once.
    Task<Result<Bytes>> read_body();
    /// Reads the rest of it into body(). HttpErrc::body_too_large where that has more than
    /// `bytes_max` bytes: before it is sent, if its length was told.
    Task<Result<void>> gather_body(std::uint64_t bytes_max = kGatheredBytesMax);
    /// Whether nothing of the body is still to come.
    bool has_whole_body() const noexcept;
    static constexpr std::uint64_t kGatheredBytesMax = std::uint64_t{64} << 20;

    /// Work that outlasts the answer, such as writing it to a log: a task of the server's own
    /// group. Draining waits for it, within its limit; an exception ends it and nothing else. It
    /// must not refer to this exchange.
    void spawn(Task<void> task);

    /// Sends a whole response. Fields for its length, date and connection are added.
    Task<Result<void>> respond(int status, Headers headers, std::string body);
    /// The same with the content type of JSON.
    Task<Result<void>> respond_json(int status, std::string body);
    /// Begins a response whose body is sent piece by piece. To an HTTP/1.0 client it ends with the
    /// connection. A body for HEAD is taken and not sent.
    Task<Result<void>> begin(int status, Headers headers);
    /// The same for a body of exactly that many bytes.
    Task<Result<void>> begin(int status, Headers headers, std::uint64_t length);
    /// Sends a piece, at once. `data` must stay put meanwhile. More than the length that was told
    /// is HttpErrc::bad_request, and is not sent.
    Task<Result<void>> write(std::string_view data);
    /// Where less was written than was told the connection is cut, so that the client knows.
    Task<Result<void>> end();

    /// Begins a stream of server-sent events, with status 200: of type text/event-stream, not to be
    /// cached, nor held back by a proxy (X-Accel-Buffering). Fields of `headers` count before
    /// these. Then write_event(), and end().
    Task<Result<void>> begin_events(Headers headers = Headers());
    /// Sends one event, at once: see write_sse_event(). All of it must stay put meanwhile.
    Task<Result<void>> write_event(std::string_view data, std::string_view type = {},
                                   std::string_view id = {});
    /// Sends a comment: now and then, it keeps proxies from closing a stream that is silent.
    Task<Result<void>> write_event_comment();

    /// The connection is closed after this response, or, in the middle of one, right away: how a
    /// test server cuts an answer.
    void close_connection() noexcept { aborts_ = true; }

    bool has_begun() const noexcept { return state_ != State::waiting; }

private:
    friend class Router;
    friend class ServerConnection;
    enum class State : std::uint8_t { waiting, streaming, done };
    enum class Framing : std::uint8_t { chunked, sized, until_close };

    Exchange(ServerCore& core, Transport& transport, RequestReader& reader, bool keep_alive);
    std::string_view connection_option(Headers& headers);
    Task<Result<void>> begin_as(Framing framing, int status, Headers headers);
    Task<Result<void>> flush();

    ServerCore& core_;
    Transport& transport_;
    RequestReader& reader_;
    RequestHead head_;
    std::string body_;
    std::vector<std::pair<std::string, std::string>> parameters_;
    ByteQueue out_;
    std::uint64_t left_ = 0;        // sized: bytes still to be written
    std::uint64_t body_bytes_ = 0;  // sent as content
    int status_ = 0;                // 0: none yet
    State state_ = State::waiting;
    Framing framing_ = Framing::chunked;
    bool is_body_given_ = false;  // by read_body(), where all of it was there
    bool closes_;                 // the client asked for it, or the answer's framing needs it
    bool has_failed_ = false;
    bool aborts_ = false;  // the handler asked for it, or sending failed
};

}  // namespace weir::http
