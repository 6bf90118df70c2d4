//! Which of the stacks at which a task's waker was cloned say where it waits now.

use pileup_model::{AwaitKind, Frame, Wait};

use crate::names::is_in_dependency;

/// A stack at which a task's waker was cloned.
#[derive(Debug, Clone, Copy)]
pub struct Cloned<'a> {
    /// What the stack says.
    pub wait: &'a Wait,
    /// Whether as many wakers as were cloned in that poll were dropped in the same poll after
    /// it, so that none of it may be left.
    pub dropped_in_poll: bool,
}

/// Who woke a task last, so that it went on to its newest await.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LastWake {
    /// Another task did, as it gives back a lock, or sends a message.
    ByTask,
    /// A thread outside of any task did, such as the driver of timers and I/O.
    FromOutside,
}

/// The waits of a task, the newest first; but those without a [place](Wait::place) of the
/// program come after those that have one: a server of HTTP/2 looks out for a reset by its client
/// after it has polled the handler, and the handler is what the task is there for.
///
/// `cloned` are the stacks at which the task's waker was cloned, the newest first.
/// `outstanding` is how many of its wakers exist: clones less drops and wakes by value. No
/// waker, no wait.
///
/// Stacks that read alike are one wait. A stack that parts from the newest at another line of
/// the same async function of the program belongs to an await that has passed; it is listed,
/// marked as [passed](Wait::passed), if there are more wakers than other waits: then a future
/// that is no longer polled still holds it. Where more awaits have passed than wakers are left,
/// the wake by which the task went on has used up one of them: a timer's, if no task woke it.
/// Where that does not tell them apart, none is listed.
///
/// A timer registers itself before it looks at the clock, so if the newest is a timer whose waker
/// was dropped at once, the next takes its place.
#[must_use]
pub fn current_waits(
    cloned: &[Cloned<'_>],
    outstanding: usize,
    last_wake: Option<LastWake>,
) -> Vec<Wait> {
    let mut distinct: Vec<Cloned<'_>> = Vec::new();
    for candidate in cloned {
        if !distinct.iter().any(|known| known.wait == candidate.wait) {
            distinct.push(*candidate);
        }
    }
    if distinct.len() > 1 && distinct[0].dropped_in_poll && is_timer(distinct[0].wait) {
        distinct.remove(0);
    }
    let Some(newest) = distinct.first().map(|newest| newest.wait) else {
        return Vec::new();
    };
    let waits = distinct.iter().map(|cloned| cloned.wait);
    let (passed, current): (Vec<_>, Vec<_>) = waits.partition(|wait| has_passed(wait, newest));
    let left = outstanding.saturating_sub(current.len());
    let passed = unpolled(passed, left, last_wake).into_iter();
    let passed = passed.map(|wait| Wait {
        passed: true,
        ..wait.clone()
    });
    let current = current.into_iter().cloned();
    let mut waits: Vec<Wait> = current.chain(passed).take(outstanding).collect();
    waits.sort_by_key(|wait| (wait.passed, wait.place.is_none()));
    waits
}

/// Of the awaits that have passed, those whose futures still hold a waker, if `left` of them do.
fn unpolled(passed: Vec<&Wait>, left: usize, last_wake: Option<LastWake>) -> Vec<&Wait> {
    if passed.len() <= left {
        return passed;
    }
    let not_woken = |wait: &&Wait| {
        let by_task = AwaitKind::of(&wait.kind).map(AwaitKind::is_brought_by_tasks);
        match last_wake {
            Some(LastWake::FromOutside) => by_task == Some(true),
            Some(LastWake::ByTask) => by_task == Some(false),
            None => false,
        }
    };
    let kept: Vec<&Wait> = passed.into_iter().filter(not_woken).collect();
    if kept.len() <= left { kept } else { Vec::new() }
}

/// Whether the await of `older` was left before that of `newest`: from the outside inwards,
/// the first difference is the line of one async function of the program, which awaits one
/// thing after another. Not so below a `PollFn`, as of `select!` and `join!`, which polls
/// several.
fn has_passed(older: &Wait, newest: &Wait) -> bool {
    let pairs = older.stack.iter().rev().zip(newest.stack.iter().rev());
    let mut outer: Option<&Frame> = None;
    for (of_older, of_newest) in pairs {
        if of_older == of_newest {
            outer = Some(of_older);
            continue;
        }
        let is_own = of_older
            .file
            .as_deref()
            .is_some_and(|file| !is_in_dependency(file));
        return is_own
            && of_older.function == of_newest.function
            && of_older.file == of_newest.file
            && of_older.line != of_newest.line
            && !outer.is_some_and(|frame| frame.function.starts_with("core::future::poll_fn::"));
    }
    false
}

fn is_timer(wait: &Wait) -> bool {
    AwaitKind::of(&wait.kind) == Some(AwaitKind::Time)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames as `function:line`, innermost first; those of Tokio are in a dependency.
    fn wait(kind: &str, stack: &[(&str, u32)]) -> Wait {
        let frame = |(function, line): &(&str, u32)| {
            let is_own = function.starts_with("app::");
            let file = if is_own {
                "src/app.rs"
            } else {
                "/rustc/1/library/core/src/a.rs"
            };
            Frame {
                function: (*function).into(),
                file: Some(file.into()),
                line: Some(*line),
            }
        };
        let stack: Vec<_> = stack.iter().map(frame).collect();
        Wait {
            kind: kind.into(),
            place: None,
            stack,
            passed: false,
        }
    }

    fn waits(cloned: &[&Wait], outstanding: usize) -> Vec<(String, bool)> {
        waits_after(None, cloned, outstanding)
    }

    fn waits_after(
        last_wake: Option<LastWake>,
        cloned: &[&Wait],
        outstanding: usize,
    ) -> Vec<(String, bool)> {
        let cloned: Vec<_> = cloned
            .iter()
            .map(|wait| Cloned {
                wait,
                dropped_in_poll: false,
            })
            .collect();
        let waits = current_waits(&cloned, outstanding, last_wake);
        waits
            .into_iter()
            .map(|wait| (wait.kind.to_string(), wait.passed))
            .collect()
    }

    fn shown(kind: &str) -> (String, bool) {
        (kind.to_owned(), false)
    }

    const POLL_FN: (&str, u32) = ("core::future::poll_fn::PollFn::poll", 151);

    #[test]
    fn a_wait_in_a_library_alone_comes_after_one_in_the_program() {
        let mut handler = wait(
            "oneshot::Receiver",
            &[("app::handler", 7), ("hyper::poll", 1)],
        );
        handler.place = Some(handler.stack[0].clone());
        let reset = wait("hyper::poll", &[("h2::poll_reset", 3), ("hyper::poll", 2)]);
        let kinds = |outstanding| waits(&[&reset, &handler], outstanding);
        assert_eq!(kinds(2), [shown("oneshot::Receiver"), shown("hyper::poll")]);
        // The only waker is that of the newest.
        assert_eq!(kinds(1), [shown("hyper::poll")]);
    }

    #[test]
    fn without_a_waker_there_is_no_wait() {
        let recv = wait("recv", &[("tokio::recv", 1), ("app::run", 5)]);
        assert_eq!(waits(&[&recv], 0), []);
        assert_eq!(waits(&[], 1), []);
        assert_eq!(waits(&[&recv], 1), [shown("recv")]);
    }

    #[test]
    fn stacks_that_read_alike_are_one_wait() {
        let recv = wait("recv", &[("tokio::recv", 1), ("app::run", 5)]);
        assert_eq!(
            waits(&[&recv, &recv.clone(), &recv.clone()], 3),
            [shown("recv")]
        );
    }

    #[test]
    fn the_branches_of_a_select_are_all_shown() {
        let branch = |kind, line| {
            wait(
                kind,
                &[
                    ("tokio::x", 1),
                    ("app::run", line),
                    POLL_FN,
                    ("app::run", 9),
                ],
            )
        };
        let (a, b, c) = (branch("a", 10), branch("b", 11), branch("c", 12));
        assert_eq!(
            waits(&[&c, &b, &a], 3),
            [shown("c"), shown("b"), shown("a")]
        );
        assert_eq!(waits(&[&c, &b, &a], 2), [shown("c"), shown("b")]);
    }

    #[test]
    fn an_await_that_has_passed_is_left_out() {
        let before = wait(
            "recv",
            &[("tokio::recv", 1), ("app::run", 5), ("app::main", 2)],
        );
        let now = wait(
            "sleep",
            &[("tokio::sleep", 1), ("app::run", 6), ("app::main", 2)],
        );
        assert_eq!(waits(&[&now, &before], 1), [shown("sleep")]);
    }

    #[test]
    fn a_passed_await_whose_waker_exists_is_a_future_that_is_not_polled() {
        let before = wait("lock", &[("tokio::lock", 1), POLL_FN, ("app::run", 5)]);
        let now = wait("sleep", &[("tokio::sleep", 1), ("app::run", 6)]);
        let passed = ("lock".to_owned(), true);
        assert_eq!(waits(&[&now, &before], 2), [shown("sleep"), passed]);
    }

    #[test]
    fn of_two_passed_awaits_that_which_woke_the_task_has_no_waker_left() {
        let branch = |kind| wait(kind, &[("tokio::x", 1), POLL_FN, ("app::run", 5)]);
        let (lock, sleep) = (branch("Mutex::lock"), branch("time::sleep"));
        let now = wait("Mutex::lock", &[("tokio::x", 1), ("app::run", 6)]);
        let passed = |last_wake| {
            let all = waits_after(last_wake, &[&now, &sleep, &lock], 2);
            let passed = all.into_iter().filter(|(_, passed)| *passed);
            passed.map(|(kind, _)| kind).collect::<Vec<_>>()
        };
        assert_eq!(passed(Some(LastWake::FromOutside)), ["Mutex::lock"]);
        assert_eq!(passed(Some(LastWake::ByTask)), ["time::sleep"]);
        assert!(passed(None).is_empty());
    }

    #[test]
    fn another_depth_of_the_same_await_has_not_passed() {
        let deep = wait("a", &[("tokio::a", 1), ("app::inner", 3), ("app::run", 5)]);
        let flat = wait("b", &[("tokio::b", 1), ("app::run", 5)]);
        assert_eq!(waits(&[&flat, &deep], 2), [shown("b"), shown("a")]);
    }

    #[test]
    fn a_timer_that_was_dropped_at_once_gives_way() {
        let recv = wait("recv", &[("tokio::recv", 1), POLL_FN, ("app::run", 5)]);
        let sleep = wait(
            "time::sleep",
            &[("tokio::sleep", 1), POLL_FN, ("app::run", 5)],
        );
        let cloned = |wait, dropped_in_poll| Cloned {
            wait,
            dropped_in_poll,
        };
        let waits = current_waits(&[cloned(&sleep, true), cloned(&recv, false)], 1, None);
        assert_eq!(waits, std::slice::from_ref(&recv));
        let waits = current_waits(&[cloned(&sleep, true)], 1, None);
        assert_eq!(waits, std::slice::from_ref(&sleep));
    }
}
