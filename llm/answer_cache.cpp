// SPDX-License-Identifier: MIT
#include <weir/llm/answer_cache.h>

#include <weir/llm/wire/json.h>
#include <weir/runtime/offload.h>

#include "llm/answer_cache_files.h"

#include <algorithm>
#include <vector>

namespace weir::llm {
namespace {

// Zero has no digit but 0 before its exponent.
bool is_zero(std::string_view number) noexcept {
    return number.substr(0, number.find_first_of("eE")).find_first_of("123456789") ==
           std::string_view::npos;
}

}  // namespace

bool is_deterministic(std::string_view body) {
    const Result<std::vector<JsonMember>> members = read_json_object(body);
    if (!members) return false;
    bool is_fixed = false;
    for (const JsonMember& member : *members) {
        const bool is_number = member.kind() == JsonKind::number;
        if (member.name == "stream" && member.raw != "false") return false;
        if (member.name == "seed" && is_number) is_fixed = true;
        if (member.name == "temperature" && is_number && is_zero(member.raw)) is_fixed = true;
    }
    return is_fixed;
}

Task<Result<AnswerCache>> AnswerCache::open(AnswerCacheOptions options) {
    auto work = [&options] {
        return cache_files::open_folder(options.folder());
    };
    const Result<std::uint64_t> bytes = co_await offload(work);
    if (!bytes) co_return bytes.error();
    co_return AnswerCache(std::move(options), *bytes);
}

Task<std::optional<std::string>> AnswerCache::find(std::string url, std::string body) {
    auto work = [&] {
        return cache_files::find(options_.folder(), url, body);
    };
    co_return co_await offload(work);
}

Task<Result<void>> AnswerCache::store(std::string url, std::string body, std::string answer) {
    const std::string name = cache_files::name_of(url, body);
    const std::string text = cache_files::write_entry(url, body, answer);
    if (text.size() > options_.bytes_max()) co_return Result<void>();
    const MutexLock lock = co_await changing_->lock();
    auto work = [&] {
        return cache_files::store(options_.folder(), name, text);
    };
    const Result<std::int64_t> growth = co_await offload(work);
    if (!growth) co_return growth.error();
    const std::int64_t bytes = static_cast<std::int64_t>(bytes_kept_) + *growth;
    bytes_kept_ = static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0));
    if (bytes_kept_ <= options_.bytes_max()) co_return Result<void>();
    // With some room to spare, so that not each call from now on looks through the folder.
    const std::uint64_t spare = options_.bytes_max() / 8;
    const std::uint64_t goal = std::max<std::uint64_t>(options_.bytes_max() - spare, text.size());
    auto trimming = [&] {
        return cache_files::trim(options_.folder(), goal);
    };
    bytes_kept_ = co_await offload(trimming);
    co_return Result<void>();
}

}  // namespace weir::llm
