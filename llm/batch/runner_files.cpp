// SPDX-License-Identifier: MIT
#include <weir/llm/batch/runner_files.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace weir::llm {
namespace {

Error exists_already(const std::string& path) {
    return Error(std::make_error_code(std::errc::file_exists),
                 path +
                     " exists already, and is not overwritten: name another file, or move it "
                     "away");
}

}  // namespace

Result<std::unique_ptr<BatchFiles>> BatchFiles::create(const std::string& output_path,
                                                       const std::string& error_path) {
    if (output_path == error_path) {
        return Error(Errc::bad_argument,
                     "answers and errors cannot both go to " + output_path + ": name two files");
    }
    struct stat facts = {};
    if (::lstat(error_path.c_str(), &facts) == 0) return exists_already(error_path);
    std::unique_ptr<BatchFiles> files(new BatchFiles(output_path, error_path));
    Result<void> created = files->output_.create();
    if (!created) return created.error();
    return files;
}

Result<void> BatchFiles::write_output(std::string line) {
    return output_.write_line(std::move(line));
}

Result<void> BatchFiles::write_error(std::string line) {
    if (!errors_.was_made()) {
        Result<void> created = errors_.create();
        if (!created) return created;
    }
    return errors_.write_line(std::move(line));
}

Result<void> BatchFiles::close() {
    Result<void> output = output_.close();
    Result<void> errors = errors_.close();
    return output ? errors : output;
}

BatchFiles::File::~File() {
    if (fd_ >= 0) ::close(fd_);
}

Result<void> BatchFiles::File::create() {
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    was_made_ = fd_ >= 0;
    if (was_made_) return {};
    return errno == EEXIST ? exists_already(path_) : Error::from_errno(errno, "creating " + path_);
}

Result<void> BatchFiles::File::write_line(std::string line) {
    line += '\n';
    std::string_view rest = line;
    while (!rest.empty()) {
        const ssize_t count = ::write(fd_, rest.data(), rest.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            const int number = count < 0 ? errno : ENOSPC;
            // Half a line would be no JSON: whoever reads the file gets whole lines only.
            const bool is_whole = rest.size() == line.size() || ::ftruncate(fd_, size_) == 0;
            return Error::from_errno(
                number, "writing to " + path_ + (is_whole ? "" : " (its last line is cut)"));
        }
        rest.remove_prefix(static_cast<std::size_t>(count));
    }
    size_ += static_cast<std::int64_t>(line.size());
    return {};
}

Result<void> BatchFiles::File::close() {
    if (fd_ < 0) return {};
    const int status = ::close(std::exchange(fd_, -1));
    // After EINTR the descriptor is closed all the same.
    if (status != 0 && errno != EINTR) return Error::from_errno(errno, "closing " + path_);
    return {};
}

std::string default_error_path(const std::string& output_path) {
    constexpr std::string_view kEnd = ".jsonl";
    const bool has_end = output_path.ends_with(kEnd) && output_path.size() > kEnd.size();
    const std::size_t stem = output_path.size() - (has_end ? kEnd.size() : 0);
    return output_path.substr(0, stem) + ".errors" + (has_end ? std::string(kEnd) : "");
}

}  // namespace weir::llm
