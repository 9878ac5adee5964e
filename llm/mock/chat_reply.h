// SPDX-License-Identifier: MIT
//
// The answer in Chat Completions, in any of its dialects.
#pragma once

#include "llm/mock/reply.h"

namespace weir::llm::mock {

class ChatReply final : public ReplyWriter {
public:
    ChatReply(const Ask& ask, const ReplyId& id, const Dialect& dialect);

    std::string whole(Plan& plan, Finish finish) override;
    void begin(const Plan& plan) override;
    void add(const Piece& piece, const Plan& plan) override;
    void finish(const Plan& plan, Finish finish) override;
    void end() override;
    void fail(std::string_view message) override;

private:
    void append_head(std::string_view object);
    /// A chunk up to its delta's members.
    void open_chunk();
    /// From the delta's end to the chunk's.
    void close_chunk();
    void close_event_line();
    void append_call(std::size_t index, bool is_streamed, std::string_view arguments);
    void add_call(const Piece& piece, const Plan& plan);
    void append_usage(const Usage& usage);
    bool tells_usage() const noexcept;
    bool tells_usage_often() const noexcept;
    std::string_view reason(Finish finish) const noexcept;

    std::string begin_;  // of every chunk, up to its choices
    std::string close_;  // of most chunks, from the delta on
    std::int64_t pieces_ = 0;
    bool has_role_ = false;
};

}  // namespace weir::llm::mock
