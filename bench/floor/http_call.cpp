// SPDX-License-Identifier: MIT
//
// The least that calls on kept connections can cost: the same bytes out each time, and of what
// comes in nothing but the length is looked at. Over epoll a send, a receive and a part of a look
// a call; over io_uring receives that go on by themselves, and sends that report only failure.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "bench/floor/http_bytes.h"
#include "bench/floor/loopback.h"
#include "bench/floor/ring.h"
#include "bench/groups.h"

namespace weir::bench::floor {
namespace {

struct Connection {
    int fd;
    ResponseCounter response;
};

/// How many calls there still are to begin, and to see the end of.
struct Work {
    std::size_t to_begin;
    std::size_t to_end;
};

/// What is there of an answer. True if it is complete.
Result<bool> take(Connection& connection, std::string_view bytes) {
    switch (connection.response.take(bytes)) {
        case ResponseCounter::State::partial:
            return false;
        case ResponseCounter::State::complete:
            return true;
        case ResponseCounter::State::broken:
            return strange_answer();
    }
    return strange_answer();
}

class EpollCaller {
public:
    explicit EpollCaller(std::uint16_t port) : request_(request_bytes(port)) {}
    ~EpollCaller() {
        if (epoll_ >= 0) ::close(epoll_);
    }

    Result<void> open(std::vector<Connection>& connections) {
        epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
        if (epoll_ < 0) return Error::from_errno(errno, "epoll_create1");
        for (Connection& connection : connections) {
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.ptr = &connection;
            if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event) != 0) {
                return Error::from_errno(errno, "epoll_ctl");
            }
        }
        return {};
    }

    Result<void> send(Connection& connection) {
        const ssize_t sent = ::send(connection.fd, request_.data(), request_.size(), MSG_NOSIGNAL);
        if (sent == static_cast<ssize_t>(request_.size())) return {};
        return Error::from_errno(sent < 0 ? errno : EIO, "sending a request");
    }

    /// Calls `answered(connection)` for each whose answer is complete.
    template <typename Answered>
    Result<void> turn(Answered answered) {
        std::array<epoll_event, 256> events;
        const int count = ::epoll_wait(epoll_, events.data(), events.size(), -1);
        for (int i = 0; i < count; ++i) {
            auto& connection =
                *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
            std::array<char, 4096> buffer;
            const ssize_t got = ::recv(connection.fd, buffer.data(), buffer.size(), 0);
            if (got < 0) return Error::from_errno(errno, "receiving an answer");
            const Result<bool> is_complete =
                take(connection, {buffer.data(), static_cast<std::size_t>(got)});
            if (!is_complete) return is_complete.error();
            if (!*is_complete) continue;
            if (auto done = answered(connection); !done) return done;
        }
        return {};
    }

private:
    std::string request_;
    int epoll_ = -1;
};

class RingCaller {
public:
    explicit RingCaller(std::uint16_t port) : request_(request_bytes(port)) {}

    Result<void> open(std::vector<Connection>& connections) {
        if (auto opened = ring_.open(); !opened) return opened;
        for (Connection& connection : connections)
            ring_.keep_receiving(connection.fd, data_of(connection));
        return {};
    }

    Result<void> send(Connection& connection) {
        ring_.send(connection.fd, request_, data_of(connection));
        return {};
    }

    template <typename Answered>
    Result<void> turn(Answered answered) {
        return ring_.turn(1, [&](const io_uring_cqe& entry) -> Result<void> {
            if (entry.res < 0) return Error::from_errno(-entry.res, "calling the server");
            if ((entry.flags & IORING_CQE_F_BUFFER) == 0) return strange_answer();
            auto& connection = *reinterpret_cast<Connection*>(::io_uring_cqe_get_data64(&entry));
            const Result<bool> is_complete = take(connection, ring_.received(entry));
            ring_.give_back(entry);
            if (!is_complete) return is_complete.error();
            if ((entry.flags & IORING_CQE_F_MORE) == 0) {
                ring_.keep_receiving(connection.fd, data_of(connection));
            }
            return *is_complete ? answered(connection) : Result<void>();
        });
    }

private:
    static constexpr unsigned kBufferBytes = 1024;
    static std::uint64_t data_of(Connection& connection) {
        return reinterpret_cast<std::uintptr_t>(&connection);
    }

    std::string request_;
    Ring ring_{kBufferBytes};
};

template <typename Caller>
Result<void> play(Caller& caller, std::vector<Connection>& connections, std::size_t calls) {
    Work work{calls, calls};
    const auto begin = [&](Connection& connection) -> Result<void> {
        if (work.to_begin == 0) return {};
        --work.to_begin;
        return caller.send(connection);
    };
    for (Connection& connection : connections) {
        if (auto begun = begin(connection); !begun) return begun;
    }
    while (work.to_end > 0) {
        auto turned = caller.turn([&](Connection& connection) {
            --work.to_end;
            return begin(connection);
        });
        if (!turned) return turned;
    }
    return {};
}

template <typename Caller>
Result<Sample> measure(const Arguments& arguments) {
    const std::size_t calls = arguments.number(0);
    const auto port = static_cast<std::uint16_t>(arguments.number(2));
    std::vector<Connection> connections;
    for (std::size_t i = 0; i < arguments.number(1); ++i) {
        const Result<int> fd = connect_to(port);
        if (!fd) return fd.error();
        connections.push_back(Connection{*fd, ResponseCounter()});
    }
    Caller caller(port);
    if (auto opened = caller.open(connections); !opened) return opened.error();
    // The first use of each connection is not counted.
    if (auto done = play(caller, connections, connections.size()); !done) return done.error();
    const Usage usage;
    if (auto done = play(caller, connections, calls); !done) return done.error();
    return usage.so_far();
}

}  // namespace

// Arguments of both: how many calls, how many at a time, and the server's port.
Result<Sample> http_call_epoll(const Arguments& arguments) {
    return measure<EpollCaller>(arguments);
}
Result<Sample> http_call_uring(const Arguments& arguments) {
    return measure<RingCaller>(arguments);
}

}  // namespace weir::bench::floor
