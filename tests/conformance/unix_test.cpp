// SPDX-License-Identifier: MIT
//
// UNIX sockets on every backend, and what is special about them: files, and half-closing.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>
#include <weir/runtime/unix_socket.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tests/conformance/backends.h"
#include "tests/support/temporary_folder.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

void send_with_descriptor(int socket, std::string_view text) {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    iovec piece{const_cast<char*>(text.data()), text.size()};
    msghdr header{};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &socket, sizeof socket);
    EXPECT_EQ(::sendmsg(socket, &header, 0), static_cast<ssize_t>(text.size()));
}

class UnixConformance : public Conformance {
protected:
    UnixAddress address() const { return UnixAddress::path(path_).value(); }
    const std::string& path() const { return path_; }

    /// A socket file that nobody serves.
    void leave_stale_file() const {
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const UnixAddress place = address();
        const Bytes raw = place.sockaddr_bytes();
        ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(raw.data()),
                         static_cast<socklen_t>(raw.size())),
                  0);
        ::close(fd);
    }

private:
    TemporaryFolder folder_;
    std::string path_ = folder_.path_to("socket");
};
INSTANTIATE_TEST_SUITE_P(Backends, UnixConformance, all_backends(), backend_name);

class UnixPair {
public:
    UnixPair(UnixStream first, UnixStream second)
        : client(std::move(first)), server(std::move(second)) {}

    UnixStream client;
    UnixStream server;
};

Task<UnixPair> unix_pair(UnixListener& listener) {
    Result<UnixStream> client = co_await UnixStream::connect(listener.local_address());
    Result<UnixStream> server = co_await listener.accept();
    co_return UnixPair(std::move(client).value(), std::move(server).value());
}

Task<void> say(Stream& stream, std::string text) {
    const Result<void> written = co_await stream.write_all(as_bytes(text));
    written.value();
}

Task<std::string> hear_all(Stream& stream) {
    std::string text;
    for (;;) {
        const Result<Lease> lease = co_await stream.read();
        if (lease.value().empty()) co_return std::move(text);
        text += as_text(lease->bytes());
    }
}

/// Two streams that are connected and of which one half is shut: the other goes on.
Task<void> half_close(Stream& client, Stream& server) {
    co_await say(client, "question");
    EXPECT_TRUE(client.shut_down_output());
    const std::string question = co_await hear_all(server);
    EXPECT_EQ(question, "question");
    co_await say(server, "answer");
    server.close();
    const std::string answer = co_await hear_all(client);
    EXPECT_EQ(answer, "answer");
}

TEST_P(UnixConformance, CarriesMegabytesBothWays) {
    const std::string text = pattern(2 << 20);
    run_here([&]() -> Task<void> {
        UnixListener listener = UnixListener::bind(address()).value();
        UnixPair pair = co_await unix_pair(listener);
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn([](Stream& stream, const std::string& all) -> Task<void> {
                co_await say(stream, all);
                EXPECT_TRUE(stream.shut_down_output());
            }(pair.client, text));
            const std::string got = co_await hear_all(pair.server);
            EXPECT_TRUE(got == text);
            co_await say(pair.server, "thanks");
            pair.server.close();
        });
        const std::string thanks = co_await hear_all(pair.client);
        EXPECT_EQ(thanks, "thanks");
    });
}

TEST_P(UnixConformance, AHalfClosedStreamStillReads) {
    run_here([&]() -> Task<void> {
        UnixListener listener = UnixListener::bind(address()).value();
        UnixPair pair = co_await unix_pair(listener);
        co_await half_close(pair.client, pair.server);
    });
}

TEST_P(UnixConformance, AHalfClosedTcpStreamStillReads) {
    run_here([]() -> Task<void> {
        Connected pair = co_await connected();
        co_await half_close(pair.client, pair.server);
    });
}

TEST_P(UnixConformance, AWriteAfterShutDownFails) {
    run_here([&]() -> Task<void> {
        UnixListener listener = UnixListener::bind(address()).value();
        UnixPair pair = co_await unix_pair(listener);
        EXPECT_TRUE(pair.client.shut_down_output());
        const Result<void> written = co_await pair.client.write_all(as_bytes("late"));
        EXPECT_FALSE(written);
        if (!written) {
            EXPECT_EQ(written.error(), std::errc::broken_pipe);
        }
    });
}

TEST_P(UnixConformance, ACancelledAcceptLeavesAListenerThatWorks) {
    run_here([&]() -> Task<void> {
        UnixListener listener = UnixListener::bind(address()).value();
        Unit acceptor([](UnixListener& here) -> Task<void> {
            static_cast<void>(co_await here.accept());
        }(listener));
        co_await sleep_for(1ms);
        acceptor.cancel();
        co_await acceptor.join();
        EXPECT_TRUE(acceptor.was_unwound());
        UnixPair pair = co_await unix_pair(listener);
        co_await half_close(pair.client, pair.server);
    });
}

TEST_P(UnixConformance, ConnectingToNobodyNamesTheAddress) {
    run_here([&]() -> Task<void> {
        const Result<UnixStream> stream = co_await UnixStream::connect(address());
        EXPECT_FALSE(stream);
        if (!stream) {
            EXPECT_NE(stream.error().message().find(path()), std::string::npos);
        }
    });
}

