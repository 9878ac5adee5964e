// SPDX-License-Identifier: MIT
//
// Watches a loop for debug mode and for traces. A reactor has one only while somebody watches, and
// then runs its steps in a loop of their own that calls the hooks below. Tracing must not slow down
// tasks that never wait: a step that begins a task and ends it is not looked at, and costs no
// clock.
#pragma once

#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/debug.h>
#include <weir/runtime/stats.h>
#include <weir/runtime/symbols.h>
#include <weir/runtime/unit.h>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <source_location>
#include <string>
#include <unordered_map>

#include "runtime/trace_file.h"

namespace weir::detail {

class Backend;

class Observer {
public:
    explicit Observer(Backend& backend) noexcept : backend_(backend) {}
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;
    ~Observer();

    bool is_on() const noexcept { return is_debugging_ || is_tracing(); }

    // --- debug mode ------------------------------------------------------------------------
    /// From now until its end. Without `report`, slow steps are told on stderr.
    void debug(Duration slow_step, std::function<void(const SlowStep&)> report);
    bool is_debugging() const noexcept { return is_debugging_; }
    void note_spawn(const PromiseBase& root, std::source_location place);
    /// How many frames there were when the loop began, without the outermost task's.
    void expect_frames(std::size_t frames) noexcept { frames_expected_ = frames; }
    /// To stderr, where more frames are left than that.
    void report_leaks(std::size_t frames) const;

    // --- tracing -----------------------------------------------------------------------------
    Result<void> start_trace(const std::string& path, std::size_t bytes_max);
    Result<void> stop_trace();
    bool is_tracing() const noexcept { return file_ != nullptr && file_->is_open(); }

    // --- called by the loop --------------------------------------------------------------------
    /// What has to be known before a step, since the frames may be gone after it.
    struct Step {
        PromiseBase* root;
        const void* outermost;
        const void* innermost;
        bool has_waited;  // the trace has an event of it
        Instant begin;
    };

    void turn_begins();
    void turn_ends(std::size_t steps, const ReactorStats& stats);
    Step step_begins(PromiseBase& innermost);
    /// `ended`: the root that came to its end in this step, or was unwound; it is gone.
    void step_ends(const Step& step, const PromiseBase* ended);
    /// In the place of both, outside debug mode: a task's first step, which did not end it.
    void first_step_waits(PromiseBase& root);
    void operation_ends(const Operation& operation);

private:
    struct OpenWait {
        std::uint64_t id;
        const char* name;
    };
    class WaitsOfChildren;

    const std::string& name_of_function(const void* function);
    void wait_begins(PromiseBase& root, Instant now, int depth);
    void wait_ends(Step& step, bool is_cancelled);
    void record_step(const Step& step, PromiseBase* root);
    void debugged_step_begins(const PromiseBase& root);
    void debugged_step_ends(const Step& step, const PromiseBase* ended);

    Backend& backend_;

    bool is_debugging_ = false;
    Duration slow_step_{};
    std::function<void(const SlowStep&)> report_;
    std::unordered_map<const PromiseBase*, std::source_location> spawned_at_;
    std::int64_t step_began_ = 0;  // real time in nanoseconds
    std::size_t frames_expected_ = 0;

    std::unique_ptr<TraceFile> file_;
    Instant turn_began_{};
    Instant last_{};  // where the last event ended
    Instant last_counted_ = Instant::min();
    std::uint64_t waits_ = 0;
    std::unordered_map<const PromiseBase*, OpenWait> open_;
    std::unordered_map<const void*, std::string> names_;
};

}  // namespace weir::detail
