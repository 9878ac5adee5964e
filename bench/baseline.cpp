// SPDX-License-Identifier: MIT
#include "bench/baseline.h"

#include <simdjson.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <string_view>

namespace weir::bench {
namespace {

constexpr double kTolerance = 0.10;  // what a quiet machine gives to chance

std::string line_of(const Report::Comparable& figure, double then, std::string_view verdict) {
    std::array<char, 160> text{};
    std::snprintf(text.data(), text.size(), "%-32s %-6s %10.3f -> %10.3f  %+6.1f %%  %s\n",
                  figure.metric.c_str(), figure.backend.c_str(), then, figure.value,
                  (figure.value / then - 1) * 100, std::string(verdict).c_str());
    return text.data();
}

}  // namespace

Result<Baseline> Baseline::read(const std::string& path) {
    std::ifstream file(path);
    if (!file) return Error::from_errno(errno, "opening the figures of an earlier run, " + path);
    Baseline baseline;
    simdjson::dom::parser parser;
    int number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        simdjson::dom::element object;
        std::string_view bench;
        std::string_view metric;
        std::string_view peer;
        std::string_view unit;
        double value = 0;
        const bool is_figure = !parser.parse(line).get(object) && !object["bench"].get(bench) &&
                               !object["metric"].get(metric) && !object["peer"].get(peer) &&
                               !object["unit"].get(unit) && !object["value"].get(value);
        if (!is_figure) {
            return Error(Errc::bad_argument, path + ":" + std::to_string(number) +
                                                 " is no figure as `--json` writes them");
        }
        if (peer != "weir") continue;
        std::string_view backend;
        if (object["backend"].get(backend)) backend = "";
        double ratio = 0;
        if (!object["ratio"].get(ratio)) {
            value = ratio;
        } else if (unit != "B") {
            continue;
        }
        baseline.values_[{std::string(bench) + "." + std::string(metric), std::string(backend)}] =
            value;
    }
    return baseline;
}

Baseline::Comparison Baseline::compare(const Report& now) const {
    Comparison comparison;
    for (const Report::Comparable& figure : now.comparables()) {
        const auto found = values_.find({figure.metric, figure.backend});
        if (found == values_.end()) continue;
        const double change = figure.value / found->second - 1;
        const double worse_by = figure.is_rate ? -change : change;
        std::string_view verdict = "";
        if (worse_by > kTolerance) {
            verdict = figure.is_noisy ? "too noisy to tell" : "WORSE";
            if (!figure.is_noisy) ++comparison.worse;
        } else if (worse_by < -kTolerance) {
            verdict = "better";
        }
        comparison.text += line_of(figure, found->second, verdict);
    }
    return comparison;
}

}  // namespace weir::bench
