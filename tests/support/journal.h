// SPDX-License-Identifier: MIT
//
// What happened in a test, in order, as one line of words: the tests of cancellation are mostly
// about who dies when. A Mark is a local or an argument that writes its own death.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace weir::test {

class Journal {
public:
    Journal() {}
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    void note(std::string_view word) {
        if (!text_.empty()) text_ += ' ';
        text_ += word;
    }
    /// "begun ~local ~argument"
    const std::string& text() const noexcept { return text_; }
    bool has(std::string_view word) const {
        return (" " + text_ + " ").find(" " + std::string(word) + " ") != std::string::npos;
    }

private:
    std::string text_;
};

/// Notes "~name" when it dies; one that was moved from says nothing.
class Mark {
public:
    Mark(Journal& journal, std::string name) : journal_(&journal), name_(std::move(name)) {}
    Mark(Mark&& other) noexcept
        : journal_(std::exchange(other.journal_, nullptr)), name_(std::move(other.name_)) {}
    Mark& operator=(Mark&&) = delete;
    ~Mark() {
        if (journal_ != nullptr) journal_->note("~" + name_);
    }

private:
    Journal* journal_;
    std::string name_;
};

/// Counts itself, to see that each object that was made has died once.
class Counted {
public:
    explicit Counted(long& count) noexcept : count_(&count) { ++*count_; }
    Counted(Counted&& other) noexcept : count_(other.count_) { ++*count_; }
    Counted& operator=(Counted&&) = delete;
    ~Counted() { --*count_; }

private:
    long* count_;
};

}  // namespace weir::test
