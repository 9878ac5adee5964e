// SPDX-License-Identifier: MIT
//
// The LLM client: chats, whole and streamed, with whatever server: the dialect decides the
// protocol.
//
//     llm::Client client = llm::Client::make(llm::ClientOptions::from_environment()).value();
//     Result<llm::ChatAnswer> answer = co_await client.chat(llm::Chat("model").user("Hello"));
//
// An error status of the server is an Error here, with the server's own words (llm/wire/failure.h).
// What may pass is tried again, within one deadline.
#pragma once

#include <weir/http/client.h>
#include <weir/http/wire/message.h>
#include <weir/http/wire/url.h>
#include <weir/llm/chat_stream.h>
#include <weir/llm/client_options.h>
#include <weir/llm/raw_answer.h>
#include <weir/llm/wire/answer.h>
#include <weir/llm/wire/chat.h>
#include <weir/llm/wire/error.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/task.h>
#include <memory>
#include <string>
#include <string_view>

namespace weir::llm {

class Call;

/// Reuses connections, so keep one for all calls. It lives inside run(), and no call outlives it.
class Client {
public:
    /// HttpErrc::bad_url where the base URL cannot be used, Errc::bad_argument where the key
    /// cannot be sent, must not be (see ClientOptions::key_over_plain_http()), or where neither of
    /// both was given.
    static Result<Client> make(ClientOptions options);
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;
    ~Client();

    /// The whole answer.
    Task<Result<ChatAnswer>> chat(const Chat& chat);
    /// The answer piece by piece.
    Task<Result<ChatStream>> stream(const Chat& chat);
    /// Posts `body` unchanged to `path` below the base URL, once, and gives the answer as it is. A
    /// leading "/v1" is dropped where the base URL has a path of its own, which stands for it: the
    /// "/v1/chat/completions" of a batch file fits any base URL.
    Task<Result<RawAnswer>> post(std::string path, std::string body);

    /// For `Chat(client.model())`.
    const std::string& model() const noexcept;
    const http::Client& http() const noexcept;

private:
    class Shared;
    explicit Client(std::unique_ptr<Shared> shared) noexcept;

    // Static, and over what is elsewhere: while they wait, they keep neither Chat nor Request, and
    // the client may be moved.
    static Task<Result<ChatAnswer>> ask(Shared& shared, std::unique_ptr<Call> call);
    static Result<ChatAnswer> read_answer(Shared& shared, Call& call, std::string_view body);
    static Task<Result<ChatStream>> begin(Shared& shared, std::unique_ptr<Call> call);
    static Task<Result<ChatStream>> begin_to_content(Shared& shared, std::unique_ptr<Call> call);
    static Task<Result<ChatStream>> begin_unstreamed(Shared& shared, http::ResponseStream response,
                                                     std::unique_ptr<Call> call);
    static Task<Result<RawAnswer>> pass(Task<Result<http::Response>> call);
    static Task<Result<http::ResponseStream>> open(Shared& shared, Call& call);
    static Task<Error> read_failure(http::ResponseStream& response);
    Result<std::unique_ptr<Call>> make_call(const Chat& chat, bool stream) const;
    static Task<Result<void>> wait_for_permit(Limiter& limiter, Call& call);
    Result<http::Request> request(std::string_view path, Result<std::string> body,
                                  std::string_view accept) const;

    std::unique_ptr<Shared> shared_;
};

}  // namespace weir::llm
