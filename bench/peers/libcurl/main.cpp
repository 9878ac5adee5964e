// SPDX-License-Identifier: MIT
//
// usage: libcurl METRIC NUMBERS...
//
// The calls over HTTP, with libcurl's multi interface on epoll and with simdjson. ../README.md says
// what each metric is.
#include <curl/curl.h>
#include <simdjson.h>
#include <sys/epoll.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "bench/peers/measure.h"

namespace {

using namespace peer;

std::string happy(std::size_t bytes) {
    static constexpr std::string_view kText = "All happy loops are alike; ";
    std::string out;
    while (out.size() < bytes)
        out += kText.substr(0, bytes - out.size());
    return out;
}

const std::string asked = happy(131);
const std::string expected = happy(249);

struct Message {
    std::string role;
    std::string content;
};

struct Question {
    std::string model;
    std::vector<Message> messages;
};

void append_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        require(static_cast<unsigned char>(c) >= 0x20, "no control bytes are expected here");
        out += c;
    }
    out += '"';
}

std::string to_json(const Question& question) {
    std::string out = R"({"model":)";
    append_string(out, question.model);
    out += R"(,"messages":[)";
    for (const Message& message : question.messages) {
        out += out.back() == '[' ? R"({"role":)" : R"(,{"role":)";
        append_string(out, message.role);
        out += R"(,"content":)";
        append_string(out, message.content);
        out += '}';
    }
    return out += "]}";
}

void check(CURLcode code) {
    require(code == CURLE_OK, curl_easy_strerror(code));
}
void check(CURLMcode code) {
    require(code == CURLM_OK, curl_multi_strerror(code));
}

/// One call at a time, again and again.
class Call {
public:
    Call(const std::string& url, curl_slist* headers) {
        check(curl_easy_setopt(easy_, CURLOPT_URL, url.c_str()));
        check(curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers));
        check(curl_easy_setopt(easy_, CURLOPT_PRIVATE, this));
        check(curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this));
        check(curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, write));
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call() { curl_easy_cleanup(easy_); }

    CURL* begin() {
        question_ = to_json(Question{"bench", {Message{"user", asked}}});
        answer_.clear();
        check(curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, question_.c_str()));
        check(curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE, static_cast<long>(question_.size())));
        return easy_;
    }

    void check_answer() {
        long status = 0;
        check(curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status));
        answer_.reserve(answer_.size() + simdjson::SIMDJSON_PADDING);
        static simdjson::ondemand::parser parser;
        simdjson::ondemand::document json;
        std::string_view content;
        const bool is_right = status == 200 && !parser.iterate(answer_).get(json) &&
                              !json["choices"].at(0)["message"]["content"].get(content) &&
                              content == expected;
        require(is_right, "not the answer that was expected");
    }

private:
    static std::size_t write(char* bytes, std::size_t, std::size_t size, void* call) {
        static_cast<Call*>(call)->answer_.append(bytes, size);
        return size;
    }

    CURL* easy_ = curl_easy_init();
    std::string question_;
    std::string answer_;
};

/// A streamed answer: its lines are parsed as they come.
class Stream {
public:
    Stream(const std::string& url, curl_slist* headers, std::size_t bytes) : expected_(bytes) {
        check(curl_easy_setopt(easy_, CURLOPT_URL, url.c_str()));
        check(curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers));
        check(curl_easy_setopt(easy_, CURLOPT_PRIVATE, this));
        check(curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this));
        check(curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, write));
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream() { curl_easy_cleanup(easy_); }

    CURL* begin() {
        question_ = to_json(Question{"bench", {Message{"user", asked}}});
        check(curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, question_.c_str()));
        check(curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE, static_cast<long>(question_.size())));
        return easy_;
    }

    void check_answer() const {
        require(has_ended_ && text_bytes_ == expected_, "not the text that was expected");
    }

