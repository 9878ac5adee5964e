// SPDX-License-Identifier: MIT
#include "bench/report.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

namespace weir::bench {
namespace {

// Digits that a person can compare: 0.1834, 104.3, 52.10 M.
std::string for_people(double value) {
    std::array<char, 32> text{};
    if (value >= 1e6) {
        std::snprintf(text.data(), text.size(), "%.2f M", value / 1e6);
    } else if (value >= 1000) {
        std::snprintf(text.data(), text.size(), "%.0f", value);
    } else {
        std::snprintf(text.data(), text.size(), "%.4g", value);
    }
    return text.data();
}

std::string number(double value, const char* format = "%.9g") {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), format, value);
    return text.data();
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out += '"';
}

constexpr double kSpreadOfNoise = 0.15;  // of the median, from the lowest to the highest
constexpr std::size_t kTextColumns = 2;  // to the left; the figures after them to the right

using Row = std::vector<std::string>;

std::string aligned(const std::vector<Row>& rows) {
    std::vector<std::size_t> widths(rows.front().size());
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    }
    std::string out;
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string padding(widths[i] - row[i].size(), ' ');
            if (i > 0) out += "  ";
            out += i < kTextColumns ? row[i] + padding : padding + row[i];
        }
        out.erase(out.find_last_not_of(' ') + 1);
        out += '\n';
    }
    return out;
}

bool is_rate(std::string_view unit) {
    return unit.ends_with("/s");
}

// Whether more, or less, of it is better: other figures say how a run went.
bool is_judged(std::string_view unit) {
    return unit != "%" && unit != "calls" && unit != "x" && unit != "round trips";
}

bool is_better(std::string_view unit, double one, double other) {
    return is_rate(unit) ? one > other : one < other;
}

}  // namespace

