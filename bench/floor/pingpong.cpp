// SPDX-License-Identifier: MIT
//
// The least that small messages there and back can cost: by blocking calls with one connection; by
// an epoll loop that reads and answers; by an io_uring loop with multishot receives into a buffer
// ring and sends that report only failure. No message is put together from parts: each comes whole.
#include "bench/floor/pingpong.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "bench/floor/loopback.h"
#include "bench/floor/ring.h"
#include "bench/groups.h"

namespace weir::bench::floor {
namespace {

using Message = std::array<char, kMessageBytes>;

Error failed(const char* doing) {
    return Error::from_errno(errno, doing);
}

Error broken() {
    return Error(Errc::stream_ended, "a message did not come whole: this floor cannot be measured");
}

bool send_message(int fd, const Message& message) {
    return ::send(fd, message.data(), message.size(), MSG_NOSIGNAL) == kMessageBytes;
}
bool receive_message(int fd, Message& message) {
    return ::recv(fd, message.data(), message.size(), 0) == kMessageBytes;
}

Sample sample_of(double cpu_before, std::size_t items) {
    Sample sample;
    sample.set("cpu_s", cpu_seconds() - cpu_before);
    sample.set("items", static_cast<double>(items));
    return sample;
}

bool play_blocking(SocketPair pair, std::size_t rounds) {
    Message message{};
    for (std::size_t i = 0; i < rounds; ++i) {
        const bool is_done =
            send_message(pair.client, message) && receive_message(pair.server, message) &&
            send_message(pair.server, message) && receive_message(pair.client, message);
        if (!is_done) return false;
    }
    return true;
}

/// Which end of which pair a descriptor is, and how many messages it still has to get.
struct End {
    int fd;
    bool is_client;
    std::size_t left;
};

std::vector<End> ends_of(const std::vector<SocketPair>& pairs) {
    std::vector<End> ends;
    for (const SocketPair& pair : pairs) {
        ends.push_back(End{pair.client, true, 0});
        ends.push_back(End{pair.server, false, 0});
    }
    return ends;
}

bool play_epoll(int epoll, std::vector<End>& ends, std::size_t rounds) {
    Message message{};
    std::size_t open = 0;
    for (End& end : ends) {
        end.left = rounds;
        if (!end.is_client) continue;
        ++open;
        if (!send_message(end.fd, message)) return false;
    }
    std::array<epoll_event, 256> events{};
    while (open > 0) {
        const int count = ::epoll_wait(epoll, events.data(), events.size(), -1);
        for (int i = 0; i < count; ++i) {
            End& end = *static_cast<End*>(events[static_cast<std::size_t>(i)].data.ptr);
            if (!receive_message(end.fd, message)) return false;
            --end.left;
            if (end.is_client && end.left == 0) {
                --open;
            } else if (!send_message(end.fd, message)) {
                return false;
            }
        }
    }
    return true;
}

class RingPlayer {
public:
    explicit RingPlayer(std::vector<End>& ends) : ends_(ends) {}

    Result<void> open() {
        if (auto opened = ring_.open(); !opened) return opened;
        for (End& end : ends_)
            ring_.keep_receiving(end.fd, data_of(end));
        return {};
    }

    Result<void> play(std::size_t rounds) {
        for (End& end : ends_) {
            end.left = rounds;
            if (!end.is_client) continue;
            ++open_;
            send(end);
        }
        while (open_ > 0) {
            const auto handle = [this](const io_uring_cqe& entry) {
                return step(entry);
            };
            if (auto turned = ring_.turn(1, handle); !turned) return turned;
        }
        return {};
    }

private:
    static std::uint64_t data_of(End& end) { return reinterpret_cast<std::uintptr_t>(&end); }

    Result<void> step(const io_uring_cqe& entry) {
        // A send that failed has another result, too.
        if (entry.res != static_cast<int>(kMessageBytes)) return broken();
        auto& end = *reinterpret_cast<End*>(::io_uring_cqe_get_data64(&entry));
        ring_.give_back(entry);
        if ((entry.flags & IORING_CQE_F_MORE) == 0) ring_.keep_receiving(end.fd, data_of(end));
        --end.left;
        if (end.is_client && end.left == 0) {
            --open_;
        } else {
            send(end);
        }
        return {};
    }
    void send(End& end) { ring_.send(end.fd, {message_.data(), message_.size()}, data_of(end)); }

    std::vector<End>& ends_;
    Ring ring_{kMessageBytes};
    Message message_{};
    std::size_t open_ = 0;
};

}  // namespace

Result<std::vector<SocketPair>> make_pairs(std::size_t count, int flags) {
    std::uint16_t port = 0;
    const Result<int> listener = listen_at(port, 128, 0);
    if (!listener) return listener.error();
    std::vector<SocketPair> pairs;
    for (std::size_t i = 0; i < count; ++i) {
        const Result<int> client = connect_to(port);
        if (!client) return client.error();
        const int server = ::accept4(*listener, nullptr, nullptr, flags);
        if (server < 0) return failed("accepting");
        switch_off_delay(server);
        pairs.push_back(SocketPair{*client, server});
    }
    ::close(*listener);
    return pairs;
}

// Arguments of all: how many connections, and how many round trips each makes.
Result<Sample> pingpong_blocking(const Arguments& arguments) {
    const std::size_t rounds = arguments.number(1);
    const auto pairs = make_pairs(1, 0);
    if (!pairs) return pairs.error();
    if (!play_blocking(pairs->front(), warm_up_rounds(rounds))) return broken();
    const double before = cpu_seconds();
    if (!play_blocking(pairs->front(), rounds)) return broken();
    return sample_of(before, rounds);
}

Result<Sample> pingpong_epoll(const Arguments& arguments) {
    const std::size_t rounds = arguments.number(1);
    const auto pairs = make_pairs(arguments.number(0), SOCK_NONBLOCK);
    if (!pairs) return pairs.error();
    const int epoll = ::epoll_create1(0);
    std::vector<End> ends = ends_of(*pairs);
    for (End& end : ends) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &end;
        if (::epoll_ctl(epoll, EPOLL_CTL_ADD, end.fd, &event) != 0) return failed("epoll_ctl");
    }
    if (!play_epoll(epoll, ends, warm_up_rounds(rounds))) return broken();
    const double before = cpu_seconds();
    if (!play_epoll(epoll, ends, rounds)) return broken();
    Sample sample = sample_of(before, pairs->size() * rounds);
    ::close(epoll);
    return sample;
}

Result<Sample> pingpong_uring(const Arguments& arguments) {
    const std::size_t rounds = arguments.number(1);
    const auto pairs = make_pairs(arguments.number(0), 0);
    if (!pairs) return pairs.error();
    std::vector<End> ends = ends_of(*pairs);
    RingPlayer player(ends);
    if (auto opened = player.open(); !opened) return opened.error();
    if (auto played = player.play(warm_up_rounds(rounds)); !played) return played.error();
    const double before = cpu_seconds();
    if (auto played = player.play(rounds); !played) return played.error();
    return sample_of(before, pairs->size() * rounds);
}

}  // namespace weir::bench::floor
