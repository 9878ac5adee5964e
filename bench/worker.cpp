// SPDX-License-Identifier: MIT
#include "bench/worker.h"

#include <fcntl.h>
#include <simdjson.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>

extern char** environ;

namespace weir::bench {
namespace {

constexpr unsigned kWorkerSecondsMax = 300;  // a worker that hangs is ended by the kernel
constexpr int kHasNoSuchThing = 3;           // exit status of a peer that cannot do what was asked

// VmHWM and not ru_maxrss: the latter starts with what the parent had when it forked.
double peak_bytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + 6, nullptr) * 1024;
    }
    return 0;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (std::string& word : words)
        pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
}

std::string how_it_ended(int status) {
    if (WIFEXITED(status)) return "exited with status " + std::to_string(WEXITSTATUS(status));
    return "was ended by signal " + std::to_string(WTERMSIG(status));
}

}  // namespace

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double Sample::at(const std::string& name) const {
    const auto found = values_.find(name);
    WEIR_CHECK_HINT(found != values_.end(), "the worker does not report this");
    return found->second;
}

std::string Sample::to_json() const {
    std::string out = "{";
    for (const auto& [name, value] : values_) {
        std::array<char, 40> text{};
        std::snprintf(text.data(), text.size(), "%.12g", value);
        if (out.size() > 1) out += ',';
        out += '"' + name + "\":" + text.data();
    }
    return out += '}';
}

Result<Sample> Sample::from_json(std::string_view line) {
    const auto malformed = [&] {
        return Error(Errc::bad_argument, "not a worker's report: " + std::string(line));
    };
    simdjson::dom::parser parser;
    simdjson::dom::object fields;
    if (parser.parse(simdjson::padded_string(line)).get(fields) != simdjson::SUCCESS) {
        return malformed();
    }
    Sample sample;
    for (const auto& [name, field] : fields) {
        double value = 0;
        if (field.get(value) != simdjson::SUCCESS) return malformed();
        sample.set(std::string(name), value);
    }
    return sample;
}

std::size_t Arguments::number(std::size_t at) const {
    WEIR_CHECK_HINT(at < values_.size(), "the worker needs more arguments");
    const std::string& text = values_[at];
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    WEIR_CHECK_HINT(error == std::errc() && end == text.data() + text.size(), "not a number");
    return value;
}

Sample Usage::so_far() const {
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - wall_;
    Sample sample;
    sample.set("cpu_s", cpu_seconds() - cpu_);
    sample.set("wall_s", wall.count());
    return sample;
}

void Latencies::end() {
    const auto took = std::chrono::steady_clock::now() - begin_;
    microseconds_.push_back(std::chrono::duration<double, std::micro>(took).count());
}

double Latencies::p50_us() const {
    std::vector<double> sorted = microseconds_;
    std::sort(sorted.begin(), sorted.end());
    return sorted.at(sorted.size() / 2);
}

int run_worker(Worker worker, const Arguments& arguments) {
    ::alarm(kWorkerSecondsMax);
    const auto start = std::chrono::steady_clock::now();
    Result<Sample> sample = worker(arguments);
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    if (!sample) {
        std::fprintf(stderr, "weir_bench worker: %s\n", sample.error().message().c_str());
        return 1;
    }
    if (!sample->has("wall_s")) sample->set("wall_s", wall.count());
    if (!sample->has("cpu_s")) sample->set("cpu_s", cpu_seconds());
    sample->set("peak_bytes", peak_bytes());
    std::printf("%s\n", sample->to_json().c_str());
    return 0;
}

Result<Child> Child::start(const Command& command) {
    std::array<int, 2> input{};
    std::array<int, 2> output{};
    if (::pipe2(input.data(), O_CLOEXEC) != 0) return Error::from_errno(errno, "making a pipe");
    if (::pipe2(output.data(), O_CLOEXEC) != 0) {
        const int number = errno;
        ::close(input[0]);
        ::close(input[1]);
        return Error::from_errno(number, "making a pipe");
    }

    std::vector<std::string> words = command.words_;
    std::vector<std::string> variables;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        if (command.backend_.empty() || std::strncmp(*variable, "WEIR_BACKEND=", 13) != 0) {
            variables.emplace_back(*variable);
        }
    }
    if (!command.backend_.empty()) variables.push_back("WEIR_BACKEND=" + command.backend_);

    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    pid_t pid = -1;
    std::optional<BoundToCpu> bound;  // a child inherits it
    if (command.cpu_ >= 0) bound.emplace(static_cast<std::size_t>(command.cpu_));
    const int failed = ::posix_spawn(&pid, command.path_.c_str(), &actions, nullptr,
                                     pointers_to(words).data(), pointers_to(variables).data());
    bound.reset();
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(input[0]);
    ::close(output[1]);
    if (failed != 0) {
        ::close(input[1]);
        ::close(output[0]);
        return Error::from_errno(failed, "starting " + command.path_);
    }
    return Child(command.name_, pid, input[1], output[0]);
}

Child::Child(Child&& other) noexcept
    : name_(std::move(other.name_)),
      pid_(std::exchange(other.pid_, -1)),
      input_(std::exchange(other.input_, -1)),
      output_(std::exchange(other.output_, -1)),
      unread_(std::move(other.unread_)) {}

Child::~Child() {
    close_input();
    if (output_ >= 0) ::close(output_);
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
}

void Child::close_input() noexcept {
    if (input_ >= 0) ::close(std::exchange(input_, -1));
}

Result<std::string> Child::read_line() {
    for (;;) {
        const std::size_t newline = unread_.find('\n');
        if (newline != std::string::npos) {
            std::string line = unread_.substr(0, newline);
            unread_.erase(0, newline + 1);
            return line;
        }
        std::array<char, 4096> buffer{};
        const ssize_t got = ::read(output_, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Error::from_errno(errno, "reading from worker " + name_);
        if (got == 0) return Error(Errc::stream_ended, "worker " + name_ + " ended silently");
        unread_.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

Result<Sample> Child::finish() {
    close_input();
    Result<std::string> line = read_line();
    int status = 0;
    if (::waitpid(std::exchange(pid_, -1), &status, 0) < 0) {
        return Error::from_errno(errno, "waiting for worker " + name_);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == kHasNoSuchThing) {
        return Error(Errc::unsupported, "worker " + name_ + " has no such thing");
    }
    if (status != 0) {
        return Error(Errc::stream_ended,
                     "worker " + name_ + " " + how_it_ended(status) + "; its own message is above");
    }
    if (!line) return line.error();
    return Sample::from_json(*line);
}

Result<Sample> measure(const Command& command) {
    Result<Child> child = Child::start(command);
    if (!child) return child.error();
    return child->finish();
}

BoundToCpu::BoundToCpu(std::size_t number) noexcept {
    const long cpus = std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN));
    if (::sched_getaffinity(0, sizeof before_, &before_) != 0) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(number % static_cast<std::size_t>(cpus), &set);
    is_bound_ = ::sched_setaffinity(0, sizeof set, &set) == 0;
}

BoundToCpu::~BoundToCpu() {
    if (is_bound_) ::sched_setaffinity(0, sizeof before_, &before_);
}

std::size_t raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    return limit.rlim_cur;
}

}  // namespace weir::bench
