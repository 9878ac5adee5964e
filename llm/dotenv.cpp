// SPDX-License-Identifier: MIT
#include <weir/llm/dotenv.h>

#include <weir/runtime/file.h>

#include <array>
#include <cstdlib>

namespace weir::llm {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t';
}

bool may_be_in_name(char c, bool is_first) noexcept {
    const bool is_digit = c >= '0' && c <= '9';
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (is_digit && !is_first);
}

class DotenvParser {
public:
    DotenvParser(std::string_view text, std::string_view source) noexcept
        : text_(text), source_(source) {
        if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
    }

    Result<std::vector<DotenvEntry>> run() {
        if (text_.find('\0') != std::string_view::npos) {
            return wrong(1, "the file holds a NUL byte, so it is no text");
        }
        while (at_ < text_.size()) {
            skip_blanks();
            if (!at_line_end() && text_[at_] != '#') {
                if (std::optional<Error> error = entry()) return *std::move(error);
            }
            end_line();
        }
        return std::move(entries_);
    }

private:
    std::optional<Error> entry() {
        const std::size_t line = line_;
        std::string name = take_name();
        if (name == "export" && at_ < text_.size() && is_blank(text_[at_])) {
            skip_blanks();
            name = take_name();
        }
        if (name.empty()) {
            return wrong(line, "a name was expected: letters, digits and '_', no digit first");
        }
        skip_blanks();
        if (at_ >= text_.size() || text_[at_] != '=') {
            return wrong(line, "a '=' was expected after the name " + name);
        }
        const std::size_t after_sign = ++at_;
        skip_blanks();
        std::string value;
        if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) {
            if (!take_quoted(value)) {
                return wrong(line, "the quote that begins the value of " + name + " has no end");
            }
            skip_blanks();
            if (!at_line_end() && text_[at_] != '#') {
                return wrong(line_, "text after the closing quote of " + name +
                                        "; put all of the value inside the quotes");
            }
        } else {
            value = take_plain(at_ > after_sign);
        }
        entries_.emplace_back(std::move(name), std::move(value), line);
        return std::nullopt;
    }

    std::string take_name() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && may_be_in_name(text_[at_], at_ == begin))
            ++at_;
        return std::string(text_.substr(begin, at_ - begin));
    }

    // False where the text ends inside.
    bool take_quoted(std::string& value) {
        const char quote = text_[at_++];
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == quote) return ++at_, true;
            if (c == '\n') ++line_;
            const bool has_next = at_ + 1 < text_.size();
            // An editor's line ends are not part of the value.
            if (c == '\r' && has_next && text_[at_ + 1] == '\n') continue;
            if (c == '\\' && quote == '"' && has_next && take_escape(value)) continue;
            value += c;
        }
        return false;
    }

    bool take_escape(std::string& value) {
        static constexpr std::string_view kNames = "nrt\"\\$";
        static constexpr std::string_view kBytes = "\n\r\t\"\\$";
        const std::size_t which = kNames.find(text_[at_ + 1]);
        if (which == std::string_view::npos) return false;
        value += kBytes[which];
        ++at_;
        return true;
    }

    std::string take_plain(bool has_blank_before) {
        const std::size_t begin = at_;
        std::size_t end = at_;
        bool after_blank = has_blank_before;
        for (; !at_line_end() && !(after_blank && text_[at_] == '#'); ++at_) {
            after_blank = is_blank(text_[at_]);
            if (!after_blank) end = at_ + 1;
        }
        return std::string(text_.substr(begin, end - begin));
    }

    bool at_line_end() const noexcept {
        return at_ >= text_.size() || text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n" ||
               (text_[at_] == '\r' && at_ + 1 == text_.size());
    }

    void skip_blanks() noexcept {
        while (at_ < text_.size() && is_blank(text_[at_]))
            ++at_;
    }

    void end_line() noexcept {
        while (at_ < text_.size() && text_[at_] != '\n')
            ++at_;
        if (at_ < text_.size()) ++at_;
        ++line_;
    }

    Error wrong(std::size_t line, std::string what) const {
        return Error(Errc::bad_argument, std::string(source_) + ", line " + std::to_string(line) +
                                             ": " + std::move(what));
    }

    std::string_view text_;
    std::string_view source_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    std::vector<DotenvEntry> entries_;
};

// A key, and a variable that says where it is sent.
class Pair {
public:
    constexpr Pair(std::string_view key_name, std::string_view address_name) noexcept
        : key(key_name), address(address_name) {}

    std::string_view key;
    std::string_view address;
};

constexpr std::array kPairs = {
    Pair("OPENAI_API_KEY", "OPENAI_BASE_URL"),
    Pair("OPENAI_API_KEY", "OPENAI_API_BASE"),
    Pair("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
    Pair("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"),
    Pair("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT"),
};

bool is_given(const EnvironmentLookup& environment, std::string_view name) {
    const std::optional<std::string> value = environment(name);
    return value && !value->empty();
}

std::optional<Error> redirection(const EnvironmentLookup& environment, const DotenvEntry& entry,
                                 std::string_view source) {
    if (entry.value.empty() || is_given(environment, entry.name)) return std::nullopt;
    for (const Pair& pair : kPairs) {
        if (entry.name != pair.address || !is_given(environment, pair.key)) continue;
        const std::string key(pair.key);
        return Error(Errc::bad_argument,
                     std::string(source) + ", line " + std::to_string(entry.line) + ": " +
                         entry.name + " would send the " + key +
                         " of the environment to an address of this file; set " + entry.name +
                         " in the environment, or unset " + key + " there");
    }
    return std::nullopt;
}

}  // namespace

Result<std::vector<DotenvEntry>> parse_dotenv(std::string_view text, std::string_view source) {
    return DotenvParser(text, source).run();
}

Task<Result<std::vector<DotenvEntry>>> read_dotenv(std::string path) {
    Result<std::string> text = co_await read_file(path, kFileBytesMax);
    if (!text) co_return std::move(text).error();
    co_return parse_dotenv(*text, path);
}

std::optional<std::string> process_environment(std::string_view name) {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
}

std::optional<std::string> SettledVariables::find(std::string_view name) const {
    std::optional<std::string> value = environment_(name);
    if (value && !value->empty()) return value;
    const auto found = entries_.find(name);
    if (found != entries_.end()) return found->second;
    return value;
}

Result<SettledVariables> settle_variables(EnvironmentLookup environment,
                                          const std::vector<DotenvEntry>& entries,
                                          std::string_view source) {
    for (const DotenvEntry& entry : entries) {
        if (std::optional<Error> error = redirection(environment, entry, source)) {
            return *std::move(error);
        }
    }
    SettledVariables settled(std::move(environment));
    for (const DotenvEntry& entry : entries)
        settled.entries_.insert_or_assign(entry.name, entry.value);
    return settled;
}

}  // namespace weir::llm
