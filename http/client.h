// SPDX-License-Identifier: MIT
//
// The HTTP/1.1 client: sends requests over connections that it keeps for reuse, by origin. An
// answer with an error status is an answer; an Error means that there is none, or not all of it.
#pragma once

#include <weir/http/body_source.h>
#include <weir/http/call_options.h>
#include <weir/http/client_observer.h>
#include <weir/http/proxy.h>
#include <weir/http/redirect.h>
#include <weir/http/tls_context.h>
#include <weir/http/wire/content_decoder.h>
#include <weir/http/wire/error.h>
#include <weir/http/wire/message.h>
#include <weir/http/wire/parser_event.h>
#include <weir/runtime/base/assert.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/socket_options.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task.h>
#include <weir/runtime/unix_socket.h>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace weir::http {

class Client;
class Connection;
class ConnectionPool;
class Dialer;
class CallLimits;
class Outgoing;
class Turn;

/// What a client is allowed, and how long each of its waits may take. Each limit ends the wait with
/// Errc::timed_out and a message that names the phase.
class ClientOptions {
public:
    ClientOptions() noexcept {}
    // Not inline, as some of the setters: g++ 12 warns of the optional members in users' code.
    ClientOptions(const ClientOptions&);
    ClientOptions(ClientOptions&&) noexcept;
    ClientOptions& operator=(const ClientOptions&);
    ClientOptions& operator=(ClientOptions&&) noexcept;
    ~ClientOptions();