TEST_P(UnixConformance, AnAbstractNameNeedsNoFile) {
    const UnixAddress name =
        UnixAddress::abstract("weir-test-" + std::to_string(::getpid())).value();
    run_here([&]() -> Task<void> {
        UnixListener listener = UnixListener::bind(name).value();
        UnixPair pair = co_await unix_pair(listener);
        co_await half_close(pair.client, pair.server);
    });
}

TEST_P(UnixConformance, TheListenerRemovesItsFile) {
    if (is_simulated()) GTEST_SKIP() << "no files in a simulated world";
    run_here([&]() -> Task<void> {
        std::optional<UnixListener> listener(UnixListener::bind(address()).value());
        UnixListener moved = std::move(*listener);
        listener.reset();
        EXPECT_TRUE(std::filesystem::exists(path()));
        co_return;
    });
    EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_P(UnixConformance, TheListenerLeavesAFileThatTookItsPlace) {
    if (is_simulated()) GTEST_SKIP() << "no files in a simulated world";
    run_here([&]() -> Task<void> {
        UnixListener listener = UnixListener::bind(address()).value();
        std::filesystem::rename(path(), path() + ".old");
        std::ofstream(path()) << "another";
        co_return;
    });
    EXPECT_TRUE(std::filesystem::exists(path()));
    std::filesystem::remove(path() + ".old");
}

TEST_P(UnixConformance, AssigningAListenerRemovesTheFileOfTheOneBefore) {
    if (is_simulated()) GTEST_SKIP() << "no files in a simulated world";
    run_here([&]() -> Task<void> {
        UnixListener listener = UnixListener::bind(address()).value();
        const std::string other = path() + ".other";
        UnixListener next = UnixListener::bind(UnixAddress::path(other).value()).value();
        listener = std::move(next);
        EXPECT_FALSE(std::filesystem::exists(path()));
        EXPECT_TRUE(std::filesystem::exists(other));
        co_return;
    });
    EXPECT_FALSE(std::filesystem::exists(path() + ".other"));
}

// A descriptor that is sent along makes the kernel stop a read behind its bytes.
TEST_P(UnixConformance, AReadGoesOnBehindDescriptorsSentAlong) {
    if (is_simulated()) GTEST_SKIP() << "it has no descriptors to send";
    run_here([&]() -> Task<void> {
        UnixListener listener = UnixListener::bind(address()).value();
        const int peer = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const UnixAddress where = address();
        const Bytes to = where.sockaddr_bytes();
        EXPECT_EQ(::connect(peer, reinterpret_cast<const sockaddr*>(to.data()),
                            static_cast<socklen_t>(to.size())),
                  0);
        Result<UnixStream> stream = co_await listener.accept();
        send_with_descriptor(peer, "before");
        EXPECT_EQ(::send(peer, "behind", 6, 0), 6);
        const auto read_all = [](Stream& from) -> Task<std::string> {
            std::string text;
            while (text.size() < 12) {
                const Result<Lease> lease = co_await from.read();
                text += as_text(lease.value().bytes());
            }
            co_return std::move(text);
        };
        const Result<std::string> text = co_await timeout(5s, read_all(*stream));
        EXPECT_TRUE(text && *text == "beforebehind");
        ::close(peer);
    });
}

TEST_P(UnixConformance, AStaleFileIsNamedAndRemovedOnlyWhenAsked) {
    if (is_simulated()) GTEST_SKIP() << "no files in a simulated world";
    leave_stale_file();
    run_here([&]() -> Task<void> {
        const Result<UnixListener> refused = UnixListener::bind(address());
        EXPECT_FALSE(refused);
        if (!refused) {
            EXPECT_EQ(refused.error(), std::errc::address_in_use);
            EXPECT_NE(refused.error().message().find(path()), std::string::npos);
            EXPECT_NE(refused.error().message().find("remove_stale"), std::string::npos);
        }
        UnixListenerOptions options;
        options.remove_stale();
        UnixListener listener = UnixListener::bind(address(), options).value();
        UnixPair pair = co_await unix_pair(listener);
        co_await half_close(pair.client, pair.server);
    });
}

TEST_P(UnixConformance, AListenerThatLivesIsNotRemoved) {
    if (is_simulated()) GTEST_SKIP() << "no files in a simulated world";
    run_here([&]() -> Task<void> {
        UnixListener first = UnixListener::bind(address()).value();
        UnixListenerOptions options;
        options.remove_stale();
        const Result<UnixListener> second = UnixListener::bind(address(), options);
        EXPECT_FALSE(second);
        if (!second) {
            EXPECT_NE(second.error().message().find("another program listens"), std::string::npos);
        }
        EXPECT_TRUE(std::filesystem::exists(path()));
        co_return;
    });
}

TEST_P(UnixConformance, AFileThatIsNoSocketIsLeftAlone) {
    if (is_simulated()) GTEST_SKIP() << "no files in a simulated world";
    std::ofstream(path()) << "precious";
    run_here([&]() -> Task<void> {
        UnixListenerOptions options;
        options.remove_stale();
        const Result<UnixListener> listener = UnixListener::bind(address(), options);
        EXPECT_FALSE(listener);
        if (!listener) {
            EXPECT_NE(listener.error().message().find("not a socket"), std::string::npos);
        }
        co_return;
    });
    EXPECT_TRUE(std::filesystem::exists(path()));
}

}  // namespace
