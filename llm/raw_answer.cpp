// SPDX-License-Identifier: MIT
#include <weir/llm/raw_answer.h>

#include "llm/call.h"

namespace weir::llm {
namespace {

std::optional<std::string> owned(std::optional<std::string_view> text) {
    if (!text) return std::nullopt;
    return std::string(*text);
}

}  // namespace

RawAnswer::RawAnswer(const http::ResponseHead& head, std::string text)
    : status(head.status),
      request_id(request_id_of(head.headers)),
      body(std::move(text)),
      retry_after_ms(owned(head.headers.get("retry-after-ms"))),
      retry_after(owned(head.headers.get("retry-after"))),
      date(owned(head.headers.get("date"))),
      should_retry(owned(head.headers.get("x-should-retry"))) {}

Error RawAnswer::failure() const {
    RetryFields retry;
    retry.after_ms = retry_after_ms;
    retry.after = retry_after;
    retry.date = date;
    retry.should_retry = should_retry;
    return failure_from_response(status, body, retry, request_id);
}

}  // namespace weir::llm
