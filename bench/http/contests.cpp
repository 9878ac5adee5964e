// SPDX-License-Identifier: MIT
#include "bench/http/contests.h"

namespace weir::bench {

Command http_server(std::size_t delay_milliseconds, TlsMode mode) {
    Command command("delay_server");
    command.argument(delay_milliseconds).argument(static_cast<std::size_t>(mode));
    return command.cpu(kServerCpu);
}

Contender http_client(std::string peer, Command command, std::initializer_list<std::size_t> numbers,
                      Command server) {
    for (const std::size_t number : numbers)
        command.argument(number);
    command.cpu(kMeasuringCpu);
    Contender contender(std::move(peer), std::move(command), *numbers.begin());
    return contender.beside(std::move(server));
}

Contender http_crowd(std::string peer, Command command, std::size_t calls, Command server) {
    Command one = command;
    command.argument(calls).cpu(kMeasuringCpu);
    one.argument(1).cpu(kMeasuringCpu);
    Contender contender(std::move(peer), std::move(command), calls - 1);
    return contender.less(std::move(one)).beside(std::move(server));
}

void enter_weir(Contest& contest, const Contender& weir) {
    for (const char* backend : {"uring", "epoll"}) {
        Contender on_backend = weir;
        contest.enter(std::move(on_backend.backend(backend)));
    }
}

double microseconds_of_cpu(const Reading& reading) {
    return reading.each("cpu_s") * 1e6;
}

double pending_peak(const Reading& reading) {
    return reading.of_helper("pending_peak");
}

Result<void> run_all(std::initializer_list<HttpContest> contests, const Plan& plan,
                     Report& report) {
    Result<void> worst;
    for (const HttpContest contest : contests) {
        if (Result<void> done = contest(plan, report); !done) worst = std::move(done);
    }
    return worst;
}

}  // namespace weir::bench
