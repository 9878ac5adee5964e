// SPDX-License-Identifier: MIT
//
// Server-sent events as text, for a handler to write: the text/event-stream of the HTML standard.
#pragma once

#include <weir/runtime/base/result.h>
#include <string>
#include <string_view>

namespace weir::http {

/// Appends one event; `data` may have lines, and each becomes one of its own. HttpErrc::bad_request
/// where the type or the id has a line break, or the id a NUL: nothing is appended then.
Result<void> write_sse_event(std::string& out, std::string_view data, std::string_view type = {},
                             std::string_view id = {});

/// Appends a comment, which clients ignore: sent now and then, it keeps proxies from closing a
/// stream that is silent.
void write_sse_comment(std::string& out);

}  // namespace weir::http
