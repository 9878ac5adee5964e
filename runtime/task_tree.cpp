// SPDX-License-Identifier: MIT
//
// Each level is walked twice: once to count what is alike, once to tell the first few of each kind.
// Nothing is kept for a task that is only counted, since there may be millions.
#include <weir/runtime/task_tree.h>

#include <weir/runtime/operation.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/symbols.h>
#include <algorithm>
#include <cstdio>
#include <unordered_map>
#include <vector>

#include "runtime/wait_names.h"

namespace weir {
namespace {

using detail::Handle;
using detail::LeafKind;
using detail::PromiseBase;

constexpr int kDepthMax = 64;
constexpr std::size_t kLinesMax = 1000;
constexpr std::size_t kKindsMax = 100;  // different kinds of children that one level tells of
constexpr std::size_t kTold = 2;        // of each kind, where there are more than three

std::string grouped(std::size_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3; at -= 3)
        digits.insert(at - 3, 1, ',');
    return digits;
}

std::string time_left(Duration left) {
    if (left <= Duration::zero()) return "due";
    const double seconds = to_seconds(left);
    char text[48];
    if (seconds < 1) {
        std::snprintf(text, sizeof text, "%.4g ms left", seconds * 1e3);
    } else if (seconds < 120) {
        std::snprintf(text, sizeof text, "%.3g s left", seconds);
    } else {
        std::snprintf(text, sizeof text, "%.0f min left", seconds / 60);
    }
    return text;
}

class TreeWriter {
public:
    explicit TreeWriter(Reactor& reactor) : reactor_(reactor) {
        detail::this_loop.ready.each([this](PromiseBase& innermost) {
            if (!innermost.is_root()) ready_.emplace(&innermost.root(), &innermost);
        });
    }

    std::string text() && {
        if (PromiseBase* main = reactor_.main(); main != nullptr) {
            write_task(*main, 0);
        } else {
            text_ += "the outermost task has ended\n";
        }
        if (!reactor_.guests().empty()) {
            text_ += "sent here by other loops:\n";
            Kinds kinds(*this, 0);
            for (PromiseBase* guest = reactor_.guests().first(); guest != nullptr;
                 guest = guest->next_sibling()) {
                kinds.child(*guest);
            }
            write_kinds(kinds, 1);
        }
        return std::move(text_);
    }

private:
    struct Kind {
        std::uint64_t key;
        std::size_t count;
        std::vector<PromiseBase*> first;
    };

    // The children of one task, sorted by what they do.
    class Kinds final : public detail::ChildVisitor {
    public:
        Kinds(const TreeWriter& writer, int depth) : writer_(writer), depth_(depth) {}
        void child(PromiseBase& root) override {
            const std::uint64_t key = writer_.key_of(root, depth_ + 1);
            auto kind = std::find_if(kinds.begin(), kinds.end(),
                                     [&](const Kind& known) { return known.key == key; });
            if (kind == kinds.end()) {
                if (kinds.size() == kKindsMax) {
                    ++others;
                    return;
                }
                kind = kinds.insert(kinds.end(), Kind{key, 0, {}});
            }
            ++kind->count;
            if (kind->first.size() <= kTold) kind->first.push_back(&root);
        }

        std::vector<Kind> kinds;
        std::size_t others = 0;

    private:
        const TreeWriter& writer_;
        int depth_;
    };

    // Of a whole subtree, without times and descriptors: what is equal in it looks alike. How many
    // of a kind there are below does not count.
    class KeyOfChildren final : public detail::ChildVisitor {
    public:
        KeyOfChildren(const TreeWriter& writer, int depth) : writer_(writer), depth_(depth) {}
        void child(PromiseBase& root) override {
            const std::uint64_t key = writer_.key_of(root, depth_ + 1);
            if (seen_.size() < kKindsMax &&
                std::find(seen_.begin(), seen_.end(), key) == seen_.end()) {
                seen_.push_back(key);
                sum += key;
            }
        }
        std::uint64_t sum = 0;

    private:
        const TreeWriter& writer_;
        int depth_;
        std::vector<std::uint64_t> seen_;
    };

    static std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
        hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
        return hash ^ (hash >> 29);
    }

