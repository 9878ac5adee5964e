// SPDX-License-Identifier: MIT
//
// The group's task is a coroutine that waits for the child's pidfd, with a leaf of its own: asked
// to let go, it does not, but signals the child and goes on waiting. So the frames of a cancelled
// group go when the child has gone, and a destructor takes its status.
#include <weir/runtime/process.h>

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/runtime/descriptor.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/operation.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/sync/event.h>
#include <weir/runtime/timer_wheel.h>
#include <cerrno>
#include <new>

#include "runtime/process_starter.h"

namespace weir {
namespace detail {

class ReapAwaiter final : public Composite, private TimerCallback {
public:
    explicit ReapAwaiter(ChildProcess& child) noexcept;
    ReapAwaiter(const ReapAwaiter&) = delete;
    ReapAwaiter& operator=(const ReapAwaiter&) = delete;
    ~ReapAwaiter();

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) {
        if (!begin_wait(waiting, static_cast<Composite*>(this), LeafKind::composite)) return;
        begin(to_handle(waiting));
    }

    void await_resume() noexcept {}

    /// SIGTERM now, SIGKILL after the grace.
    void end_soon() noexcept;

private:
    void begin(Handle waiting);
    void cancel_children() noexcept override { end_soon(); }
    const char* name() const noexcept override { return "process"; }
    void on_timer() noexcept override;

    ChildProcess& child_;
    Operation operation_;
    Timer timer_;
    bool is_ending_ = false;
};

class [[nodiscard]] ReapRequest {
public:
    using weir_request = void;
    explicit ReapRequest(ChildProcess& child) noexcept : child_(child) {}
    ReapAwaiter start() const noexcept { return ReapAwaiter(child_); }

private:
    ChildProcess& child_;
};

/// What the handle, the group's task and those who wait() share.
class ChildProcess {
public:
    explicit ChildProcess(Duration grace) noexcept : grace_(grace) {}

    /// Once, before anything else: it has its memory before the process runs.
    void set_started(StartedProcess started) noexcept {
        id_ = started.id;
        descriptor_ = std::move(started.descriptor);
    }

    int id() const noexcept { return id_; }
    int fd() const noexcept { return descriptor_.get(); }
    Duration grace() const noexcept { return grace_; }
    Event& ended() noexcept { return ended_; }
    const std::optional<Result<ExitStatus>>& status() const noexcept { return status_; }

    Result<void> send(int signal) const;
    /// By the descriptor, which never means another process, as a number may. False: errno tells.
    bool signal_now(int signal) const noexcept {
        return ::syscall(SYS_pidfd_send_signal, fd(), signal, nullptr, 0) == 0;
    }
    void terminate() noexcept;
    /// Takes the status, for all who wait for it. Kills the process first if it has not ended.
    void reap() noexcept;

    void set_reaper(ReapAwaiter* reaper) noexcept { reaper_ = reaper; }
    bool should_end() const noexcept { return should_end_; }

private:
    Result<ExitStatus> take_status() const noexcept;