private:
    static std::size_t write(char* bytes, std::size_t, std::size_t size, void* stream) {
        static_cast<Stream*>(stream)->take(std::string_view(bytes, size));
        return size;
    }

    // Lines are parsed where libcurl has them; one that is cut is kept until the rest comes.
    void take(std::string_view bytes) {
        while (!bytes.empty()) {
            const std::size_t end = bytes.find('\n');
            if (end == bytes.npos) {
                rest_.append(bytes);
                return;
            }
            if (rest_.empty()) {
                take_line(bytes.substr(0, end));
            } else {
                take_line(rest_.append(bytes.substr(0, end)));
                rest_.clear();
            }
            bytes.remove_prefix(end + 1);
        }
    }

    void take_line(std::string_view line) {
        static constexpr std::string_view kData = "data: ";
        if (!line.starts_with(kData)) return;
        line.remove_prefix(kData.size());
        if (line == "[DONE]") {
            has_ended_ = true;
            return;
        }
        static simdjson::ondemand::parser parser;
        static std::string padded;
        padded.reserve(line.size() + simdjson::SIMDJSON_PADDING);
        padded.assign(line);
        simdjson::ondemand::document json;
        std::string_view content;
        require(!parser.iterate(padded).get(json), "not JSON");
        if (json["choices"].at(0)["delta"]["content"].get(content)) return;
        text_bytes_ += content.size();
    }

    CURL* easy_ = curl_easy_init();
    std::string question_;
    std::string rest_;
    std::size_t expected_;
    std::size_t text_bytes_ = 0;
    bool has_ended_ = false;
};

/// libcurl's multi interface on an epoll loop, as its documentation advises for many transfers.
template <typename Call>
class Loop {
public:
    Loop() {
        check(curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket));
        check(curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this));
        check(curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer));
        check(curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this));
        check(curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 100000L));
    }

    void add(Call& call) {
        check(curl_multi_add_handle(multi_, call.begin()));
        ++running_;
    }

    /// Until no call is under way. `ended` is called with each whose answer has come and is right.
    void run(const std::function<void(Call&)>& ended) {
        int still = 0;
        while (running_ > 0) {
            std::array<epoll_event, 256> events;
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(due_ - Clock::now());
            const int timeout = is_due_ ? std::max(0, static_cast<int>(left.count())) : -1;
            const int count = epoll_wait(epoll_, events.data(), events.size(), timeout);
            for (int i = 0; i < count; ++i) {
                const epoll_event& event = events[static_cast<std::size_t>(i)];
                const int what = ((event.events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                                 ((event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0);
                check(curl_multi_socket_action(multi_, event.data.fd, what, &still));
            }
            if (is_due_ && Clock::now() >= due_) {
                is_due_ = false;
                check(curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &still));
            }
            take_ended(ended);
        }
    }

private:
    void take_ended(const std::function<void(Call&)>& ended) {
        int left = 0;
        while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
            check(message->data.result);
            CURL* easy = message->easy_handle;
            check(curl_multi_remove_handle(multi_, easy));
            --running_;
            Call* call = nullptr;
            check(curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call));
            call->check_answer();
            ended(*call);
        }
    }

    static int on_socket(CURL*, curl_socket_t fd, int what, void* loop, void* known) {
        auto* self = static_cast<Loop*>(loop);
        if (what == CURL_POLL_REMOVE) {
            epoll_ctl(self->epoll_, EPOLL_CTL_DEL, fd, nullptr);
            return 0;
        }
        epoll_event event{};
        event.data.fd = fd;
        if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
        if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
        const int operation = known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
        require(epoll_ctl(self->epoll_, operation, fd, &event) == 0, "epoll_ctl");
        check(curl_multi_assign(self->multi_, fd, self));
        return 0;
    }

    static int on_timer(CURLM*, long milliseconds, void* loop) {
        auto* self = static_cast<Loop*>(loop);
        self->is_due_ = milliseconds >= 0;
        self->due_ = Clock::now() + std::chrono::milliseconds(milliseconds);
        return 0;
    }

    CURLM* multi_ = curl_multi_init();
    int epoll_ = epoll_create1(0);
    bool is_due_ = false;
    Clock::time_point due_;
    std::size_t running_ = 0;
};

