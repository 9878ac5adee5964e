// SPDX-License-Identifier: MIT
#include <weir/llm/batch/runner.h>

#include <weir/http/wire/error.h>
#include <weir/llm/client.h>
#include <weir/llm/wire/answer_decoder.h>
#include <weir/llm/wire/error.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task_group.h>

#include <algorithm>
#include <string_view>

namespace weir::llm {
namespace {

/// Refused items cost no wait, so a source full of them must let others run now and then.
constexpr std::uint64_t kRefusedPerTurn = 64;

/// A call's place among those under way, from the moment its request was taken: a call that is
/// cancelled is counted, even if it never began.
class CallPlace {
public:
    CallPlace(Permit permit, BatchSummary& summary) noexcept
        : permit_(std::move(permit)), summary_(&summary) {
        ++summary.in_flight;
    }
    CallPlace(CallPlace&& other) noexcept
        : permit_(std::move(other.permit_)), summary_(std::exchange(other.summary_, nullptr)) {}
    CallPlace& operator=(CallPlace&&) = delete;
    ~CallPlace() {
        if (summary_ == nullptr) return;
        --summary_->in_flight;
        ++summary_->cancelled;
    }

    /// The call has its line.
    void settle() noexcept { --std::exchange(summary_, nullptr)->in_flight; }

private:
    Permit permit_;
    BatchSummary* summary_;
};

/// What the error file calls a failure that has no status.
std::string_view code_name(const Error& error) {
    using http::HttpErrc;
    if (error == Error::timed_out) return "timed_out";
    if (error == std::errc::connection_refused) return "connection_refused";
    if (error == Error::name_not_found || error == Error::name_server_failed) {
        return "name_not_resolved";
    }
    const bool is_lost = error == std::errc::connection_reset || error == std::errc::broken_pipe ||
                         error == Error::stream_ended || error == HttpErrc::no_response ||
                         error == HttpErrc::body_cut || error == HttpErrc::tls_truncated;
    if (is_lost) return "connection_lost";
    if (error == LlmErrc::malformed_answer) return "malformed_answer";
    if (error == LlmErrc::failed_in_stream) return "error_in_answer";
    if (error.category() == http::http_category()) return "http_failed";
    return "request_failed";
}

class Batch {
public:
    Batch(Client& client, RequestSource& source, BatchSink& sink, BatchOptions options,
          BatchSummary& summary)
        : client_(client),
          source_(source),
          sink_(sink),
          summary_(summary),
          places_(std::max<std::size_t>(1, options.concurrency())) {}

    /// Takes the requests one by one, each when there is a place for its call: as many lines are
    /// in memory as there are calls under way.
    Task<Result<void>> take_all(TaskGroup& group) {
        for (;;) {
            Permit permit = co_await places_.acquire();
            Result<std::optional<BatchItem>> item = co_await source_.next();
            if (!item) co_return item.error();
            if (!item->has_value()) {
                summary_.source_has_ended = true;
                co_return Result<void>();
            }
            ++summary_.items;
            if (auto* refused = std::get_if<RefusedItem>(&**item)) {
                Result<void> written = sink_.write_error(std::move(refused->error_line));
                if (!written) co_return written.error();
                if (++summary_.refused % kRefusedPerTurn == 0) co_await yield();
                continue;
            }
            group.spawn(call(std::get<RequestLine>(**std::move(item)), ++requests_,
                             CallPlace(std::move(permit), summary_)));
        }
    }

private:
    Task<Result<void>> call(RequestLine request, std::uint64_t number, CallPlace place) {
        Result<RawAnswer> answer =
            co_await client_.post(std::move(request.url), std::move(request.body));
        const std::string id = "batch_req_" + std::to_string(number);
        Result<void> written = answer ? keep_answer(id, request.custom_id, *answer)
                                      : keep_failure(id, request.custom_id, answer.error());
        if (written) place.settle();
        co_return written;
    }

    Result<void> keep_answer(std::string_view id, std::string_view custom_id, RawAnswer& answer) {
        const bool is_success = answer.status >= 200 && answer.status < 300;
        if (!is_success) return keep_failed_answer(id, custom_id, answer, "", "");
        // A success that is no answer would pass for one in the output: a gateway's own page, or
        // an error object that came with status 200.
        const Result<ChatAnswer> decoded = decode_chat_answer(answer.body);
        if (!decoded) {
            return keep_failed_answer(id, custom_id, answer, code_name(decoded.error()),
                                      decoded.error().message());
        }
        Result<void> written = sink_.write_output(
            write_output_line(id, custom_id, answer.status, answer.request_id, answer.body));
        if (!written) return written;
        ++summary_.succeeded;
        if (decoded->usage) {
            summary_.input_tokens += decoded->usage->input_tokens;
            summary_.output_tokens += decoded->usage->output_tokens;
        }
        return {};
    }

    Result<void> keep_failed_answer(std::string_view id, std::string_view custom_id,
                                    RawAnswer& answer, std::string_view code,
                                    std::string_view message) {
        const FailedResponse response(answer.status, std::move(answer.request_id),
                                      std::move(answer.body));
        return keep_error(write_failure_line(id, custom_id, response, code, message));
    }

    Result<void> keep_failure(std::string_view id, std::string_view custom_id, const Error& error) {
        return keep_error(
            write_failure_line(id, custom_id, std::nullopt, code_name(error), error.message()));
    }

    Result<void> keep_error(std::string line) {
        Result<void> written = sink_.write_error(std::move(line));
        if (written) ++summary_.failed;
        return written;
    }

    Client& client_;
    RequestSource& source_;
    BatchSink& sink_;
    BatchSummary& summary_;
    Semaphore places_;
    std::uint64_t requests_ = 0;
};

}  // namespace

Task<Result<void>> run_batch(Client& client, RequestSource& source, BatchSink& sink,
                             BatchOptions options, BatchSummary& summary) {
    Batch batch(client, source, sink, options, summary);
    co_return co_await with_group(
        [&](TaskGroup& group) -> Task<Result<void>> { return batch.take_all(group); });
}

}  // namespace weir::llm
