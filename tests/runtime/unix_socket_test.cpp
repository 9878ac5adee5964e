// SPDX-License-Identifier: MIT
//
// Names of UNIX sockets. What the sockets do is in tests/conformance/unix_test.cpp.
#include <gtest/gtest.h>
#include <weir/runtime/unix_socket.h>

#include <string>
#include <string_view>
#include <type_traits>

using namespace weir;

namespace {

static_assert(!std::is_aggregate_v<UnixStream>);
static_assert(!std::is_copy_constructible_v<UnixStream>);
static_assert(sizeof(UnixStream) == sizeof(void*));

TEST(UnixAddress, APathIsPrintedWithItsKind) {
    const Result<UnixAddress> address = UnixAddress::path("/run/it.sock");
    EXPECT_EQ(address.value().to_string(), "unix:/run/it.sock");
    EXPECT_EQ(address->name(), "/run/it.sock");
    EXPECT_FALSE(address->is_abstract());
}

TEST(UnixAddress, AnAbstractNameIsPrintedWithAnAt) {
    const Result<UnixAddress> address = UnixAddress::abstract("it");
    EXPECT_EQ(address.value().to_string(), "unix:@it");
    EXPECT_EQ(address->name(), "it");
    EXPECT_TRUE(address->is_abstract());
}

TEST(UnixAddress, TheLongestPathFits) {
    const std::string longest(UnixAddress::kLengthMax, 'x');
    const Result<UnixAddress> address = UnixAddress::path(longest);
    EXPECT_EQ(address.value().name(), longest);
    EXPECT_EQ(address->sockaddr_bytes().size(), 110u);
}

TEST(UnixAddress, ALongerPathIsRefusedWithBothLengths) {
    const Result<UnixAddress> address = UnixAddress::path(std::string(108, 'x'));
    ASSERT_FALSE(address);
    EXPECT_EQ(address.error(), Error::bad_argument);
    EXPECT_NE(address.error().message().find("108"), std::string::npos);
    EXPECT_NE(address.error().message().find("107"), std::string::npos);
}

TEST(UnixAddress, EmptyNamesAndZerosInPathsAreRefused) {
    EXPECT_FALSE(UnixAddress::path(""));
    EXPECT_FALSE(UnixAddress::abstract(""));
    EXPECT_FALSE(UnixAddress::path(std::string_view("a\0b", 3)));
    EXPECT_TRUE(UnixAddress::abstract(std::string_view("a\0b", 3)));
}

}  // namespace
