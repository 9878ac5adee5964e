// SPDX-License-Identifier: MIT
#include <weir/runtime/base/assert.h>

#include <gtest/gtest.h>

#include <cstdio>
#include <optional>
#include <stdexcept>
#include <thread>

using namespace weir;

namespace {

class Note final : public detail::FailureNote {
public:
    explicit Note(const char* text) noexcept : text_(text) {}

private:
    void print() const noexcept override { std::fprintf(stderr, "note: %s\n", text_); }

    const char* text_;
};

void fail() {
    WEIR_CHECK_HINT(1 + 1 == 3, "count again");
}

void throw_it() {
    throw std::runtime_error("thrown all the same");
}

void throw_from_what_must_not() noexcept {
    throw_it();
}

TEST(CheckDeath, AFailedCheckNamesTheFactThePlaceAndTheHint) {
    EXPECT_DEATH(fail(),
                 "^weir: broken contract at .*assert_test.cpp:[0-9]+: 1 \\+ 1 == 3\n"
                 "weir: count again\n$");
}

TEST(CheckDeath, ItPrintsTheNotesOfItsThreadFirstTheNewestBeforeTheOthers) {
    const Note older("older");
    const Note newer("newer");
    EXPECT_DEATH(fail(), "^note: newer\nnote: older\nweir: broken contract");
}

TEST(CheckDeath, NotesThatAreGoneAreNotPrinted) {
    std::optional<Note> first(std::in_place, "first");
    const Note second("second");
    {
        const Note third("third");
    }
    first.reset();
    EXPECT_DEATH(fail(), "^note: second\nweir: broken contract");
}

TEST(CheckDeath, ANoteIsOfOneThread) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    const auto fail_elsewhere = [] {
        const Note note("here");
        std::thread(fail).join();
    };
    EXPECT_DEATH(fail_elsewhere(), "^weir: broken contract");
}

TEST(CheckDeath, AnExceptionThatNothingCatchesPrintsTheNotesToo) {
    const Note note("here");
    EXPECT_DEATH(throw_from_what_must_not(), "^note: here\n(.|\n)*thrown all the same");
}

}  // namespace
