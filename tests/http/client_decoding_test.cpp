// SPDX-License-Identifier: MIT
//
// A client that asks for compressed bodies and gives them decoded. The codings themselves are
// tested in wire/content_decoder_test.cpp.
#include <gtest/gtest.h>
#include <weir/http/client.h>

#include "tests/http/encoded.h"
#include "tests/http/world.h"

#include <string>

using namespace weir;
using namespace weir::http;

namespace {

const std::string kText = [] {
    std::string text;
    for (int i = 0; i < 20'000; ++i)
        text += std::to_string(i) + " ";
    return text;
}();

/// "/gzip" is whole, "/cut" lacks its end, "/br" is in a coding that is not known here.
Task<void> compress(Exchange& exchange) {
    const std::string& target = exchange.request().target;
    Headers headers;
    headers.add("X-Accepted", exchange.request().headers.get("Accept-Encoding").value_or("-"));
    std::string body = encoded(kText);
    if (target == "/cut") body.resize(body.size() - 20);
    headers.add("Content-Encoding", target == "/br" ? "br" : "gzip");
    Result<void> sent = co_await exchange.respond(200, std::move(headers), std::move(body));
    static_cast<void>(sent);
}

TEST(HttpClientDecoding, GivesBodiesAsTheyComeUnlessAsked) {
    with_server(compress, [](Server&) -> Task<void> {
        Client client;
        Result<Response> answer = co_await client.send(Request("GET", url("/gzip")));
        EXPECT_EQ(answer.value().body, encoded(kText));
        EXPECT_EQ(answer->head.headers.get("X-Accepted"), "-");
        EXPECT_EQ(answer->head.headers.get("Content-Encoding"), "gzip");
    });
}

TEST(HttpClientDecoding, AsksForCodingsAndUndoesThem) {
    with_server(compress, [](Server&) -> Task<void> {
        Client client(ClientOptions().decode_bodies());
        for (int i = 0; i < 2; ++i) {
            Result<Response> answer = co_await client.send(Request("GET", url("/gzip")));
            EXPECT_EQ(answer.value().body, kText);
            EXPECT_EQ(answer->head.headers.get("X-Accepted"), "gzip, deflate");
            EXPECT_FALSE(answer->head.headers.contains("Content-Encoding"));
            EXPECT_FALSE(answer->head.headers.contains("Content-Length"));
        }
        EXPECT_EQ(client.opened(), 1u);
    });
}

TEST(HttpClientDecoding, LeavesAnAcceptEncodingOfTheCallersAlone) {
    with_server(compress, [](Server&) -> Task<void> {
        Client client(ClientOptions().decode_bodies());
        Request request("GET", url("/gzip"));
        request.header("Accept-Encoding", "gzip;q=1");
        Result<Response> answer = co_await client.send(std::move(request));
        EXPECT_EQ(answer.value().body, kText);
        EXPECT_EQ(answer->head.headers.get("X-Accepted"), "gzip;q=1");
    });
}

TEST(HttpClientDecoding, TakesNoPartForTheWhole) {
    with_server(compress, [](Server&) -> Task<void> {
        Client client(ClientOptions().decode_bodies());
        Result<Response> answer = co_await client.send(Request("GET", url("/cut")));
        EXPECT_EQ(answer.error(), HttpErrc::body_cut);
        answer = co_await client.send(Request("GET", url("/br")));
        EXPECT_EQ(answer.error(), HttpErrc::unknown_coding);
    });
}

TEST(HttpClientDecoding, BoundsWhatABodyBecomes) {
    with_server(compress, [](Server&) -> Task<void> {
        ExpansionLimits limits;
        limits.body_bytes = kText.size() - 1;
        Client client(ClientOptions().decode_bodies(limits));
        Result<Response> answer = co_await client.send(Request("GET", url("/gzip")));
        EXPECT_EQ(answer.error(), HttpErrc::body_too_large);
        Client small(ClientOptions().decode_bodies().body_max(1000));
        answer = co_await small.send(Request("GET", url("/gzip")));
        EXPECT_EQ(answer.error(), HttpErrc::body_too_large);
    });
}

TEST(HttpClientDecoding, StreamsAndDrains) {
    with_server(compress, [](Server&) -> Task<void> {
        Client client(ClientOptions().decode_bodies());
        Result<ResponseStream> stream = co_await client.open(Request("GET", url("/gzip")));
        std::string text;
        for (;;) {
            EXPECT_FALSE(stream->is_complete());
            Result<Bytes> piece = co_await stream->read();
            if (!piece || piece->empty()) break;
            EXPECT_LE(piece->size(), ContentDecoder::kPieceBytesMax);
            text.append(as_text(*piece));
        }
        EXPECT_EQ(text, kText);
        EXPECT_TRUE(stream->is_complete());

        stream = co_await client.open(Request("GET", url("/gzip")));
        co_await stream->drain(std::chrono::seconds(1));
        EXPECT_TRUE(stream->is_complete());
        EXPECT_EQ(client.opened(), 1u);
    });
}

}  // namespace
