// SPDX-License-Identifier: MIT
#include "http/dialer.h"

#include <weir/http/wire/error.h>
#include <weir/http/wire/response_parser.h>
#include <weir/runtime/base/byte_queue.h>
#include <weir/runtime/connect_any.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/timeout.h>

#include "http/connection.h"
#include "http/tls_engine.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace weir::http {

namespace {

Error about(const Proxy* proxy, Error error) {
    if (proxy == nullptr) return error;
    return std::move(error).with_context("the proxy " + proxy->url().origin());
}

}  // namespace

Dialer::Phase::Phase(const char* what, Duration own_limit, const DialOptions& options,
                     Instant begin, Instant call_deadline) noexcept
    : name(what),
      limit(own_limit),
      limit_of_all(options.all),
      end_of_own(end_of_phase(own_limit)),
      end_of_all(saturating_add(begin, options.all)),
      deadline(call_deadline),
      end(std::min({end_of_own, end_of_all, deadline})) {}

Error Dialer::Phase::explain(Error error) const {
    if (error != Error::timed_out) return error;
    if (end == end_of_own) return timed_out_waiting(name, limit, true);
    return timed_out_waiting("a connection", limit_of_all, end == end_of_all);
}

Task<Result<Transport>> Dialer::dial(const Url& url, Instant deadline) {
    const Instant begin = Reactor::current().now();
    const Proxy* proxy = options_.unix_socket ? nullptr : options_.proxies.proxy_for(url);
    const Url& next = proxy == nullptr ? url : proxy->url();
    Result<Stream> stream = co_await connect(next.host(), next.port(), begin, deadline);
    if (!stream) co_return about(proxy, std::move(stream).error());
    Transport transport(*std::move(stream));
    if (proxy != nullptr) {
        const Phase phase("the proxy", Duration::max(), options_, begin, deadline);
        Result<void> passed = co_await timeout_at(phase.end, pass(transport, url, *proxy));
        if (!passed) co_return about(proxy, phase.explain(std::move(passed).error()));
    }
    if (!url.is_secure()) co_return transport;
    const Phase phase("the TLS handshake", options_.tls, options_, begin, deadline);
    Result<void> secured = co_await timeout_at(phase.end, secure(transport, url));
    if (!secured) co_return phase.explain(std::move(secured).error());
    co_return transport;
}

Task<Result<Stream>> Dialer::connect(std::string host, std::uint16_t port, Instant begin,
                                     Instant deadline) {
    if (options_.unix_socket || port == 0) {  // no port: the URL names a socket
        const Phase phase("a connection", options_.tcp, options_, begin, deadline);
        Result<Stream> stream = co_await timeout_at(phase.end, connect_unix(std::move(host)));
        if (!stream) co_return phase.explain(std::move(stream).error());
        co_return stream;
    }
    const Phase naming("the look-up of the host's name", options_.name, options_, begin, deadline);
    Result<std::vector<Endpoint>> addresses =
        co_await timeout_at(naming.end, addresses_.find(host, port));
    if (!addresses) co_return naming.explain(std::move(addresses).error());

    const Phase phase("a TCP connection", options_.tcp, options_, begin, deadline);
    Result<TcpStream> stream =
        co_await timeout_at(phase.end, connect_any(*std::move(addresses), options_.socket));
    if (!stream) {
        addresses_.forget(host);
        co_return phase.explain(std::move(stream).error());
    }
    co_return Stream(*std::move(stream));
}

// What a proxy wants before it serves: its own TLS for https proxies, a tunnel for https URLs.
Task<Result<void>> Dialer::pass(Transport& transport, const Url& target, const Proxy& proxy) {
    if (proxy.url().is_secure()) {
        if (target.is_secure()) {
            co_return Error(HttpErrc::bad_proxy,
                            "TLS inside the TLS of a proxy is not spoken: name the proxy with "
                            "http://, what goes through its tunnel is encrypted all the same");
        }
        co_return co_await secure(transport, proxy.url());
    }
    if (!target.is_secure()) co_return Result<void>();
    ByteQueue out;
    write_connect(out, target, proxy);
    Result<void> sent = co_await transport.write_all(out.readable());
    if (!sent) co_return sent;
    ResponseParser parser;
    parser.start(RequestKind::connect);
    for (;;) {
        Result<Bytes> received = co_await transport.read();
        if (!received) co_return std::move(received).error();
        Bytes input = *received;
        Result<ParserEvent> event = input.empty() ? parser.on_end() : parser.next(input);
        if (!event) co_return std::move(event).error();
        if (event->kind == ParserEvent::need_more) continue;
        Result<void> opened = check_connect_answer(parser.take_head(), target, proxy);
        if (opened && !input.empty()) {
            opened = Error(HttpErrc::proxy_refused, "bytes came before anything was sent");
        }
        co_return opened;
    }
}

// As the option says, or as the URL's host does: see Url::host().
Result<UnixAddress> Dialer::socket_of(std::string_view name) const {
    if (options_.unix_socket) return *options_.unix_socket;
    return name.starts_with('@') ? UnixAddress::abstract(name.substr(1)) : UnixAddress::path(name);
}

Task<Result<Stream>> Dialer::connect_unix(std::string name) {
    Result<UnixAddress> address = socket_of(name);
    if (!address) co_return std::move(address).error();
    Result<UnixStream> stream = co_await UnixStream::connect(*address);
    if (!stream) co_return std::move(stream).error();
    co_return Stream(*std::move(stream));
}

Task<Result<void>> Dialer::secure(Transport& transport, const Url& url) {
    Result<TlsContext> context = tls_context();
    if (!context) co_return std::move(context).error();
    Result<TlsEngine> engine = TlsEngine::client(*context, url.host(), url.port());
    if (!engine) co_return std::move(engine).error();
    co_return co_await transport.begin_tls(*std::move(engine));
}

Result<TlsContext> Dialer::tls_context() {
    if (!tls_) {
        // Reading the system's authorities takes milliseconds: once, and only where needed.
        Result<TlsContext> context = TlsContext::client();
        if (!context) return context;
        tls_ = *std::move(context);
    }
    return *tls_;
}

}  // namespace weir::http
