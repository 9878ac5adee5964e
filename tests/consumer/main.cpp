// SPDX-License-Identifier: MIT
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>

#include <chrono>

using namespace std::chrono_literals;

weir::Task<int> answer() {
    co_await weir::sleep_for(1ms);
    co_return 42;
}

int main() {
    return weir::run(answer()) == 42 ? 0 : 1;
}
