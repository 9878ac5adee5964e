// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/runtime/base/error.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

using namespace weir;
using namespace std::chrono_literals;

namespace {

TEST(Error, ComparesWithItsOwnCodesAndNoOthers) {
    const Error error = Error::timed_out;
    EXPECT_TRUE(error == Error::timed_out);
    EXPECT_FALSE(error == Error::stream_ended);
    EXPECT_EQ(error.category(), runtime_category());
}

TEST(Error, ComparesErrnoWithPortableConditions) {
    EXPECT_TRUE(Error::from_errno(ECONNREFUSED) == std::errc::connection_refused);
    EXPECT_FALSE(Error::from_errno(ECONNREFUSED) == std::errc::timed_out);
}

TEST(Error, CodesOfTwoCategoriesWithOneValueDiffer) {
    const Error kernel = Error::from_errno(static_cast<int>(Errc::timed_out));
    EXPECT_FALSE(kernel == Error::timed_out);
}

TEST(Error, EachCodeHasASentenceOfItsOwn) {
    for (int value = static_cast<int>(Errc::timed_out);
         value <= static_cast<int>(Errc::limit_reached); ++value) {
        const std::string sentence = Error(static_cast<Errc>(value)).message();
        EXPECT_EQ(sentence.find("unknown"), std::string::npos) << value;
        EXPECT_NE(sentence, Error(static_cast<Errc>(value + 1)).message()) << value;
    }
    EXPECT_EQ(Error(static_cast<Errc>(99)).message(), "unknown weir error 99");
}

TEST(Error, OwnMessageTakesThePlaceOfTheSentence) {
    const Error error(Error::bad_argument, "the port is 70000: use 0 to 65535");
    EXPECT_EQ(error.message(), "the port is 70000: use 0 to 65535");
    EXPECT_TRUE(error == Error::bad_argument);
}

TEST(Error, ContextsStackInFrontOfTheMessage) {
    Error error =
        Error(Error::stream_ended, "after 3 of 10 bytes").with_context("reading the body");
    error = std::move(error).with_context("GET /");
    EXPECT_EQ(error.message(), "GET /: reading the body: after 3 of 10 bytes");
}

TEST(Error, ContextOfErrnoSaysWhatWasDone) {
    const Error error = Error::from_errno(EADDRINUSE, "listening on port 80");
    EXPECT_TRUE(error.message().starts_with("listening on port 80: ")) << error.message();
    EXPECT_TRUE(error == std::errc::address_in_use);
}

TEST(Error, RetryAdviceIsUnknownUntilGiven) {
    const Error plain = Error::timed_out;
    EXPECT_FALSE(plain.worth_retry().has_value());
    EXPECT_EQ(plain.retry_after(), Duration::zero());

    const Error advised = Error(Error::limit_reached).with_retry(true, 2s);
    EXPECT_EQ(advised.worth_retry(), true);
    EXPECT_EQ(advised.retry_after(), 2s);
    EXPECT_EQ(advised.message(), Error(Error::limit_reached).message());

    EXPECT_EQ(Error(Error::bad_argument).with_retry(false).worth_retry(), false);
}

TEST(Error, CopiesAreDeepAndLeaveTheOriginal) {
    const Error original(Error::timed_out, "first");
    Error copy = original;
    copy = std::move(copy).with_context("again");
    EXPECT_EQ(original.message(), "first");
    EXPECT_EQ(copy.message(), "again: first");

    Error assigned = Error::stream_ended;
    assigned = original;
    EXPECT_EQ(assigned.message(), "first");
    EXPECT_TRUE(assigned == Error::timed_out);
}

TEST(Error, SelfAssignmentChangesNothing) {
    Error error(Error::timed_out, "kept");
    const Error& same = error;
    error = same;
    EXPECT_EQ(error.message(), "kept");
}

}  // namespace
