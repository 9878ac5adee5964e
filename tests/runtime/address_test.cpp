// SPDX-License-Identifier: MIT
#include <weir/runtime/address.h>

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/un.h>

#include <type_traits>

using namespace weir;

namespace {

static_assert(!std::is_aggregate_v<Endpoint>);

TEST(Endpoint, ReadsAndWritesIpv4) {
    const Endpoint endpoint = Endpoint::parse("192.0.2.17", 8080).value();
    EXPECT_FALSE(endpoint.is_ipv6());
    EXPECT_EQ(endpoint.port(), 8080);
    EXPECT_EQ(endpoint.to_string(), "192.0.2.17:8080");
    EXPECT_EQ(endpoint.sockaddr_bytes().size(), sizeof(sockaddr_in));
}

TEST(Endpoint, ReadsAndWritesIpv6WithBrackets) {
    const Endpoint endpoint = Endpoint::parse("2001:db8:0:0::1", 443).value();
    EXPECT_TRUE(endpoint.is_ipv6());
    EXPECT_EQ(endpoint.port(), 443);
    EXPECT_EQ(endpoint.to_string(), "[2001:db8::1]:443");
    EXPECT_EQ(endpoint.sockaddr_bytes().size(), sizeof(sockaddr_in6));
}

TEST(Endpoint, RefusesWhatIsNoNumericAddress) {
    for (const char* text : {"", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "[::1]", "::1%lo",
                             "1.2.3.4:80", " 1.2.3.4"}) {
        const Result<Endpoint> endpoint = Endpoint::parse(text, 1);
        ASSERT_FALSE(endpoint.has_value()) << text;
        EXPECT_TRUE(endpoint.error() == Errc::bad_argument) << text;
        EXPECT_NE(endpoint.error().message().find(text), std::string::npos);
    }
}

TEST(Endpoint, RefusesTextBehindAnEmbeddedZero) {
    EXPECT_FALSE(Endpoint::parse(std::string_view("127.0.0.1\0.evil", 15), 1).has_value());
}

TEST(Endpoint, KnowsTheLoopback) {
    EXPECT_EQ(Endpoint::loopback(99).to_string(), "127.0.0.1:99");
    EXPECT_EQ(Endpoint::loopback(99), Endpoint::parse("127.0.0.1", 99).value());
}

TEST(Endpoint, StartsAsAnyAddressAndNoPort) {
    EXPECT_EQ(Endpoint().to_string(), "0.0.0.0:0");
}

TEST(Endpoint, ChangesItsPortOnly) {
    const Endpoint v4 = Endpoint::loopback(1);
    EXPECT_EQ(v4.with_port(65535), Endpoint::loopback(65535));
    const Endpoint v6 = Endpoint::parse("::1", 1).value();
    EXPECT_EQ(v6.with_port(2).to_string(), "[::1]:2");
    EXPECT_NE(v6.with_port(2), v6);
}

TEST(Endpoint, GoesThroughTheKernelsLayoutAndBack) {
    for (const char* text : {"10.1.2.3", "fe80::7"}) {
        const Endpoint endpoint = Endpoint::parse(text, 1234).value();
        EXPECT_EQ(Endpoint::from_sockaddr(endpoint.sockaddr_bytes()).value(), endpoint);
    }
}

TEST(Endpoint, RefusesOtherFamiliesAndShortAddresses) {
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    const Bytes bytes(reinterpret_cast<const std::byte*>(&local), sizeof local);
    EXPECT_TRUE(Endpoint::from_sockaddr(bytes).error() == Errc::unsupported);
    const Endpoint loopback = Endpoint::loopback(1);
    EXPECT_FALSE(Endpoint::from_sockaddr(loopback.sockaddr_bytes().first(8)).has_value());
    EXPECT_FALSE(Endpoint::from_sockaddr(Bytes()).has_value());
}

}  // namespace
