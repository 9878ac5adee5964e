// SPDX-License-Identifier: MIT
//
// What a run of the benchmarks has found: one figure for each metric, peer and backend, printed as
// a table for people and written as JSON lines for programs. A figure is the median of its repeats,
// with the lowest and the highest beside it.
#pragma once

#include <weir/runtime/base/result.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/environment.h"

namespace weir::bench {

/// The values of one metric, one for each repeat.
class Series {
public:
    void add(double value) { values_.push_back(value); }
    bool empty() const noexcept { return values_.empty(); }
    /// Precondition of these four: not empty.
    double median() const;
    double low() const;
    double high() const;
    /// True where the repeats lie so far apart that the median says little.
    bool is_noisy() const;
    /// Each value less the one of the same repeat in `other`.
    Series less(const Series& other) const;

private:
    std::vector<double> values_;
};

/// What is measured, and of whom.
class Subject {
public:
    /// `name` is "bench.metric"; `peer` is "weir", "floor" or the name of another runtime.
    Subject(std::string name, std::string peer) : name_(std::move(name)), peer_(std::move(peer)) {}
    Subject& unit(std::string unit) { return unit_ = std::move(unit), *this; }
    /// "uring" or "epoll"; empty where the metric has nothing to do with it.
    Subject& backend(std::string backend) { return backend_ = std::move(backend), *this; }

    const std::string& name() const noexcept { return name_; }
    const std::string& peer() const noexcept { return peer_; }
    const std::string& unit() const noexcept { return unit_; }
    const std::string& backend() const noexcept { return backend_; }

private:
    std::string name_;
    std::string peer_;
    std::string unit_;
    std::string backend_;
};

class Report {
public:
    /// Keeps the figure; a series without values is left out.
    void add(Subject subject, const Series& series);
    bool empty() const noexcept { return figures_.empty(); }

    /// The table, with the floor of each metric and the ratio to it, and a second one where peers
    /// were measured. Ends with a newline.
    std::string table() const;
    /// What a later run may be compared by: weir's ratio to the floor, or, without a floor, bytes.
    struct Comparable {
        std::string metric;
        std::string backend;
        double value;
        bool is_rate;
        bool is_noisy;  // weir's figure or the floor's
    };
    std::vector<Comparable> comparables() const;
    /// One JSON object a line.
    std::string json_lines(const Environment& environment) const;

private:
    struct Figure {
        Subject subject;
        double value;
        double low;
        double high;
        bool is_noisy;
    };

    /// weir's of the same metric on the same backend; on the better one where that is not told.
    const Figure* weirs_of(const Figure& figure) const;
    std::string table_of_peers() const;
    /// The floor of the same metric: on the same backend, or the one that knows no backend. Null
    /// also where it drowned in the noise, so that a ratio to it would say nothing.
    const Figure* floor_of(const Figure& figure) const;

    std::vector<Figure> figures_;
};

/// Writes `text` over what the file had.
Result<void> write_file(const std::string& path, std::string_view text);

}  // namespace weir::bench
