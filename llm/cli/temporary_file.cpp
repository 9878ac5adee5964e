// SPDX-License-Identifier: MIT
#include "llm/cli/temporary_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>

namespace weir::cli {

Result<TemporaryFile> TemporaryFile::make(std::string_view name, std::string_view content) {
    const char* const folder = std::getenv("TMPDIR");
    std::string path = folder != nullptr && *folder != '\0' ? folder : "/tmp";
    path.append("/").append(name).append("-").append(6, 'X');
    const int fd = ::mkostemp(path.data(), O_CLOEXEC);
    if (fd < 0) return Error::from_errno(errno, "making the file " + path);
    TemporaryFile file(path);
    while (!content.empty()) {
        const auto written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            Error error = Error::from_errno(errno, "writing the file " + path);
            ::close(fd);
            return error;
        }
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    ::close(fd);
    return file;
}

TemporaryFile::~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace weir::cli
