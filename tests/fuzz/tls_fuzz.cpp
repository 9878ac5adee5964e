// SPDX-License-Identifier: MIT
//
// TLS, in two ways. Any bytes as what a peer says, to either side: the engine finds the same in
// them however they are cut. And two engines whose talk is cut, cut short and damaged on its way:
// what arrives is the beginning of what was sent, and an end is the one that was said.
#include "http/tls_engine.h"

#include "tests/fuzz/fixed_random.h"
#include "tests/fuzz/fuzz.h"

using namespace weir;
using namespace weir::http;

namespace {

TlsEngine client_engine() {
    // With a port that was not used before there is no session to resume: each run is the first.
    static std::uint16_t port = 0;
    return TlsEngine::client(fuzz::FixedTls::get().client, fuzz::FixedTls::kHost, ++port).value();
}

TlsEngine server_engine() {
    return TlsEngine::server(fuzz::FixedTls::get().server).value();
}

/// Gives `engine` all of `input`; what it reads is appended to `text`.
Result<void> feed(TlsEngine& engine, Bytes input, std::string& text) {
    if (!engine.is_established()) {
        Result<void> step = engine.handshake(input);
        if (!step) return step;
        if (!engine.is_established()) {
            fuzz::expect(input.empty(), "the handshake wants more, and has not taken all");
            return {};
        }
    }
    std::byte room[64];
    for (;;) {
        const Result<std::size_t> count = engine.decrypt(input, room);
        if (!count) return count.error();
        text += as_text(Bytes(room).first(*count));
        if (*count == 0) break;
    }
    fuzz::expect(input.empty() || engine.is_closed(), "it wants more, and has not taken all");
    return {};
}

std::string story(test::Pieces& pieces, const fuzz::Input& input) {
    fuzz::FixedRandom::restart();
    TlsEngine engine = input.flag(1) ? server_engine() : client_engine();
    Bytes nothing;
    fuzz::expect(engine.handshake(nothing).has_value(), "it fails without a word of the peer's");
    std::string text;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const Result<void> step = feed(engine, pieces[i], text);
        pieces.release(i);
        if (!step) {
            fuzz::expect(!engine.is_closed(), "it has failed, and ended well");
            return text + "|" + step.error().message();
        }
        if (engine.is_closed()) return text + "|closed";
    }
    return text + "|" + engine.truncated().message();
}

/// One direction of a connection between two engines.
class Way {
public:
    Way(TlsEngine& from, TlsEngine& to) noexcept : from_(from), to_(to) {}

    void send(std::size_t size) {
        const std::string piece(size, static_cast<char>('a' + sent_.size() % 26));
        if (!from_.encrypt(as_bytes(piece))) return;
        sent_ += piece;
    }
    void shut_down() {
        from_.shut_down();
        has_ended_ = true;
    }
    void damage(std::size_t where) {
        collect();
        if (under_way_.empty()) return;
        char& byte = under_way_[where % under_way_.size()];
        byte = static_cast<char>(byte ^ 0x10);
        is_damaged_ = true;
    }
    void deliver(std::size_t size) {
        collect();
        const std::string piece = under_way_.substr(0, size);
        under_way_.erase(0, piece.size());
        if (has_failed_ || to_.is_closed()) return;
        has_failed_ = !feed(to_, as_bytes(piece), received_);
        check();
    }
    /// All that is left; then all that was sent has come, unless it was damaged.
    void finish() {
        deliver(std::string::npos);
        if (is_damaged_ || has_failed_) return;
        fuzz::expect_equal(received_, sent_, "not all has come");
        fuzz::expect(to_.is_closed() == has_ended_, "the end was not seen");
    }
    bool is_damaged() const noexcept { return is_damaged_; }
    bool has_failed() const noexcept { return has_failed_; }

private:
    void collect() {
        under_way_ += as_text(from_.output().readable());
        from_.output().clear();
    }
    void check() const {
        fuzz::expect(sent_.starts_with(received_), "what was read was not sent");
        if (!to_.is_closed()) return;
        fuzz::expect(has_ended_, "an end that nobody said");
        fuzz::expect_equal(received_, sent_, "an end before all that was sent");
    }

    TlsEngine& from_;
    TlsEngine& to_;
    std::string under_way_;
    std::string sent_;
    std::string received_;
    bool has_ended_ = false;
    bool is_damaged_ = false;
    bool has_failed_ = false;
};

/// Each two bytes of the input are one thing that happens.
void talk(std::string_view script) {
    fuzz::FixedRandom::restart();
    TlsEngine client = client_engine();
    TlsEngine server = server_engine();
    Way up(client, server);
    Way down(server, client);
    Bytes nothing;
    fuzz::expect(client.handshake(nothing).has_value(), "it fails without a word of the peer's");
    for (; script.size() >= 2; script.remove_prefix(2)) {
        const auto kind = static_cast<unsigned char>(script[0]);
        const auto size = static_cast<unsigned char>(script[1]);
        Way& way = (kind & 1) != 0 ? up : down;
        const bool is_established =
            (kind & 1) != 0 ? client.is_established() : server.is_established();
        switch (kind / 2 % 5) {
            case 0:
                way.deliver(size);
                break;
            case 1:
                way.deliver(std::size_t{size} * 16);
                break;
            case 2:
                if (is_established) way.send(std::size_t{size} * 5);
                break;
            case 3:
                way.damage(size);
                break;
            case 4:
                if (is_established) way.shut_down();
                break;
        }
    }
    const bool is_intact = !up.is_damaged() && !down.is_damaged();
    for (int flight = 0; flight < 4; ++flight) {
        up.deliver(std::string::npos);
        down.deliver(std::string::npos);
    }
    fuzz::expect(!is_intact || (!up.has_failed() && !down.has_failed()),
                 "it failed though nothing was damaged");
    fuzz::expect(!is_intact || (client.is_established() && server.is_established()),
                 "no handshake though nothing was damaged");
    if (!is_intact) return;
    up.finish();
    down.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < fuzz::Input::kSettings) return 0;
    static_cast<void>(fuzz::FixedTls::get());
    const fuzz::Input input(data, size);
    if (input.flag(0)) {
        talk(input.text());
    } else {
        fuzz::expect_same_in_pieces(data, size, story);
    }
    return 0;
}
