// SPDX-License-Identifier: MIT
//
// What a waiting task is made of, frame by frame: the chain of coroutines from its outermost to the
// one that waits, and below it those of its children. A frame's size is the compiler's choice and
// stands nowhere at run time, so the pool is asked: once the frame is freed, the free list that it
// lies in tells its size, rounded up to the pool's step, as it is paid. All in a simulated world.
#include <malloc.h>
#include <weir/http/certificate.h>
#include <weir/http/client.h>
#include <weir/http/server.h>
#include <weir/llm/client.h>
#include <weir/llm/mock/server.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/symbols.h>
#include <weir/runtime/sync/event.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/tcp.h>
#include <weir/runtime/timeout.h>

#include <array>

#include "bench/memory/frames.h"
#include "runtime/wait_names.h"

namespace weir::bench {
namespace {

using namespace std::chrono_literals;
using detail::FramePool;
using detail::PromiseBase;

class Frame {
public:
    explicit Frame(PromiseBase& promise)
        : name(detail::function_name(detail::resume_function(promise))),
          address(promise.handle().address()) {
        // Large frames come from malloc, which knows their size while they live.
        if (!is_pooled()) bytes = ::malloc_usable_size(address);
    }

    std::string name;
    void* address;
    std::size_t bytes = 0;  // 0: not known yet

private:
    bool is_pooled() const {
        constexpr std::ptrdiff_t kReservation = 64 << 20;
        const auto* const at = static_cast<const std::byte*>(address);
        const std::byte* const end = detail::frame_pool.limit;
        return at < end && end - at <= kReservation;
    }
};

class FrameWalk final : public detail::ChildVisitor {
public:
    /// `outermost`: the function of the task to look at, which is found wherever it is.
    explicit FrameWalk(std::string outermost) : outermost_("::" + std::move(outermost)) {}

    void child(PromiseBase& root) override {
        const bool is_sought =
            detail::function_name(detail::resume_function(root)).ends_with(outermost_);
        if (is_sought) ++inside_;
        if (inside_ > 0) add_chain(root);
        if (root.leaf_kind() == detail::LeafKind::composite) {
            static_cast<const detail::Composite*>(root.leaf())->each_child(*this);
        }
        if (is_sought) --inside_;
    }

    /// Once all of them are freed, and nothing else was allocated since.
    void find_sizes() {
        for (std::size_t index = 0; index < FramePool::kClasses; ++index) {
            void* block = detail::frame_pool.free_blocks[index];
            for (; block != nullptr; block = *static_cast<void**>(block)) {
                for (Frame& frame : frames) {
                    if (frame.address == block) frame.bytes = index * FramePool::kStep;
                }
            }
        }
    }

    std::vector<Frame> frames;

private:
    void add_chain(PromiseBase& root) {
        std::vector<PromiseBase*> chain;
        PromiseBase* frame = detail::innermost_waiting(root);
        for (; frame != nullptr && !frame->is_root(); frame = &frame->continuation().promise())
            chain.push_back(frame);
        chain.push_back(&root);
        for (auto each = chain.rbegin(); each != chain.rend(); ++each)
            frames.emplace_back(**each);
    }

    std::string outermost_;
    int inside_ = 0;
};

/// What the tasks that are looked at wait for.
class Scene {
public:
    explicit Scene(TcpStream connected) : stream(std::move(connected)) {}