    int id_ = 0;
    OwnedDescriptor descriptor_;
    Duration grace_;
    Event ended_;
    std::optional<Result<ExitStatus>> status_;
    ReapAwaiter* reaper_ = nullptr;  // null before it has begun, and at the end
    bool should_end_ = false;        // terminate() before the reaper has begun
};

Result<void> ChildProcess::send(int signal) const {
    const std::string doing =
        "sending signal " + std::to_string(signal) + " to process " + std::to_string(id_);
    if (status_) return Error::from_errno(ESRCH, doing);
    if (!signal_now(signal)) return Error::from_errno(errno, doing);
    return {};
}

void ChildProcess::terminate() noexcept {
    should_end_ = true;
    if (reaper_ != nullptr) reaper_->end_soon();
}

void ChildProcess::reap() noexcept {
    if (status_) return;
    status_.emplace(take_status());
    descriptor_.reset();
    ended_.set();
}

Result<ExitStatus> ChildProcess::take_status() const noexcept {
    siginfo_t info{};
    int status = 0;
    int options = WEXITED | WNOHANG;
    for (;;) {
        status = ::waitid(P_PID, static_cast<id_t>(id_), &info, options);
        if (status != 0 && errno == EINTR) continue;
        if (status != 0 || info.si_pid != 0) break;
        // The task never began, or the kernel would not watch: nobody is left to be patient.
        signal_now(SIGKILL);
        options = WEXITED;
    }
    if (status != 0) {
        return Error::from_errno(
            errno, "taking the status of process " + std::to_string(id_) +
                       " (SIGCHLD must not be ignored, nor all children waited for elsewhere)");
    }
    if (info.si_code == CLD_EXITED) return ExitStatus::exited(info.si_status);
    return ExitStatus::killed(info.si_status);
}

// --- the group's task ----------------------------------------------------------------------------

ReapAwaiter::ReapAwaiter(ChildProcess& child) noexcept
    : child_(child), operation_(OperationKind::wait_readable, nullptr) {
    operation_.fd = child.fd();
}

ReapAwaiter::~ReapAwaiter() {
    WEIR_CHECK(!operation_.in_flight());
    if (timer_.is_armed()) Reactor::current().disarm(timer_);
    child_.set_reaper(nullptr);
}

void ReapAwaiter::begin(Handle waiting) {
    child_.set_reaper(this);
    operation_.waiter = waiting;
    Reactor::current().submit(operation_);
    if (child_.should_end()) end_soon();
}

void ReapAwaiter::end_soon() noexcept {
    if (std::exchange(is_ending_, true) || !operation_.in_flight()) return;
    if (child_.grace() <= Duration::zero()) return on_timer();
    child_.signal_now(SIGTERM);
    Reactor& reactor = Reactor::current();
    timer_.set_target(static_cast<TimerCallback&>(*this));
    try {
        reactor.arm(timer_, saturating_add(reactor.now(), child_.grace()));
    } catch (const std::bad_alloc&) {
        on_timer();  // without memory for a timer there is no grace
    }
}

void ReapAwaiter::on_timer() noexcept {
    child_.signal_now(SIGKILL);
}

namespace {

/// Lies in the task's frame, so that not even a task that never ran leaves a zombie.
class Reaping {
public:
    explicit Reaping(std::shared_ptr<ChildProcess> child) noexcept : child_(std::move(child)) {}
    Reaping(Reaping&&) noexcept = default;
    Reaping& operator=(Reaping&&) = delete;
    ~Reaping() {
        if (child_) child_->reap();
    }

    ChildProcess& child() const noexcept { return *child_; }

private:
    std::shared_ptr<ChildProcess> child_;
};

Task<void> reap(Reaping reaping) {
    co_await ReapRequest(reaping.child());
    reaping.child().reap();
}

Task<Result<ExitStatus>> wait_for(std::shared_ptr<ChildProcess> child) {
    co_await child->ended().wait();
    co_return *child->status();
}

}  // namespace

Result<Process> ProcessStarter::start_into(TaskGroup& group, const ProcessOptions& options) {
    if (Reactor::current().backend_kind() == BackendKind::simulated) {
        return Error(Errc::unsupported, "starting \"" + options.program_ +
                                            "\": a simulated world has no processes; run this on "
                                            "another backend");
    }
    if (group.is_cancelled()) {
        return Error(Errc::cancelled,
                     "starting \"" + options.program_ + "\": the group has been cancelled");
    }
    std::array<std::optional<Stream>, 3> streams;
    auto child = std::make_shared<ChildProcess>(options.grace_);
    Result<StartedProcess> started = start(options, streams);
    if (!started) return std::move(started).error();
    child->set_started(std::move(*started));
    group.spawn(reap(Reaping(child)));
    return Process(std::move(child), std::move(streams));
}

}  // namespace detail

