// SPDX-License-Identifier: MIT
#include <weir/llm/wire/delta_decoder.h>
#include <weir/llm/wire/error.h>
#include <weir/llm/wire/json.h>

#include "llm/wire/chat_members.h"
#include "llm/wire/error_body.h"
#include "llm/wire/json_reader.h"
#include "llm/wire/text.h"
#include "llm/wire/tool_call_members.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace weir::llm {
namespace {

using ondemand::json_type;

constexpr std::size_t kExcerptBytesMax = 200;
constexpr std::int64_t kChoicesMax = 1024;

/// Data that is no JSON but harmless: a comment that a gateway has put into a data field.
bool is_comment(std::string_view data) noexcept {
    return data.starts_with(':');
}

bool is_empty(const Delta& delta) noexcept {
    return delta.text.empty() && delta.reasoning.empty() && delta.refusal.empty() &&
           delta.tool_calls.empty() && !delta.role && !delta.finish_reason && !delta.usage;
}

}  // namespace

struct DeltaDecoder::Rest {
    /// Those after choice 0: whether each has its finish reason.
    std::vector<bool> finished;
    std::vector<Delta> waiting;  // the pieces of an event after its first
    std::size_t given = 0;       // of those
    std::string blocks;          // of the reasoning of choice 0, separated by commas
};

/// One pass over a chunk.
class DeltaDecoder::ChunkReader {
public:
    ChunkReader(DeltaDecoder& decoder, Delta& delta) : decoder_(decoder), delta_(delta) {}

    error_code read(std::string_view json) {
        JsonDocument document;
        if (const error_code error = document.open(json, BadUtf8::replace)) return error;
        ondemand::object root;
        if (const error_code error = document.root().get_object().get(root)) return error;
        const error_code error =
            for_each_member(root, [&](ondemand::raw_json_string key, ondemand::value value) {
                if (key == "choices") return read_choices(value);
                if (key == "usage") return read_usage(value, usage_);
                if (key == "error") return read_is_error(value, is_error);
                // Of the words that may stand there only "error" is of interest.
                if (key != "object" && key != "type") return simdjson::SUCCESS;
                is_error = is_error || trim_json(value.raw_json_token()) == "\"error\"";
                return simdjson::SUCCESS;
            });
        if (usage_) delta_.usage = usage_;
        return error ? error : document.check_end();
    }

    bool is_error = false;

private:
    error_code read_choices(ondemand::value value) {
        json_type type;
        if (const error_code error = value.type().get(type)) return error;
        if (type != json_type::array) return simdjson::SUCCESS;
        ondemand::array choices;
        if (const error_code error = value.get_array().get(choices)) return error;
        bool is_first = true;
        return for_each_element(choices, [&](ondemand::value choice) -> error_code {
            ondemand::object object;
            if (const error_code error = choice.get_object().get(object)) return error;
            if (std::exchange(is_first, false)) return read_choice(object, delta_);
            return read_choice(object, decoder_.rest().waiting.emplace_back());
        });
    }

    error_code read_choice(ondemand::object object, Delta& piece) {
        std::optional<std::int64_t> index;
        Halves& pending = decoder_.halves_;
        if ((pending.text | pending.reasoning | pending.arguments) != 0) {
            // The halves are of choice 0, and which choice this is may be said last.
            ondemand::value value;
            if (object.find_field_unordered("index").get(value) == simdjson::SUCCESS) {
                if (const error_code error = read_integer(value, index)) return error;
            }
            if (const auto error = object.reset().error()) return error;
        }
        Halves own;
        Halves& halves = index.value_or(0) == 0 ? pending : own;
        const error_code error =
            for_each_member(object, [&](ondemand::raw_json_string key, ondemand::value value) {
                if (key == "index") return read_integer(value, index);
                if (key == "delta") return read_delta(value, piece, halves);
                if (key == "finish_reason") return read_text(value, piece.finish_reason);
                return key == "error" ? read_is_error(value, is_error) : simdjson::SUCCESS;
            });
        if (error) return error;
        if (index.value_or(0) < 0 || index.value_or(0) >= kChoicesMax) {
            return simdjson::INDEX_OUT_OF_BOUNDS;
        }
        piece.choice = static_cast<int>(index.value_or(0));
        // Some servers send "" on every chunk until the end.
        if (piece.finish_reason && piece.finish_reason->empty()) piece.finish_reason.reset();
        if (piece.finish_reason == "error") is_error = true;
        if (piece.choice != 0 || piece.finish_reason) flush(piece, halves);
        return simdjson::SUCCESS;
    }

    static void flush(Delta& piece, Halves& halves) {
        flush_surrogate(piece.text, halves.text);
        flush_surrogate(piece.reasoning, halves.reasoning);
        if (!piece.tool_calls.empty()) {
            flush_surrogate(piece.tool_calls.back().arguments, halves.arguments);
        }
        halves.arguments = 0;
    }

