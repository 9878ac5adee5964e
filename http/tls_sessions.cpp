// SPDX-License-Identifier: MIT
#include "http/tls_sessions.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace weir::http {
namespace {

bool can_be_resumed(const SSL_SESSION* session) noexcept {
    const long age = static_cast<long>(std::time(nullptr)) - SSL_SESSION_get_time(session);
    return SSL_SESSION_is_resumable(session) == 1 && age >= 0 &&
           age < SSL_SESSION_get_timeout(session);
}

}  // namespace

void TlsSessions::put(const std::string& peer, SessionHandle session) {
    const std::lock_guard lock(mutex_);
    if (peers_.size() >= kPeersMax && !peers_.contains(peer)) forget_one_peer();
    Peer& entry = peers_[peer];
    entry.last_use = ++uses_;
    if (entry.sessions.size() >= kSessionsMax) entry.sessions.erase(entry.sessions.begin());
    entry.sessions.push_back(std::move(session));
}

SessionHandle TlsSessions::take(const std::string& peer) {
    const std::lock_guard lock(mutex_);
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return nullptr;
    found->second.last_use = ++uses_;
    std::vector<SessionHandle>& sessions = found->second.sessions;
    while (!sessions.empty()) {
        SessionHandle session = std::move(sessions.back());
        sessions.pop_back();
        if (!can_be_resumed(session.get())) continue;
        if (SSL_SESSION_get_protocol_version(session.get()) < TLS1_3_VERSION) {
            SSL_SESSION_up_ref(session.get());
            sessions.emplace_back(session.get());
        }
        return session;
    }
    peers_.erase(found);
    return nullptr;
}

std::size_t TlsSessions::size() const {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const auto& [name, peer] : peers_)
        count += peer.sessions.size();
    return count;
}

// A look at all of them: they are few, and a new peer is rare once the bound is reached.
void TlsSessions::forget_one_peer() {
    peers_.erase(std::min_element(peers_.begin(), peers_.end(), [](const auto& a, const auto& b) {
        return a.second.last_use < b.second.last_use;
    }));
}

}  // namespace weir::http
