// SPDX-License-Identifier: MIT
#include <weir/runtime/base/assert.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace weir::detail {
namespace {

constinit thread_local FailureNote* newest_note = nullptr;
std::terminate_handler earlier_handler = nullptr;

[[noreturn]] void tell_and_terminate() {
    FailureNote::print_all();
    if (earlier_handler != nullptr) earlier_handler();
    std::abort();
}

// For good, since programs that have such notes are tests: who sets a handler later replaces it.
void take_over_terminate() noexcept {
    static const bool is_done = [] {
        earlier_handler = std::set_terminate(tell_and_terminate);
        return true;
    }();
    static_cast<void>(is_done);
}

}  // namespace

FailureNote::FailureNote() noexcept : older_(newest_note) {
    take_over_terminate();
    newest_note = this;
}

// Notes need not die in the order in which they were made.
FailureNote::~FailureNote() {
    FailureNote** link = &newest_note;
    while (*link != nullptr && *link != this)
        link = &(*link)->older_;
    if (*link == this) *link = older_;
}

void FailureNote::print_all() noexcept {
    for (const FailureNote* note = newest_note; note != nullptr; note = note->older_)
        note->print();
}

void check_failed(const char* fact, const char* hint, const char* file, int line) noexcept {
    FailureNote::print_all();
    std::fprintf(stderr, "weir: broken contract at %s:%d: %s\n", file, line, fact);
    if (hint != nullptr) std::fprintf(stderr, "weir: %s\n", hint);
    std::abort();
}

}  // namespace weir::detail
