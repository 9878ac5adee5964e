// SPDX-License-Identifier: MIT
//
// One question to several: each contender is a process that does the same work and reports how it
// went. They take turns, so that all meet the same weather, and each figure is the median of its
// repeats.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/groups.h"

namespace weir::bench {

class Contender {
public:
    /// `items`: how many of the thing that figures are about, which differs where a slow peer gets
    /// less to do.
    Contender(std::string peer, Command work, std::size_t items)
        : peer_(std::move(peer)), work_(std::move(work)), items_(static_cast<double>(items)) {}
    /// The same with next to nothing to do: its CPU and memory are not counted.
    Contender& less(Command nothing) { return nothing_ = std::move(nothing), *this; }
    /// A process that stands beside each of its own, such as a server. It writes the port that it
    /// has, which becomes the last argument of the next one beside it, or else of the contender.
    Contender& beside(Command helper) { return helpers_.push_back(std::move(helper)), *this; }
    /// "uring" or "epoll", for the contender's process and for its figures.
    Contender& backend(const std::string& name);

private:
    friend class Contest;
    std::string peer_;
    std::string backend_{};
    Command work_;
    std::optional<Command> nothing_{};
    std::vector<Command> helpers_{};
    double items_;
    std::vector<Series> figures_{};
    bool is_out_ = false;  // has no such thing, or failed
};

/// What one process has reported, and the first of those beside it.
struct Reports {
    Sample own;
    std::optional<Sample> helper;
};

/// The same, less what was not to be counted.
class Reading {
public:
    Reading(const Reports& all, const std::optional<Reports>& nothing, double items)
        : all_(all), nothing_(nothing), items_(items) {}
    /// The field as it was reported.
    double raw(const std::string& field) const { return all_.own.at(field); }
    /// The field as the server reported it. Precondition: one stood beside.
    double of_helper(const std::string& field) const { return all_.helper.value().at(field); }
    /// For one item, of memory or CPU.
    double each(const std::string& field) const;
    double items() const noexcept { return items_; }

private:
    const Reports& all_;
    const std::optional<Reports>& nothing_;
    double items_;
};

class Contest {
public:
    /// `title` is for lines of progress.
    explicit Contest(std::string title) : title_(std::move(title)) {}

    /// A figure that is made of what each process reports.
    void ask(std::string metric, std::string unit, std::function<double(const Reading&)> read);
    /// The same less what the floor has in the same repeat; the floor itself has no such figure.
    void ask_over_floor(std::string metric, std::string unit,
                        std::function<double(const Reading&)> read);
    /// How much memory is touched and given back before each turn: about what the hungriest takes.
    /// Where this machine is a guest, its host has to find memory that was not used for a while,
    /// and whoever comes first would pay for that.
    void warm_memory(std::size_t bytes) noexcept { warm_bytes_ = bytes; }
    void enter(Contender contender) { contenders_.push_back(std::move(contender)); }
    /// Each contender as often as the plan says, and then all figures into the report. A peer that
    /// has no such thing is left out; a failure ends the contender, and the others go on.
    Result<void> run(const Plan& plan, Report& report);

private:
    struct Question {
        std::string metric;
        std::string unit;
        std::function<double(const Reading&)> read;
        bool is_over_floor;
    };
    Result<void> take_turn(Contender& contender);
    /// What a contender has to say to a question; nothing where that needs a floor, and none is.
    Series answer(const Contender& contender, std::size_t question) const;
    static Result<Reports> measure(const Contender& contender, Command work);

    std::string title_;
    std::size_t warm_bytes_ = 0;
    std::vector<Question> questions_;
    std::vector<Contender> contenders_;
};

}  // namespace weir::bench
