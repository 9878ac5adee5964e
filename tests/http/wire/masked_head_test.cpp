// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/http/wire/masked_head.h>

#include <string>

using namespace weir::http;

namespace {

TEST(MaskedHead, ShowsARequestWithoutItsSecrets) {
    Request request("POST", Url::parse("https://api.test/v1/chat?key=secret&x=1").value());
    for (const char* name : {"Authorization", "proxy-authorization", "COOKIE", "X-Api-Key",
                             "api-key", "x-goog-api-key"}) {
        request.header(name, "Bearer secret");
    }
    request.header("Accept", "text/plain").body("secret");
    EXPECT_EQ(masked_head(request),
              "POST https://api.test/v1/chat?***\nAuthorization: ***\nproxy-authorization: ***\n"
              "COOKIE: ***\nX-Api-Key: ***\napi-key: ***\nx-goog-api-key: ***\n"
              "Accept: text/plain\n");
}

TEST(MaskedHead, ShowsAnAnswerWithoutItsSecrets) {
    Headers headers;
    headers.add("Set-Cookie", "id=secret");
    headers.add("Location", "/next?token=secret");
    headers.add("X-Request-Id", "r1");
    EXPECT_EQ(masked_head(ResponseHead(302, "Found", headers)),
              "HTTP/1.1 302 Found\nSet-Cookie: ***\nLocation: /next?***\nX-Request-Id: r1\n");
    EXPECT_EQ(masked_head(ResponseHead(200, "", Headers())), "HTTP/1.1 200 \n");
}

}  // namespace
