// SPDX-License-Identifier: MIT
#include <weir/llm/batch/files.h>

#include <weir/llm/wire/chat.h>
#include <weir/llm/wire/chat_writer.h>

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace weir::llm {
namespace {

class OpenFile {
public:
    explicit OpenFile(const std::string& path) noexcept
        // Without O_NONBLOCK, opening a named pipe would wait for its writer.
        : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile() {
        if (fd_ >= 0) ::close(fd_);
    }
    int fd() const noexcept { return fd_; }

private:
    int fd_;
};

Error unusable(std::string message) {
    return Error(Errc::bad_argument, std::move(message));
}

Result<std::string> read_file(const std::string& path) {
    const OpenFile file(path);
    struct stat facts = {};
    if (file.fd() < 0 || ::fstat(file.fd(), &facts) != 0) {
        return Error::from_errno(errno, "opening " + path);
    }
    if (!S_ISREG(facts.st_mode)) return unusable(path + " is not a regular file");
    std::string text;
    std::string block(64 * 1024, '\0');
    for (;;) {
        const ssize_t count = ::read(file.fd(), block.data(), block.size());
        if (count == 0) return text;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return Error::from_errno(errno, "reading " + path);
        text.append(block, 0, static_cast<std::size_t>(count));
        if (text.size() > FilesSource::kFileBytesMax) {
            return unusable(path + " is larger than " + std::to_string(FilesSource::kFileBytesMax) +
                            " bytes, the limit for one prompt");
        }
    }
}

/// How many bytes of continuation follow `first` in UTF-8; -1 where no character begins so.
int continuations_after(unsigned char first) {
    if (first < 0x80) return 0;
    if (first < 0xc2 || first > 0xf4) return -1;
    return first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
}

/// Where `text` stops to be UTF-8 text; its size where it is all of it. A NUL byte is no text.
std::size_t text_end(std::string_view text) {
    const auto byte = [&](std::size_t at) {
        return static_cast<unsigned char>(text[at]);
    };
    for (std::size_t at = 0; at < text.size();) {
        const int more = continuations_after(byte(at));
        if (byte(at) == 0 || more < 0 || text.size() - at <= static_cast<std::size_t>(more)) {
            return at;
        }
        for (int count = 1; count <= more; ++count) {
            if ((byte(at + static_cast<std::size_t>(count)) & 0xc0) != 0x80) return at;
        }
        if (more >= 2) {
            // Not shorter than it could be, no surrogate, not past U+10FFFF.
            const int second = byte(at + 1);
            const bool is_wrong =
                (byte(at) == 0xe0 && second < 0xa0) || (byte(at) == 0xed && second > 0x9f) ||
                (byte(at) == 0xf0 && second < 0x90) || (byte(at) == 0xf4 && second > 0x8f);
            if (is_wrong) return at;
        }
        at += static_cast<std::size_t>(more) + 1;
    }
    return text.size();
}

}  // namespace

Result<FilePrompt> FilePrompt::parse(std::string_view prompt) {
    FilePrompt parsed;
    for (;;) {
        const std::size_t open = prompt.find("{{");
        const std::size_t close =
            open == std::string_view::npos ? open : prompt.find("}}", open + 2);
        if (close == std::string_view::npos) break;
        const std::string_view name = prompt.substr(open + 2, close - open - 2);
        if (name != "text" && name != "file") {
            return unusable("the prompt has {{" + std::string(name.substr(0, 40)) +
                            "}}, which is not known: {{text}} is the file's text, {{file}} its "
                            "name");
        }
        parsed.parts_.push_back({Kind::literal, std::string(prompt.substr(0, open))});
        parsed.parts_.push_back({name == "text" ? Kind::text : Kind::file, ""});
        prompt.remove_prefix(close + 2);
    }
    parsed.parts_.push_back({Kind::literal, std::string(prompt)});
    return parsed;
}

std::string FilePrompt::fill(std::string_view text, std::string_view file) const {
    std::string filled;
    for (const Part& part : parts_) {
        switch (part.kind) {
            case Kind::literal:
                filled += part.literal;
                break;
            case Kind::text:
                filled += text;
                break;
            case Kind::file:
                filled += file;
                break;
        }
    }
    return filled;
}

Result<std::unique_ptr<FilesSource>> FilesSource::make(const std::string& pattern,
                                                       std::string_view prompt, std::string model) {
    if (model.empty()) return unusable("no model is named, which each request needs");
    Result<FilePrompt> parsed = FilePrompt::parse(prompt);
    if (!parsed) return parsed.error();
    glob_t found = {};
    const int status = ::glob(pattern.c_str(), GLOB_TILDE, nullptr, &found);
    std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
    if (status == GLOB_NOSPACE) return unusable("no memory is left for the files of " + pattern);
    if (paths.empty()) return unusable("no file fits the pattern " + pattern);
    return std::make_unique<FilesSource>(std::move(paths), *std::move(parsed), std::move(model));
}

FilesSource::FilesSource(std::vector<std::string> paths, FilePrompt prompt, std::string model)
    : paths_(std::move(paths)), prompt_(std::move(prompt)), model_(std::move(model)) {}

Task<Result<std::optional<BatchItem>>> FilesSource::next() {
    if (next_ == paths_.size()) co_return std::optional<BatchItem>();
    const std::string& path = paths_[next_++];
    Result<RequestLine> request = make_request(path);
    if (request) co_return std::optional<BatchItem>(*std::move(request));
    co_return std::optional<BatchItem>(
        RefusedItem(write_failure_line("file_" + std::to_string(next_), path, std::nullopt,
                                       "bad_file", request.error().message())));
}

Result<RequestLine> FilesSource::make_request(const std::string& path) const {
    Result<std::string> text = read_file(path);
    if (!text) return text.error();
    const std::size_t end = text_end(*text);
    if (end != text->size()) {
        return unusable(path + " is not UTF-8 text: see its byte " + std::to_string(end + 1));
    }
    std::string_view shown = *text;
    if (shown.starts_with("\xEF\xBB\xBF")) shown.remove_prefix(3);
    Result<std::string> body = write_chat_body(Chat(model_).user(prompt_.fill(shown, path)), false);
    if (!body) return body.error();
    return RequestLine(path, "/v1/chat/completions", *std::move(body));
}

}  // namespace weir::llm
