// SPDX-License-Identifier: MIT
//
// A call reads lines into a Draft: views of type and data, into the input as long as that will do.
// They are copied into Pending when a second data line must be joined, when a line came in pieces,
// or when the input ends first. Pending exists only meanwhile.
#include <weir/http/wire/sse_parser.h>
#include <algorithm>
#include <string>

namespace weir::http {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// A line ends at whichever comes first; CR alone is rare, so it is looked for before the LF only.
std::size_t find_line_end(std::string_view text) noexcept {
    const std::size_t lf = text.find('\n');
    const std::size_t cr = text.substr(0, lf).find('\r');
    return cr == std::string_view::npos ? lf : cr;
}

}  // namespace

struct SseParser::Pending {
    std::string line;  // The beginning of a line whose end has not come.
    std::string data;
    std::string type;
    bool has_data = false;
};

struct SseParser::Draft {
    std::string_view type;
    std::string_view data;
    bool has_data = false;
    bool owns_type = false;  // The type lies in Pending; else in the input or the program.
    bool owns_data = false;  // The same of the data.
};

SseParser::SseParser(std::size_t event_bytes_max) noexcept : event_bytes_max_(event_bytes_max) {}
SseParser::SseParser(SseParser&&) noexcept = default;
SseParser& SseParser::operator=(SseParser&&) noexcept = default;
SseParser::~SseParser() = default;

Result<SseEvent> SseParser::next(Bytes& input) {
    if (delivered_) pending_.reset();
    delivered_ = false;
    if (!skip_byte_order_mark(input)) return SseEvent(SseEvent::need_more);

    Draft draft = resume_draft();
    while (true) {
        if (skip_lf_ && !input.empty()) {
            if (static_cast<char>(input.front()) == '\n') input = input.subspan(1);
            skip_lf_ = false;
        }
        const std::string_view text = as_text(input);
        const std::size_t end = find_line_end(text);
        std::string_view line = text.substr(0, end);
        const bool is_continued = pending_ && !pending_->line.empty();
        const std::size_t line_bytes = line.size() + (is_continued ? pending_->line.size() : 0);
        if (draft.type.size() + draft.data.size() + line_bytes > event_bytes_max_) {
            pending_.reset();
            return Error(HttpErrc::event_too_large, "a server-sent event is larger than " +
                                                        std::to_string(event_bytes_max_) +
                                                        " bytes, the limit");
        }
        if (end == std::string_view::npos) {
            keep(line, draft);
            input = {};
            return SseEvent(SseEvent::need_more);
        }
        skip_lf_ = text[end] == '\r';
        input = input.subspan(end + 1);
        if (is_continued) line = pending_->line.append(line);
        if (line.empty()) {
            if (const auto event = dispatch(draft)) return *event;
            continue;
        }
        take_line(line, is_continued, draft);
        if (is_continued) pending_->line.clear();
    }
}

Result<SseEvent> SseParser::finish() {
    if (delivered_) pending_.reset();
    delivered_ = false;
    if (!pending_) return SseEvent(SseEvent::need_more);
    Draft draft = resume_draft();
    if (!pending_->line.empty()) take_line(pending_->line, true, draft);
    const auto event = dispatch(draft);
    return event ? *event : SseEvent(SseEvent::need_more);
}

/// The event of the draft, unless it has no data; then the draft starts afresh.
std::optional<SseEvent> SseParser::dispatch(Draft& draft) {
    if (draft.data.empty()) {
        pending_.reset();
        draft = Draft();
        return std::nullopt;
    }
    delivered_ = true;
    return SseEvent(SseEvent::event, draft.type, draft.data);
}

/// One line that is not empty. `owned`: it lies in Pending and will be overwritten.
void SseParser::take_line(std::string_view line, bool owned, Draft& draft) {
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string_view name = line.substr(0, colon);
    std::string_view value = line.substr(std::min(colon + 1, line.size()));
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "data") {
        add_data(value, owned, draft);
    } else if (name == "event") {
        set_type(value, owned, draft);
    } else if (name == "error" && value.starts_with('{')) {
        // Some servers report a failure as a field of its own. Passed over as unknown, as the
        // standard has it, a failed answer would look like a short one.
        set_type("error", false, draft);
        add_data(value, owned, draft);
    }
}

void SseParser::add_data(std::string_view value, bool owned, Draft& draft) {
    if (!draft.has_data && !owned) {
        draft.data = value;
        draft.has_data = true;
        draft.owns_data = false;
        return;
    }
    std::string& data = pending().data;
    if (draft.has_data) {
        if (!draft.owns_data) data.assign(draft.data);
        data += '\n';
    }
    data += value;
    draft.data = data;
    draft.has_data = draft.owns_data = true;
}

void SseParser::set_type(std::string_view value, bool owned, Draft& draft) {
    draft.type = value;
    draft.owns_type = owned;
    if (owned) draft.type = pending().type.assign(value);
}

/// The input ends inside an event or a line: what was seen of them must outlive it.
void SseParser::keep(std::string_view rest, Draft& draft) {
    const bool is_inside_line = !rest.empty() || (pending_ && !pending_->line.empty());
    if (!draft.has_data && draft.type.empty() && !is_inside_line) {
        pending_.reset();
        return;
    }
    Pending& kept = pending();
    kept.line.append(rest);
    kept.has_data = draft.has_data;
    if (!draft.owns_data) kept.data.assign(draft.data);
    if (!draft.owns_type) kept.type.assign(draft.type);
}

SseParser::Draft SseParser::resume_draft() {
    Draft draft;
    if (!pending_) return draft;
    draft.type = pending_->type;
    draft.data = pending_->data;
    draft.has_data = pending_->has_data;
    draft.owns_type = draft.owns_data = true;
    return draft;
}

SseParser::Pending& SseParser::pending() {
    if (!pending_) pending_ = std::make_unique<Pending>();
    return *pending_;
}

/// False while the input ends inside what may be a byte order mark.
bool SseParser::skip_byte_order_mark(Bytes& input) {
    while (mark_matched_ < kByteOrderMark.size()) {
        if (input.empty()) return false;
        if (static_cast<char>(input.front()) != kByteOrderMark[mark_matched_]) {
            // No mark: what looked like one is the beginning of the first line.
            if (mark_matched_ > 0) pending().line = kByteOrderMark.substr(0, mark_matched_);
            mark_matched_ = kByteOrderMark.size();
            return true;
        }
        input = input.subspan(1);
        ++mark_matched_;
    }
    return true;
}

}  // namespace weir::http
