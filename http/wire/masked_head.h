// SPDX-License-Identifier: MIT
//
// Heads as text for logs, without secrets: the values of fields that hold keys, passwords and
// cookies are stars, and so is the query of a URL, where some services want their key.
#pragma once

#include <weir/http/wire/message.h>
#include <string>
#include <string_view>

namespace weir::http {

/// Whether a field of this name holds a secret: Authorization, Proxy-Authorization, Cookie,
/// Set-Cookie, Api-Key, X-Api-Key, X-Goog-Api-Key. In any case of letters.
bool is_secret_field(std::string_view name) noexcept;

/// "POST https://host/path?***" and a line for each field.
std::string masked_head(const Request& request);
/// "HTTP/1.1 200 OK" and a line for each field. A Location is masked as a URL is.
std::string masked_head(const ResponseHead& head);

}  // namespace weir::http
