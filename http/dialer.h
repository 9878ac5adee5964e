// SPDX-License-Identifier: MIT
//
// New connections for a client: the host's name, TCP or a UNIX socket, a proxy's tunnel, TLS, each
// within its limit. Says which limit it was.
#pragma once

#include <weir/http/proxy.h>
#include <weir/http/tls_context.h>
#include <weir/http/wire/url.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/socket_options.h>
#include <weir/runtime/stream.h>
#include <weir/runtime/task.h>
#include <weir/runtime/unix_socket.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/address_cache.h"
#include "http/transport.h"

namespace weir::http {

class DialOptions {
public:
    DialOptions() noexcept {}

    Duration all{};  // for the three together
    Duration name{};
    Duration tcp{};
    Duration tls{};
    Duration addresses_kept{};
    SocketOptions socket;
    std::optional<UnixAddress> unix_socket;  // instead of the URL's host and port
    ProxySettings proxies;
};

class Dialer {
public:
    Dialer(DialOptions options, std::optional<TlsContext> tls)
        : options_(std::move(options)), tls_(std::move(tls)), addresses_(options_.addresses_kept) {}

    /// A connection to the host of `url`, or to its proxy. Errors do not name the origin.
    /// `deadline` is the call's own. `url` must live until the task ends.
    Task<Result<Transport>> dial(const Url& url, Instant deadline);

private:
    /// One wait, with the earliest of three limits: its own, that of all, the call's.
    class Phase {
    public:
        Phase(const char* what, Duration own_limit, const DialOptions& options, Instant begin,
              Instant deadline) noexcept;
        /// For an error of the wait.
        Error explain(Error error) const;

        const char* name;
        Duration limit;
        Duration limit_of_all;
        Instant end_of_own;
        Instant end_of_all;
        Instant deadline;
        Instant end;
    };

    Task<Result<Stream>> connect(std::string host, std::uint16_t port, Instant begin,
                                 Instant deadline);
    Result<UnixAddress> socket_of(std::string_view name) const;
    Task<Result<Stream>> connect_unix(std::string name);
    Task<Result<void>> pass(Transport& transport, const Url& target, const Proxy& proxy);
    Task<Result<void>> secure(Transport& transport, const Url& url);
    Result<TlsContext> tls_context();

    DialOptions options_;
    std::optional<TlsContext> tls_;
    AddressCache addresses_;
};

}  // namespace weir::http