std::vector<std::unique_ptr<Call>> make_calls(std::size_t count, std::size_t port) {
    const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/v1/chat/completions";
    static curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
    std::vector<std::unique_ptr<Call>> calls;
    for (std::size_t i = 0; i < count; ++i)
        calls.push_back(std::make_unique<Call>(url, headers));
    return calls;
}

void call_at_once(Loop<Call>& loop, std::vector<std::unique_ptr<Call>>& calls) {
    for (const std::unique_ptr<Call>& call : calls)
        loop.add(*call);
    loop.run([](Call&) {});
}

Report http_call(std::size_t count, std::size_t in_flight, std::size_t port) {
    auto calls = make_calls(in_flight, port);
    Loop<Call> loop;
    call_at_once(loop, calls);
    const Usage usage;
    std::size_t begun = 0;
    std::size_t ended = 0;
    for (; begun < std::min(count, in_flight); ++begun)
        loop.add(*calls[begun]);
    loop.run([&](Call& call) {
        ++ended;
        if (begun == count) return;
        ++begun;
        loop.add(call);
    });
    require(ended == count, "a call is missing");
    return usage.report(count);
}

Report inflight(const Usage& process, std::size_t count, std::size_t port) {
    const Usage usage;
    auto calls = make_calls(count, port);
    Loop<Call> loop;
    call_at_once(loop, calls);
    Report report = process.report(count);
    report["wall_s"] = usage.report(count)["wall_s"];
    return report;
}

Report stream(const Usage& process, std::size_t count, std::size_t chunks, std::size_t port) {
    static constexpr std::array<std::string_view, 8> kTokens = {
        " loops", " are", " alike", ";", " every", " unhappy", " loop", " is"};
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < chunks; ++i)
        bytes += kTokens[i % kTokens.size()].size();
    const Usage usage;
    const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/v1/chat/completions";
    curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
    std::vector<std::unique_ptr<Stream>> streams;
    Loop<Stream> loop;
    for (std::size_t i = 0; i < count; ++i) {
        streams.push_back(std::make_unique<Stream>(url, headers, bytes));
        loop.add(*streams.back());
    }
    loop.run([](Stream&) {});
    Report report = process.report(count * chunks);
    report["wall_s"] = usage.report(count)["wall_s"];
    return report;
}

Report one_call(std::size_t count, std::size_t port) {
    auto calls = make_calls(1, port);
    Loop<Call> loop;
    for (std::size_t i = 0; i <= count / 10; ++i)
        call_at_once(loop, calls);
    std::vector<double> took;
    const Usage usage;
    for (std::size_t i = 0; i < count; ++i) {
        const Clock::time_point start = Clock::now();
        call_at_once(loop, calls);
        took.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
    }
    Report report = usage.report(count);
    std::sort(took.begin(), took.end());
    report["p50_us"] = took[count / 2];
    return report;
}

}  // namespace

int main(int count, char** words) {
    const Usage process(0);
    const std::string metric = count > 1 ? words[1] : "";
    if (metric == "--version") {
        std::printf("libcurl %s, simdjson %s\n", curl_version_info(CURLVERSION_NOW)->version,
                    SIMDJSON_STRINGIFY(SIMDJSON_VERSION));
        return 0;
    }
    const auto number = [&](int at) -> std::size_t {
        require(count > at + 2, "a number is missing");
        return std::stoul(words[at + 2]);
    };
    raise_descriptor_limit();
    check(curl_global_init(CURL_GLOBAL_DEFAULT));
    Report report;
    if (metric == "http_call") {
        report = http_call(number(0), number(1), number(2));
    } else if (metric == "inflight") {
        report = inflight(process, number(0), number(1));
    } else if (metric == "one_call") {
        report = one_call(number(0), number(1));
    } else if (metric == "stream") {
        report = stream(process, number(0), number(1), number(2));
    } else {
        fail(3, "has no metric " + metric);
    }
    print(std::move(report));
    return 0;
}
