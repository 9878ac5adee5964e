// SPDX-License-Identifier: MIT
//
// The other end of the HTTP benchmarks: a raw epoll loop that answers each request after a fixed
// delay, or at once, and keeps the connection; plain or over TLS. It prints the port that it has
// and ends when its input does. Whoever sends another body than all the others do has its
// connection closed.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "bench/floor/http_bytes.h"
#include "bench/floor/loopback.h"
#include "bench/floor/tls.h"
#include "bench/groups.h"

namespace weir::bench::floor {
namespace {

using Clock = std::chrono::steady_clock;

// A listener holds at most 4,096 connections that were not accepted yet, and one too many costs its
// client a second. Several listeners on one port share ten thousand that come at once.
constexpr std::size_t kListeners = 4;
constexpr int kBacklog = 4096;

class DelayServer {
public:
    /// `tls`: null for plain connections.
    DelayServer(Clock::duration delay, TlsContextHandle tls)
        : delay_(delay), tls_(std::move(tls)) {}

    Result<std::uint16_t> listen() {
        epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
        if (epoll_ < 0) return Error::from_errno(errno, "epoll_create1");
        std::uint16_t port = 0;
        for (int& listener : listeners_) {
            const Result<int> fd = listen_at(port, kBacklog, SOCK_NONBLOCK);
            if (!fd) return fd.error();
            listener = *fd;
            switch_off_delay(listener);  // for all that it accepts
            watch(listener);
        }
        watch(STDIN_FILENO);
        return port;
    }

    void serve_until_end_of_input() {
        std::array<epoll_event, 256> events{};
        while (!has_ended_) {
            const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                           milliseconds_to_next());
            for (int i = 0; i < count; ++i)
                handle(events[static_cast<std::size_t>(i)].data.fd);
            answer_due();
        }
    }

    Sample report() const {
        Sample sample;
        sample.set("pending_peak", static_cast<double>(pending_peak_));
        sample.set("handshakes", static_cast<double>(handshakes_));
        sample.set("resumed", static_cast<double>(resumed_));
        return sample;
    }

private:
    struct Connection {
        TlsHandle tls;
        bool is_secured = false;  // something has come through `tls`
        std::string received;
        std::uint32_t generation = 0;  // tells an answer that its connection is gone
    };
    struct Answer {
        Clock::time_point due;
        int fd;
        std::uint32_t generation;
    };

    void watch(int fd) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }

    void handle(int fd) {
        if (fd == STDIN_FILENO) {
            has_ended_ = true;
        } else if (std::find(listeners_.begin(), listeners_.end(), fd) != listeners_.end()) {
            accept_all(fd);
        } else {
            receive(fd);
        }
    }

    void accept_all(int listener) {
        for (;;) {
            const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) return;
            const auto index = static_cast<std::size_t>(fd);
            if (index >= connections_.size()) connections_.resize(index * 2 + 1);
            if (tls_ != nullptr) begin_tls(fd, connections_[index]);
            watch(fd);
        }
    }

    void begin_tls(int fd, Connection& connection) {
        connection.tls.reset(::SSL_new(tls_.get()));
        ::SSL_set_fd(connection.tls.get(), fd);
        ::SSL_set_accept_state(connection.tls.get());
    }

    // All that is there: what TLS has read already wakes nobody again.
    void receive(int fd) {
        Connection& connection = connections_[static_cast<std::size_t>(fd)];
        do {
            std::array<char, 4096> buffer;
            const ssize_t got =
                floor::receive(connection.tls.get(), fd, buffer.data(), buffer.size());
            if (got < 0 && errno == EAGAIN) return;
            if (got <= 0) return drop(fd);
            if (connection.tls != nullptr && !std::exchange(connection.is_secured, true)) {
                ++handshakes_;
                resumed_ += ::SSL_session_reused(connection.tls.get()) == 1 ? 1 : 0;
            }
            connection.received.append(buffer.data(), static_cast<std::size_t>(got));
            take_requests(fd, connection);
        } while (connection.tls != nullptr);
    }

    void take_requests(int fd, Connection& connection) {
        for (;;) {
            const std::size_t all = message_bytes(connection.received);
            if (all == 0 || all > connection.received.size()) return;
            const bool is_usual =
                std::string_view(connection.received).substr(0, all).ends_with(expected_);
            connection.received.erase(0, all);
            if (!is_usual) return drop(fd);
            if (delay_ == Clock::duration::zero()) {
                answer(fd);
                continue;
            }
            answers_.push_back(Answer{Clock::now() + delay_, fd, connection.generation});
            pending_peak_ = std::max(pending_peak_, answers_.size());
        }
    }

    // An answer is far smaller than an empty send buffer: less than all is a lost peer.
    void answer(int fd) {
        SSL* tls = connections_[static_cast<std::size_t>(fd)].tls.get();
        const ssize_t sent = send(tls, fd, response_);
        if (sent != static_cast<ssize_t>(response_.size())) drop(fd);
    }

    void answer_due() {
        if (answers_.empty()) return;
        const Clock::time_point now = Clock::now();
        while (!answers_.empty() && answers_.front().due <= now) {
            const Answer due = answers_.front();
            answers_.pop_front();
            const Connection& connection = connections_[static_cast<std::size_t>(due.fd)];
            if (connection.generation == due.generation) answer(due.fd);
        }
    }

    int milliseconds_to_next() const {
        if (answers_.empty()) return -1;
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(answers_.front().due - Clock::now());
        return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    }

    void drop(int fd) {
        Connection& connection = connections_[static_cast<std::size_t>(fd)];
        connection.tls.reset();
        connection.is_secured = false;
        connection.received.clear();
        ++connection.generation;
        ::close(fd);
    }

    Clock::duration delay_;
    TlsContextHandle tls_;
    int epoll_ = -1;
    std::array<int, kListeners> listeners_{};
    std::vector<Connection> connections_;  // by descriptor
    std::deque<Answer> answers_;           // the delay is the same for all: they stay in order
    std::string expected_ = request_body();
    std::string response_ = response_bytes();
    std::size_t pending_peak_ = 0;
    std::size_t handshakes_ = 0;
    std::size_t resumed_ = 0;
    bool has_ended_ = false;
};

}  // namespace

// Arguments: the delay in milliseconds, and a TlsMode.
Result<Sample> delay_server(const Arguments& arguments) {
    raise_descriptor_limit();
    TlsContextHandle tls;
    const auto mode = static_cast<TlsMode>(arguments.number(1));
    if (mode != TlsMode::none) {
        Result<TlsContextHandle> made = tls_server_context(mode == TlsMode::resumed);
        if (!made) return std::move(made).error();
        tls = *std::move(made);
    }
    DelayServer server(std::chrono::milliseconds(arguments.number(0)), std::move(tls));
    const Result<std::uint16_t> port = server.listen();
    if (!port) return port.error();
    std::printf("%d\n", *port);
    std::fflush(stdout);
    server.serve_until_end_of_input();
    return server.report();
}

}  // namespace weir::bench::floor
