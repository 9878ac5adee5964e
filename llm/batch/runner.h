// SPDX-License-Identifier: MIT
//
// Runs a batch: takes requests from a source, keeps a number of calls under way, and hands each
// outcome to a sink the moment its call ends, in no order. Each item of the source ends in exactly
// one line of the sink: output for an answer, error for all else. Nothing is tried twice.
#pragma once

#include <weir/llm/batch/line.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/task.h>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace weir::llm {

class Client;

/// An item that no request can be made of.
class RefusedItem {
public:
    explicit RefusedItem(std::string line) : error_line(std::move(line)) {}

    std::string error_line;  ///< what the error file is to say, without a newline
};

using BatchItem = std::variant<RequestLine, RefusedItem>;

/// Where the requests of a batch come from.
class RequestSource {
public:
    RequestSource() = default;
    RequestSource(const RequestSource&) = delete;
    RequestSource& operator=(const RequestSource&) = delete;
    virtual ~RequestSource() = default;

    /// The next item; nothing at the end. An error means that the source cannot be read on, and
    /// ends the batch. Not called again before it has ended.
    virtual Task<Result<std::optional<BatchItem>>> next() = 0;
};

/// Where the lines go. They come without a newline at the end, and hold none. An error means that
/// nothing more can be kept, and ends the batch.
class BatchSink {
public:
    BatchSink() = default;
    BatchSink(const BatchSink&) = delete;
    BatchSink& operator=(const BatchSink&) = delete;
    virtual ~BatchSink() = default;

    virtual Result<void> write_output(std::string line) = 0;
    virtual Result<void> write_error(std::string line) = 0;
};

class BatchOptions {
public:
    BatchOptions() noexcept {}

    /// Calls under way at once, at least one. Default: 64.
    BatchOptions& concurrency(std::size_t calls) noexcept { return concurrency_ = calls, *this; }
    std::size_t concurrency() const noexcept { return concurrency_; }

private:
    std::size_t concurrency_ = 64;
};

/// What was done so far. It lives with the caller, who may read it at any time: to show progress,
/// and to tell what is missing when the batch was cancelled.
class BatchSummary {
public:
    BatchSummary() = default;

    /// Items that have their line, in the output or among the errors.
    std::uint64_t done() const noexcept { return succeeded + failed + refused; }

    std::uint64_t items = 0;         ///< taken from the source; blank lines are no items
    std::uint64_t succeeded = 0;     ///< calls with an answer, in the output
    std::uint64_t failed = 0;        ///< calls without one, among the errors
    std::uint64_t refused = 0;       ///< items that never became a call, among the errors
    std::uint64_t in_flight = 0;     ///< calls under way now
    std::uint64_t cancelled = 0;     ///< calls that were cut off; they have no line anywhere
    std::int64_t input_tokens = 0;   ///< as the servers counted them
    std::int64_t output_tokens = 0;  ///< the same
    bool source_has_ended = false;   ///< all items were taken
};

/// Runs all of `source`. All four must outlive the task. An error is one of the source or of the
/// sink; failed calls are none. Cancelled, it lets go of all calls under way and counts them.
Task<Result<void>> run_batch(Client& client, RequestSource& source, BatchSink& sink,
                             BatchOptions options, BatchSummary& summary);

}  // namespace weir::llm
