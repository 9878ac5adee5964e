// SPDX-License-Identifier: MIT
#include <weir/http/wire/error.h>
#include <weir/http/wire/sse_writer.h>
#include <algorithm>

namespace weir::http {

Result<void> write_sse_event(std::string& out, std::string_view data, std::string_view type,
                             std::string_view id) {
    constexpr std::string_view kBreaks = "\r\n";
    if (type.find_first_of(kBreaks) != std::string_view::npos ||
        id.find_first_of(kBreaks) != std::string_view::npos ||
        id.find('\0') != std::string_view::npos) {
        return Error(HttpErrc::bad_request, "an event's type or id has a line break or a NUL");
    }
    if (!type.empty()) out.append("event: ").append(type).append("\n");
    if (!id.empty()) out.append("id: ").append(id).append("\n");
    for (;;) {
        const std::size_t end = std::min(data.find_first_of(kBreaks), data.size());
        out.append("data: ").append(data.substr(0, end)).append("\n");
        if (end == data.size()) break;
        data.remove_prefix(end + (data.substr(end).starts_with("\r\n") ? 2 : 1));
    }
    out.append("\n");
    return {};
}

void write_sse_comment(std::string& out) {
    out.append(":\n\n");
}

}  // namespace weir::http
