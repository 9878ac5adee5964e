// SPDX-License-Identifier: MIT
#include <weir/llm/wire/delta_decoder.h>
#include <weir/llm/wire/error.h>

#include "llm/wire/chat_members.h"
#include "llm/wire/error_body.h"
#include "llm/wire/json_reader.h"
#include "llm/wire/text.h"

#include <string>
#include <utility>

namespace weir::llm {
namespace {

using ondemand::json_type;

constexpr std::size_t kExcerptBytesMax = 200;

/// One pass over a chunk.
class ChunkReader {
public:
    explicit ChunkReader(char16_t high_surrogate) : high(high_surrogate) {}

    error_code read(std::string_view json) {
        JsonDocument document;
        if (const error_code error = document.open(json, BadUtf8::replace)) return error;
        ondemand::object root;
        if (const error_code error = document.root().get_object().get(root)) return error;
        std::string kind;
        const error_code error =
            for_each_member(root, [&](ondemand::raw_json_string key, ondemand::value value) {
                if (key == "choices") return read_choices(value);
                if (key == "usage") return read_usage(value, delta.usage);
                if (key == "error") return read_is_error(value, is_error);
                return key == "object" || key == "type" ? read_text(value, kind)
                                                        : simdjson::SUCCESS;
            });
        is_error = is_error || kind == "error";
        return error ? error : document.check_end();
    }

    Delta delta;
    char16_t high;
    bool is_error = false;

private:
    error_code read_choices(ondemand::value value) {
        json_type type;
        if (const error_code error = value.type().get(type)) return error;
        if (type != json_type::array) return simdjson::SUCCESS;
        ondemand::array choices;
        if (const error_code error = value.get_array().get(choices)) return error;
        return for_each_element(choices, [&](ondemand::value choice) -> error_code {
            ondemand::object object;
            if (const error_code error = choice.get_object().get(object)) return error;
            return read_choice(object);
        });
    }

    /// Which choice it is may be said last, so all of it is read aside first.
    error_code read_choice(ondemand::object object) {
        Delta piece;
        std::optional<std::int64_t> index;
        char16_t piece_high = high;
        bool choice_failed = false;
        const error_code error =
            for_each_member(object, [&](ondemand::raw_json_string key, ondemand::value value) {
                if (key == "index") return read_integer(value, index);
                if (key == "delta") return read_delta(value, piece, piece_high);
                if (key == "finish_reason") return read_text(value, piece.finish_reason);
                return key == "error" ? read_is_error(value, choice_failed) : simdjson::SUCCESS;
            });
        if (error || index.value_or(0) != 0) return error;
        high = piece_high;
        is_error = is_error || choice_failed;
        delta.text += piece.text;
        delta.refusal += piece.refusal;
        if (piece.role) delta.role = std::move(piece.role);
        // Some servers send "" on every chunk until the end.
        if (piece.finish_reason && !piece.finish_reason->empty()) {
            is_error = is_error || *piece.finish_reason == "error";
            delta.finish_reason = std::move(piece.finish_reason);
        }
        return simdjson::SUCCESS;
    }

    static error_code read_delta(ondemand::value value, Delta& piece, char16_t& piece_high) {
        json_type type;
        if (const error_code error = value.type().get(type)) return error;
        if (type != json_type::object) return simdjson::SUCCESS;
        ondemand::object object;
        if (const error_code error = value.get_object().get(object)) return error;
        return for_each_member(object, [&](ondemand::raw_json_string key, ondemand::value member) {
            if (key == "content") return read_content(member, piece.text, piece_high);
            if (key == "refusal") return read_text(member, piece.refusal);
            return key == "role" ? read_text(member, piece.role) : simdjson::SUCCESS;
        });
    }
};

/// Data that is no JSON but harmless: a comment that a gateway has put into a data field.
bool is_comment(std::string_view data) noexcept {
    return data.starts_with(':');
}

}  // namespace

Result<std::optional<Delta>> DeltaDecoder::event(std::string_view type, std::string_view data) {
    if (is_done()) return std::optional<Delta>();
    data = trim_json(data);
    if (type == "error") return fail(error_in_answer(data));
    if (data.empty() || type == "ping") return std::optional<Delta>();
    if (data == "[DONE]") {
        saw_done_ = true;
        if (high_surrogate_ == 0) return std::optional<Delta>();
        Delta rest;
        flush_surrogate(rest.text, high_surrogate_);
        return std::optional<Delta>(std::move(rest));
    }
    if (is_comment(data)) {
        ++events_skipped_;
        return std::optional<Delta>();
    }

    ChunkReader reader(high_surrogate_);
    const error_code error = reader.read(data);
    if (reader.is_error || data.starts_with("[{\"error\"")) return fail(error_in_answer(data));
    if (error != simdjson::SUCCESS) {
        // To skip it would be to lose a piece of the answer in silence.
        return fail(
            Error(LlmErrc::malformed_answer, "an event of the stream is not the JSON of a chunk: " +
                                                 excerpt(data, kExcerptBytesMax)));
    }
    Delta& delta = reader.delta;
    high_surrogate_ = reader.high;
    if (delta.finish_reason) {
        saw_finish_ = true;
        flush_surrogate(delta.text, high_surrogate_);
    }
    if (delta.usage) saw_usage_ = true;
    const bool is_empty = delta.text.empty() && delta.refusal.empty() && !delta.role &&
                          !delta.finish_reason && !delta.usage;
    if (is_empty) return std::optional<Delta>();
    return std::optional<Delta>(std::move(delta));
}

Result<void> DeltaDecoder::finish(bool body_complete) const {
    if (error_) return Error(*error_);
    if (saw_done_ || saw_finish_) return {};
    return Error(LlmErrc::stream_truncated,
                 body_complete
                     ? "the stream ended without [DONE] and without a finish reason: the answer is "
                       "cut, though the server closed in good order; send the request again"
                     : "the connection broke in the middle of the answer; send the request again")
        .with_retry(true);
}

Error DeltaDecoder::fail(Error error) {
    error_ = std::make_unique<Error>(error);
    return error;
}

}  // namespace weir::llm
