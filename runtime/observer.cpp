// SPDX-License-Identifier: MIT
#include "runtime/observer.h"

#include <weir/runtime/backend.h>
#include <weir/runtime/operation.h>
#include <weir/runtime/ready_queue.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <vector>

#include "runtime/wait_names.h"

namespace weir::detail {
namespace {

constexpr int kDepthMax = 16;
constexpr Duration kCountersApart = std::chrono::microseconds(100);

std::int64_t real_time() {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

/// Which loop a spawned task belongs to, of all loops in debug mode.
class Homes {
public:
    void add(const PromiseBase& root, const Observer& home) {
        const std::scoped_lock lock(mutex_);
        homes_[&root] = &home;
    }
    void remove(const PromiseBase& root) {
        const std::scoped_lock lock(mutex_);
        homes_.erase(&root);
    }
    bool has(const PromiseBase& root) {
        const std::scoped_lock lock(mutex_);
        return homes_.contains(&root);
    }

private:
    std::mutex mutex_;
    std::unordered_map<const PromiseBase*, const Observer*> homes_;
};

Homes& homes() {
    static Homes all;
    return all;
}

std::string text_of(const std::source_location& place) {
    const std::string_view path = place.file_name();
    return std::string(path.substr(path.rfind('/') + 1)) + ":" + std::to_string(place.line());
}

}  // namespace

Observer::~Observer() {
    static_cast<void>(stop_trace());
    for (const auto& [root, place] : spawned_at_)
        homes().remove(*root);
}

void Observer::debug(Duration slow_step, std::function<void(const SlowStep&)> report) {
    is_debugging_ = true;
    slow_step_ = slow_step;
    report_ = std::move(report);
}

void note_spawn(const PromiseBase& root, std::source_location place) {
    if (place.line() != 0) this_loop.spawn_observer->note_spawn(root, place);
}

void Observer::note_spawn(const PromiseBase& root, std::source_location place) {
    spawned_at_[&root] = place;
    homes().add(root, *this);
}

void Observer::report_leaks(std::size_t frames) const {
    if (frames <= frames_expected_) return;
    const std::size_t left = frames - frames_expected_;
    std::fprintf(stderr,
                 "weir: %zu coroutine frame%s left that this loop has made: a task was created and "
                 "neither awaited nor destroyed\n",
                 left, left == 1 ? " is" : "s are");
}

void Observer::debugged_step_begins(const PromiseBase& root) {
    WEIR_CHECK_HINT(spawned_at_.contains(&root) || !homes().has(root),
                    "a task was woken on another thread than its loop's: go through "
                    "Reactor::remote() to reach tasks of other loops");
    step_began_ = real_time();
}

void Observer::debugged_step_ends(const Step& step, const PromiseBase* ended) {
    const Duration took(real_time() - step_began_);
    const auto place = spawned_at_.find(step.root);
    if (took >= slow_step_) {
        const SlowStep slow(took, task_name(step.outermost, step.innermost),
                            place == spawned_at_.end() ? "" : text_of(place->second));
        if (report_) {
            report_(slow);
        } else {
            std::fprintf(stderr, "weir: %s\n", slow.text().c_str());
        }
    }
    if (ended == nullptr || spawned_at_.erase(ended) == 0) return;
    homes().remove(*ended);
}

Result<void> Observer::start_trace(const std::string& path, std::size_t bytes_max) {
    static_cast<void>(stop_trace());
    last_ = turn_began_ = backend_.now();
    last_counted_ = Instant::min();
    Result<std::unique_ptr<TraceFile>> file = TraceFile::open(path, bytes_max, last_);
    if (!file) return std::move(file).error();
    file_ = std::move(*file);
    const std::string loop = "weir loop (" + std::string(to_string(backend_.kind())) + ")";
    file_->begin('M', "thread_name", last_).argument("name", loop).end();
    return {};
}

Result<void> Observer::stop_trace() {
    if (file_ == nullptr) return {};
    const Instant now = backend_.now();
    std::vector<OpenWait> still;
    for (const auto& [root, wait] : open_)
        still.push_back(wait);
    std::sort(still.begin(), still.end(),
              [](const OpenWait& a, const OpenWait& b) { return a.id < b.id; });
    for (const OpenWait& wait : still) {
        if (!file_->is_open()) break;
        file_->begin('e', wait.name, now).category("wait").id(wait.id);
        file_->argument("still_waits", 1).end();
    }
    Result<void> closed = file_->close(now);
    file_ = nullptr;
    open_.clear();
    return closed;
}

void Observer::turn_begins() {
    if (is_tracing()) turn_began_ = last_ = backend_.now();
}

void Observer::turn_ends(std::size_t steps, const ReactorStats& stats) {
    if (!is_tracing()) {
        open_.clear();
        return;
    }
    if (steps == 0) return;
    last_ = backend_.now();
    file_->begin('X', "turn", turn_began_).duration(last_ - turn_began_);
    file_->argument("steps", static_cast<std::int64_t>(steps)).end();
    if (last_counted_ > last_ - kCountersApart) return file_->flush_if_large();
    last_counted_ = last_;
    file_->begin('C', "loop", last_).argument("ready", static_cast<std::int64_t>(stats.ready));
    file_->argument("timers", static_cast<std::int64_t>(stats.timers_armed));
    file_->argument("operations", static_cast<std::int64_t>(stats.operations));
    file_->argument("frames", static_cast<std::int64_t>(stats.frames)).end();
    file_->flush_if_large();
}

Observer::Step Observer::step_begins(PromiseBase& innermost) {
    PromiseBase& root = innermost.root();
    Step step{&root, resume_function(root), resume_function(innermost), false, last_};
    if (is_tracing()) wait_ends(step, root.is_cancelled());
    if (is_debugging_) debugged_step_begins(root);
    return step;
}

void Observer::step_ends(const Step& step, const PromiseBase* ended) {
    const bool has_ended = ended == step.root;
    if (step.has_waited || !has_ended) record_step(step, has_ended ? nullptr : step.root);
    if (is_debugging_) debugged_step_ends(step, ended);
}

void Observer::first_step_waits(PromiseBase& root) {
    const void* function = resume_function(root);
    record_step(Step{&root, function, function, false, last_}, &root);
}

void Observer::record_step(const Step& step, PromiseBase* root) {
    if (!is_tracing()) return;
    const Instant now = backend_.now();
    file_->begin('X', name_of_function(step.outermost), step.begin).duration(now - step.begin);
    file_->category("step");
    if (step.innermost != step.outermost) {
        file_->argument("in", name_of_function(step.innermost));
    }
    file_->end();
    last_ = now;
    if (root != nullptr) wait_begins(*root, now, 0);
}

// Children that begin within their parent's step, as a timeout's, begin their first wait in it.
class Observer::WaitsOfChildren final : public ChildVisitor {
public:
    WaitsOfChildren(Observer& observer, Instant now, int depth) noexcept
        : observer_(observer), now_(now), depth_(depth) {}
    void child(PromiseBase& root) override { observer_.wait_begins(root, now_, depth_); }

private:
    Observer& observer_;
    Instant now_;
    int depth_;
};

void Observer::wait_begins(PromiseBase& root, Instant now, int depth) {
    const LeafKind kind = root.leaf_kind();
    if (kind == LeafKind::none || is_ready(kind)) return;
    const WaitName wait = detail::name_of_wait(root);
    const auto [open, is_new] = open_.try_emplace(&root, OpenWait{waits_ + 1, wait.what});
    if (!is_new) return;
    ++waits_;
    file_->begin('b', wait.what, now).category("wait").id(waits_);
    file_->argument("task", name_of_function(resume_function(root)));
    if (wait.fd >= 0) file_->argument("fd", wait.fd);
    file_->end();
    if (kind != LeafKind::composite || depth == kDepthMax) return;
    WaitsOfChildren children(*this, now, depth + 1);
    static_cast<const Composite*>(root.leaf())->each_child(children);
}

void Observer::wait_ends(Step& step, bool is_cancelled) {
    const auto open = open_.find(step.root);
    step.has_waited = open != open_.end();
    if (!step.has_waited) return;
    step.begin = last_ = backend_.now();
    file_->begin('e', open->second.name, last_).category("wait").id(open->second.id);
    if (is_cancelled) file_->argument("cancelled", 1);
    file_->end();
    open_.erase(open);
}

void Observer::operation_ends(const Operation& operation) {
    if (!is_tracing()) return;
    last_ = backend_.now();
    file_->begin('i', detail::name_of(operation.kind), last_).category("operation");
    file_->argument("fd", operation.fd).argument("result", operation.result).end();
}

const std::string& Observer::name_of_function(const void* function) {
    std::string& name = names_[function];
    if (name.empty()) name = function == nullptr ? "(ended)" : function_name(function);
    return name;
}

}  // namespace weir::detail
