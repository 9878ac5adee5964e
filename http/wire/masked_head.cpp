// SPDX-License-Identifier: MIT
#include <weir/http/wire/masked_head.h>

#include <algorithm>
#include <array>

namespace weir::http {
namespace {

constexpr std::string_view kStars = "***";

/// The text up to its query, and stars in the place of that.
std::string without_query(std::string_view url) {
    const std::size_t at = url.find('?');
    std::string text(url.substr(0, at));
    if (at != std::string_view::npos) text.append("?").append(kStars);
    return text;
}

void append_fields(std::string& text, const Headers& headers) {
    for (const Field field : headers) {
        text.append(field.name).append(": ");
        if (is_secret_field(field.name)) {
            text.append(kStars);
        } else if (equals_ignoring_case(field.name, "Location")) {
            text.append(without_query(field.value));
        } else {
            text.append(field.value);
        }
        text.append("\n");
    }
}

}  // namespace

bool is_secret_field(std::string_view name) noexcept {
    static constexpr std::array<std::string_view, 7> kNames = {
        "Authorization", "Proxy-Authorization", "Cookie",        "Set-Cookie",
        "Api-Key",       "X-Api-Key",           "X-Goog-Api-Key"};
    return std::ranges::any_of(
        kNames, [&](std::string_view secret) { return equals_ignoring_case(name, secret); });
}

std::string masked_head(const Request& request) {
    std::string text = request.method() + " " + without_query(request.url().text()) + "\n";
    append_fields(text, request.headers());
    return text;
}

std::string masked_head(const ResponseHead& head) {
    std::string text = "HTTP/1." + std::to_string(head.minor_version) + " " +
                       std::to_string(head.status) + " " + head.reason + "\n";
    append_fields(text, head.headers);
    return text;
}

}  // namespace weir::http
