// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/http/wire/error.h>
#include <weir/http/wire/request_writer.h>
#include <string>
#include <type_traits>

using namespace weir;
using http::HttpErrc;
using http::Request;
using http::Url;

static_assert(!std::is_aggregate_v<Request>);
static_assert(!std::is_aggregate_v<http::ResponseHead>);
static_assert(!std::is_aggregate_v<http::RequestHead>);

namespace {

Url url(std::string_view text = "https://api.example.com/v1/chat?x=1") {
    return Url::parse(text).value();
}

std::string written(const Request& request) {
    ByteQueue out;
    auto result = http::write_request(out, request);
    if (!result) return "error: " + result.error().message();
    return std::string(as_text(out.readable()));
}

void expect_refused(const Request& request, std::string_view word) {
    ByteQueue out;
    auto result = http::write_request(out, request);
    ASSERT_FALSE(result.has_value()) << word;
    EXPECT_TRUE(result.error() == HttpErrc::bad_request);
    EXPECT_NE(result.error().message().find(word), std::string::npos) << result.error().message();
    EXPECT_TRUE(out.empty()) << "a refused request left bytes behind";
}

}  // namespace

TEST(RequestWriter, WritesHeadAndBody) {
    EXPECT_EQ(written(Request("POST", url()).header("Accept", "*/*").body("{\"a\":1}")),
              "POST /v1/chat?x=1 HTTP/1.1\r\n"
              "Host: api.example.com\r\n"
              "Accept: */*\r\n"
              "Content-Length: 7\r\n"
              "\r\n"
              "{\"a\":1}");
}

TEST(RequestWriter, LeavesLengthOutWhereNoBodyIsMeant) {
    EXPECT_EQ(written(Request("GET", url("http://h:8000"))),
              "GET / HTTP/1.1\r\nHost: h:8000\r\n\r\n");
    EXPECT_EQ(written(Request("POST", url("http://h"))),
              "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
}

TEST(RequestWriter, NamesTheWholeUrlForProxies) {
    ByteQueue out;
    ASSERT_TRUE(http::write_request(out, Request("GET", url("http://h:81/p?q")),
                                    http::TargetForm::absolute));
    EXPECT_EQ(as_text(out.readable()), "GET http://h:81/p?q HTTP/1.1\r\nHost: h:81\r\n\r\n");
}

TEST(RequestWriter, WritesTheHeadAloneForABodySentApart) {
    ByteQueue out;
    ASSERT_TRUE(http::write_request_head(out, Request("PUT", url("http://h")).body("12345")));
    EXPECT_EQ(as_text(out.readable()), "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n");
}

TEST(RequestWriter, WritesTheHeadOfAStreamedBody) {
    const auto streamed = [](const Request& request, std::optional<std::uint64_t> length) {
        ByteQueue out;
        auto result = http::write_streamed_head(out, request, length);
        return result ? std::string(as_text(out.readable())) : result.error().message();
    };
    const Request put("PUT", url("http://h"));
    EXPECT_EQ(streamed(put, 0), "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(streamed(put, 12), "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n\r\n");
    EXPECT_EQ(streamed(put, {}), "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    Request given("PUT", url("http://h"));
    given.header("Content-Length", "3");
    EXPECT_EQ(streamed(given, 3), "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n");
    EXPECT_NE(streamed(given, {}).find("Content-Length differs"), std::string::npos);
    EXPECT_NE(streamed(given.body("abc"), 3).find("one of them"), std::string::npos);
}

// RFC 9110, 10.1.1.
TEST(RequestWriter, RefusesAnExpectationWithoutABody) {
    expect_refused(Request("GET", url()).header("Expect", "100-continue"), "Expect");
    EXPECT_NE(written(Request("PUT", url()).header("Expect", "100-continue").body("x"))
                  .find("Expect: 100-continue\r\n"),
              std::string::npos);
}

TEST(RequestWriter, AppendsBehindWhatIsQueued) {
    ByteQueue out;
    out.append("before|");
    ASSERT_TRUE(http::write_request(out, Request("GET", url("http://h"))));
    EXPECT_EQ(as_text(out.readable()), "before|GET / HTTP/1.1\r\nHost: h\r\n\r\n");
}

TEST(RequestWriter, RefusesHeaderInjection) {
    expect_refused(Request("GET", url()).header("X", "a\r\nEvil: 1"), "'X'");
    expect_refused(Request("GET", url()).header("X", "a\nb"), "'X'");
    expect_refused(Request("GET", url()).header("X", std::string_view("a\0b", 3)), "'X'");
    expect_refused(Request("GET", url()).header("X: y\r\nZ", "a"), "name");
    expect_refused(Request("GET", url()).header("", "a"), "name");
    expect_refused(Request("GET /evil HTTP/1.1\r\nX:", url()), "method");
    expect_refused(Request("", url()), "method");
}

TEST(RequestWriter, RefusesFieldsThatContradictItsOwn) {
    expect_refused(Request("POST", url()).header("Content-Length", "4").body("abc"),
                   "Content-Length");
    expect_refused(Request("POST", url()).header("transfer-encoding", "chunked"),
                   "Transfer-Encoding");
    expect_refused(Request("GET", url()).header("Host", "other"), "Host");
    expect_refused(Request("CONNECT", url()), "CONNECT");
}

TEST(RequestWriter, WritesAgreeingFieldsOnce) {
    EXPECT_EQ(written(Request("POST", url("http://h"))
                          .header("host", "H")
                          .header("content-length", "3")
                          .body("abc")),
              "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
}

TEST(Request, KnowsHowItsAnswerIsFramed) {
    EXPECT_EQ(Request("HEAD", url()).kind(), http::RequestKind::head);
    EXPECT_EQ(Request("GET", url()).kind(), http::RequestKind::normal);
    EXPECT_EQ(http::RequestHead("HEAD", "/", http::Headers()).kind(), http::RequestKind::head);
}
