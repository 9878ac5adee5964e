// SPDX-License-Identifier: MIT
//
// Bytes to server-sent events (text/event-stream of the HTML standard), under any cut of the input.
// An event whose lines lie whole in the input, with one data line, is not copied: the views point
// into the input. Between events no memory is held. Ids and retry times are ignored: the endpoints
// this is for cannot resume a stream.
#pragma once

#include <weir/http/wire/error.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace weir::http {

class SseEvent {
public:
    enum class Kind : std::uint8_t {
        need_more,  ///< all input was consumed and no event is complete
        event,      ///< `type` and `data` are set
    };
    using enum Kind;

    explicit SseEvent(Kind event_kind, std::string_view event_type = {},
                      std::string_view event_data = {}) noexcept
        : type(event_type), data(event_data), kind(event_kind) {}

    std::string_view type;  ///< empty where the event names none
    std::string_view data;  ///< never empty in an event: one without data is no event
    Kind kind;
};

class SseParser {
public:
    static constexpr std::size_t kEventBytesMax = 16 * 1024 * 1024;

    /// `event_bytes_max` bounds the type, the data and the line being read together.
    explicit SseParser(std::size_t event_bytes_max = kEventBytesMax) noexcept;
    SseParser(SseParser&&) noexcept;
    SseParser& operator=(SseParser&&) noexcept;
    ~SseParser();

    /// Consumes from the front of `input`; call until need_more. The views are valid until the next
    /// call and while the input's memory lives. HttpErrc::event_too_large beyond the limit; the
    /// rest of the stream is of no use then.
    Result<SseEvent> next(Bytes& input);

    /// The input has ended: gives the event that no empty line closed, if there is one. The
    /// standard drops it; whether its data is complete is for the caller to judge.
    Result<SseEvent> finish();

    /// Whether part of an event is held.
    bool is_idle() const noexcept { return pending_ == nullptr || delivered_; }

private:
    struct Pending;  // Parts of an event that outlived the input they came in.
    struct Draft;    // The event being read: views, and whether they point into Pending.

    Pending& pending();
    bool skip_byte_order_mark(Bytes& input);
    void take_line(std::string_view line, bool owned, Draft& draft);
    void add_data(std::string_view value, bool owned, Draft& draft);
    void set_type(std::string_view value, bool owned, Draft& draft);
    void keep(std::string_view rest, Draft& draft);
    Draft resume_draft();
    std::optional<SseEvent> dispatch(Draft& draft);

    std::unique_ptr<Pending> pending_;
    std::size_t event_bytes_max_;
    std::uint8_t mark_matched_ = 0;  // Bytes of a byte order mark seen at the start; 3: past it.
    bool skip_lf_ = false;           // The last line ended with CR: a LF now belongs to it.
    bool delivered_ = false;         // The last event's views point into Pending.
};

}  // namespace weir::http
