// SPDX-License-Identifier: MIT
#include <weir/llm/secret.h>

#include <gtest/gtest.h>

#include <chrono>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

using namespace weir;
using namespace weir::llm;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<ApiKey>);
static_assert(!std::is_convertible_v<ApiKey, std::string>);
static_assert(!std::is_convertible_v<ApiKey, std::string_view>);
static_assert(!std::is_constructible_v<std::string, ApiKey>);
static_assert(!std::is_convertible_v<std::string, ApiKey>);

constexpr const char* kSecret = "sk-very-secret-0123456789";

TEST(Secret, ShowsStarsAndNothingElse) {
    const ApiKey key{std::string(kSecret)};
    std::ostringstream out;
    out << key;
    EXPECT_EQ(out.str(), "***");
    EXPECT_EQ(to_string(key), "***");
    EXPECT_EQ(to_string(ApiKey()), "***");
    EXPECT_EQ(testing::PrintToString(key), "***");
}

TEST(Secret, IsRevealedOnRequest) {
    EXPECT_EQ(ApiKey{std::string(kSecret)}.reveal(), kSecret);
    EXPECT_TRUE(ApiKey().is_empty());
    EXPECT_TRUE(ApiKey().reveal().empty());
}

TEST(Secret, ComparesByAllItsBytes) {
    EXPECT_EQ(ApiKey("abc"), ApiKey("abc"));
    EXPECT_NE(ApiKey("abc"), ApiKey("abd"));
    EXPECT_NE(ApiKey("abc"), ApiKey("xbc"));
    EXPECT_NE(ApiKey("abc"), ApiKey("ab"));
    EXPECT_EQ(ApiKey(), ApiKey(""));
}

TEST(Secret, CopiesAreEqualAndAMoveLeavesNothingBehind) {
    ApiKey key("abc");
    ApiKey copy = key;
    EXPECT_EQ(copy, key);
    const ApiKey moved = std::move(key);
    EXPECT_EQ(moved, copy);
    EXPECT_TRUE(key.is_empty());  // NOLINT(bugprone-use-after-move): that is the point
    copy = ApiKey("other");
    EXPECT_EQ(copy.reveal(), "other");
    EXPECT_EQ(moved.reveal(), "abc");
}

TEST(Secret, IsMaskedInAnyText) {
    const ApiKey key("sk-1");
    EXPECT_EQ(mask_secret("key sk-1, again sk-1", key), "key ***, again ***");
    EXPECT_EQ(mask_secret("sk-1", key), "***");
    EXPECT_EQ(mask_secret("sk-2", key), "sk-2");
    EXPECT_EQ(mask_secret("", key), "");
    EXPECT_EQ(mask_secret("text", ApiKey()), "text");
}

TEST(Secret, IsMaskedInAnErrorThatKeepsAllElse) {
    const ApiKey key{std::string(kSecret)};
    Error error(Errc::bad_argument, "the key " + std::string(kSecret) + " was refused");
    error = mask_secret(std::move(error).with_retry(true, 3s), key);
    EXPECT_TRUE(error == Errc::bad_argument);
    EXPECT_EQ(error.message(), "the key *** was refused");
    EXPECT_EQ(error.worth_retry(), true);
    EXPECT_EQ(error.retry_after(), 3s);
}

TEST(Secret, IsNotLeftInTheExceptionOfAnError) {
    const ApiKey key{std::string(kSecret)};
    const auto telling = std::make_exception_ptr(std::runtime_error(kSecret));
    const Error masked = mask_secret(Error::from_exception(telling), key);
    EXPECT_TRUE(masked == Errc::task_threw);
    EXPECT_EQ(masked.message().find(kSecret), std::string::npos);
    EXPECT_EQ(masked.exception(), nullptr);

    const auto harmless = std::make_exception_ptr(std::runtime_error("no"));
    EXPECT_NE(mask_secret(Error::from_exception(harmless), key).exception(), nullptr);
}

}  // namespace
