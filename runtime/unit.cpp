// SPDX-License-Identifier: MIT
#include <weir/runtime/unit.h>

#include <weir/runtime/operation.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/timer_wheel.h>

namespace weir::detail {

void cancel(PromiseBase& root) noexcept {
    if (root.is_cancelled()) return;
    root.mark_cancelled();
    switch (root.leaf_kind()) {
        case LeafKind::none:  // running, or an inner frame of it is in the ready queue
        case LeafKind::ready:
        case LeafKind::ready_forced:
        case LeafKind::ready_first:
            return;
        case LeafKind::timer: {
            auto& timer = *static_cast<Timer*>(root.leaf());
            Reactor::current().disarm(timer);
            make_ready(timer.waiting());
            return;
        }
        case LeafKind::waiter: {
            auto& waiter = *static_cast<Waiter*>(root.leaf());
            waiter.unlink();
            make_ready(waiter.waiting());
            return;
        }
        case LeafKind::operation:
            // The unit stays as it is until the backend has let go of the operation.
            Reactor::current().backend().cancel(*static_cast<Operation*>(root.leaf()));
            return;
        case LeafKind::composite:
            static_cast<Composite*>(root.leaf())->cancel_children();
            return;
    }
}

}  // namespace weir::detail
