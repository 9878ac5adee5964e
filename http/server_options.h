// SPDX-License-Identifier: MIT
//
// What a server accepts, how long it waits, and when it lets go.
#pragma once

#include <weir/http/tls_context.h>
#include <weir/http/wire/parser_event.h>
#include <weir/runtime/address.h>
#include <weir/runtime/base/error.h>
#include <weir/runtime/base/time.h>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

namespace weir::http {

/// One request, for a log. Views and pointers are valid during the call. A target may hold secrets.
class AccessRecord {
public:
    AccessRecord(std::string_view method_token, std::string_view request_target) noexcept
        : method(method_token), target(request_target) {}

    std::string_view method;       ///< empty where it could not be read
    std::string_view target;       ///< the same
    int status = 0;                ///< 0: no answer was begun
    std::uint64_t body_bytes = 0;  ///< of the answer, as it was written
    /// From the whole request, or the head where its handler read the body, to the end of the
    /// answer; from the first byte of one that no handler got.
    Duration duration{};
    bool is_complete = false;      ///< false: the client went, or the answer was cut
    std::exception_ptr exception;  ///< what the handler threw, if it did
    const Error* error = nullptr;  ///< why it was refused, or not read whole; null: it was
    std::optional<Endpoint> client;
};

class ServerOptions {
public:
    ServerOptions() { limits_.body_bytes = std::uint64_t{64} << 20; }

    /// Serves https with this certificate.
    ServerOptions& tls(TlsContext context) {
        tls_ = std::move(context);
        return *this;
    }
    /// Bounds on a request. The default lets bodies have 64 MiB.
    ServerOptions& limits(ParserLimits limits) noexcept { return limits_ = limits, *this; }
    /// How long a connection may stay silent, before a request or inside one. Default: 75 s.
    ServerOptions& silence_limit(Duration limit) noexcept { return silence_ = limit, *this; }
    /// How long a head may take from its first byte to its last, however busily a client sends it
    /// in little pieces. Default: 30 s.
    ServerOptions& head_limit(Duration limit) noexcept { return head_ = limit, *this; }
    /// The bytes a second that a body must have on average, once the limit on silence is past. 0:
    /// no limit. Default: 500.
    ServerOptions& body_rate_min(std::uint64_t bytes) noexcept { return body_rate_ = bytes, *this; }
    /// How long a handler may take. Then it is cancelled, and answered with 503 where it had not
    /// begun to answer; else the connection is cut. Default: no limit.
    ServerOptions& handler_limit(Duration limit) noexcept { return handler_ = limit, *this; }
    /// A connection is closed after so many answers. Default: no limit.
    ServerOptions& requests_per_connection_max(std::uint64_t count) noexcept {
        return requests_max_ = count, *this;
    }
    /// How long a client may take to receive a piece of an answer, of 64 KiB at most; then its
    /// connection is cut. Default: 30 s.
    ServerOptions& write_limit(Duration limit) noexcept { return write_ = limit, *this; }
    /// With so many connections no more are accepted: clients wait in the kernel's queue until one
    /// ends. Default: no limit but that of descriptors.
    ServerOptions& connections_max(std::size_t count) noexcept {
        return connections_max_ = count, *this;
    }
    /// Shares the port with servers on other loops: see TcpListener::bind_shared().
    ServerOptions& share_port(bool is_on = true) noexcept { return share_port_ = is_on, *this; }
    /// Is told of each request once it is answered, or has failed: also of those that were refused,
    /// or given up by their client, while they were read, with what is known of them. Not of those
    /// that were cut with the server. Must not throw.
    ServerOptions& on_access(std::function<void(const AccessRecord&)> report) {
        on_access_ = std::move(report);
        return *this;
    }
    /// Handlers begin when a request's head has come, and read its body themselves: see
    /// Exchange::read_body(). The handlers of a Router still get theirs whole, but for those of
    /// Router::add_streamed(). Default: bodies are read before their handlers begin.
    ServerOptions& stream_bodies(bool is_on = true) noexcept {
        return stream_bodies_ = is_on, *this;
    }
    /// Whether a client that has ended its side, and may still read, is answered. By default it
    /// counts as gone: its handler is cancelled, as nearly all such clients have been killed or
    /// have given up. A client whose connection is reset is gone in any case.
    ServerOptions& half_close(bool is_allowed) noexcept { return half_close_ = is_allowed, *this; }

private:
    friend class Exchange;
    friend class RequestReader;
    friend class Server;
    friend class ServerConnection;
    friend class ServerCore;
    std::optional<TlsContext> tls_;
    ParserLimits limits_;
    Duration silence_ = std::chrono::seconds(75);
    Duration head_ = std::chrono::seconds(30);
    Duration handler_ = Duration::max();
    Duration write_ = std::chrono::seconds(30);
    std::uint64_t body_rate_ = 500;
    std::uint64_t requests_max_ = std::numeric_limits<std::uint64_t>::max();
    std::size_t connections_max_ = std::numeric_limits<std::size_t>::max();
    std::function<void(const AccessRecord&)> on_access_;
    bool stream_bodies_ = false;
    bool share_port_ = false;
    bool half_close_ = false;
};

}  // namespace weir::http
