// SPDX-License-Identifier: MIT
#include "llm/cli/demo_batch.h"

#include <weir/llm/mock/text.h>
#include <weir/llm/wire/answer_decoder.h>
#include <weir/llm/wire/chat.h>
#include <weir/llm/wire/chat_writer.h>
#include <weir/llm/wire/json.h>
#include <weir/llm/wire/json_writer.h>
#include <weir/runtime/reactor.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <set>
#include <string_view>
#include <system_error>

namespace weir::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPieceBytes = 3000;
constexpr std::string_view kInstruction = "Summarise the text in one sentence.";
constexpr std::string_view kFallback =
    "An event loop waits for many things at once and hands each to whoever waited for it.";

// --- texts ---------------------------------------------------------------------------------------

// In order of their names, so that two runs ask the same.
std::set<fs::path> find_files() {
    std::set<fs::path> files;
    const auto add = [&](const fs::path& folder, std::string_view extension) {
        std::error_code error;
        for (fs::directory_iterator at(folder, error), end; !error && at != end;
             at.increment(error)) {
            std::error_code ignored;
            if (at->is_symlink(ignored) || !at->is_regular_file(ignored)) continue;
            if (!extension.empty() && at->path().extension() != extension) continue;
            files.insert(at->path());
        }
    };
    add("/usr/share/common-licenses", "");
    add("docs", ".md");
    return files;
}

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

// As the server will read it: what is not UTF-8 does not survive JSON.
std::string through_json(std::string_view text) {
    std::string json;
    llm::append_json_string(json, text);
    return llm::json_string_text(json);
}

// Whole lines up to the size, or one line that is longer.
std::string_view take_piece(std::string_view& text) {
    std::size_t end = text.size();
    if (end > kPieceBytes) {
        end = text.rfind('\n', kPieceBytes);
        if (end == std::string_view::npos) end = text.find('\n');
        end = end == std::string_view::npos ? text.size() : end + 1;
    }
    const std::string_view piece = text.substr(0, end);
    text.remove_prefix(end);
    return piece;
}

// --- the batch -----------------------------------------------------------------------------------

class PieceSource final : public llm::RequestSource {
public:
    PieceSource(const llm::Client& client, const std::vector<TextPiece>& pieces, int tokens)
        : client_(client), pieces_(pieces), tokens_(tokens) {}

    Task<Result<std::optional<llm::BatchItem>>> next() override {
        if (next_ == pieces_.size()) co_return std::optional<llm::BatchItem>();
        const std::size_t number = next_++;
        llm::Chat chat(client_.model());
        chat.system(std::string(kInstruction)).user(pieces_[number].prompt).max_tokens(tokens_);
        Result<std::string> body = llm::write_chat_body(chat, false);
        if (!body) co_return std::move(body).error();
        llm::RequestLine line(std::to_string(number), "/v1/chat/completions", *std::move(body));
        co_return std::optional<llm::BatchItem>(std::move(line));
    }

private:
    const llm::Client& client_;
    const std::vector<TextPiece>& pieces_;
    int tokens_;
    std::size_t next_ = 0;
};

// The raw JSON at the end of a path of members; empty where there is none.
std::string_view find_raw(std::string_view text, std::initializer_list<std::string_view> path) {
    for (const std::string_view name : path) {
        Result<std::vector<llm::JsonMember>> members = llm::read_json_object(text);
        const llm::JsonMember* member = members ? llm::find_member(*members, name) : nullptr;
        if (member == nullptr) return {};
        text = member->raw;
    }
    return text;
}

/// Checks what would be the lines of the output file.
class CheckingSink final : public llm::BatchSink {
public:
    CheckingSink(const std::vector<TextPiece>& pieces, int tokens, BatchTally& tally)
        : pieces_(pieces), tokens_(tokens), tally_(tally) {}

    Result<void> write_output(std::string line) override {
        if (!is_right(line)) ++tally_.wrong_texts;
        return Result<void>();
    }
    Result<void> write_error(std::string line) override {
        if (tally_.first_failure_line.empty()) tally_.first_failure_line = std::move(line);
        return Result<void>();
    }

private:
    bool is_right(std::string_view line) const {
        const std::string id = llm::json_string_text(find_raw(line, {"custom_id"}));
        std::size_t number = pieces_.size();
        std::from_chars(id.data(), id.data() + id.size(), number);
        if (number >= pieces_.size()) return false;
        Result<llm::ChatAnswer> answer =
            llm::decode_chat_answer(find_raw(line, {"response", "body"}));
        return answer && answer->text == llm::mock::expected_text(pieces_[number].prompt, tokens_);
    }

    const std::vector<TextPiece>& pieces_;
    int tokens_;
    BatchTally& tally_;
};

}  // namespace

std::vector<TextPiece> collect_texts(std::size_t pieces_max) {
    std::vector<TextPiece> pieces;
    for (const fs::path& path : find_files()) {
        const std::string content = read_file(path);
        std::string_view rest = content;
        while (!rest.empty() && pieces.size() < pieces_max) {
            pieces.emplace_back(path.string(), through_json(take_piece(rest)));
        }
    }
    if (pieces.empty()) pieces.emplace_back("built in", std::string(kFallback));
    return pieces;
}

Task<void> run_summaries(llm::Client& client, const std::vector<TextPiece>& pieces,
                         std::size_t concurrency, int tokens, BatchTally& tally) {
    std::set<std::string_view> files;
    for (const TextPiece& piece : pieces)
        files.insert(piece.file);
    tally.files = files.size();
    tally.pieces = pieces.size();
    PieceSource source(client, pieces, tokens);
    CheckingSink sink(pieces, tokens, tally);
    const Instant begun = Reactor::current().now();
    Result<void> ran = co_await llm::run_batch(
        client, source, sink, llm::BatchOptions().concurrency(concurrency), tally.summary);
    if (!ran) tally.failure = std::move(ran).error();
    tally.elapsed = Reactor::current().now() - begun;
}

}  // namespace weir::cli
