// SPDX-License-Identifier: MIT
//
// The other end of the benchmarks of streams: a raw epoll loop that answers each request with so
// many chunks, all as fast as they are taken, or one by one at a pace, in which case its streams
// take turns. It prints the port that it has and ends when its input does.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <queue>
#include <string>
#include <vector>

#include "bench/floor/http_bytes.h"
#include "bench/floor/loopback.h"
#include "bench/floor/stream_bytes.h"
#include "bench/groups.h"

namespace weir::bench::floor {
namespace {

using Clock = std::chrono::steady_clock;

// A listener holds at most 4,096 connections that were not accepted yet.
constexpr std::size_t kListeners = 4;
constexpr int kBacklog = 4096;

class StreamServer {
public:
    StreamServer(std::size_t chunks, Clock::duration pace) : chunks_(chunks), pace_(pace) {
        if (pace_ > Clock::duration::zero()) return;
        whole_ = stream_head();
        for (std::size_t i = 0; i < chunks; ++i)
            whole_ += stream_chunk(i);
        whole_ += stream_end();
    }

    Result<std::uint16_t> listen() {
        epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
        if (epoll_ < 0) return Error::from_errno(errno, "epoll_create1");
        std::uint16_t port = 0;
        for (int& listener : listeners_) {
            const Result<int> fd = listen_at(port, kBacklog, SOCK_NONBLOCK);
            if (!fd) return fd.error();
            listener = *fd;
            switch_off_delay(listener);
            watch(listener, EPOLLIN, EPOLL_CTL_ADD);
        }
        watch(STDIN_FILENO, EPOLLIN, EPOLL_CTL_ADD);
        return port;
    }

    void serve_until_end_of_input() {
        std::array<epoll_event, 256> events{};
        while (!has_ended_) {
            const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                           milliseconds_to_next());
            for (int i = 0; i < count; ++i) {
                const epoll_event& event = events[static_cast<std::size_t>(i)];
                handle(event.data.fd, event.events);
            }
            send_due();
        }
    }

    Sample report() const {
        Sample sample;
        sample.set("pending_peak", static_cast<double>(live_peak_));
        return sample;
    }

private:
    struct Stream {
        std::string received;
        std::size_t sent = 0;  // bytes where there is no pace, else chunks
        bool is_live = false;
        std::uint32_t generation = 0;  // tells a chunk that is due that its stream is gone
    };
    struct Due {
        Clock::time_point when;
        int fd;
        std::uint32_t generation;
        bool operator<(const Due& other) const { return when > other.when; }  // the first on top
    };

    void watch(int fd, unsigned events, int operation) {
        epoll_event event{};
        event.events = events;
        event.data.fd = fd;
        ::epoll_ctl(epoll_, operation, fd, &event);
    }

    void handle(int fd, unsigned events) {
        if (fd == STDIN_FILENO) {
            has_ended_ = true;
        } else if (std::find(listeners_.begin(), listeners_.end(), fd) != listeners_.end()) {
            accept_all(fd);
        } else if ((events & EPOLLOUT) != 0) {
            send_more(fd);
        } else {
            receive(fd);
        }
    }

    void accept_all(int listener) {
        for (;;) {
            const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) return;
            const auto index = static_cast<std::size_t>(fd);
            if (index >= streams_.size()) streams_.resize(index * 2 + 1);
            watch(fd, EPOLLIN, EPOLL_CTL_ADD);
        }
    }

    void receive(int fd) {
        Stream& stream = streams_[static_cast<std::size_t>(fd)];
        std::array<char, 4096> buffer;
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) return drop(fd);
        stream.received.append(buffer.data(), static_cast<std::size_t>(got));
        const std::size_t all = message_bytes(stream.received);
        if (all == 0 || all > stream.received.size() || stream.is_live) return;
        stream.received.erase(0, all);
        begin(fd, stream);
    }

    void begin(int fd, Stream& stream) {
        stream.is_live = true;
        stream.sent = 0;
        live_peak_ = std::max(live_peak_, ++live_);
        if (pace_ == Clock::duration::zero()) return send_more(fd);
        const std::string head = stream_head();
        if (!send_whole(fd, head)) return;
        // Spread over a pace, so that no two chunks need come together.
        const auto phase = pace_ * (begun_++ % 1024) / 1024;
        due_.push(Due{Clock::now() + pace_ + phase, fd, stream.generation});
    }

    void send_more(int fd) {
        Stream& stream = streams_[static_cast<std::size_t>(fd)];
        while (stream.sent < whole_.size()) {
            const ssize_t sent =
                ::send(fd, whole_.data() + stream.sent, whole_.size() - stream.sent, MSG_NOSIGNAL);
            if (sent < 0 && errno == EAGAIN) return watch(fd, EPOLLOUT, EPOLL_CTL_MOD);
            if (sent < 0) return drop(fd);
            stream.sent += static_cast<std::size_t>(sent);
        }
        end(stream);
        watch(fd, EPOLLIN, EPOLL_CTL_MOD);
    }

    // A chunk is far smaller than an empty send buffer: less than all is a lost peer.
    bool send_whole(int fd, const std::string& bytes) {
        const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent == static_cast<ssize_t>(bytes.size())) return true;
        drop(fd);
        return false;
    }

    void send_due() {
        const Clock::time_point now = Clock::now();
        while (!due_.empty() && due_.top().when <= now) {
            Due due = due_.top();
            due_.pop();
            Stream& stream = streams_[static_cast<std::size_t>(due.fd)];
            if (stream.generation != due.generation) continue;
            if (!send_whole(due.fd, stream_chunk(stream.sent))) continue;
            if (++stream.sent < chunks_) {
                due.when += pace_;
                due_.push(due);
            } else if (send_whole(due.fd, stream_end())) {
                end(stream);
            }
        }
    }

    void end(Stream& stream) {
        stream.is_live = false;
        --live_;
    }

    int milliseconds_to_next() const {
        if (due_.empty()) return -1;
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(due_.top().when - Clock::now());
        return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    }

    void drop(int fd) {
        Stream& stream = streams_[static_cast<std::size_t>(fd)];
        if (stream.is_live) end(stream);
        stream.received.clear();
        ++stream.generation;
        ::close(fd);
    }

    std::size_t chunks_;
    Clock::duration pace_;
    std::string whole_;  // head, chunks and end, where there is no pace
    int epoll_ = -1;
    std::array<int, kListeners> listeners_{};
    std::vector<Stream> streams_;  // by descriptor
    std::priority_queue<Due> due_;
    std::size_t begun_ = 0;
    std::size_t live_ = 0;
    std::size_t live_peak_ = 0;
    bool has_ended_ = false;
};

}  // namespace

// Arguments: how many chunks a stream has, and the microseconds between two of them.
Result<Sample> stream_server(const Arguments& arguments) {
    raise_descriptor_limit();
    StreamServer server(arguments.number(0), std::chrono::microseconds(arguments.number(1)));
    const Result<std::uint16_t> port = server.listen();
    if (!port) return port.error();
    std::printf("%d\n", *port);
    std::fflush(stdout);
    server.serve_until_end_of_input();
    return server.report();
}

}  // namespace weir::bench::floor
