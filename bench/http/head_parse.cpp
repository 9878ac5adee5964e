// SPDX-License-Identifier: MIT
//
// Parsing heads of responses: weir's parser, which checks each byte and keeps the fields, beside a
// search for the ends of the lines, which is the least that finds them.
#include <weir/http/wire/response_parser.h>

#include <cstring>

#include "bench/groups.h"
#include "bench/http/response_heads.h"

namespace weir::bench {
namespace {

/// `parse(head)` gives the number of fields in it. Counts the bytes as items.
template <typename Parse>
Result<Sample> parse_often(std::size_t rounds, Parse parse) {
    std::size_t bytes = 0;
    std::size_t fields = 0;
    const Usage usage;
    for (std::size_t i = 0; i < rounds; ++i) {
        for (const std::string_view head : kResponseHeads) {
            bytes += head.size();
            fields += parse(head);
        }
    }
    if (fields != rounds * kResponseHeadFields) {
        return Error(Errc::bad_argument, "not all fields were found");
    }
    Sample sample = usage.so_far();
    sample.set("items", static_cast<double>(bytes));
    return sample;
}

std::size_t parse(std::string_view head) {
    http::ResponseParser parser;
    parser.start(http::RequestKind::normal);
    Bytes input = as_bytes(head);
    const Result<http::ParserEvent> event = parser.next(input);
    const bool is_head = event && event->kind == http::ParserEvent::Kind::head && input.empty();
    return is_head ? parser.take_head().headers.size() : 0;
}

std::size_t count_lines(std::string_view head) {
    std::size_t lines = 0;
    while (const void* found = std::memchr(head.data(), '\n', head.size())) {
        ++lines;
        head.remove_prefix(static_cast<std::size_t>(static_cast<const char*>(found) - head.data()) +
                           1);
    }
    return lines - 2;  // the status line and the empty one
}

}  // namespace

// Argument of both: how often all heads are parsed.
Result<Sample> head_parse_weir(const Arguments& arguments) {
    return parse_often(arguments.number(0), parse);
}
namespace floor {
Result<Sample> head_parse(const Arguments& arguments) {
    return parse_often(arguments.number(0), count_lines);
}
}  // namespace floor

}  // namespace weir::bench
