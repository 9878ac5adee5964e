// SPDX-License-Identifier: MIT
#include "llm/verdict.h"

#include <weir/http/wire/error.h>

#include <utility>

namespace weir::llm {

Error with_verdict(Error error) {
    using http::HttpErrc;
    if (error.worth_retry()) return error;
    const bool is_ours = error == HttpErrc::bad_url || error == HttpErrc::bad_request ||
                         error == HttpErrc::body_too_large || error == HttpErrc::tls_wrong_host ||
                         error == HttpErrc::tls_unknown_ca || error == HttpErrc::tls_expired ||
                         error == HttpErrc::tls_certificate || error == Errc::name_not_found ||
                         error == Errc::bad_argument;
    return std::move(error).with_retry(!is_ours);
}

}  // namespace weir::llm
