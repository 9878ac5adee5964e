// SPDX-License-Identifier: MIT
//
// A base URL that leads through a UNIX socket.
#include <gtest/gtest.h>
#include <weir/llm/client.h>
#include <weir/runtime/unix_socket.h>

#include "tests/http/world.h"

#include <string>

using namespace weir;
using namespace weir::llm;

namespace {

TEST(LlmClientSocket, IsReachedByTheBaseUrl) {
    http::alone([]() -> Task<void> {
        UnixListener listener =
            UnixListener::bind(UnixAddress::path("/run/it.sock").value()).value();
        std::string asked;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            const auto serve = [&]() -> Task<void> {
                Result<UnixStream> stream = co_await listener.accept();
                Result<Lease> request = co_await stream->read();
                asked = as_text(request->bytes());
                std::ignore = co_await stream->write_all(
                    as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
            };
            group.spawn(serve());
            ClientOptions options;
            options.base_url("http+unix://%2Frun%2Fit.sock/v1").api_key("key");
            Client client = Client::make(std::move(options)).value();
            Result<RawAnswer> answer = co_await client.post("/v1/chat/completions", "{}");
            EXPECT_EQ(answer.value().status, 200);
        });
        EXPECT_TRUE(asked.starts_with("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"))
            << asked;
    });
}

}  // namespace
