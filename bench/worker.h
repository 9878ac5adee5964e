// SPDX-License-Identifier: MIT
//
// Whole-process figures are taken in child processes: this program starts itself again as a worker,
// which does one piece of work, measures itself (peak memory, CPU time, wall time) and writes one
// JSON line. So no run sees what another one left in the allocator or in the caches.
#pragma once

#include <sys/types.h>

#include <weir/runtime/base/result.h>
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
    /// Precondition (checked): the worker reported it.
    double at(const std::string& name) const;

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

/// The child's side: runs `worker`, adds "peak_bytes", "cpu_s" and "wall_s" to what it reports, and
/// prints the line. Gives the exit status.
int run_worker(Worker worker, const Arguments& arguments);

/// Which worker to start, and how.
class Command {
public:
    explicit Command(std::string worker) { words_.push_back(std::move(worker)); }
    Command& argument(std::size_t value) { return words_.push_back(std::to_string(value)), *this; }
    /// Sets WEIR_BACKEND for the child.
    Command& backend(std::string name) { return backend_ = std::move(name), *this; }
    /// Binds the child to one CPU, counted around where the machine has fewer.
    Command& cpu(std::size_t number) { return cpu_ = static_cast<int>(number), *this; }

private:
    friend class Child;
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

/// Starts a worker and waits for its report.
Result<Sample> measure(const Command& command);

/// Lets this process open as many descriptors as it may; gives how many that is.
std::size_t raise_descriptor_limit();

}  // namespace weir::bench
