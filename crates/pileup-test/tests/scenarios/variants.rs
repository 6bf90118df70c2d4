//! The programs of every scenario as tests. They are ignored, and run by name from `scenarios.rs`.

use std::time::{Duration, Instant};

use pileup_scenario::Arrivals;
use tokio::runtime::Handle;
use tokio::time::sleep;

/// How much work arrives in a test, and how often.
const ARRIVALS: u32 = 20;
const EVERY: Duration = Duration::from_millis(20);
/// Tasks that have not ended this long after the last arrival are left to the guard.
const TAIL: Duration = Duration::from_secs(10);
/// No task is alive for this long before a test is over: Tokio's count has neither closures nor the
/// tasks of a `LocalSet`, which may end later.
const QUIET: Duration = Duration::from_secs(2);

/// Lets work arrive at a program, and waits for its tasks to end.
async fn serve<F: Future<Output = ()>>(run: impl FnOnce(Arrivals) -> F) {
    let arrivals = Arrivals::new(EVERY).up_to(ARRIVALS.into());
    let mut program = Box::pin(run(arrivals));
    let tasks_end = async {
        sleep(EVERY * ARRIVALS).await;
        let started = Instant::now();
        let mut busy = Instant::now();
        while started.elapsed() < TAIL && busy.elapsed() < QUIET {
            sleep(Duration::from_millis(10)).await;
            if Handle::current().metrics().num_alive_tasks() > 0 {
                busy = Instant::now();
            }
        }
    };
    tokio::select! {
        () = &mut program => {}
        () = tasks_end => {}
    }
    // What a service keeps between its requests lives as long as its process. The drop of the
    // program would close channels, and so end tasks that a service leaks.
    std::mem::forget(program);
}

macro_rules! tests {
    ($($scenario:ident)*) => {
        /// The names of the scenarios.
        pub const ALL: &[&str] = &[$(stringify!($scenario)),*];

        $(mod $scenario {
            tests!($scenario: leaky fixed lookalike);
        })*
    };
    ($scenario:ident: $($variant:ident)*) => {
        $(
            #[pileup_test::test(flavor = "multi_thread", worker_threads = 4)]
            #[ignore = "run by name from scenarios.rs"]
            async fn $variant() {
                super::serve(::$scenario::$variant::run).await;
            }
        )*
    };
}

tests! {
    barrier_short_party
    blocking_loop
    bounded_channel_cycle
    endless_loop
    everything
    first_asker_forgotten
    full_channel
    futurelock
    lock_held_across_call
    lock_never_released
    lock_order
    losing_branch_detached
    nil_channel_receive
    nil_channel_send
    permit_hoarding
    receive_without_send
    recursive_lock
    request_without_timeout
    self_waking_poll
    send_without_receive
    sync_guard_across_await
    unclosed_channel
    undriven_local_set
    unread_fan_in
    unreplied_oneshot
    unstoppable_closure
    waitgroup_missing_done
}
