// SPDX-License-Identifier: MIT
#include <weir/llm/client.h>

#include <weir/http/wire/headers.h>
#include <weir/llm/wire/protocol.h>
#include <weir/runtime/address.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/timeout.h>

#include "llm/call.h"
#include "llm/hedge.h"
#include "llm/verdict.h"

#include <utility>

namespace weir::llm {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kWebPage = "text/html";
constexpr std::string_view kEventStream = "text/event-stream";
// Of a whole answer. What is longer is read as a stream.
constexpr std::size_t kAnswerBytesMax = std::size_t{256} << 20;
// Of an error, and of what comes in the place of a stream.
constexpr std::size_t kFailureBytesMax = std::size_t{16} << 20;

/// An answer that a server gave whole although it was asked for a stream.
Delta as_one_delta(ChatAnswer answer) {
    Delta delta(std::move(answer.text));
    delta.refusal = std::move(answer.refusal).value_or("");
    delta.role = std::string(to_string(Role::assistant));
    if (!answer.finish_reason.empty()) delta.finish_reason = std::move(answer.finish_reason);
    delta.usage = answer.usage;
    delta.reasoning = std::move(answer.reasoning);
    delta.reasoning_blocks = std::move(answer.reasoning_blocks);
    for (std::size_t index = 0; index < answer.tool_calls.size(); ++index) {
        ToolCall& call = answer.tool_calls[index];
        ToolCallDelta& whole = delta.tool_calls.emplace_back();
        whole.index = static_cast<std::int64_t>(index);
        whole.id = std::move(call.id);
        whole.name = std::move(call.name);
        whole.arguments = std::move(call.arguments);
        whole.extra = std::move(call.extra);
        whole.are_arguments_whole = true;
    }
    return delta;
}

bool has_media_type(const http::Headers& headers, std::string_view type) {
    const std::string_view value = headers.get("content-type").value_or("");
    return http::equals_ignoring_case(http::trim_whitespace(value.substr(0, value.find(';'))),
                                      type);
}

/// Whether what is sent there can be read on the way: no TLS, and another machine.
bool is_exposed(const http::Url& url) {
    if (url.is_secure() || url.is_unix()) return false;
    const std::string_view host = url.host();
    if (host == "localhost" || host.ends_with(".localhost")) return false;
    const Result<Endpoint> endpoint = Endpoint::parse(host, url.port());
    const bool is_loopback = endpoint && (host == "::1" || host.starts_with("127."));
    return !is_loopback;
}

bool is_stream(const http::ResponseHead& head) {
    return !has_media_type(head.headers, kWebPage) && !has_media_type(head.headers, kJson);
}

// Of a whole answer, the head says that it is coming. Of a stream, only content does, and then
// the race is over.
bool has_begun(const Call& call) {
    return call.report().status == 200;
}
bool never_begun(const Call&) {
    return false;
}

/// A call that was never made.
template <typename T>
Task<Result<T>> refused(Error error) {
    co_return error;
}

/// Appends the body to `text`, which is what came of it also where it broke off.
Task<Result<void>> gather(http::ResponseStream& response, std::size_t bytes_max,
                          std::string& text) {
    for (;;) {
        Result<Bytes> piece = co_await response.read();
        if (!piece) co_return with_verdict(std::move(piece).error());
        if (piece->empty()) co_return Result<void>();
        if (text.size() + piece->size() > bytes_max) {
            co_return Error(LlmErrc::malformed_answer,
                            "the answer is longer than " + std::to_string(bytes_max) +
                                " bytes: ask for fewer tokens, or for a stream");
        }
        text.append(as_text(*piece));
    }
}

}  // namespace

/// What calls use while they run, at a place that stays when the client is moved.
class Client::Shared {
public:
    Shared(http::Url url, ClientOptions client_options)
        : base(std::move(url)),
          options(std::move(client_options)),
          dialect(options.dialect_ ? *options.dialect_ : Dialect::for_url(options.base_url_)),
          rules(options.first_content_limit_, options.content_gap_limit_, options.api_key_),
          http(std::exchange(options.http_, http::ClientOptions())) {}

    http::Url base;
    ClientOptions options;
    Dialect dialect;
    StreamRules rules;
    http::Client http;
};

