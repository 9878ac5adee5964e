// SPDX-License-Identifier: MIT
//
// The LLM client: chat completions, whole and streamed, against any OpenAI-compatible base URL.
//
//     llm::Client client = llm::Client::make(llm::ClientOptions::from_environment()).value();
//     Result<llm::ChatAnswer> answer = co_await client.chat(llm::Chat("model").user("Hello"));
//
// An error status of the server is an Error here, with the server's own words (llm/wire/failure.h).
// A stream that was cut is an error, never an answer.
#pragma once

#include <weir/http/client.h>
#include <weir/http/wire/message.h>
#include <weir/http/wire/sse_parser.h>
#include <weir/http/wire/url.h>
#include <weir/llm/wire/answer.h>
#include <weir/llm/wire/chat.h>
#include <weir/llm/wire/delta_decoder.h>
#include <weir/llm/wire/error.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/task.h>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::llm {

/// Where the model is and how to get in.
class ClientOptions {
public:
    ClientOptions() = default;
    /// From OPENAI_BASE_URL, OPENAI_API_KEY and OPENAI_MODEL, where they are set.
    static ClientOptions from_environment();

    /// With its own path: "https://api.openai.com/v1", which is the default.
    ClientOptions& base_url(std::string url) { return base_url_ = std::move(url), *this; }
    /// Sent as a bearer token; empty: none is sent.
    ClientOptions& api_key(std::string key) { return api_key_ = std::move(key), *this; }
    /// What Client::model() gives, for those who do not care which. Default: "gpt-4o-mini".
    ClientOptions& model(std::string name) { return model_ = std::move(name), *this; }
    /// One deadline for a whole call, from the look-up of the name to the last byte. Default: 600
    /// s.
    ClientOptions& call_limit(Duration limit) noexcept { return call_limit_ = limit, *this; }
    /// Limits of the single phases, and trust.
    ClientOptions& http(http::ClientOptions options) { return http_ = std::move(options), *this; }

    const std::string& base_url() const noexcept { return base_url_; }
    const std::string& api_key() const noexcept { return api_key_; }
    const std::string& model() const noexcept { return model_; }

private:
    friend class Client;
    std::string base_url_ = "https://api.openai.com/v1";
    std::string api_key_;
    std::string model_ = "gpt-4o-mini";
    Duration call_limit_ = std::chrono::seconds(600);
    http::ClientOptions http_;
};

/// What a server answered, whatever its status; for callers who pass bodies through.
class RawAnswer {
public:
    RawAnswer(int status_code, std::string id, std::string text)
        : status(status_code), request_id(std::move(id)), body(std::move(text)) {}

    bool is_success() const noexcept { return status >= 200 && status < 300; }
    /// The Error that chat() would have given. Precondition: !is_success().
    Error failure() const;

    int status;
    std::string request_id;  ///< the server's x-request-id, or request-id; may be empty
    std::string body;
    std::optional<std::string> retry_after_ms;  ///< the headers of these names
    std::optional<std::string> retry_after;
    std::optional<std::string> date;
};

/// A streamed answer. Dropped before its end, it closes the connection, so that the server stops
/// generating. Must not outlive its client.
class ChatStream {
public:
    /// The next piece; nothing at the end of a whole answer, and from then on.
    /// LlmErrc::stream_truncated where it was cut, LlmErrc::failed_in_stream where the server
    /// reported an error in the midst of it, Errc::timed_out where it fell silent. After an error
    /// the stream is of no more use.
    Task<Result<std::optional<Delta>>> next();

    /// The server's x-request-id; may be empty.
    const std::string& request_id() const noexcept { return request_id_; }

private:
    friend class Client;
    ChatStream(http::ResponseStream response, std::string request_id) noexcept
        : response_(std::move(response)), request_id_(std::move(request_id)) {}

    // Each sets `next` to what next() gives; false where more must be read.
    bool take_from_input(Result<std::optional<Delta>>& next);
    bool take_piece(Result<Bytes> piece, Result<std::optional<Delta>>& next);
    void take_rest(Result<std::optional<Delta>>& next);
    void end(std::optional<Error> broken, Result<std::optional<Delta>>& next);

    http::ResponseStream response_;
    http::SseParser events_;
    DeltaDecoder decoder_;
    Bytes input_;                   // of the last read, not parsed yet
    std::unique_ptr<Delta> whole_;  // all of it, from a server that does not stream
    std::string request_id_;
    bool has_ended_ = false;
};

/// Reuses connections, so keep one for all calls. It lives inside run(), and no call outlives it.
class Client {
public:
    /// HttpErrc::bad_url where the base URL cannot be used, Errc::bad_argument where the key
    /// cannot be sent, or where neither of both was given.
    static Result<Client> make(ClientOptions options);

    /// The whole answer.
    Task<Result<ChatAnswer>> chat(const Chat& chat);
    /// The answer piece by piece.
    Task<Result<ChatStream>> stream(const Chat& chat);
    /// Posts `body` unchanged to `path` below the base URL, and gives the answer as it is. A
    /// leading "/v1" is dropped where the base URL has a path of its own, which stands for it: the
    /// "/v1/chat/completions" of a batch file fits any base URL.
    Task<Result<RawAnswer>> post(std::string path, std::string body);

    /// For `Chat(client.model())`.
    const std::string& model() const noexcept { return options_.model(); }
    const http::Client& http() const noexcept { return *http_; }

private:
    Client(http::Url base, ClientOptions options);

    // Static, and over a call that is ready: while it waits, it keeps neither Chat nor Request.
    static Task<Result<ChatAnswer>> ask(Task<Result<http::Response>> call);
    static Task<Result<ChatStream>> begin(Task<Result<http::ResponseStream>> call);
    static Task<Result<ChatStream>> begin_unstreamed(http::ResponseStream response);
    static Task<Result<RawAnswer>> pass(Task<Result<http::Response>> call);
    static Result<ChatStream> begin_stream(http::ResponseStream response);
    Result<http::Request> request(std::string_view path, Result<std::string> body,
                                  std::string_view accept) const;

    http::Url base_;
    ClientOptions options_;
    std::unique_ptr<http::Client> http_;
};

}  // namespace weir::llm
