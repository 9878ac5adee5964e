// SPDX-License-Identifier: MIT
//
// An answer in the words of one protocol: as one JSON text, or event by event. What the protocols
// have in common is here; chat_reply.h, messages_reply.h and responses_reply.h have the rest.
#pragma once

#include <weir/llm/wire/answer.h>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "llm/mock/dialect.h"
#include "llm/mock/plan.h"
#include "llm/mock/request.h"

namespace weir::llm::mock {

/// The same in every answer, so that a run can be compared with another byte by byte.
inline constexpr std::string_view kCreated = "1735689600";

/// What identifies an answer.
class ReplyId {
public:
    ReplyId(std::uint64_t call, std::string_view model_name) : number(call), model(model_name) {}

    std::uint64_t number;
    std::string_view model;
};

/// Why the answer ends; `unknown` where it does not say.
enum class Finish : std::uint8_t { stop, length, calls, unknown };

/// Writes the answer to one request. Events are gathered in one text, which is sent, cleared and
/// used again, so that a token costs no memory.
class ReplyWriter {
public:
    ReplyWriter(const ReplyWriter&) = delete;
    ReplyWriter& operator=(const ReplyWriter&) = delete;
    virtual ~ReplyWriter() = default;

    std::string_view text() const noexcept { return out_; }
    /// Forgets what was written.
    void clear() noexcept { out_.clear(); }

    /// The whole answer, not streamed.
    virtual std::string whole(Plan& plan, Finish finish) = 0;

    // A stream: what comes at once, the pieces, and the end.
    virtual void begin(const Plan& plan) = 0;
    virtual void add(const Piece& piece, const Plan& plan) = 0;
    virtual void finish(const Plan& plan, Finish finish) = 0;
    /// What tells that no more will come.
    virtual void end() = 0;
    /// What comes in the place of the rest if the model fails.
    virtual void fail(std::string_view message) = 0;

    /// An event that is no JSON.
    void add_malformed();
    /// A comment, as a line of its own and an empty one.
    void add_comment(std::string_view line);

protected:
    ReplyWriter(const Ask& ask, const ReplyId& id, const Dialect& dialect);

    /// "event: NAME" and the beginning of its data, with the type as first member.
    void open_event(std::string_view name);
    void close_event();
    /// `text` as a JSON string. Drawn words are written as they are, since they need no escape.
    void append_text(std::string_view text, bool is_plain);
    /// "call_mock_1_0", or as the protocol and the dialect have it.
    std::string call_id(std::size_t index) const;

    const Ask& ask_;
    const Dialect& dialect_;
    ReplyId id_;
    std::string out_;
};

/// `ask`, the model's name in `id`, and `dialect` must outlive the writer.
std::unique_ptr<ReplyWriter> make_reply_writer(const Ask& ask, const ReplyId& id,
                                               const Dialect& dialect);

std::string write_models();

}  // namespace weir::llm::mock
