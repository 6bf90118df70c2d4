//! Who woke the tasks last: what it adds to the evidence, and what it changes in the grade.

use std::sync::Arc;

use pileup_diagnosis::{Doubt, Evidence, Finding, Grade, Report, WakersNow};
use pileup_model::{Site, Task, Wait, WokenBy};

use crate::program::{Program, at, found, wakers};

/// The `tokio::task::Id` of the task that feeds the others.
const FEED: u64 = 1000;
/// Another one that does.
const OTHER_FEED: u64 = 1001;

/// A program of which one task was born each half second and stays, waiting for a kind of wait.
/// The feed woke each of them a second after its birth, or when it ended.
struct Fed {
    /// When the feed ended, where it did.
    feed_ends: Option<f64>,
    /// When the feed was last polled.
    feed_polled: f64,
    /// For how long healthy tasks live, as far as the user says.
    max_lifetime: u64,
    kind: &'static str,
}

const UNTIL: f64 = 30.0;

impl Fed {
    fn program(&self) -> Program {
        let mut program = Program::default();
        let feed = program.spawn("feed.rs", 0.0, self.feed_ends);
        feed.tokio_id = Some(FEED);
        feed.polls.last_started = Some(at(self.feed_polled));
        feed.polls.last_ended = feed.polls.last_started;
        for number in 1..=60 {
            let born = f64::from(number) * 0.5;
            let woken = self.feed_ends.map_or(born + 1.0, |end| end.min(born + 1.0));
            let task = program.spawn("session.rs", born, None);
            wait_in(task, self.kind);
            if woken >= born && woken <= UNTIL {
                wake(task, woken, FEED, "feed.rs");
            }
        }
        program.expects_lifetimes_up_to(self.max_lifetime)
    }

    fn report(&self) -> Report {
        self.program().watch(0.0, UNTIL)
    }
}

fn site(file: &str) -> Site {
    Site {
        file: file.into(),
        line: 1,
        column: 1,
    }
}

fn wait_in(task: &mut Task, kind: &str) {
    let wait = Wait {
        kind: kind.into(),
        place: None,
        stack: Vec::new(),
        passed: false,
    };
    task.waits = Some([Arc::new(wait)].into());
}

fn wake(task: &mut Task, time: f64, by: u64, file: &str) {
    task.polls.count = 2;
    task.polls.last_started = Some(at(time));
    task.polls.last_ended = Some(at(time));
    let wakers = wakers(task);
    (wakers.wakes, wakers.last_wake) = (1, Some(at(time)));
    task.woken_by = Some(Arc::new(WokenBy {
        task: Some(by),
        site: Some(site(file)),
    }));
}

fn pile(report: &Report) -> &Finding {
    assert_eq!(found(report), [("session.rs", "PU03")]);
    &report.findings[0]
}

/// What is said of the wakers, and for how many of the old tasks.
fn last_woken(finding: &Finding) -> Option<(usize, usize, WakersNow)> {
    finding.facts.iter().find_map(|fact| match fact {
        Evidence::LastWokenBy {
            tasks, of, wakers, ..
        } => Some((*tasks, *of, *wakers)),
        _ => None,
    })
}

/// Healthy tasks of an hour: no watch of half a minute decides that these are not such.
const AN_HOUR: u64 = 3600;

#[test]
fn a_pile_whose_feed_has_ended_is_surer_than_growth_alone() {
    // The old are older than ten seconds, and the feed woke all of those.
    let fed = Fed {
        feed_ends: Some(20.0),
        feed_polled: 20.0,
        max_lifetime: AN_HOUR,
        kind: "mpsc::Receiver::recv",
    };
    let report = fed.report();
    let finding = pile(&report);
    assert_eq!(finding.grade, Grade::Probable, "{finding:#?}");
    let (tasks, of, wakers) = last_woken(finding).expect("a fact about the wakers");
    assert_eq!((tasks, wakers), (of, WakersNow::AllOfSiteEnded));
    let said = finding.evidence.join("; ");
    assert!(
        said.contains(
            "until 13:47:00 UTC, 10 s ago, they were woken by tasks spawned at feed.rs:1:1, the \
             last of which has ended"
        ),
        "{said}"
    );
}

#[test]
fn without_the_wakers_the_same_pile_is_only_suspicious() {
    let mut program = Fed {
        feed_ends: Some(20.0),
        feed_polled: 20.0,
        max_lifetime: AN_HOUR,
        kind: "mpsc::Receiver::recv",
    }
    .program();
    program.spawned().for_each(|task| task.woken_by = None);
    let report = program.watch(0.0, UNTIL);
    assert_eq!(pile(&report).grade, Grade::Suspicious);
    assert_eq!(last_woken(pile(&report)), None);
}

#[test]
fn a_wait_for_what_comes_from_outside_is_no_surer_when_the_feed_has_ended() {
    for kind in ["TcpStream read", "time::sleep", "JoinHandle", "shop::poll"] {
        let fed = Fed {
            feed_ends: Some(20.0),
            feed_polled: 20.0,
            max_lifetime: AN_HOUR,
            kind,
        };
        let report = fed.report();
        assert_eq!(pile(&report).grade, Grade::Suspicious, "{kind}");
    }
}