    Event event;
    TcpStream stream;
    std::string http_url;
    std::string https_url;
    std::string llm_url;
    std::string ca_pem;
};

Task<void> in_sleep(Scene&) {
    co_await sleep_for(1h);
}
Task<void> in_event(Scene& scene) {
    co_await scene.event.wait();
}
Task<void> in_timeout(Scene& scene) {
    static_cast<void>(co_await timeout(1h, in_event(scene)));
}
Task<void> in_group(Scene& scene) {
    co_await with_group([&scene](TaskGroup& group) -> Task<void> {
        group.spawn(in_event(scene));
        co_return;
    });
}
Task<void> in_read(Scene& scene) {
    static_cast<void>(co_await scene.stream.read());
}
Task<void> in_plain_call(Scene& scene) {
    http::Client client;
    http::Request request("POST", http::Url::parse(scene.http_url).value());
    request.body("x");
    static_cast<void>(co_await client.send(std::move(request)));
}
Task<void> in_tls_call(Scene& scene) {
    http::TlsClientOptions trust;
    trust.ca_pem(scene.ca_pem);
    http::Client client(http::ClientOptions().tls(http::TlsContext::client(trust).value()));
    http::Request request("POST", http::Url::parse(scene.https_url).value());
    request.body("x");
    static_cast<void>(co_await client.send(std::move(request)));
}
Task<void> in_chat(Scene& scene) {
    llm::Client client = llm::Client::make(llm::ClientOptions().base_url(scene.llm_url)).value();
    const llm::Chat chat = llm::Chat("model").user("Hello");
    static_cast<void>(co_await client.chat(chat));
}
Task<void> in_stream(Scene& scene) {
    llm::Client client = llm::Client::make(llm::ClientOptions().base_url(scene.llm_url)).value();
    const llm::Chat chat = llm::Chat("model").user("Hello");
    Result<llm::ChatStream> stream = co_await client.stream(chat);
    while (stream) {
        if (!co_await stream->next()) co_return;
    }
}

struct Kind {
    const char* name;  // of the function, less "in_"
    Task<void> (*wait)(Scene& scene);
};
constexpr std::array<Kind, 9> kKinds = {
    Kind{"sleep", in_sleep},       Kind{"event", in_event}, Kind{"timeout", in_timeout},
    Kind{"group", in_group},       Kind{"read", in_read},   Kind{"plain_call", in_plain_call},
    Kind{"tls_call", in_tls_call}, Kind{"chat", in_chat},   Kind{"stream", in_stream}};

/// The frames of a task that waits so.
Task<std::vector<Frame>> frames_of(Scene& scene, const Kind& kind) {
    FrameWalk walk(std::string("in_") + kind.name);
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        group.spawn(kind.wait(scene));
        co_await sleep_for(10s);  // of the world's time: by then it waits
        walk.child(*Reactor::current().main());
        group.cancel();
    });
    walk.find_sizes();
    co_return std::move(walk.frames);
}

Task<void> never_answer(http::Exchange& exchange) {
    co_await sleep_for(1h);
    static_cast<void>(co_await exchange.respond(200, http::Headers(), ""));
}

/// With servers of each kind that keep the task waiting, below the task that is looked at.
Task<std::vector<Frame>> frames_beside_servers(const Kind& kind) {
    const Endpoint any = Endpoint::loopback(0);
    const auto authority = http::CertificateAuthority::create("bench").value();
    const http::IssuedCertificate issued = authority.issue({"127.0.0.1"}).value();
    http::ServerOptions secure;
    secure.tls(
        http::TlsContext::server(issued.certificate_pem(), issued.private_key_pem()).value());
    llm::mock::Script script;
    script.tokens(3).time_to_first_token(1s).token_interval(1h);

    http::Server plain = http::Server::listen(any).value();
    http::Server tls = http::Server::listen(any, std::move(secure)).value();
    llm::mock::Server model = llm::mock::Server::listen(any, script).value();
    Scene scene((co_await TcpStream::connect(plain.local_endpoint())).value());
    scene.http_url = "http://" + plain.local_endpoint().to_string() + "/";
    scene.https_url = "https://" + tls.local_endpoint().to_string() + "/";
    scene.llm_url = model.base_url();
    scene.ca_pem = authority.certificate_pem();

    std::vector<Frame> frames;
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        group.spawn(plain.serve(never_answer));
        group.spawn(tls.serve(never_answer));
        group.spawn(model.serve());
        frames = co_await frames_of(scene, kind);
        group.cancel();
    });
    co_return frames;
}

}  // namespace

std::vector<std::string> kinds_of_frames() {
    std::vector<std::string> names;
    for (const Kind& kind : kKinds)
        names.emplace_back(kind.name);
    return names;
}

// Argument: the number of the kind. Reports "all", and each frame by its place and function.
Result<Sample> frames_weir(const Arguments& arguments) {
    const Kind& kind = kKinds.at(arguments.number(0));
    const std::vector<Frame> frames =
        run(frames_beside_servers(kind), ReactorOptions().backend(BackendKind::simulated));
    Sample sample;
    std::size_t all = 0;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        if (frames[i].bytes == 0) {
            return Error(Errc::bad_argument, "the size of " + frames[i].name +
                                                 " is not known: its memory was used again");
        }
        const std::string place = std::to_string(i + 1);
        sample.set((i < 9 ? "0" : "") + place + " " + frames[i].name,
                   static_cast<double>(frames[i].bytes));
        all += frames[i].bytes;
    }
    sample.set("all", static_cast<double>(all));
    return sample;
}

}  // namespace weir::bench