    /// Trust for https. Without it, the system's authorities.
    ClientOptions& tls(TlsContext context);
    /// Name, TCP and TLS together. Default: 10 s.
    ClientOptions& connect_limit(Duration limit) noexcept { return connect_ = limit, *this; }
    /// Each of the three alone, within that. Default: no limit of its own.
    ClientOptions& name_limit(Duration limit) noexcept { return name_ = limit, *this; }
    ClientOptions& tcp_limit(Duration limit) noexcept { return tcp_ = limit, *this; }
    ClientOptions& tls_limit(Duration limit) noexcept { return tls_limit_ = limit, *this; }
    /// How long the addresses of a host are remembered; zero: for those who wait for the same
    /// look-up alone. The system's resolver does not tell how long they hold. Default: 10 s.
    ClientOptions& addresses_kept(Duration time) noexcept { return addresses_kept_ = time, *this; }
    /// Default: a connection that was silent for 60 s is probed each 15 s, and given up after four
    /// probes, or when the peer acknowledges nothing for 120 s.
    ClientOptions& socket(const SocketOptions& options) noexcept {
        return socket_ = options, *this;
    }
    /// Connects to this UNIX socket, whatever host and port a URL has: these are for the Host field
    /// and for TLS alone.
    ClientOptions& unix_socket(const UnixAddress& address) noexcept {
        return unix_socket_ = address, *this;
    }
    /// Goes through these proxies: as curl does with ProxySettings::from_environment(). Default:
    /// none.
    ClientOptions& proxies(ProxySettings settings);
    /// From the request's last byte to the answer's first. Default: 600 s; models think long.
    ClientOptions& first_byte_limit(Duration limit) noexcept { return first_byte_ = limit, *this; }
    /// How long a request with `Expect: 100-continue` waits for the server's word before it sends
    /// its body all the same. Default: 1 s.
    ClientOptions& continue_limit(Duration limit) noexcept { return continue_ = limit, *this; }
    /// Between two arrivals of an answer that has begun, and for each piece of a request's body to
    /// be taken. Default: 120 s.
    ClientOptions& gap_limit(Duration limit) noexcept { return gap_ = limit, *this; }
    /// One deadline for a whole call, from the look-up of the name to the last byte. Default: none.
    ClientOptions& call_limit(Duration limit) noexcept { return call_ = limit, *this; }
    /// Connections being opened at once; further calls wait for their turn. More would only take
    /// memory and let handshakes run into their limit, since they share one core. Default: 512.
    ClientOptions& connecting_max(std::size_t count) noexcept {
        return connecting_max_ = count, *this;
    }
    /// Connections open at once, idle ones included; further calls wait in the order of their
    /// coming. Where an idle one is in the way of another origin's, the oldest is closed. Default:
    /// no limit.
    ClientOptions& connections_max(std::size_t count) noexcept {
        return connections_max_ = count, *this;
    }
    /// The same for each origin: scheme, host and port. Default: no limit.
    ClientOptions& connections_max_by_origin(std::size_t count) noexcept {
        return connections_max_by_origin_ = count, *this;
    }
    /// Connections kept for reuse, for each origin; of more, the oldest is closed. Default: 10,000.
    ClientOptions& idle_max(std::size_t count) noexcept { return idle_max_ = count, *this; }
    /// How long a connection is kept for reuse. Best below the server's own limit, which is often
    /// 60 s or more. Default: 90 s.
    ClientOptions& idle_limit(Duration limit) noexcept { return idle_limit_ = limit, *this; }
    /// Which requests are sent again, once, on a new connection, where a kept one ended before any
    /// byte of an answer. With less than Resend::any the others fail then, with no_response or a
    /// reset: a race that servers lose now and then when they close idle connections. Default: any.
    ClientOptions& resend_unanswered(Resend which) noexcept { return resend_ = which, *this; }
    /// The largest body that send() gathers, and the most that is kept of an answer that comes
    /// while its request is still being sent. Default: 256 MiB.
    ClientOptions& body_max(std::uint64_t bytes) noexcept { return body_max_ = bytes, *this; }
    /// Follows redirections, each request within the limits above and all within the call's.
    /// HttpErrc::bad_redirect for those that cannot or must not be followed. Default: they are
    /// answers like others.
    ClientOptions& follow_redirects(RedirectPolicy policy = RedirectPolicy());
    /// Tells it of each request. It must outlive the client. Default: none.
    ClientOptions& observer(ClientObserver& observer) noexcept {
        return observer_ = &observer, *this;
    }
    /// Asks for bodies in gzip or deflate, and gives them decoded; the head is then without
    /// Content-Encoding and Content-Length. HttpErrc::unknown_coding where the server answers in
    /// another, body_too_large beyond `limits`. Default: bodies are given as they come.
    ClientOptions& decode_bodies(ExpansionLimits limits = ExpansionLimits()) noexcept {
        expansion_ = limits;
        return *this;
    }

private:
    friend class Client;
    std::optional<TlsContext> tls_;
    Duration connect_ = std::chrono::seconds(10);
    Duration name_ = Duration::max();
    Duration tcp_ = Duration::max();
    Duration tls_limit_ = Duration::max();
    Duration addresses_kept_ = std::chrono::seconds(10);
    SocketOptions socket_ = SocketOptions()
                                .keepalive(std::chrono::seconds(60), std::chrono::seconds(15), 4)
                                .unacknowledged_limit(std::chrono::seconds(120));
    std::optional<UnixAddress> unix_socket_;
    Duration first_byte_ = std::chrono::seconds(600);
    Duration continue_ = std::chrono::seconds(1);
    Duration gap_ = std::chrono::seconds(120);
    Duration call_ = Duration::max();
    Duration idle_limit_ = std::chrono::seconds(90);
    std::size_t connecting_max_ = 512;
    std::size_t connections_max_ = std::numeric_limits<std::size_t>::max();
    std::size_t connections_max_by_origin_ = std::numeric_limits<std::size_t>::max();
    std::size_t idle_max_ = 10'000;
    Resend resend_ = Resend::any;
    std::uint64_t body_max_ = std::uint64_t{256} << 20;
    ClientObserver* observer_ = nullptr;
    std::optional<ProxySettings> proxies_;
    std::optional<RedirectPolicy> redirects_;
    std::optional<ExpansionLimits> expansion_;
};

/// A whole answer.
class Response {
public:
    Response(ResponseHead response_head, std::string text)
        : head(std::move(response_head)), body(std::move(text)) {}

    int status() const noexcept { return head.status; }

    ResponseHead head;
    std::string body;
};

/// An answer whose body is read piece by piece. Read to its end, the connection is kept for reuse;
/// dropped before, it is closed, which also tells the server to stop. Must not outlive its client.
class ResponseStream {
public:
    ResponseStream(ResponseStream&&) noexcept;
    ResponseStream& operator=(ResponseStream&&) noexcept;
    ~ResponseStream();

    int status() const noexcept { return status_; }
    /// Precondition: take_head() was not called.
    const ResponseHead& head() const noexcept { return WEIR_CHECK(head_ != nullptr), *head_; }
    /// Hands the head over, for those who keep many streams; only status() is left.
    ResponseHead take_head();

