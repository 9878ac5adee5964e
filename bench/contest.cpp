// SPDX-License-Identifier: MIT
#include "bench/contest.h"

#include <sys/mman.h>

#include <cstdio>

namespace weir::bench {
namespace {

void touch_memory(std::size_t bytes) {
    if (bytes == 0) return;
    void* start = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) return;
    ::madvise(start, bytes, MADV_HUGEPAGE);
    constexpr std::size_t kPage = 4096;
    auto* const memory = static_cast<volatile char*>(start);
    for (std::size_t at = 0; at < bytes; at += kPage)
        memory[at] = 1;
    ::munmap(start, bytes);
}

}  // namespace

Contender& Contender::backend(const std::string& name) {
    backend_ = name;
    work_.backend(name);
    if (nothing_) nothing_->backend(name);
    return *this;
}

double Reading::each(const std::string& field) const {
    return (raw(field) - (nothing_ ? nothing_->own.at(field) : 0)) / items_;
}

void Contest::ask(std::string metric, std::string unit,
                  std::function<double(const Reading&)> read) {
    questions_.push_back(Question{std::move(metric), std::move(unit), std::move(read), false});
}

void Contest::ask_over_floor(std::string metric, std::string unit,
                             std::function<double(const Reading&)> read) {
    questions_.push_back(Question{std::move(metric), std::move(unit), std::move(read), true});
}

Series Contest::answer(const Contender& contender, std::size_t question) const {
    const Series& all = contender.figures_[question];
    if (!questions_[question].is_over_floor) return all;
    for (const Contender& other : contenders_) {
        const bool is_floor = other.peer_ == "floor" && !other.figures_.empty();
        if (is_floor && &other != &contender) return all.less(other.figures_[question]);
    }
    return Series();
}

Result<Reports> Contest::measure(const Contender& contender, Command work) {
    std::vector<Child> helpers;
    std::optional<std::size_t> port;
    for (Command helper : contender.helpers_) {
        if (port) helper.argument(*port);
        Result<Child> child = Child::start(helper);
        if (!child) return std::move(child).error();
        const Result<std::string> line = child->read_line();
        if (!line) return line.error();
        port = std::stoul(*line);
        helpers.push_back(*std::move(child));
    }
    if (port) work.argument(*port);
    Result<Sample> own = bench::measure(work);
    if (!own) return std::move(own).error();
    Reports reports{*std::move(own), std::nullopt};
    // The last one first: it is connected to the one before it.
    for (; !helpers.empty(); helpers.pop_back()) {
        Result<Sample> sample = helpers.back().finish();
        if (!sample) return std::move(sample).error();
        reports.helper = *std::move(sample);
    }
    return reports;
}

Result<void> Contest::take_turn(Contender& contender) {
    touch_memory(warm_bytes_);
    std::optional<Reports> nothing;
    if (contender.nothing_) {
        Result<Reports> reports = measure(contender, *contender.nothing_);
        if (!reports) return std::move(reports).error();
        nothing = *std::move(reports);
    }
    const Result<Reports> all = measure(contender, contender.work_);
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
            report.add(std::move(subject), answer(contender, i));
        }
    }
    return worst;
}

}  // namespace weir::bench
