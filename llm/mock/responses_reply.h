// SPDX-License-Identifier: MIT
//
// The answer in OpenAI's Responses API: items, and in a stream their parts.
#pragma once

#include "llm/mock/reply.h"

namespace weir::llm::mock {

class ResponsesReply final : public ReplyWriter {
public:
    ResponsesReply(const Ask& ask, const ReplyId& id, const Dialect& dialect)
        : ReplyWriter(ask, id, dialect) {}

    std::string whole(Plan& plan, Finish finish) override;
    void begin(const Plan& plan) override;
    void add(const Piece& piece, const Plan& plan) override;
    void finish(const Plan& plan, Finish finish) override;
    void end() override;
    void fail(std::string_view message) override;

private:
    enum class Item : std::uint8_t { none, reasoning, message, call };

    void open(std::string_view event);
    void append_response(std::string_view status, const Usage* usage);
    /// "rs_mock_1_0": the open item's.
    std::string item_id() const;
    std::string item_json(std::string_view status) const;
    std::string part_json() const;
    void append_place(bool has_content);
    void add_part_event(std::string_view event);
    void open_item(Item item, std::size_t call_index);
    void close_item();
    /// Puts the open item among those that are done.
    void keep_item(std::string_view status);

    std::string items_;    // those that are done, with commas
    std::string content_;  // of the open one so far: its text, or its arguments
    std::int64_t sequence_ = 0;
    std::int64_t index_ = -1;
    std::size_t call_index_ = 0;
    Item item_ = Item::none;
    Finish finish_ = Finish::stop;
    Usage usage_;
};

}  // namespace weir::llm::mock
