// SPDX-License-Identifier: MIT
//
// The least that many HTTP calls at once can cost over epoll: a few bytes a call, or what OpenSSL
// keeps for one, a buffer for all, and no pool, no deadlines, no header but the length.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "bench/floor/http_bytes.h"
#include "bench/floor/loopback.h"
#include "bench/floor/tls.h"
#include "bench/groups.h"

namespace weir::bench::floor {
namespace {

constexpr std::size_t kUnsentMax = 64;  // a handshake needs buffers

class Client {
public:
    /// `tls`: null for plain connections.
    Client(std::size_t calls, std::uint16_t port, TlsContextHandle tls)
        : calls_(calls),
          left_(calls),
          address_(port),
          request_(request_bytes(port)),
          tls_(std::move(tls)) {}

    Result<Sample> run() {
        epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
        if (epoll_ < 0) return Error::from_errno(errno, "epoll_create1");
        while (left_ > 0) {
            for (; begun_ < calls_ && begun_ - sent_ < kUnsentMax; ++begun_) {
                if (auto begun = begin(); !begun) return begun.error();
            }
            if (auto looked = look(); !looked) return looked.error();
        }
        ::close(epoll_);
        return Sample();
    }

private:
    struct Call {
        TlsHandle tls;
        ResponseCounter response;
        bool is_sent = false;
    };

    Result<void> begin() {
        const Result<int> made = make_socket(SOCK_NONBLOCK);
        if (!made) return made.error();
        const auto index = static_cast<std::size_t>(*made);
        if (index >= by_descriptor_.size()) by_descriptor_.resize(index + calls_);
        by_descriptor_[index] = Call();
        if (::connect(*made, address_.get(), address_.size()) != 0 && errno != EINPROGRESS) {
            return Error::from_errno(errno, "connecting to the server");
        }
        if (tls_ != nullptr) {
            Result<TlsHandle> tls = tls_client(tls_.get(), *made);
            if (!tls) return std::move(tls).error();
            by_descriptor_[index].tls = *std::move(tls);
        }
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLET;
        event.data.fd = *made;
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, *made, &event) != 0) {
            return Error::from_errno(errno, "epoll_ctl");
        }
        return {};
    }

    Result<void> look() {
        std::array<epoll_event, 256> events;
        const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < count; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            Call& call = by_descriptor_[static_cast<std::size_t>(fd)];
            if (auto moved = call.is_sent ? receive(fd, call) : send(fd, call); !moved) {
                return moved;
            }
        }
        return {};
    }

    Result<void> send(int fd, Call& call) {
        const ssize_t sent = floor::send(call.tls.get(), fd, request_);
        if (sent < 0 && errno == EAGAIN) return {};  // the handshake goes on
        if (sent != static_cast<ssize_t>(request_.size())) {
            return Error::from_errno(sent < 0 ? errno : EIO, "sending a request");
        }
        call.is_sent = true;
        ++sent_;
        return {};
    }

    Result<void> receive(int fd, Call& call) {
        for (;;) {
            const ssize_t got = floor::receive(call.tls.get(), fd, buffer_.data(), buffer_.size());
            if (got < 0 && errno == EAGAIN) return {};
            if (got < 0) return Error::from_errno(errno, "receiving an answer");
            switch (call.response.take({buffer_.data(), static_cast<std::size_t>(got)})) {
                case ResponseCounter::State::partial:
                    continue;
                case ResponseCounter::State::broken:
                    return strange_answer();
                case ResponseCounter::State::complete:
                    call.tls.reset();
                    ::close(fd);
                    --left_;
                    return {};
            }
        }
    }

    std::size_t calls_;
    std::size_t left_;
    std::size_t begun_ = 0;
    std::size_t sent_ = 0;
    LoopbackAddress address_;
    std::string request_;
    TlsContextHandle tls_;
    int epoll_ = -1;
    std::vector<Call> by_descriptor_;
    std::array<char, 4096> buffer_;
};

}  // namespace

// Arguments of both: how many calls, and the server's port.
Result<Sample> inflight_epoll(const Arguments& arguments) {
    raise_descriptor_limit();
    Client client(arguments.number(0), static_cast<std::uint16_t>(arguments.number(1)), nullptr);
    return client.run();
}

Result<Sample> inflight_tls_epoll(const Arguments& arguments) {
    raise_descriptor_limit();
    Result<TlsContextHandle> tls = tls_client_context();
    if (!tls) return std::move(tls).error();
    Client client(arguments.number(0), static_cast<std::uint16_t>(arguments.number(1)),
                  *std::move(tls));
    return client.run();
}

}  // namespace weir::bench::floor