Client::Client(std::unique_ptr<Shared> shared) noexcept : shared_(std::move(shared)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::make(ClientOptions options) {
    Result<http::Url> base = http::Url::parse(options.base_url());
    if (!base) return std::move(base).error().with_context("the base URL of the model");
    if (!http::is_field_value(options.api_key().reveal())) {
        return Error(Errc::bad_argument,
                     "the API key holds a line break or another control character: it was not "
                     "copied well; check OPENAI_API_KEY");
    }
    if (options.api_key().is_empty() && options.base_url() == ClientOptions().base_url()) {
        return Error(Errc::bad_argument,
                     "it is not said which model to ask: set OPENAI_BASE_URL to a server's URL "
                     "(`weir mock` starts one and prints it), or OPENAI_API_KEY for OpenAI's");
    }
    if (!options.api_key().is_empty() && !options.may_expose_key_ && is_exposed(*base)) {
        return Error(Errc::bad_argument,
                     "the API key would go to " + std::string(base->host()) +
                         " over plain HTTP, where anybody on the way can read it: use https, or "
                         "say key_over_plain_http() if you know that way");
    }
    return Client(std::make_unique<Shared>(*std::move(base), std::move(options)));
}

const std::string& Client::model() const noexcept {
    return shared_->options.model();
}

const http::Client& Client::http() const noexcept {
    return shared_->http;
}

Task<Result<ChatAnswer>> Client::chat(const Chat& chat) {
    Result<std::unique_ptr<Call>> call = make_call(chat, false);
    if (!call) return refused<ChatAnswer>(std::move(call).error());
    const std::optional<Duration> hedge_after = shared_->options.hedge_after_;
    if (!hedge_after) return ask(*shared_, *std::move(call));
    const Call& first = **call;
    Task<Result<ChatAnswer>> second = ask(*shared_, first.make_hedge());
    return hedged(*hedge_after, ask(*shared_, *std::move(call)), std::move(second), first,
                  &has_begun);
}

Task<Result<ChatStream>> Client::stream(const Chat& chat) {
    Result<std::unique_ptr<Call>> call = make_call(chat, true);
    if (!call) return refused<ChatStream>(std::move(call).error());
    const std::optional<Duration> hedge_after = shared_->options.hedge_after_;
    if (!hedge_after) return begin(*shared_, *std::move(call));
    const Call& first = **call;
    Task<Result<ChatStream>> second = begin_to_content(*shared_, first.make_hedge());
    return hedged(*hedge_after, begin_to_content(*shared_, *std::move(call)), std::move(second),
                  first, &never_begun);
}

Result<std::unique_ptr<Call>> Client::make_call(const Chat& chat, bool stream) const {
    const Dialect& dialect = shared_->dialect;
    const std::string path = chat_path(dialect, chat.model());
    Result<http::Request> made =
        request(path, write_body(chat, stream, dialect), stream ? kEventStream : kJson);
    if (!made) return std::move(made).error();
    ClientOptions& options = shared_->options;
    return std::make_unique<Call>(*std::move(made), chat, dialect.protocol, options.retry_,
                                  options.retry_budget_);
}

Task<Result<RawAnswer>> Client::post(std::string path, std::string body) {
    std::string_view below = path;
    const std::string_view base_path = shared_->base.path_and_query();
    const bool base_has_path = !base_path.starts_with("/?") && base_path != "/";
    if (base_has_path && below.starts_with("/v1/")) below.remove_prefix(3);
    Result<http::Request> made = request(below, std::move(body), kJson);
    if (!made) return refused<RawAnswer>(std::move(made).error());
    const Instant deadline = saturating_add(Reactor::current().now(), shared_->options.call_limit_);
    return pass(shared_->http.send(*std::move(made), http::CallOptions().deadline(deadline)));
}

Task<Result<ChatAnswer>> Client::ask(Shared& shared, std::unique_ptr<Call> call) {
    call->begin(shared.options.call_limit_);
    for (;;) {
        Result<http::ResponseStream> response = co_await open(shared, *call);
        if (!response) co_return std::move(response).error();
        std::string body;
        Result<void> gathered = co_await gather(*response, kAnswerBytesMax, body);
        call->on_end();
        if (gathered) co_return read_answer(shared, *call, body);
        call->settle(std::nullopt, Duration::zero());
        std::optional<Instant> next;
        if (shared.options.repeats_broken_) next = call->next_attempt(gathered.error());
        if (!next) co_return call->last_word(std::move(gathered).error());
        co_await sleep_until(*next);
    }
}

// Not a part of ask(): another answer would lie in the frame of each call that waits.
Result<ChatAnswer> Client::read_answer(Shared& shared, Call& call, std::string_view body) {
    Result<ChatAnswer> answer = decode_answer(body, call.protocol());
    call.settle(answer ? answer->usage : std::nullopt, Duration::zero());
    if (!answer) return mask_secret(std::move(answer).error(), shared.rules.key);
    answer->report = call.take_report();
    return answer;
}

// The head of an answer with a good status, after as many attempts as it takes.
Task<Result<http::ResponseStream>> Client::open(Shared& shared, Call& call) {
    for (;;) {
        if (shared.options.limiter_ != nullptr) {
            Result<void> admitted = co_await wait_for_permit(*shared.options.limiter_, call);
            if (!admitted) co_return call.last_word(std::move(admitted).error());
        }
        call.begin_attempt();
        Result<http::ResponseStream> response =
            co_await shared.http.open(call.request(), call.options());
        std::optional<Error> failed;
        if (response) {
            call.on_head(response->head());
            if (response->head().is_success()) co_return response;
            Error told = co_await read_failure(*response);
            failed = mask_secret(std::move(told), shared.rules.key);
        } else {
            failed = with_verdict(std::move(response).error());
        }
        call.settle(std::nullopt, failed->retry_after());
        const std::optional<Instant> next = call.next_attempt(*failed);
        if (!next) co_return call.last_word(*std::move(failed));
        co_await sleep_until(*next);
    }
}

Task<Result<void>> Client::wait_for_permit(Limiter& limiter, Call& call) {
    const Instant begun = Reactor::current().now();
    Result<CallPermit> permit =
        co_await timeout_at(call.deadline(), limiter.acquire(call.demand()));
    if (!permit) co_return std::move(permit).error().with_context("waiting for the limiter");
    call.admit(*std::move(permit), Reactor::current().now() - begun);
    co_return Result<void>();
}

// Of a body that breaks off, the part that came is better than to hear of the cut.
Task<Error> Client::read_failure(http::ResponseStream& response) {
    std::string body;
    Result<void> ignored = co_await gather(response, kFailureBytesMax, body);
    static_cast<void>(ignored);
    co_return RawAnswer(response.head(), std::move(body)).failure();
}

Task<Result<RawAnswer>> Client::pass(Task<Result<http::Response>> call) {
    Result<http::Response> response = co_await std::move(call);
    if (!response) co_return with_verdict(std::move(response).error());
    co_return RawAnswer(response->head, std::move(response->body));
}

Task<Result<ChatStream>> Client::begin(Shared& shared, std::unique_ptr<Call> call) {
    call->begin(shared.options.call_limit_);
    Result<http::ResponseStream> response = co_await open(shared, *call);
    if (!response) co_return std::move(response).error();
    if (!is_stream(response->head())) {
        co_return co_await begin_unstreamed(shared, *std::move(response), std::move(call));
    }
    // The fields of the head are not kept: ten thousand streams may be live.
    const http::ResponseHead head = response->take_head();
    co_return ChatStream(*std::move(response), *call, shared.rules);
}

Task<Result<ChatStream>> Client::begin_to_content(Shared& shared, std::unique_ptr<Call> call) {
    Result<ChatStream> stream = co_await begin(shared, std::move(call));
    if (!stream) co_return stream;
    Result<void> found = co_await stream->look_ahead();
    if (!found) co_return std::move(found).error();
    co_return stream;
}

// A server that does not stream.
Task<Result<ChatStream>> Client::begin_unstreamed(Shared& shared, http::ResponseStream response,
                                                  std::unique_ptr<Call> call) {
    std::string body;
    Result<void> gathered = co_await gather(response, kFailureBytesMax, body);
    if (!gathered) co_return call->last_word(std::move(gathered).error());
    const http::ResponseHead head = response.take_head();
    if (has_media_type(head.headers, kWebPage))
        co_return RawAnswer(head, std::move(body)).failure();
    Result<ChatAnswer> answer = decode_answer(body, call->protocol());
    if (!answer) co_return mask_secret(std::move(answer).error(), shared.rules.key);
    ChatStream stream(std::move(response), *call, shared.rules);
    stream.whole_ = std::make_unique<Delta>(as_one_delta(*std::move(answer)));
    co_return stream;
}

Result<http::Request> Client::request(std::string_view path, Result<std::string> body,
                                      std::string_view accept) const {
    if (!body) return std::move(body).error();
    Result<http::Url> url = shared_->base.with_path_appended(path);
    if (!url) return std::move(url).error();
    http::Request request("POST", *std::move(url));
    request.header("Content-Type", kJson).header("Accept", accept).header("User-Agent", "weir");
    for (const auto& [name, value] :
         request_headers(shared_->dialect, shared_->rules.key.reveal())) {
        request.header(name, value);
    }
    for (const auto& field : shared_->options.headers_) {
        request.header(field.name, field.value);
    }
    request.body(*std::move(body));
    return request;
}

}  // namespace weir::llm
