// SPDX-License-Identifier: MIT
//
// The least that one call after the other can cost: a blocking socket, kept, or with OpenSSL on it
// and new for each call.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "bench/floor/http_bytes.h"
#include "bench/floor/loopback.h"
#include "bench/floor/tls.h"
#include "bench/groups.h"

namespace weir::bench::floor {
namespace {

Result<void> call(SSL* tls, int fd, const std::string& request) {
    if (send(tls, fd, request) != static_cast<ssize_t>(request.size())) {
        return tls == nullptr ? Error::from_errno(errno, "sending a request")
                              : tls_failure("shaking hands, or sending a request");
    }
    ResponseCounter response;
    for (;;) {
        std::array<char, 4096> buffer;
        const ssize_t got = receive(tls, fd, buffer.data(), buffer.size());
        if (got <= 0) return strange_answer();
        switch (response.take({buffer.data(), static_cast<std::size_t>(got)})) {
            case ResponseCounter::State::partial:
                continue;
            case ResponseCounter::State::broken:
                return strange_answer();
            case ResponseCounter::State::complete:
                return {};
        }
    }
}

// With the session that the server gave last, where it gave any.
Result<void> connect_and_call(SSL_CTX* context, std::uint16_t port, const std::string& request,
                              TlsSessionHandle& session) {
    const Result<int> fd = connect_to(port);
    if (!fd) return fd.error();
    Result<TlsHandle> tls = tls_client(context, *fd);
    if (!tls) return std::move(tls).error();
    if (session != nullptr) ::SSL_set_session(tls->get(), session.get());
    Result<void> called = call(tls->get(), *fd, request);
    if (!called) return called;
    session.reset(::SSL_get1_session(tls->get()));
    if (session != nullptr && ::SSL_SESSION_is_resumable(session.get()) != 1) session.reset();
    ::SSL_shutdown(tls->get());
    ::close(*fd);
    return {};
}

}  // namespace

// Arguments: how many calls, and the server's port.
Result<Sample> one_call_blocking(const Arguments& arguments) {
    const auto port = static_cast<std::uint16_t>(arguments.number(1));
    const std::string request = request_bytes(port);
    const Result<int> fd = connect_to(port);
    if (!fd) return fd.error();
    for (std::size_t i = 0; i <= arguments.number(0) / 10; ++i) {
        if (auto done = call(nullptr, *fd, request); !done) return done.error();
    }
    Latencies latencies;
    for (std::size_t i = 0; i < arguments.number(0); ++i) {
        latencies.begin();
        if (auto done = call(nullptr, *fd, request); !done) return done.error();
        latencies.end();
    }
    Sample sample;
    sample.set("p50_us", latencies.p50_us());
    return sample;
}

// Arguments: how many connections, one after the other, and the server's port.
Result<Sample> tls_connect_blocking(const Arguments& arguments) {
    const auto port = static_cast<std::uint16_t>(arguments.number(1));
    const std::string request = request_bytes(port);
    const Result<TlsContextHandle> context = tls_client_context();
    if (!context) return context.error();
    TlsSessionHandle session;
    const auto connect_often = [&](std::size_t count) -> Result<void> {
        for (std::size_t i = 0; i < count; ++i) {
            auto done = connect_and_call(context->get(), port, request, session);
            if (!done) return done;
        }
        return {};
    };
    if (auto done = connect_often(arguments.number(0) / 10 + 1); !done) return done.error();
    const Usage usage;
    if (auto done = connect_often(arguments.number(0)); !done) return done.error();
    return usage.so_far();
}

}  // namespace weir::bench::floor