    std::uint64_t key_of(PromiseBase& root, int depth) const {
        std::uint64_t key = mix(0, reinterpret_cast<std::uintptr_t>(resume_function(root)));
        if (const PromiseBase* innermost = innermost_of(root); innermost != nullptr) {
            key = mix(key, reinterpret_cast<std::uintptr_t>(resume_function(*innermost)));
        }
        const detail::WaitName wait = detail::name_of_wait(root);
        for (const char letter : std::string_view(wait.what))
            key = mix(key, static_cast<unsigned char>(letter));
        key = mix(key, (root.is_cancelled() ? 1u : 0u) + (is_ready(root) ? 2u : 0u));
        if (root.leaf_kind() == LeafKind::composite && depth < kDepthMax) {
            KeyOfChildren children(*this, depth);
            composite_of(root).each_child(children);
            key = mix(key, children.sum);
        }
        return key;
    }

    void write_task(PromiseBase& root, int depth) {
        if (!begin_line(depth)) return;
        const PromiseBase* innermost = innermost_of(root);
        text_ += detail::task_name(resume_function(root),
                                   innermost == nullptr ? nullptr : resume_function(*innermost));
        text_ += ": " + describe(root);
        if (root.is_cancelled()) text_ += ", cancelled";
        text_ += '\n';
        if (root.leaf_kind() != LeafKind::composite) return;
        if (depth >= kDepthMax) {
            if (begin_line(depth + 1)) text_ += "... and what lies deeper\n";
            return;
        }
        Kinds kinds(*this, depth);
        composite_of(root).each_child(kinds);
        write_kinds(kinds, depth + 1);
    }

    void write_kinds(const Kinds& kinds, int depth) {
        for (const Kind& kind : kinds.kinds) {
            const std::size_t told = kind.count <= kTold + 1 ? kind.count : kTold;
            for (std::size_t i = 0; i < told; ++i)
                write_task(*kind.first[i], depth);
            if (told < kind.count && begin_line(depth)) {
                text_ += "... and " + grouped(kind.count - told) + " more like it\n";
            }
        }
        if (kinds.others > 0 && begin_line(depth)) {
            text_ += "... and " + grouped(kinds.others) + " of other kinds\n";
        }
    }

    bool begin_line(int depth) {
        if (lines_ == kLinesMax) text_ += "... cut after " + grouped(kLinesMax) + " lines\n";
        if (++lines_ > kLinesMax) return false;
        text_.append(static_cast<std::size_t>(depth) * 2, ' ');
        return true;
    }

    std::string describe(PromiseBase& root) const {
        if (is_ready(root)) return "ready";
        const detail::WaitName wait = detail::name_of_wait(root);
        std::string text = wait.what;
        if (wait.fd >= 0) text += " on fd " + std::to_string(wait.fd);
        Instant until = kNever;
        if (root.leaf_kind() == LeafKind::timer) {
            until = reactor_.deadline_of(*static_cast<detail::Timer*>(root.leaf()));
        } else if (root.leaf_kind() == LeafKind::composite) {
            until = composite_of(root).until();
        }
        if (until != kNever) text += ", " + time_left(until - reactor_.now());
        return text;
    }

    static detail::Composite& composite_of(PromiseBase& root) {
        return *static_cast<detail::Composite*>(root.leaf());
    }

    bool is_ready(PromiseBase& root) const {
        const LeafKind kind = root.leaf_kind();
        return detail::is_ready(kind) || (kind == LeafKind::none && ready_.contains(&root));
    }

    // Null where nobody knows it: for the task that runs, and for some composites.
    const PromiseBase* innermost_of(PromiseBase& root) const {
        switch (root.leaf_kind()) {
            case LeafKind::none: {
                const auto found = ready_.find(&root);
                return found == ready_.end() ? nullptr : found->second;
            }
            case LeafKind::ready:
            case LeafKind::ready_forced:
            case LeafKind::ready_first:
                return &root;
            default:
                return detail::innermost_waiting(root);
        }
    }

    Reactor& reactor_;
    std::unordered_map<const PromiseBase*, const PromiseBase*> ready_;  // root to innermost
    std::string text_;
    std::size_t lines_ = 0;
};

}  // namespace

std::string task_tree() {
    Reactor* reactor = detail::this_loop.reactor;
    if (reactor == nullptr) return "no loop runs on this thread\n";
    return TreeWriter(*reactor).text();
}

}  // namespace weir
