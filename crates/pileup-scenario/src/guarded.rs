//! A program as a test under the guard of `pileup-test`.

use std::future::Future;
use std::num::NonZeroUsize;
use std::time::Duration;

use pileup_test::attribute::{Flavor, Settings, run};
use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::Arrivals;

/// How much work arrives in a test, and how often.
const ARRIVALS: u32 = 20;
const EVERY: Duration = Duration::from_millis(20);
/// Tasks that have not ended this long after the last arrival are left to the guard.
const TAIL: Duration = Duration::from_secs(10);
/// No task is alive for this long before a test is over: Tokio's count has neither closures nor the
/// tasks of a `LocalSet`, which may end later.
const QUIET: Duration = Duration::from_secs(2);
/// How often the tasks are counted. Time counts by these steps, and not by the clock: on a machine
/// that is overloaded each step takes longer, as does the work of the tasks.
const STEP: Duration = Duration::from_millis(10);

/// Runs a program as the body of a `#[pileup_test::test]` of this name.
///
/// # Panics
///
/// As such a test does, if the program leaves tasks.
pub(crate) fn test<F: Future<Output = ()>>(
    name: &str,
    worker_threads: NonZeroUsize,
    program: impl FnOnce(Arrivals) -> F,
) {
    let settings = Settings {
        name: name.to_owned().leak(),
        flavor: Flavor::MultiThread,
        worker_threads: Some(worker_threads.get()),
        start_paused: false,
        allow: &[],
        timeout: None,
    };
    run(&settings, serve(program), |()| false);
}

/// Lets work arrive at a program, and waits for its tasks to end.
async fn serve<F: Future<Output = ()>>(program: impl FnOnce(Arrivals) -> F) {
    let arrivals = Arrivals::new(EVERY).up_to(ARRIVALS.into());
    let mut program = Box::pin(program(arrivals));
    let tasks_end = async {
        sleep(EVERY * ARRIVALS).await;
        let (mut waited, mut quiet) = (Duration::ZERO, Duration::ZERO);
        while waited < TAIL && quiet < QUIET {
            sleep(STEP).await;
            waited += STEP;
            quiet += STEP;
            if Handle::current().metrics().num_alive_tasks() > 0 {
                quiet = Duration::ZERO;
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