    /// The next piece of the body, valid until the next call; empty at the end of the body.
    /// HttpErrc::body_cut where the connection ends before the body does. After an error the
    /// stream is of no more use.
    Task<Result<Bytes>> read();
    /// The same of what has been received already; nothing where read() would have to wait, or to
    /// decode. For those who take many small pieces: it costs no task.
    Result<std::optional<Bytes>> try_read();
    /// Drops the rest of the body, so that the connection can be kept; closes it instead where the
    /// end does not come within `limit`. Then the stream is at its end.
    Task<void> drain(Duration limit);
    /// Whether the body was read to its end.
    bool is_complete() const noexcept;

    /// When the call must be over: its own deadline, until another is set. A read that passes it
    /// ends with Errc::timed_out.
    Instant deadline() const noexcept;
    void set_deadline(Instant deadline) noexcept;

private:
    friend class Client;
    class Decoding;

    ResponseStream(Client& client, std::unique_ptr<Connection> connection);
    Result<void> decode(ExpansionLimits limits);
    Task<Result<Bytes>> read_decoded();
    Task<Result<Bytes>> read_received();
    Result<Bytes> take(Result<ParserEvent> event);

    Client* client_;
    std::unique_ptr<ResponseHead> head_;      // elsewhere, since streams are moved around
    std::unique_ptr<Connection> connection_;  // null once it went back to the client
    std::unique_ptr<Decoding> decoding_;      // null where bodies are given as they come
    int status_;
};

class Client {
public:
    explicit Client(ClientOptions options = ClientOptions());
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// The whole answer. A request that a reused connection never began to answer is sent again,
    /// once, on a new one: the server had closed it meanwhile. See resend_unanswered().
    Task<Result<Response>> send(Request request, CallOptions options = CallOptions());
    /// The answer up to its head; the body is read from the stream. The request is sent by then,
    /// but for a server that refuses it early, with a status of 300 or more: then the rest is not
    /// sent. A body of more than a few kilobytes is sent while the answer is watched.
    Task<Result<ResponseStream>> open(Request request, CallOptions options = CallOptions());

    /// The same with a body that is made while it is sent. `body` must live until the task ends.
    Task<Result<Response>> send(Request request, BodySource& body);
    Task<Result<ResponseStream>> open(Request request, BodySource& body);

    /// Connections that wait for reuse now, and connections opened so far.
    std::size_t idle() const noexcept;
    std::size_t opened() const noexcept { return opened_; }

private:
    friend class ResponseStream;

    Task<Result<Response>> gather_body(Task<Result<ResponseStream>> opening);
    Task<Result<ResponseStream>> begin(std::unique_ptr<Outgoing> outgoing);
    Task<Result<ResponseStream>> follow(std::unique_ptr<Outgoing> outgoing);
    /// `owned` is `outgoing`, to be kept until the answer's head has come; or somebody else's.
    Task<Result<ResponseStream>> hop(Outgoing& outgoing, Instant deadline,
                                     std::unique_ptr<Outgoing> owned);
    Task<Result<ResponseStream>> observed_exchange(Outgoing& outgoing, Instant deadline,
                                                   std::unique_ptr<Outgoing> owned);
    Task<Result<ResponseStream>> exchange(Outgoing& outgoing, Instant deadline,
                                          std::unique_ptr<Outgoing> owned);
    void address_to_proxy(Outgoing& outgoing);
    Result<ResponseStream> answer_on(std::unique_ptr<Connection> connection);
    std::unique_ptr<Connection> take_idle(const Url& url);
    /// A place for a connection, that of `stale` or one that is free, and leave to open it.
    Task<Result<Turn>> turn(const Url& url, std::unique_ptr<Connection> stale, bool* has_place);
    Task<Result<Turn>> turn_by(Instant deadline, const Url& url, std::unique_ptr<Connection> stale);
    Task<Result<Turn>> timed_turn(Instant deadline, const Url& url,
                                  std::unique_ptr<Connection> stale);
    /// `turn` must live until the task ends; its place goes to the connection.
    Task<Result<std::unique_ptr<Connection>>> connect(const Url& url, Instant deadline, Turn& turn);
    void give_back(std::unique_ptr<Connection> connection);

    ClientOptions options_;
    std::unique_ptr<const CallLimits> limits_;
    Semaphore connecting_;
    std::unique_ptr<Dialer> dialer_;
    std::unique_ptr<ConnectionPool> pool_;
    std::size_t opened_ = 0;
};

}  // namespace weir::http
