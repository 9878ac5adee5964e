// SPDX-License-Identifier: MIT
//
// The part of process.h that deals with posix_spawn(): descriptors, environment, signals.
#pragma once

#include <weir/runtime/base/result.h>
#include <weir/runtime/descriptor.h>
#include <weir/runtime/process.h>
#include <array>
#include <optional>

namespace weir::detail {

class StartedProcess {
public:
    StartedProcess(int number, OwnedDescriptor pidfd) noexcept
        : id(number), descriptor(std::move(pidfd)) {}

    int id;
    OwnedDescriptor descriptor;  // readable at the end of the process
};

class ProcessStarter {
public:
    static Result<Process> start_into(TaskGroup& group, const ProcessOptions& options);

private:
    /// Sets those of `streams` that are piped: this end of them.
    static Result<StartedProcess> start(const ProcessOptions& options,
                                        std::array<std::optional<Stream>, 3>& streams);
    static Error failure(const ProcessOptions& options, int reason);
    static std::optional<Error> complaint(const ProcessOptions& options);
    static std::vector<std::string> environment_for(const ProcessOptions& options);
};

}  // namespace weir::detail
