// SPDX-License-Identifier: MIT
#include <weir/llm/client.h>

#include <weir/http/wire/error.h>
#include <weir/http/wire/headers.h>
#include <weir/llm/wire/answer_decoder.h>
#include <weir/llm/wire/chat_writer.h>
#include <weir/llm/wire/failure.h>
#include <weir/llm/wire/json.h>

#include <cstdlib>

namespace weir::llm {
namespace {

constexpr std::string_view kChatPath = "/chat/completions";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kWebPage = "text/html";
constexpr std::string_view kEventStream = "text/event-stream";
// What follows [DONE] is the end of the body, and under way already. Some servers never send it.
constexpr Duration kDrainLimit = std::chrono::milliseconds(100);
// Of the body that a server sends in the place of a stream.
constexpr std::size_t kUnstreamedBytesMax = std::size_t{16} << 20;

std::string request_id_of(const http::Headers& headers) {
    const auto id = headers.get("x-request-id");
    return std::string(id ? *id : headers.get("request-id").value_or(""));
}

std::optional<std::string> owned(std::optional<std::string_view> text) {
    if (!text) return std::nullopt;
    return std::string(*text);
}

RawAnswer raw_answer(const http::ResponseHead& head, std::string body) {
    RawAnswer answer(head.status, request_id_of(head.headers), std::move(body));
    answer.retry_after_ms = owned(head.headers.get("retry-after-ms"));
    answer.retry_after = owned(head.headers.get("retry-after"));
    answer.date = owned(head.headers.get("date"));
    return answer;
}

/// What kept an answer from coming may have passed by the next time, unless it lies with us.
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

/// An answer that a server gave whole although it was asked for a stream.
Delta as_one_delta(ChatAnswer answer) {
    Delta delta(std::move(answer.text));
    delta.refusal = std::move(answer.refusal).value_or("");
    delta.role = std::string(to_string(Role::assistant));
    if (!answer.finish_reason.empty()) delta.finish_reason = std::move(answer.finish_reason);
    delta.usage = answer.usage;
    return delta;
}

bool has_media_type(const http::Headers& headers, std::string_view type) {
    const std::string_view value = headers.get("content-type").value_or("");
    return http::equals_ignoring_case(http::trim_whitespace(value.substr(0, value.find(';'))),
                                      type);
}

bool is_stream(const http::ResponseHead& head) {
    return head.is_success() && !has_media_type(head.headers, kWebPage) &&
           !has_media_type(head.headers, kJson);
}

/// A call that was never made.
template <typename T>
Task<Result<T>> refused(Error error) {
    co_return error;
}

}  // namespace

ClientOptions ClientOptions::from_environment() {
    ClientOptions options;
    const auto read = [](const char* name, std::string& value) {
        const char* const text = std::getenv(name);
        if (text != nullptr && *text != '\0') value = text;
    };
    read("OPENAI_BASE_URL", options.base_url_);
    read("OPENAI_API_KEY", options.api_key_);
    read("OPENAI_MODEL", options.model_);
    return options;
}

Error RawAnswer::failure() const {
    RetryFields retry;
    retry.after_ms = retry_after_ms;
    retry.after = retry_after;
    retry.date = date;
    return failure_from_response(status, body, retry, request_id);
}

// --- client --------------------------------------------------------------------------------------

Result<Client> Client::make(ClientOptions options) {
    Result<http::Url> base = http::Url::parse(options.base_url());
    if (!base) return std::move(base).error().with_context("the base URL of the model");
    if (!http::is_field_value(options.api_key())) {
        return Error(Errc::bad_argument,
                     "the API key holds a line break or another control character: it was not "
                     "copied well; check OPENAI_API_KEY");
    }
    if (options.api_key().empty() && options.base_url() == ClientOptions().base_url()) {
        return Error(Errc::bad_argument,
                     "it is not said which model to ask: set OPENAI_BASE_URL to a server's URL "
                     "(`weir mock` starts one and prints it), or OPENAI_API_KEY for OpenAI's");
    }
    return Client(*std::move(base), std::move(options));
}

Client::Client(http::Url base, ClientOptions options)
    : base_(std::move(base)), options_(std::move(options)) {
    http::ClientOptions limits = std::exchange(options_.http_, http::ClientOptions());
    http_ = std::make_unique<http::Client>(std::move(limits.call_limit(options_.call_limit_)));
}

Task<Result<ChatAnswer>> Client::chat(const Chat& chat) {
    Result<http::Request> made = request(kChatPath, write_chat_body(chat, false), kJson);
    if (!made) return refused<ChatAnswer>(std::move(made).error());
    return ask(http_->send(*std::move(made)));
}

Task<Result<ChatStream>> Client::stream(const Chat& chat) {
    Result<http::Request> made = request(kChatPath, write_chat_body(chat, true), kEventStream);
    if (!made) return refused<ChatStream>(std::move(made).error());
    return begin(http_->open(*std::move(made)));
}

Task<Result<RawAnswer>> Client::post(std::string path, std::string body) {
    std::string_view below = path;
    const bool base_has_path =
        !base_.path_and_query().starts_with("/?") && base_.path_and_query() != "/";
    if (base_has_path && below.starts_with("/v1/")) below.remove_prefix(3);
    Result<http::Request> made = request(below, std::move(body), kJson);
    if (!made) return refused<RawAnswer>(std::move(made).error());
    return pass(http_->send(*std::move(made)));
}

Task<Result<ChatAnswer>> Client::ask(Task<Result<http::Response>> call) {
    Result<http::Response> response = co_await std::move(call);
    if (!response) co_return with_verdict(std::move(response).error());
    if (!response->head.is_success()) {
        co_return raw_answer(response->head, std::move(response->body)).failure();
    }
    co_return decode_chat_answer(response->body);
}

Task<Result<RawAnswer>> Client::pass(Task<Result<http::Response>> call) {
    Result<http::Response> response = co_await std::move(call);
    if (!response) co_return with_verdict(std::move(response).error());
    co_return raw_answer(response->head, std::move(response->body));
}

Task<Result<ChatStream>> Client::begin(Task<Result<http::ResponseStream>> call) {
    Result<http::ResponseStream> response = co_await std::move(call);
    if (!response) co_return with_verdict(std::move(response).error());
    if (is_stream(response->head())) co_return begin_stream(*std::move(response));
    co_return co_await begin_unstreamed(*std::move(response));
}

Result<ChatStream> Client::begin_stream(http::ResponseStream response) {
    // The fields of the head are not kept: ten thousand streams may be live.
    const http::ResponseHead head = response.take_head();
    return ChatStream(std::move(response), request_id_of(head.headers));
}

// An error, or a server that does not stream.
Task<Result<ChatStream>> Client::begin_unstreamed(http::ResponseStream response) {
    const http::ResponseHead head = response.take_head();
    std::string body;
    while (body.size() < kUnstreamedBytesMax) {
        Result<Bytes> piece = co_await response.read();
        // Of an error status, the part that came is better than to hear of a cut body.
        if (!piece && head.is_success()) co_return with_verdict(std::move(piece).error());
        if (!piece || piece->empty()) break;
        body.append(as_text(*piece));
    }
    if (!head.is_success() || has_media_type(head.headers, kWebPage)) {
        co_return raw_answer(head, std::move(body)).failure();
    }
    Result<ChatAnswer> answer = decode_chat_answer(body);
    if (!answer) co_return std::move(answer).error();
    ChatStream stream(std::move(response), request_id_of(head.headers));
    stream.whole_ = std::make_unique<Delta>(as_one_delta(*std::move(answer)));
    co_return stream;
}

Result<http::Request> Client::request(std::string_view path, Result<std::string> body,
                                      std::string_view accept) const {
    if (!body) return std::move(body).error();
    Result<http::Url> url = base_.with_path_appended(path);
    if (!url) return std::move(url).error();
    http::Request request("POST", *std::move(url));
    request.header("Content-Type", kJson).header("Accept", accept).header("User-Agent", "weir");
    if (!options_.api_key().empty()) {
        request.header("Authorization", "Bearer " + options_.api_key());
    }
    request.body(*std::move(body));
    return request;
}

// --- stream --------------------------------------------------------------------------------------

Task<Result<std::optional<Delta>>> ChatStream::next() {
    // One value for all ways out: each further one would lie in the frame of every live stream.
    Result<std::optional<Delta>> next = std::optional<Delta>();
    while (!take_from_input(next)) {
        if (decoder_.is_done()) {
            has_ended_ = true;
            co_await response_.drain(kDrainLimit);
        } else if (take_piece(co_await response_.read(), next)) {
            break;
        }
    }
    co_return next;
}

// The next delta of what has come. False also at [DONE], after which the end is to be drained.
bool ChatStream::take_from_input(Result<std::optional<Delta>>& next) {
    if (has_ended_) return true;
    if (whole_) {
        has_ended_ = true;
        next = std::move(*std::exchange(whole_, nullptr));
        return true;
    }
    while (!decoder_.is_done()) {
        Result<http::SseEvent> event = events_.next(input_);
        if (event && event->kind == http::SseEvent::need_more) return false;
        if (event) {
            next = decoder_.event(event->type, event->data);
        } else {
            next = std::move(event).error();
        }
        if (!next) has_ended_ = true;
        if (!next || *next) return true;
    }
    return false;
}

bool ChatStream::take_piece(Result<Bytes> piece, Result<std::optional<Delta>>& next) {
    if (piece && !piece->empty()) {
        input_ = *piece;
        return false;
    }
    if (piece) {
        take_rest(next);
    } else {
        end(std::move(piece).error(), next);
    }
    return true;
}

// At the end of the body: an event that no empty line closed counts if it is whole.
void ChatStream::take_rest(Result<std::optional<Delta>>& next) {
    Result<http::SseEvent> event = events_.finish();
    const bool is_whole = event && event->kind == http::SseEvent::event &&
                          (is_json(event->data) || event->data.starts_with("[DONE]"));
    if (is_whole) {
        next = decoder_.event(event->type, event->data);
        if (!next) has_ended_ = true;
        // If there is a delta, the next call reads nothing more and comes here again.
        if (!next || *next) return;
    }
    end(std::nullopt, next);
}

// The verdict when the body has ended, in good order or not.
void ChatStream::end(std::optional<Error> broken, Result<std::optional<Delta>>& next) {
    has_ended_ = true;
    Result<void> finished = decoder_.finish(!broken);
    if (finished) {
        next = std::optional<Delta>();
    } else if (!broken) {
        next = std::move(finished).error();
    } else if (*broken == Error::timed_out) {
        next = with_verdict(*std::move(broken));
    } else {
        next = std::move(finished).error().with_context(broken->message());
    }
}

}  // namespace weir::llm