// --- the handle ----------------------------------------------------------------------------------

std::string ExitStatus::to_string() const {
    if (signal_ != 0) return "killed by signal " + std::to_string(signal_);
    return "exit code " + std::to_string(code_);
}

Task<Result<Process>> Process::spawn(TaskGroup& group, ProcessOptions options) {
    co_return detail::ProcessStarter::start_into(group, options);
}

Process::Process(std::shared_ptr<detail::ChildProcess> child, Streams streams) noexcept
    : child_(std::move(child)), streams_(std::move(streams)) {}

Process::Process(Process&&) noexcept = default;

Process& Process::operator=(Process&& other) noexcept {
    if (this != &other) {
        if (child_) child_->terminate();
        child_ = std::move(other.child_);
        streams_ = std::move(other.streams_);
    }
    return *this;
}

Process::~Process() {
    if (child_) child_->terminate();
}

detail::ChildProcess& Process::child() const noexcept {
    WEIR_CHECK_HINT(child_ != nullptr, "this process was moved from");
    return *child_;
}

Stream& Process::stream(std::size_t number) noexcept {
    WEIR_CHECK_HINT(streams_[number], "this one of the process' streams is not Redirect::piped");
    return *streams_[number];
}

Task<Result<ExitStatus>> Process::wait() const {
    static_cast<void>(child());
    return detail::wait_for(child_);
}

bool Process::has_ended() const noexcept {
    return child().status().has_value();
}

Result<void> Process::kill(int signal) const {
    return child().send(signal);
}

void Process::terminate() const noexcept {
    child().terminate();
}

int Process::id() const noexcept {
    return child().id();
}

// --- run to the end ------------------------------------------------------------------------------

namespace {

// A program need not read all that it is given.
Task<void> feed(Stream& stream, const std::string& input) {
    static_cast<void>(co_await stream.write_all(as_bytes(input)));
    stream.close();
}

Task<Result<std::string>> collect(Stream& stream, std::size_t bytes_max) {
    std::string text;
    for (;;) {
        const Result<Lease> lease = co_await stream.read();
        if (!lease) co_return lease.error();
        if (lease->empty()) co_return std::move(text);
        if (lease->size() > bytes_max - text.size()) {
            co_return Error(Errc::limit_reached,
                            "reading the output of a process: it has more than the " +
                                std::to_string(bytes_max) + " bytes allowed; raise the limit");
        }
        text += as_text(lease->bytes());
    }
}

Task<Result<ProcessOutput>> run_in(TaskGroup& group, ProcessOptions options,
                                   const std::string& input, std::size_t bytes_max) {
    options.input(Redirect::piped).output(Redirect::piped).errors(Redirect::piped);
    Result<Process> process = co_await Process::spawn(group, std::move(options));
    if (!process) co_return std::move(process).error();
    Child<void> feeder = group.start(feed(process->input(), input));
    std::vector<Task<Result<std::string>>> parts;
    parts.push_back(collect(process->output(), bytes_max));
    parts.push_back(collect(process->errors(), bytes_max));
    Result<std::vector<std::string>> texts = co_await gather(std::move(parts));
    if (!texts) co_return std::move(texts).error();
    const Result<ExitStatus> status = co_await process->wait();
    if (!status) co_return status.error();
    // What it has started may hold its input open, and not read it.
    feeder.cancel();
    static_cast<void>(co_await feeder.join());
    co_return ProcessOutput(*status, std::move((*texts)[0]), std::move((*texts)[1]));
}

}  // namespace

Task<Result<ProcessOutput>> run_process(ProcessOptions options, std::string input,
                                        std::size_t bytes_max) {
    co_return co_await with_group([&](TaskGroup& group) -> Task<Result<ProcessOutput>> {
        return run_in(group, std::move(options), input, bytes_max);
    });
}

}  // namespace weir
