// SPDX-License-Identifier: MIT
#include <weir/llm/prompt.h>

#include <weir/llm/wire/json.h>
#include <weir/llm/wire/json_writer.h>

#include <algorithm>
#include <optional>

namespace weir::llm {
namespace {

bool may_begin_name(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool may_be_in_name(char c) noexcept {
    return may_begin_name(c) || (c >= '0' && c <= '9');
}

std::string list_of(const std::vector<std::string>& names) {
    if (names.empty()) return "it has no blanks";
    std::string text = "its blanks are ";
    for (std::size_t index = 0; index < names.size(); ++index)
        text += (index == 0 ? "" : ", ") + names[index];
    return text;
}

}  // namespace

/// One pass over the text of a template.
class PromptParser {
public:
    PromptParser(std::string_view text, bool is_json) noexcept : text_(text), is_json_(is_json) {}

    Result<PromptTemplate> run() {
        while (at_ < text_.size()) {
            if (std::optional<Error> wrong = step()) return *std::move(wrong);
        }
        result_.rest_ = std::move(literal_);
        return std::move(result_);
    }

private:
    std::optional<Error> step() {
        const char c = text_[at_];
        if (is_json_ && in_string_ && c == '\\' && at_ + 1 < text_.size()) {
            take(2);  // whatever is escaped here neither ends the string nor is a brace
            return std::nullopt;
        }
        if (is_json_ && c == '"') in_string_ = !in_string_;
        if (c != '{' && c != '}') {
            take(1);
            return std::nullopt;
        }
        if (is_json_ && !in_string_) {
            if (c != '{' || !blank()) take(1);
            return std::nullopt;
        }
        if (text_.substr(at_, 2) == std::string(2, c)) {
            literal_ += c;
            skip(2);
            return std::nullopt;
        }
        if (c == '}') return wrong("'}' has no '{' before it; for a brace write '}}'");
        if (blank()) return std::nullopt;
        return wrong("'{' begins no {name}; for a brace write '{{'");
    }

    // Takes "{name}" where one begins here.
    bool blank() {
        std::size_t end = at_ + 1;
        if (end >= text_.size() || !may_begin_name(text_[end])) return false;
        while (end < text_.size() && may_be_in_name(text_[end]))
            ++end;
        if (end >= text_.size() || text_[end] != '}') return false;

        PromptTemplate::Piece piece;
        piece.name = index_of(text_.substr(at_ + 1, end - at_ - 1));
        piece.text = std::exchange(literal_, {});
        if (is_json_) {
            piece.style = in_string_ ? PromptTemplate::Style::inside_json_string
                                     : PromptTemplate::Style::json_string;
        }
        piece.line = line_;
        piece.column = column_;
        result_.pieces_.push_back(std::move(piece));
        skip(end + 1 - at_);
        return true;
    }

    std::size_t index_of(std::string_view name) {
        std::vector<std::string>& names = result_.names_;
        const auto found = std::find(names.begin(), names.end(), name);
        const auto index = static_cast<std::size_t>(found - names.begin());
        if (found == names.end()) names.emplace_back(name);
        return index;
    }

    void take(std::size_t count) {
        literal_ += text_.substr(at_, count);
        skip(count);
    }

    void skip(std::size_t count) noexcept {
        for (; count > 0; --count, ++at_) {
            ++column_;
            if (text_[at_] == '\n') {
                ++line_;
                column_ = 1;
            }
        }
    }

    Error wrong(std::string_view what) const {
        return Error(Errc::bad_argument, "prompt template, line " + std::to_string(line_) +
                                             ", column " + std::to_string(column_) + ": " +
                                             std::string(what));
    }

    std::string_view text_;
    bool is_json_;
    bool in_string_ = false;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    std::size_t column_ = 1;  // in bytes
    std::string literal_;
    PromptTemplate result_;
};

Result<PromptTemplate> PromptTemplate::parse(std::string_view text) {
    return PromptParser(text, false).run();
}

Result<PromptTemplate> PromptTemplate::parse_json(std::string_view text) {
    Result<PromptTemplate> parsed = PromptParser(text, true).run();
    if (!parsed) return parsed;
    PromptValues values;
    for (const std::string& name : parsed->names())
        values.emplace_back(name, "");
    const Result<std::string> sample = parsed->render(values);
    if (!sample) return sample.error();
    if (!is_json(*sample)) {
        return Error(Errc::bad_argument,
                     "prompt template: with its blanks filled in this is no JSON; a blank stands "
                     "inside a string or in place of a whole value");
    }
    return parsed;
}

Result<std::string> PromptTemplate::render(const PromptValues& values) const {
    std::vector<const std::string*> found(names_.size());
    for (const auto& [name, value] : values) {
        const auto at = std::find(names_.begin(), names_.end(), name);
        if (at == names_.end()) {
            return Error(Errc::bad_argument,
                         "prompt template: no blank is called '" + name + "'; " + list_of(names_));
        }
        const std::string*& place = found[static_cast<std::size_t>(at - names_.begin())];
        if (place != nullptr) {
            return Error(Errc::bad_argument,
                         "prompt template: '" + name + "' was given twice; give it once");
        }
        place = &value;
    }

    std::string text;
    for (const Piece& piece : pieces_) {
        const std::string* value = found[piece.name];
        if (value == nullptr) {
            return Error(Errc::bad_argument, "prompt template, line " + std::to_string(piece.line) +
                                                 ", column " + std::to_string(piece.column) +
                                                 ": no value for {" + names_[piece.name] + "}; " +
                                                 list_of(names_));
        }
        text += piece.text;
        if (piece.style == Style::plain) {
            text += *value;
            continue;
        }
        std::string quoted;
        append_json_string(quoted, *value);
        const bool is_inside = piece.style == Style::inside_json_string;
        text += is_inside ? quoted.substr(1, quoted.size() - 2) : quoted;
    }
    return text + rest_;
}

}  // namespace weir::llm
