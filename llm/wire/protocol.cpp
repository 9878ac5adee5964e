// SPDX-License-Identifier: MIT
#include <weir/llm/wire/protocol.h>

#include <weir/llm/wire/answer_decoder.h>
#include <weir/llm/wire/chat_writer.h>
#include <weir/llm/wire/messages_writer.h>
#include <weir/llm/wire/responses_writer.h>

#include <utility>

namespace weir::llm {
namespace {

DeltaDecoder& inside(DeltaDecoder& decoder) noexcept {
    return decoder;
}
const DeltaDecoder& inside(const DeltaDecoder& decoder) noexcept {
    return decoder;
}
template <typename Decoder>
Decoder& inside(const std::unique_ptr<Decoder>& decoder) noexcept {
    return *decoder;
}

}  // namespace

Result<std::string> write_body(const Chat& chat, bool stream, const Dialect& dialect) {
    switch (dialect.protocol) {
        case Protocol::chat_completions:
            return write_chat_body(chat, stream, dialect);
        case Protocol::messages:
            return write_messages_body(chat, stream);
        case Protocol::responses:
            return write_responses_body(chat, stream);
    }
    return write_chat_body(chat, stream, dialect);
}

Result<ChatAnswer> decode_answer(std::string_view body, Protocol protocol) {
    switch (protocol) {
        case Protocol::chat_completions:
            return decode_chat_answer(body);
        case Protocol::messages:
            return decode_messages_answer(body);
        case Protocol::responses:
            return decode_responses_answer(body);
    }
    return decode_chat_answer(body);
}

StreamDecoder::StreamDecoder(Protocol protocol, int choices) : decoder_(DeltaDecoder(choices)) {
    if (protocol == Protocol::messages) decoder_ = std::make_unique<MessagesDecoder>();
    if (protocol == Protocol::responses) decoder_ = std::make_unique<ResponsesDecoder>();
}

Result<std::optional<Delta>> StreamDecoder::event(std::string_view type, std::string_view data) {
    if (auto* usual = std::get_if<DeltaDecoder>(&decoder_)) return usual->event(type, data);
    return std::visit([&](auto& decoder) { return inside(decoder).event(type, data); }, decoder_);
}

std::optional<Delta> StreamDecoder::more() {
    auto* usual = std::get_if<DeltaDecoder>(&decoder_);
    return usual == nullptr ? std::nullopt : usual->more();
}

Result<void> StreamDecoder::finish(bool body_complete) const {
    return std::visit([&](const auto& decoder) { return inside(decoder).finish(body_complete); },
                      decoder_);
}

bool StreamDecoder::is_done() const noexcept {
    if (const auto* usual = std::get_if<DeltaDecoder>(&decoder_)) return usual->is_done();
    return std::visit([](const auto& decoder) { return inside(decoder).is_done(); }, decoder_);
}

}  // namespace weir::llm
