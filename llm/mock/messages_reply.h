// SPDX-License-Identifier: MIT
//
// The answer in Anthropic's Messages protocol.
#pragma once

#include "llm/mock/reply.h"

namespace weir::llm::mock {

class MessagesReply final : public ReplyWriter {
public:
    MessagesReply(const Ask& ask, const ReplyId& id, const Dialect& dialect)
        : ReplyWriter(ask, id, dialect) {}

    std::string whole(Plan& plan, Finish finish) override;
    void begin(const Plan& plan) override;
    void add(const Piece& piece, const Plan& plan) override;
    void finish(const Plan& plan, Finish finish) override;
    void end() override;
    void fail(std::string_view message) override;

private:
    enum class Block : std::uint8_t { none, thinking, text, call };

    void append_head();
    void append_stop(Finish finish);
    void append_usage(std::int64_t output_tokens);
    void append_call(std::size_t index, std::string_view input);
    void open_block(Block block, const Piece& piece);
    void close_block();
    void open_delta(std::string_view type, std::string_view member);

    Block block_ = Block::none;
    std::int64_t index_ = -1;  // of the block
};

}  // namespace weir::llm::mock
