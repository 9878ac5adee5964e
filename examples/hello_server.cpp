// SPDX-License-Identifier: MIT
//
// A web server that greets. Each connection is a task of the server's own group, so a handler may
// wait for whatever it likes: others are served meanwhile.
#include <weir/http/server.h>
#include <weir/runtime/run.h>

#include <cstdio>
#include <string>

namespace http = weir::http;
using weir::Result;
using weir::Task;

Task<void> greet(http::Exchange& exchange) {
    std::string text = "Hello from " + exchange.request().target + "\n";
    Result<void> sent = co_await exchange.respond(200, http::Headers(), std::move(text));
    if (!sent) std::fprintf(stderr, "%s\n", sent.error().message().c_str());
}

Task<Result<void>> serve() {
    Result<http::Server> server = http::Server::listen(weir::Endpoint::loopback(0));
    if (!server) co_return server.error();

    std::printf("http://%s/\n", server->local_endpoint().to_string().c_str());
    std::fflush(stdout);
    co_return co_await server->serve(greet);
}

int main() {
    const Result<void> done = weir::run(serve());
    if (!done) std::fprintf(stderr, "%s\n", done.error().message().c_str());
    return done ? 0 : 1;
}
