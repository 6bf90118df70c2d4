//! One test, from its runtime to its verdict.

use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;

use tokio::runtime::{LocalRuntime, Runtime};

use crate::attribute::{Flavor, Settings};
use crate::check::check;
use crate::hang::{Registered, expects_sigterm};
use crate::rules::Rules;
use crate::verdict::Verdict;
use crate::watch::Watched;
use crate::watchdog::Watchdog;
use crate::watched_runtime::{Shape, TokioRuntime, WatchedRuntime};

/// Runs the future of a test. A test that has failed by itself is not checked: what it leaves
/// follows from that.
#[track_caller]
pub(crate) fn run<T>(
    settings: &Settings,
    shape: Shape,
    rules: &Rules,
    body: impl Future<Output = T>,
    has_failed: impl FnOnce(&T) -> bool,
) -> (Option<T>, Option<Verdict>) {
    match shape.flavor {
        Flavor::Local => {
            run_on::<LocalRuntime, T>(&shape.build(), settings, rules, body, has_failed)
        }
        Flavor::CurrentThread | Flavor::MultiThread => {
            run_on::<Runtime, T>(&shape.build(), settings, rules, body, has_failed)
        }
    }
}

#[track_caller]
fn run_on<R: TokioRuntime, T>(
    runtime: &WatchedRuntime<R>,
    settings: &Settings,
    rules: &Rules,
    body: impl Future<Output = T>,
    has_failed: impl FnOnce(&T) -> bool,
) -> (Option<T>, Option<Verdict>) {
    let at = Location::caller();
    let seen = runtime.seen();
    let watches_for_hangs = settings.timeout.is_some() || expects_sigterm();
    let registered =
        watches_for_hangs.then(|| Registered::new(settings.name, at, Arc::clone(&seen)));
    let watchdog = settings
        .timeout
        .zip(registered.as_ref())
        .map(|(timeout, registered)| Watchdog::start(&registered.0, timeout));
    let check = async |value: T| {
        let verdict = if has_failed(&value) {
            None
        } else {
            check(&seen, rules, settings.name, at).await
        };
        (Some(value), verdict)
    };
    let _entered = runtime.watched().enter();
    match &registered {
        None => runtime.tokio().block_on(async { check(body.await).await }),
        Some(registered) => {
            let body = Watched::wrap(body);
            runtime.tokio().block_on(async {
                // Alive until its report is made.
                let mut body = pin!(body);
                let value = match &watchdog {
                    Some(watchdog) => watchdog.race(body.as_mut()).await,
                    None => Some(body.await),
                };
                match value {
                    Some(value) => check(value).await,
                    None => (None, Some(registered.0.verdict())),
                }
            })
        }
    }
}
