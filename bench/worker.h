// SPDX-License-Identifier: MIT
//
// Whole-process figures are taken in child processes: this program starts itself again as a worker,
// which does one piece of work, measures itself (peak memory, CPU time, wall time) and writes one
// JSON line. So no run sees what another one left in the allocator or in the caches. The programs
// of the peers are workers as well, with the same report.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <weir/runtime/base/result.h>
#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::bench {

/// Named numbers, as a worker reports them: {"cpu_s":0.25,"peak_bytes":4096000}.
class Sample {
public:
    Sample() = default;
    void set(std::string name, double value) { values_[std::move(name)] = value; }
    bool has(const std::string& name) const { return values_.contains(name); }
    /// Precondition (checked): the worker reported it.
    double at(const std::string& name) const;
    const std::map<std::string, double>& values() const noexcept { return values_; }

    std::string to_json() const;
    static Result<Sample> from_json(std::string_view line);

private:
    std::map<std::string, double> values_;
};

/// A worker's arguments.
class Arguments {
public:
    explicit Arguments(std::vector<std::string> values) : values_(std::move(values)) {}
    /// Precondition (checked): there are so many, and it is a number.
    std::size_t number(std::size_t at) const;

private:
    std::vector<std::string> values_;
};

using Worker = Result<Sample> (*)(const Arguments& arguments);

/// User and system time of this process so far.
double cpu_seconds();

/// CPU and wall time of this process from when it is made, for a worker that measures a part of its
/// work.
class Usage {
public:
    Usage() : cpu_(cpu_seconds()), wall_(std::chrono::steady_clock::now()) {}
    /// "cpu_s" and "wall_s" so far.
    Sample so_far() const;

private:
    double cpu_;
    std::chrono::steady_clock::time_point wall_;
};

/// How long each of many things took.
class Latencies {
public:
    void begin() { begin_ = std::chrono::steady_clock::now(); }
    void end();
    /// The median. Precondition: at least one has ended.
    double p50_us() const;

private:
    std::chrono::steady_clock::time_point begin_{};
    std::vector<double> microseconds_;
};

/// The child's side: runs `worker`, adds "peak_bytes", "cpu_s" and "wall_s" where the worker has
/// not measured them itself, and prints the line. Gives the exit status.
int run_worker(Worker worker, const Arguments& arguments);

/// Which worker to start, and how.
class Command {
public:
    /// A worker of this program.
    explicit Command(std::string worker)
        : path_("/proc/self/exe"), name_(worker), words_{"weir_bench", "--worker", worker} {}
    /// A program of somebody else that keeps the rules of bench/peers/README.md.
    Command(std::string path, std::string name, std::string metric)
        : path_(std::move(path)), name_(name), words_{std::move(name), std::move(metric)} {}
    Command& argument(std::size_t value) { return words_.push_back(std::to_string(value)), *this; }
    /// Sets WEIR_BACKEND for the child.
    Command& backend(std::string name) { return backend_ = std::move(name), *this; }
    /// Binds the child to one CPU, counted around where the machine has fewer.
    Command& cpu(std::size_t number) { return cpu_ = static_cast<int>(number), *this; }

    const std::string& name() const noexcept { return name_; }

private:
    friend class Child;
    std::string path_;
    std::string name_;
    std::vector<std::string> words_;
    std::string backend_;
    int cpu_ = -1;
};

/// A running worker. It is told to end by the end of its input, at the latest by the destructor.
class Child {
public:
    static Result<Child> start(const Command& command);
    Child(Child&& other) noexcept;
    Child& operator=(Child&&) = delete;
    ~Child();

    /// The next line of its output.
    Result<std::string> read_line();
    /// Ends its input, waits for its end, and gives its report.
    Result<Sample> finish();

private:
    Child(std::string name, pid_t pid, int input, int output) noexcept
        : name_(std::move(name)), pid_(pid), input_(input), output_(output) {}
    void close_input() noexcept;

    std::string name_;
    pid_t pid_;
    int input_;
    int output_;
    std::string unread_;
};

/// Starts a worker and waits for its report. Errc::unsupported where it says, by exit status 3,
/// that it has no such thing; another error where it failed.
Result<Sample> measure(const Command& command);

/// Binds the calling thread to one CPU while it lives, and with it the processes begun meanwhile.
/// Where that is forbidden the figures are noisier, and still figures.
class BoundToCpu {
public:
    explicit BoundToCpu(std::size_t number) noexcept;
    BoundToCpu(const BoundToCpu&) = delete;
    BoundToCpu& operator=(const BoundToCpu&) = delete;
    ~BoundToCpu();

private:
    cpu_set_t before_;
    bool is_bound_ = false;
};

/// Lets this process open as many descriptors as it may; gives how many that is.
std::size_t raise_descriptor_limit();

}  // namespace weir::bench
