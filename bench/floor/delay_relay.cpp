// SPDX-License-Identifier: MIT
//
// A longer way to a server: passes bytes on after a delay, in both directions. A connection's first
// bytes take one round trip more, since the kernel accepts at once what would have taken one. It
// prints the port that it has and ends when its input does.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "bench/floor/loopback.h"
#include "bench/groups.h"

namespace weir::bench::floor {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kEvents = 64;

class Relay {
public:
    Relay(Clock::duration one_way, std::uint16_t server) : one_way_(one_way), server_(server) {}

    Result<std::uint16_t> listen() {
        epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
        if (epoll_ < 0) return Error::from_errno(errno, "epoll_create1");
        std::uint16_t port = 0;
        const Result<int> fd = listen_at(port, SOMAXCONN, SOCK_NONBLOCK);
        if (!fd) return fd.error();
        listener_ = *fd;
        switch_off_delay(listener_);  // for all that it accepts
        watch(listener_);
        watch(STDIN_FILENO);
        return port;
    }

    Result<void> relay_until_end_of_input() {
        for (;;) {
            std::array<epoll_event, kEvents> events{};
            const int count = wait(events);
            for (int i = 0; i < count; ++i) {
                const int fd = events[static_cast<std::size_t>(i)].data.fd;
                if (fd == STDIN_FILENO) return {};
                if (fd == listener_) {
                    if (auto begun = begin(); !begun) return begun;
                } else {
                    receive(fd);
                }
            }
            pass_on_due();
        }
    }

private:
    /// One end of a way; what it receives is sent from `other`.
    struct End {
        int other = -1;
        Clock::time_point not_before{};  // what was received earlier must come first
    };
    struct Piece {
        int from;
        std::string bytes;  // empty: the end
    };

    int wait(std::array<epoll_event, kEvents>& events) {
        if (pieces_.empty()) return ::epoll_wait(epoll_, events.data(), kEvents, -1);
        const auto left = std::max(pieces_.begin()->first - Clock::now(), Clock::duration::zero());
        const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
        const timespec timeout{seconds.count(), (left - seconds).count()};
        return ::epoll_pwait2(epoll_, events.data(), kEvents, &timeout, nullptr);
    }

    void watch(int fd) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }

    Result<void> begin() {
        const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) return {};
        const Result<int> server = connect_to(server_);
        if (!server) return server.error();
        const auto most = static_cast<std::size_t>(std::max(client, *server));
        if (most >= ends_.size()) ends_.resize(most * 2);
        end_of(client) = End{*server, Clock::now() + 3 * one_way_};
        end_of(*server) = End{client, {}};
        watch(client);
        watch(*server);
        return {};
    }

    End& end_of(int fd) { return ends_[static_cast<std::size_t>(fd)]; }

    void receive(int fd) {
        std::array<char, 16384> buffer;
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
        End& end = end_of(fd);
        end.not_before = std::max(end.not_before, Clock::now() + one_way_);
        const auto size = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
        pieces_.emplace(end.not_before, Piece{fd, std::string(buffer.data(), size)});
    }

    void pass_on_due() {
        while (!pieces_.empty() && pieces_.begin()->first <= Clock::now()) {
            const Piece piece = std::move(pieces_.begin()->second);
            pieces_.erase(pieces_.begin());
            const int to = end_of(piece.from).other;
            if (!piece.bytes.empty()) {
                ::send(to, piece.bytes.data(), piece.bytes.size(), MSG_NOSIGNAL);
                continue;
            }
            // The end has come from both sides, or else it is told to the other one.
            ::shutdown(to, SHUT_WR);
            end_of(piece.from).other = -1;
            if (end_of(to).other >= 0) continue;
            ::close(piece.from);
            ::close(to);
        }
    }

    Clock::duration one_way_;
    std::uint16_t server_;
    int epoll_ = -1;
    int listener_ = -1;
    std::vector<End> ends_;  // by descriptor
    std::multimap<Clock::time_point, Piece> pieces_;
};

}  // namespace

// Arguments: the round trip in milliseconds, and the server's port.
Result<Sample> delay_relay(const Arguments& arguments) {
    raise_descriptor_limit();
    Relay relay(std::chrono::milliseconds(arguments.number(0)) / 2,
                static_cast<std::uint16_t>(arguments.number(1)));
    const Result<std::uint16_t> port = relay.listen();
    if (!port) return port.error();
    std::printf("%d\n", *port);
    std::fflush(stdout);
    if (auto relayed = relay.relay_until_end_of_input(); !relayed) return relayed.error();
    return Sample();
}

}  // namespace weir::bench::floor
