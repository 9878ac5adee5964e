// SPDX-License-Identifier: MIT
//
// The mock server's answers as JSON text: whole ones, the events of streamed ones, and errors.
#pragma once

#include <weir/llm/wire/answer.h>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::llm::mock {

/// What identifies an answer.
class ReplyId {
public:
    ReplyId(std::uint64_t number, std::string_view model_name)
        : id("chatcmpl-mock-" + std::to_string(number)), model(model_name) {}

    std::string id;
    std::string model;
};

/// An empty `finish_reason` is written as null.
std::string write_whole_answer(const ReplyId& id, std::string_view text,
                               std::string_view finish_reason, const Usage& usage);

/// An error body with OpenAI's members. `type` is such as "invalid_request_error".
std::string write_error(std::string_view message, std::string_view type);
/// The one that fits a status which was scripted.
std::string write_error(int status);

std::string write_models();

/// Writes the events of one stream into one piece of text, which is sent and used again.
class EventWriter {
public:
    explicit EventWriter(const ReplyId& id);

    /// Forgets what was written.
    void clear() noexcept { out_.clear(); }
    std::string_view text() const noexcept { return out_; }

    /// A piece of the answer. Precondition: nothing in `token` needs to be escaped in JSON. The
    /// first one tells the role too, as servers do.
    void add_token(std::string_view token);
    void add_finish(std::string_view finish_reason);
    void add_usage(const Usage& usage);
    void add_error();
    void add_done();

private:
    std::string out_;
    std::string begin_;  // of every event, up to the choices
    bool is_first_ = true;
};

}  // namespace weir::llm::mock