    error_code read_delta(ondemand::value value, Delta& piece, Halves& halves) {
        json_type type;
        if (const error_code error = value.type().get(type)) return error;
        if (type != json_type::object) return simdjson::SUCCESS;
        ondemand::object object;
        if (const error_code error = value.get_object().get(object)) return error;
        return for_each_member(object, [&](ondemand::raw_json_string key, ondemand::value member) {
            if (key == "content") {
                return read_content(member, piece.text, halves.text, &piece.reasoning);
            }
            if (key == "role") return read_text(member, piece.role);
            if (key == "refusal") return read_text(member, piece.refusal);
            if (key == "tool_calls") {
                return read_tool_calls(member, piece.tool_calls, halves.arguments);
            }
            if (key == "function_call") {
                return read_function_call(member, piece.tool_calls, halves.arguments);
            }
            if (key == "reasoning_details") return read_blocks(member);
            // Some servers give both, with the same words.
            const bool is_reasoning = key == "reasoning_content" || key == "reasoning";
            if (!is_reasoning || !piece.reasoning.empty()) return simdjson::SUCCESS;
            return append_text(member, piece.reasoning, halves.reasoning);
        });
    }

    error_code read_blocks(ondemand::value value) {
        std::string elements;
        if (const error_code error = append_elements(value, elements)) return error;
        if (elements.empty()) return simdjson::SUCCESS;
        std::string& blocks = decoder_.rest().blocks;
        if (!blocks.empty()) blocks += ',';
        blocks += elements;
        return simdjson::SUCCESS;
    }

    DeltaDecoder& decoder_;
    Delta& delta_;
    std::optional<Usage> usage_;
};

DeltaDecoder::DeltaDecoder(int choices) {
    const int others = static_cast<int>(std::min<std::int64_t>(choices, kChoicesMax)) - 1;
    if (others > 0) rest().finished.resize(static_cast<std::size_t>(others));
}
DeltaDecoder::DeltaDecoder(DeltaDecoder&&) noexcept = default;
DeltaDecoder& DeltaDecoder::operator=(DeltaDecoder&&) noexcept = default;
DeltaDecoder::~DeltaDecoder() = default;

DeltaDecoder::Rest& DeltaDecoder::rest() {
    if (!rest_) rest_ = std::make_unique<Rest>();
    return *rest_;
}

Result<std::optional<Delta>> DeltaDecoder::event(std::string_view type, std::string_view data) {
    if (is_done()) return std::optional<Delta>();
    if (rest_) {
        rest_->waiting.clear();
        rest_->given = 0;
    }
    data = trim_json(data);
    if (type == "error") return fail(error_in_answer(data));
    if (data.empty() || type == "ping") return std::optional<Delta>();
    if (data == "[DONE]") {
        return end_of_stream();
    }
    if (is_comment(data)) {
        ++events_skipped_;
        return std::optional<Delta>();
    }

    Result<std::optional<Delta>> result = std::optional<Delta>(std::in_place);
    Delta& delta = **result;
    ChunkReader reader(*this, delta);
    error_code error = reader.read(data);
    if (reader.is_error || data.starts_with("[{\"error\"")) return fail(error_in_answer(data));
    bool is_good = error == simdjson::SUCCESS && settle(delta.tool_calls);
    if (rest_) {
        for (Delta& other : rest_->waiting)
            is_good = is_good && settle(other.tool_calls);
    }
    if (!is_good) {
        // To skip it would be to lose a piece of the answer in silence.
        return fail(
            Error(LlmErrc::malformed_answer, "an event of the stream is not the JSON of a chunk: " +
                                                 excerpt(data, kExcerptBytesMax)));
    }
    if (delta.usage) saw_usage_ = true;
    if (delta.finish_reason || delta.choice != 0) take_finish(delta);
    if (rest_) {
        for (Delta& other : rest_->waiting)
            take_finish(other);
    }
    if (!is_empty(delta)) return result;
    return more();
}

std::optional<Delta> DeltaDecoder::more() {
    while (rest_ && rest_->given < rest_->waiting.size()) {
        Delta& next = rest_->waiting[rest_->given++];
        if (!is_empty(next)) return std::move(next);
    }
    return std::nullopt;
}

bool DeltaDecoder::saw_finish() const noexcept {
    return saw_first_finish_ &&
           (!rest_ || std::ranges::find(rest_->finished, false) == rest_->finished.end());
}

void DeltaDecoder::take_finish(Delta& delta) {
    if (delta.choice == 0) {
        if (!delta.finish_reason) return;
        saw_first_finish_ = true;
        if (!rest_ || rest_->blocks.empty()) return;
        std::string blocks = "[" + std::exchange(rest_->blocks, "") + "]";
        if (is_json(blocks)) delta.reasoning_blocks = minify_json(blocks);
        return;
    }
    const auto place = static_cast<std::size_t>(delta.choice - 1);
    std::vector<bool>& finished = rest().finished;
    if (place >= finished.size()) finished.resize(place + 1);
    if (delta.finish_reason) finished[place] = true;
}

/// What still waits for its second half comes now.
Result<std::optional<Delta>> DeltaDecoder::end_of_stream() {
    saw_done_ = true;
    Delta rest;
    flush_surrogate(rest.text, halves_.text);
    flush_surrogate(rest.reasoning, halves_.reasoning);
    if (is_empty(rest)) return std::optional<Delta>();
    return std::optional<Delta>(std::move(rest));
}

Result<void> DeltaDecoder::finish(bool body_complete) const {
    if (error_) return Error(*error_);
    if (saw_done_ || saw_finish()) return {};
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
