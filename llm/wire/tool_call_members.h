// SPDX-License-Identifier: MIT
//
// The calls of functions in a message or in a chunk, entry by entry, as the server wrote them.
// Which entries make one call is ToolCallAssembler's affair.
#pragma once

#include <weir/llm/wire/answer.h>
#include <string>
#include <string_view>
#include <vector>

#include "llm/wire/json_reader.h"

namespace weir::llm {

/// Appends an entry for each of an array `tool_calls`; anything but an array is ignored. `high` is
/// as for append_json_text(), for the arguments. What is kept raw is JSON only if settle() says so.
error_code read_tool_calls(ondemand::value value, std::vector<ToolCallDelta>& calls,
                           char16_t& high);

/// The same for `function_call`, which is how the only call was written before there were several.
error_code read_function_call(ondemand::value value, std::vector<ToolCallDelta>& calls,
                              char16_t& high);

/// Brings what was kept raw onto one line; false where it is no JSON. To be called when the
/// document has been closed: it reads another.
bool settle(std::vector<ToolCallDelta>& calls);

/// Members `more` put into `extra`, both the inside of an object. Those of a name that is there
/// already replace it.
void merge_members(std::string& extra, std::string_view more);

/// An id for a call to which the server gave none: nine letters and digits, which all servers take.
std::string made_up_id(std::string_view seed);

}  // namespace weir::llm