double Series::median() const {
    std::vector<double> sorted = values_;
    std::sort(sorted.begin(), sorted.end());
    const std::size_t middle = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

double Series::low() const {
    return *std::min_element(values_.begin(), values_.end());
}
double Series::high() const {
    return *std::max_element(values_.begin(), values_.end());
}

bool Series::is_noisy() const {
    return high() - low() > kSpreadOfNoise * median();
}

Series Series::less(const Series& other) const {
    Series difference;
    for (std::size_t i = 0; i < std::min(values_.size(), other.values_.size()); ++i)
        difference.add(values_[i] - other.values_[i]);
    return difference;
}

void Report::add(Subject subject, const Series& series) {
    if (series.empty()) return;
    figures_.push_back(Figure{std::move(subject), series.median(), series.low(), series.high(),
                              series.is_noisy()});
}

const Report::Figure* Report::floor_of(const Figure& figure) const {
    for (const Figure& other : figures_) {
        if (other.value <= 0) continue;
        if (other.subject.peer() != "floor" || other.subject.name() != figure.subject.name()) {
            continue;
        }
        if (other.subject.backend().empty() ||
            other.subject.backend() == figure.subject.backend()) {
            return &other;
        }
    }
    return nullptr;
}

const Report::Figure* Report::weirs_of(const Figure& figure) const {
    const Figure* best = nullptr;
    for (const Figure& other : figures_) {
        const Subject& subject = other.subject;
        if (subject.peer() != "weir" || subject.name() != figure.subject.name()) continue;
        const std::string& backend = figure.subject.backend();
        if (!backend.empty() && subject.backend() != backend) continue;
        if (best == nullptr || is_better(subject.unit(), other.value, best->value)) best = &other;
    }
    return best;
}

std::string Report::table() const {
    std::vector<Row> rows = {{"metric", "backend", "weir", "unit", "floor", "ratio", "low..high"}};
    for (const Figure& figure : figures_) {
        const Subject& subject = figure.subject;
        if (subject.peer() != "weir") continue;
        const Figure* floor = floor_of(figure);
        rows.push_back({subject.name(), subject.backend(), for_people(figure.value), subject.unit(),
                        floor == nullptr ? "-" : for_people(floor->value),
                        floor == nullptr ? "-" : number(figure.value / floor->value, "%.2f"),
                        for_people(figure.low) + " .. " + for_people(figure.high) +
                            (figure.is_noisy ? " noisy" : "")});
    }
    return aligned(rows) + table_of_peers();
}

std::string Report::table_of_peers() const {
    std::vector<Row> rows = {{"metric", "peer", "value", "unit", "low..high", "weir is"}};
    for (const Figure& figure : figures_) {
        const Subject& subject = figure.subject;
        const Figure* ours = weirs_of(figure);
        if (subject.peer() == "weir" || subject.peer() == "floor" || ours == nullptr) continue;
        const bool is_ahead = is_better(subject.unit(), ours->value, figure.value);
        const double more = std::max(ours->value, figure.value);
        const double less = std::min(ours->value, figure.value);
        const std::string how =
            less <= 0 || !is_judged(subject.unit())
                ? "-"
                : number(more / less, "%.3g") + (is_ahead ? " x better" : " x worse");
        rows.push_back({subject.name(), subject.peer(), for_people(figure.value), subject.unit(),
                        for_people(figure.low) + " .. " + for_people(figure.high) +
                            (figure.is_noisy ? " noisy" : ""),
                        how});
    }
    return rows.size() == 1 ? "" : "\n" + aligned(rows);
}

std::vector<Report::Comparable> Report::comparables() const {
    std::vector<Comparable> all;
    for (const Figure& figure : figures_) {
        const Subject& subject = figure.subject;
        if (subject.peer() != "weir") continue;
        const Figure* floor = floor_of(figure);
        if (floor == nullptr && subject.unit() != "B") continue;
        if (!is_judged(subject.unit())) continue;
        all.push_back(Comparable{subject.name(), subject.backend(),
                                 floor == nullptr ? figure.value : figure.value / floor->value,
                                 is_rate(subject.unit()),
                                 figure.is_noisy || (floor != nullptr && floor->is_noisy)});
    }
    return all;
}

std::string Report::json_lines(const Environment& environment) const {
    std::string out;
    for (const Figure& figure : figures_) {
        const Subject& subject = figure.subject;
        const std::size_t dot = subject.name().find('.');
        out += "{\"bench\":" + quoted(subject.name().substr(0, dot));
        out += ",\"metric\":" + quoted(subject.name().substr(dot + 1));
        out += ",\"peer\":" + quoted(subject.peer());
        if (!subject.backend().empty()) out += ",\"backend\":" + quoted(subject.backend());
        out += ",\"value\":" + number(figure.value) + ",\"unit\":" + quoted(subject.unit());
        out += ",\"low\":" + number(figure.low) + ",\"high\":" + number(figure.high);
        if (figure.is_noisy) out += ",\"noisy\":true";
        const Figure* floor = subject.peer() == "floor" ? nullptr : floor_of(figure);
        if (floor != nullptr) out += ",\"ratio\":" + number(figure.value / floor->value);
        out += ",\"machine\":" + quoted(environment.machine);
        out += ",\"kernel\":" + quoted(environment.kernel);
        out += ",\"compiler\":" + quoted(environment.compiler);
        if (!environment.peers.empty()) out += ",\"peers\":" + quoted(environment.peers);
        out += ",\"weather\":" + quoted(environment.weather) + "}\n";
    }
    return out;
}

Result<void> write_file(const std::string& path, std::string_view text) {
    std::FILE* file = std::fopen(path.c_str(), "w");
    if (file == nullptr) return Error::from_errno(errno, "opening " + path + " for writing");
    const bool is_written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    const bool is_closed = std::fclose(file) == 0;
    if (!is_written || !is_closed) return Error::from_errno(errno, "writing " + path);
    return {};
}

}  // namespace weir::bench
