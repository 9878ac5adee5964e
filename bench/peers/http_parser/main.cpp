// SPDX-License-Identifier: MIT
//
// usage: http_parser METRIC NUMBERS...
//
// Node's former parser of HTTP, which calls back and keeps nothing. ../README.md says what the
// metric is.
#include <http_parser.h>

#include <string>
#include <string_view>

#include "bench/http/response_heads.h"
#include "bench/peers/measure.h"

namespace {

using namespace peer;

struct Head {
    std::string_view name;
    std::string_view value;
    std::size_t fields = 0;
    bool is_complete = false;
};

Head& head_of(http_parser* parser) {
    return *static_cast<Head*>(parser->data);
}

http_parser_settings make_settings() {
    http_parser_settings settings;
    http_parser_settings_init(&settings);
    settings.on_header_field = [](http_parser* parser, const char* at, std::size_t size) {
        head_of(parser).name = {at, size};
        return 0;
    };
    settings.on_header_value = [](http_parser* parser, const char* at, std::size_t size) {
        head_of(parser).value = {at, size};
        ++head_of(parser).fields;
        return 0;
    };
    settings.on_headers_complete = [](http_parser* parser) {
        head_of(parser).is_complete = true;
        return 0;
    };
    return settings;
}

std::size_t parse(const http_parser_settings& settings, std::string_view bytes) {
    Head head;
    http_parser parser;
    http_parser_init(&parser, HTTP_RESPONSE);
    parser.data = &head;
    const std::size_t parsed = http_parser_execute(&parser, &settings, bytes.data(), bytes.size());
    require(parsed == bytes.size() && head.is_complete, "a head was not parsed to its end");
    return head.fields;
}

Report head_parse(std::size_t rounds) {
    const http_parser_settings settings = make_settings();
    std::size_t bytes = 0;
    std::size_t fields = 0;
    const Usage usage;
    for (std::size_t i = 0; i < rounds; ++i) {
        for (const std::string_view head : weir::bench::kResponseHeads) {
            bytes += head.size();
            fields += parse(settings, head);
        }
    }
    require(fields == rounds * weir::bench::kResponseHeadFields, "not all fields were found");
    return usage.report(bytes);
}

}  // namespace

int main(int count, char** words) {
    const std::string metric = count > 1 ? words[1] : "";
    if (metric == "--version") {
        std::printf("http_parser %d.%d.%d, g++ %s\n", HTTP_PARSER_VERSION_MAJOR,
                    HTTP_PARSER_VERSION_MINOR, HTTP_PARSER_VERSION_PATCH, __VERSION__);
        return 0;
    }
    if (metric != "head_parse") fail(3, "has no metric " + metric);
    require(count > 2, "a number is missing");
    print(head_parse(std::stoul(words[2])));
    return 0;
}
