// SPDX-License-Identifier: MIT
//
// The least that streams can cost their client: bytes from an epoll loop, lines found by memchr,
// the JSON of each read by simdjson, the text counted. No transfer coding is checked, no event is
// put together from pieces of lines but for the one that a read has cut, nothing can be cancelled.
#include <simdjson.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "bench/floor/http_bytes.h"
#include "bench/floor/loopback.h"
#include "bench/floor/stream_bytes.h"
#include "bench/groups.h"

namespace weir::bench::floor {
namespace {

class StreamReader {
public:
    StreamReader(std::size_t streams, std::size_t chunks, std::uint16_t port)
        : streams_(streams), chunks_(chunks), port_(port), request_(request_bytes(port)) {}

    Result<Sample> run() {
        epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
        if (epoll_ < 0) return Error::from_errno(errno, "epoll_create1");
        const Usage usage;
        for (std::size_t i = 0; i < streams_; ++i) {
            if (auto begun = begin(); !begun) return begun.error();
        }
        left_ = streams_;
        while (left_ > 0) {
            if (auto looked = look(); !looked) return looked.error();
        }
        ::close(epoll_);
        if (text_bytes_ != text_bytes(chunks_) * streams_) return strange_answer();
        return usage.so_far();
    }

private:
    Result<void> begin() {
        const Result<int> fd = connect_to(port_);
        if (!fd) return fd.error();
        const auto index = static_cast<std::size_t>(*fd);
        if (index >= cut_.size()) cut_.resize(index + streams_);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = *fd;
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, *fd, &event) != 0) {
            return Error::from_errno(errno, "epoll_ctl");
        }
        const ssize_t sent = ::send(*fd, request_.data(), request_.size(), MSG_NOSIGNAL);
        if (sent == static_cast<ssize_t>(request_.size())) return {};
        return Error::from_errno(sent < 0 ? errno : EIO, "sending a request");
    }

    Result<void> look() {
        std::array<epoll_event, 256> events;
        const int count = ::epoll_wait(epoll_, events.data(), events.size(), -1);
        for (int i = 0; i < count; ++i) {
            if (auto read = receive(events[static_cast<std::size_t>(i)].data.fd); !read)
                return read;
        }
        return {};
    }

    Result<void> receive(int fd) {
        std::string& cut = cut_[static_cast<std::size_t>(fd)];
        std::memcpy(buffer_.data(), cut.data(), cut.size());
        const ssize_t got = ::recv(fd, buffer_.data() + cut.size(), kReadBytes, 0);
        if (got <= 0) return got < 0 ? Error::from_errno(errno, "receiving") : strange_answer();
        const char* line = buffer_.data();
        const char* const end = line + cut.size() + got;
        while (const void* found = std::memchr(line, '\n', static_cast<std::size_t>(end - line))) {
            const char* const line_end = static_cast<const char*>(found);
            const std::string_view text(line, static_cast<std::size_t>(line_end - line));
            line = line_end + 1;
            if (!text.starts_with("data: ")) continue;
            if (text.starts_with("data: [DONE]")) {
                ::close(fd);
                --left_;
                return {};
            }
            if (!take(text.substr(6))) return strange_answer();
        }
        cut.assign(line, end);
        return cut.size() > kCutMax ? Result<void>(strange_answer()) : Result<void>();
    }

    bool take(std::string_view json) {
        const std::size_t room =
            static_cast<std::size_t>(buffer_.data() + buffer_.size() - json.data());
        simdjson::ondemand::document document;
        if (parser_.iterate(json.data(), json.size(), room).get(document)) return false;
        std::string_view content;
        const auto error = document["choices"].at(0)["delta"]["content"].get(content);
        if (error == simdjson::NO_SUCH_FIELD) return true;
        text_bytes_ += content.size();
        return error == simdjson::SUCCESS;
    }

    static constexpr std::size_t kReadBytes = 64 * 1024;
    static constexpr std::size_t kCutMax = 4096;

    std::size_t streams_;
    std::size_t chunks_;
    std::uint16_t port_;
    std::string request_;
    int epoll_ = -1;
    std::size_t left_ = 0;
    std::size_t text_bytes_ = 0;
    std::vector<std::string> cut_;  // by descriptor: the line that the last read has cut
    std::array<char, kCutMax + kReadBytes + simdjson::SIMDJSON_PADDING> buffer_;
    simdjson::ondemand::parser parser_;
};

}  // namespace

// Arguments: how many streams, how many chunks each has, and the server's port.
Result<Sample> stream_epoll(const Arguments& arguments) {
    raise_descriptor_limit();
    StreamReader reader(arguments.number(0), arguments.number(1),
                        static_cast<std::uint16_t>(arguments.number(2)));
    return reader.run();
}

}  // namespace weir::bench::floor