#[test]
fn a_feed_of_which_another_task_lives_may_come_back() {
    let mut program = Fed {
        feed_ends: Some(20.0),
        feed_polled: 20.0,
        max_lifetime: AN_HOUR,
        kind: "Notify::notified",
    }
    .program();
    program.spawn("feed.rs", 5.0, None).tokio_id = Some(OTHER_FEED);
    let report = program.watch(0.0, UNTIL);
    let finding = pile(&report);
    assert_eq!(finding.grade, Grade::Suspicious);
    let (.., wakers) = last_woken(finding).expect("a fact about the wakers");
    assert_eq!(wakers, WakersNow::Ended);
}

#[test]
fn a_feed_whose_last_task_has_just_ended_may_be_spawned_again() {
    let mut program = Fed {
        feed_ends: Some(20.0),
        feed_polled: 20.0,
        max_lifetime: AN_HOUR,
        kind: "Notify::notified",
    }
    .program();
    program.spawn("feed.rs", 5.0, Some(24.0)).tokio_id = Some(OTHER_FEED);
    let report = program.watch(0.0, UNTIL);
    let finding = pile(&report);
    assert_eq!(finding.grade, Grade::Suspicious);
    let (.., wakers) = last_woken(finding).expect("a fact about the wakers");
    assert_eq!(wakers, WakersNow::Ended);
}

#[test]
fn a_feed_that_is_alive_stands_still_or_wakes_them_no_longer() {
    for (feed_polled, expected) in [
        (5.0, WakersNow::StandStill),
        (29.5, WakersNow::WakeNoLonger),
    ] {
        let fed = Fed {
            feed_ends: None,
            feed_polled,
            max_lifetime: AN_HOUR,
            kind: "mpsc::Receiver::recv",
        };
        let report = fed.report();
        let finding = pile(&report);
        assert_eq!(finding.grade, Grade::Suspicious);
        let (.., wakers) = last_woken(finding).expect("a fact about the wakers");
        assert_eq!(wakers, expected);
        assert!(!finding.doubts.contains(&Doubt::StillWoken));
    }
}

#[test]
fn tasks_that_are_still_woken_come_after_those_that_are_not() {
    let mut program = Fed {
        feed_ends: None,
        feed_polled: 29.5,
        max_lifetime: 60,
        kind: "broadcast::Receiver::recv",
    }
    .program();
    let sessions = program.spawned().skip(1);
    for task in sessions {
        wake(task, 29.0, FEED, "feed.rs");
    }
    // A smaller pile, which nobody wakes.
    for number in 1..=30 {
        program.spawn("forgotten.rs", f64::from(number), None);
    }
    let report = program.watch(0.0, UNTIL);
    assert_eq!(
        found(&report),
        [("forgotten.rs", "PU03"), ("session.rs", "PU03")]
    );
    let [forgotten, session] = &report.findings[..] else {
        unreachable!("two findings")
    };
    assert_eq!(forgotten.grade, session.grade);
    assert!(session.doubts.contains(&Doubt::StillWoken));
    assert!(!forgotten.doubts.contains(&Doubt::StillWoken));
}

#[test]
fn a_wake_that_is_newer_than_what_is_known_of_its_waker_says_nothing() {
    let mut program = Fed {
        feed_ends: Some(15.0),
        feed_polled: 15.0,
        max_lifetime: AN_HOUR,
        kind: "mpsc::Receiver::recv",
    }
    .program();
    // The console has a later wake than the probe's answer, which names the feed.
    for task in program.spawned().skip(1) {
        wakers(task).last_wake = Some(at(25.0));
    }
    let report = program.watch(0.0, UNTIL);
    assert_eq!(last_woken(pile(&report)), None);
    assert_eq!(pile(&report).grade, Grade::Suspicious);
}

#[test]
fn where_tasks_are_not_all_seen_no_waker_is_said_to_have_ended() {
    let fed = Fed {
        feed_ends: Some(20.0),
        feed_polled: 20.0,
        max_lifetime: AN_HOUR,
        kind: "mpsc::Receiver::recv",
    };
    let report = fed.program().watch_changed(0.0, UNTIL, |snapshot, _| {
        snapshot.coverage.dropped_events = 1;
    });
    assert_eq!(last_woken(pile(&report)), None);
    assert_eq!(pile(&report).grade, Grade::Suspicious);
}

#[test]
fn a_task_that_wakes_itself_was_woken_by_nobody() {
    let mut program = Fed {
        feed_ends: None,
        feed_polled: 29.5,
        max_lifetime: AN_HOUR,
        kind: "task::yield_now",
    }
    .program();
    for (number, task) in program.spawned().skip(1).enumerate() {
        let id = number as u64 + 1;
        task.tokio_id = Some(id);
        wake(task, 29.0, id, "session.rs");
    }
    let report = program.watch(0.0, UNTIL);
    assert_eq!(last_woken(pile(&report)), None);
}
