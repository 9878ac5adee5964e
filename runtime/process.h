// SPDX-License-Identifier: MIT
//
// Child processes with an owner. A process is started into a task group, which keeps a small task
// that waits for its end: however the group ends, the process has ended before and was reaped, and
// no zombie is left. Its input and outputs are streams. Linux 5.3 or newer; a simulated world has
// no processes.
#pragma once

#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/stream.h>
#include <weir/runtime/task.h>
#include <weir/runtime/task_group.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir {

namespace detail {
class ChildProcess;
class ProcessStarter;
}  // namespace detail

/// Where one of a child's three standard descriptors leads.
enum class Redirect : std::uint8_t {
    inherit,  ///< where the parent's leads
    null,     ///< /dev/null
    piped,    ///< a Stream of the Process. A socket, not a pipe: /dev/stdout cannot be opened
};

/// What to start, and how.
class ProcessOptions {
public:
    /// `program` is a path, or a name that is looked for in the parent's PATH.
    explicit ProcessOptions(std::string program) : program_(std::move(program)) {}

    ProcessOptions& argument(std::string text) {
        return arguments_.push_back(std::move(text)), *this;
    }
    /// Adds or replaces a variable in what the child inherits.
    ProcessOptions& environment(std::string name, std::string value) {
        return environment_.emplace_back(std::move(name), std::move(value)), *this;
    }
    /// The child gets the variables set here and no others.
    ProcessOptions& clear_environment() noexcept { return inherits_environment_ = false, *this; }
    ProcessOptions& working_directory(std::string path) {
        return working_directory_ = std::move(path), *this;
    }
    ProcessOptions& input(Redirect where) noexcept { return redirects_[0] = where, *this; }
    ProcessOptions& output(Redirect where) noexcept { return redirects_[1] = where, *this; }
    ProcessOptions& errors(Redirect where) noexcept { return redirects_[2] = where, *this; }
    /// How long a process that was asked to end with SIGTERM has before SIGKILL ends it. Zero:
    /// SIGKILL at once.
    ProcessOptions& grace(Duration span) noexcept { return grace_ = span, *this; }

private:
    friend class detail::ProcessStarter;
    std::string program_;
    std::vector<std::string> arguments_;
    std::vector<std::pair<std::string, std::string>> environment_;
    bool inherits_environment_ = true;
    std::string working_directory_;
    std::array<Redirect, 3> redirects_{};
    Duration grace_ = std::chrono::seconds(5);
};

/// How a process ended.
class ExitStatus {
public:
    static ExitStatus exited(int code) noexcept { return ExitStatus(code, 0); }
    static ExitStatus killed(int signal) noexcept { return ExitStatus(-1, signal); }

    bool is_success() const noexcept { return code_ == 0; }
    /// What it gave to exit(); -1 if a signal killed it.
    int code() const noexcept { return code_; }
    /// The signal that killed it; 0 if none did.
    int signal() const noexcept { return signal_; }
    /// "exit code 3", "killed by signal 9".
    std::string to_string() const;

    friend bool operator==(const ExitStatus&, const ExitStatus&) noexcept = default;

private:
    ExitStatus(int code, int signal) noexcept : code_(code), signal_(signal) {}

    int code_;
    int signal_;
};

/// A running child process. Destroying the handle ends the process as terminate() does, without
/// waiting; the group waits. Only the process itself is reached, not what it has started in turn.
class Process {
public:
    /// Starts a process that `group` owns: Errors name the program. The loop's thread stands still
    /// until the child has begun its program, about a millisecond. All signals have their default
    /// action in the child and none is blocked.
    ///
    /// Cancelling the group ends the process as terminate() does, and the group ends when it has
    /// been reaped. A process whose group is cancelled before the loop's next round gets SIGKILL.
    /// The program must not ignore SIGCHLD, nor wait for all children elsewhere.
    static Task<Result<Process>> spawn(TaskGroup& group, ProcessOptions options);

    Process(Process&&) noexcept;
    Process& operator=(Process&&) noexcept;
    ~Process();

    /// Waits for its end: Result<ExitStatus>. Any number of tasks, any number of times. It leaves
    /// what is in the streams; read piped outputs first, or a process that writes much never ends.
    Task<Result<ExitStatus>> wait() const;
    bool has_ended() const noexcept;
    /// Sends a signal. ESRCH once it has ended.
    Result<void> kill(int signal) const;
    /// SIGTERM now and SIGKILL after the grace, unless it has ended by then.
    void terminate() const noexcept;
    int id() const noexcept;

    // Aborts, with a hint, where that one is not piped. May be moved out.
    /// What it reads; close() gives it the end.
    Stream& input() noexcept { return stream(0); }
    /// What it writes to its standard output. Ends when all who have it open have closed it.
    Stream& output() noexcept { return stream(1); }
    Stream& errors() noexcept { return stream(2); }

private:
    friend class detail::ProcessStarter;
    using Streams = std::array<std::optional<Stream>, 3>;
    Process(std::shared_ptr<detail::ChildProcess> child, Streams streams) noexcept;
    Stream& stream(std::size_t number) noexcept;
    detail::ChildProcess& child() const noexcept;

    // Shared with the group's task, which may end before or after this.
    std::shared_ptr<detail::ChildProcess> child_;
    Streams streams_;
};

/// What run_process() gives.
class ProcessOutput {
public:
    ProcessOutput(ExitStatus how, std::string out, std::string err) noexcept
        : status(how), output(std::move(out)), errors(std::move(err)) {}

    ExitStatus status;
    std::string output;
    std::string errors;
};

/// Runs a program to its end: gives it `input`, collects both outputs, all at the same time, so
/// that neither side waits for the other. Any exit status is a success. Errc::limit_reached where
/// one output has more than `bytes_max`. Ends when the outputs do, which a process that was left
/// running in the background may delay. Cancelling it ends the process.
Task<Result<ProcessOutput>> run_process(ProcessOptions options, std::string input = {},
                                        std::size_t bytes_max = std::size_t{64} << 20);

}  // namespace weir
