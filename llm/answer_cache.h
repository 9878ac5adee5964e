// SPDX-License-Identifier: MIT
//
// Answers on disk, for calls that give the same each time. One file for each call, named by a hash
// of its address and body, with both of them inside: a collision is a miss, never a wrong answer.
// What is damaged or of another version counts as absent, and is removed.
#pragma once

#include <weir/runtime/base/result.h>
#include <weir/runtime/sync/mutex.h>
#include <weir/runtime/task.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::llm {

/// Whether equal requests should give equal answers: a JSON object whose `temperature` is 0 or that
/// has a `seed`, and whose answer is not streamed. A server may still answer otherwise.
bool is_deterministic(std::string_view body);

/// Where answers lie and how many.
class AnswerCacheOptions {
public:
    /// `folder` is made where it is missing (not those above it), readable by its owner alone.
    explicit AnswerCacheOptions(std::string folder) : folder_(std::move(folder)) {}

    /// Of all its files together; above, the oldest are removed. Default: 256 MiB.
    AnswerCacheOptions& bytes_max(std::uint64_t bytes) noexcept {
        return bytes_max_ = bytes, *this;
    }

    const std::string& folder() const noexcept { return folder_; }
    std::uint64_t bytes_max() const noexcept { return bytes_max_; }

private:
    std::string folder_;
    std::uint64_t bytes_max_ = std::uint64_t{256} << 20;
};

/// Any number of tasks of one loop may use it at a time, and any number of processes one folder.
/// Files are read and written on other threads (runtime/offload.h). It must outlive its tasks.
class AnswerCache {
public:
    /// Makes the folder and counts what is in it.
    static Task<Result<AnswerCache>> open(AnswerCacheOptions options);

    /// The answer that was kept for this call, byte for byte; nothing where there is none, or none
    /// that can be read.
    Task<std::optional<std::string>> find(std::string url, std::string body);
    /// Keeps an answer in the place of an earlier one. Readers see the old or the new one, whole. A
    /// failure names the file and leaves what was there before. An answer that is larger than
    /// bytes_max() is not kept, which is no failure. Nothing is synced: what a power cut damages is
    /// absent afterwards.
    Task<Result<void>> store(std::string url, std::string body, std::string answer);

    /// Of all files, as far as this object knows: other processes are seen when files are removed.
    std::uint64_t bytes_kept() const noexcept { return bytes_kept_; }

private:
    AnswerCache(AnswerCacheOptions options, std::uint64_t bytes_kept)
        : options_(std::move(options)),
          bytes_kept_(bytes_kept),
          changing_(std::make_unique<Mutex>()) {}

    AnswerCacheOptions options_;
    std::uint64_t bytes_kept_;
    std::unique_ptr<Mutex> changing_;  // one task at a time writes and removes
};

}  // namespace weir::llm
