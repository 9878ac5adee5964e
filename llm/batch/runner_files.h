// SPDX-License-Identifier: MIT
//
// The two files that a batch writes. Neither may exist before: nothing is ever overwritten. Each
// line is handed to the kernel whole, at once; a line that does not fit is taken back.
#pragma once

#include <weir/llm/batch/runner.h>
#include <weir/runtime/base/result.h>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace weir::llm {

class BatchFiles final : public BatchSink {
public:
    /// Makes the output file; the error file only with its first line. Fails, and leaves nothing
    /// behind, where one of them exists, or where both are the same.
    static Result<std::unique_ptr<BatchFiles>> create(const std::string& output_path,
                                                      const std::string& error_path);
    ~BatchFiles() override = default;

    Result<void> write_output(std::string line) override;
    Result<void> write_error(std::string line) override;
    /// Closes both; an error that a file system reports only then.
    Result<void> close();

    /// Whether there is an error file.
    bool has_errors() const noexcept { return errors_.was_made(); }

private:
    class File {
    public:
        explicit File(std::string path) : path_(std::move(path)) {}
        File(const File&) = delete;
        File& operator=(const File&) = delete;
        ~File();

        bool was_made() const noexcept { return was_made_; }
        Result<void> create();
        Result<void> write_line(std::string line);
        Result<void> close();

    private:
        std::string path_;
        std::int64_t size_ = 0;  // of whole lines
        int fd_ = -1;
        bool was_made_ = false;
    };

    BatchFiles(const std::string& output_path, const std::string& error_path)
        : output_(output_path), errors_(error_path) {}

    File output_;
    File errors_;
};

/// Where the errors of "out.jsonl" go by default: "out.errors.jsonl".
std::string default_error_path(const std::string& output_path);

}  // namespace weir::llm
