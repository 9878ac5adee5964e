// SPDX-License-Identifier: MIT
//
// What the mock server was asked, for tests that check what a client sends.
#pragma once

#include <weir/http/wire/headers.h>
#include <weir/runtime/base/time.h>
#include <string>
#include <utility>

namespace weir::llm::mock {

/// One request as it arrived, secrets included.
class RecordedRequest {
public:
    RecordedRequest(std::string method_token, std::string request_target, http::Headers fields,
                    std::string content, Instant when)
        : method(std::move(method_token)),
          target(std::move(request_target)),
          headers(std::move(fields)),
          body(std::move(content)),
          at(when) {}

    std::string method;
    std::string target;  ///< the path, with its query
    http::Headers headers;
    std::string body;
    Instant at;  ///< when it had arrived whole
};

}  // namespace weir::llm::mock
