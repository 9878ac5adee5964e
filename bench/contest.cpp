// SPDX-License-Identifier: MIT
#include "bench/contest.h"

#include <cstdio>

namespace weir::bench {

Contender& Contender::backend(const std::string& name) {
    backend_ = name;
    work_.backend(name);
    if (nothing_) nothing_->backend(name);
    return *this;
}

double Reading::each(const std::string& field) const {
    return (all_.at(field) - (nothing_ ? nothing_->at(field) : 0)) / items_;
}

void Contest::ask(std::string metric, std::string unit,
                  std::function<double(const Reading&)> read) {
    questions_.push_back(Question{std::move(metric), std::move(unit), std::move(read)});
}

Result<void> Contest::take_turn(Contender& contender) {
    std::optional<Sample> nothing;
    if (contender.nothing_) {
        Result<Sample> sample = measure(*contender.nothing_);
        if (!sample) return std::move(sample).error();
        nothing = std::move(*sample);
    }
    const Result<Sample> all = measure(contender.work_);
    if (!all) return all.error();
    const Reading reading(*all, nothing, contender.items_);
    contender.figures_.resize(questions_.size());
    for (std::size_t i = 0; i < questions_.size(); ++i)
        contender.figures_[i].add(questions_[i].read(reading));
    return {};
}

Result<void> Contest::run(const Plan& plan, Report& report) {
    Result<void> worst;
    for (int repeat = 0; repeat < plan.repeats(); ++repeat) {
        for (Contender& contender : contenders_) {
            if (contender.is_out_) continue;
            std::fprintf(stderr, "%s: %s%s%s, %d of %d\n", title_.c_str(), contender.peer_.c_str(),
                         contender.backend_.empty() ? "" : " on ", contender.backend_.c_str(),
                         repeat + 1, plan.repeats());
            Result<void> done = take_turn(contender);
            if (done) continue;
            contender.is_out_ = true;
            if (done.error() == Errc::unsupported) continue;
            worst = std::move(done.error()).with_context(title_);
        }
    }
    for (const Contender& contender : contenders_) {
        for (std::size_t i = 0; i < contender.figures_.size(); ++i) {
            Subject subject(questions_[i].metric, contender.peer_);
            subject.unit(questions_[i].unit).backend(contender.backend_);
            report.add(std::move(subject), contender.figures_[i]);
        }
    }
    return worst;
}

}  // namespace weir::bench
