// SPDX-License-Identifier: MIT
//
// Whether a call that got no answer, or lost it, is worth another attempt.
#pragma once

#include <weir/runtime/base/error.h>

namespace weir::llm {

/// What kept an answer from coming may have passed by the next time, unless it lies with us. An
/// error that has its verdict keeps it.
Error with_verdict(Error error);

}  // namespace weir::llm
