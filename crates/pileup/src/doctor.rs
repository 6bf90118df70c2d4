//! Whether a target's instrumentation is live and complete: what a watch shows of that.

use std::sync::Arc;
use std::time::Duration;

use pileup_investigate::{ServedBy, Snapshot};
use pileup_model::{AsyncOp, Resource, elapsed, figures};
use serde::Serialize;

/// From this lag on, a short watch misses what is new.
const LATE: Duration = Duration::from_secs(1);
/// So many finished tasks, at about 50 kB each, are worth a thought.
const MANY_REMEMBERED: usize = 10_000;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it is.
    pub health: Health,
    /// What was seen.
    pub seen: String,
    /// What to do, unless it is as it should be.
    pub fix: Option<&'static str>,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should be.
    Fine,
    /// It may be as it should be.
    Doubtful,
    /// Reports on this target are wrong or incomplete.
    Broken,
}

/// Looks at the first and the last snapshot of a watch.
pub fn examine(first: &Snapshot, last: &Snapshot, served_by: ServedBy) -> Vec<Check> {
    vec![
        tasks(first, last),
        activity(first, last),
        resources(last),
        lag(last),
        dropped_events(last),
        withheld(last),
        retention(first),
        tokio_version(last),
        subscriber(first, last, served_by),
    ]
}

fn check(name: &'static str, seen: String, wrong: Option<(Health, &'static str)>) -> Check {
    Check {
        name,
        health: wrong.map_or(Health::Fine, |(health, _)| health),
        seen,
        fix: wrong.map(|(_, fix)| fix),
    }
}

fn tasks(first: &Snapshot, last: &Snapshot) -> Check {
    let (live, finished) = (
        last.live_tasks().count(),
        first.finished.len() + last.finished.len(),
    );
    let none = last.tasks.is_empty() && finished == 0;
    let withheld = last.coverage.state_withheld;
    check(
        "tasks",
        if none {
            "no task is reported".to_owned()
        } else {
            format!("{live} live tasks are reported")
        },
        // A target that withholds its state, and one that records nothing, begin alike.
        none.then_some(if withheld {
            (
                Health::Doubtful,
                "either all are withheld (see state), or none is recorded: unless the program \
                 has thousands of tasks, let console-subscriber's filter pass tokio=trace and \
                 runtime=trace, and build with --cfg tokio_unstable and Tokio's feature \
                 \"tracing\"",
            )
        } else {
            (
                Health::Broken,
                "build the program with --cfg tokio_unstable (an environment variable RUSTFLAGS \
             replaces what .cargo/config.toml sets) and Tokio's feature \"tracing\", start \
             console-subscriber before the runtime, and let its filter pass tokio=trace and \
             runtime=trace",
            )
        }),
    )
}

/// Which subscriber serves, and whether the other one would show more or cost less.
fn subscriber(first: &Snapshot, last: &Snapshot, served_by: ServedBy) -> Check {
    let is_console_subscriber = served_by == ServedBy::ConsoleSubscriber;
    let coverage = &last.coverage;
    let remembered = last.tasks.len() + first.finished.len();
    let would_help = is_console_subscriber
        && (coverage.lag >= LATE
            || coverage.dropped_events > 0
            || coverage.state_withheld
            || remembered > MANY_REMEMBERED);
    check(
        "serves",
        if is_console_subscriber {
            "console-subscriber, or something like it".to_owned()
        } else {
            "pileup-subscriber, which has no backlog and withholds nothing".to_owned()
        },
        would_help.then_some((
            Health::Doubtful,
            "call pileup_subscriber::init() in place of console_subscriber::init(): it does not \
             fall behind, it sends a client that attaches late the whole state, and it takes far \
             less memory for each task",
        )),
    )
}

fn activity(first: &Snapshot, last: &Snapshot) -> Check {
    let watched = figures::duration(elapsed(first.at, last.at));
    let active = last.tasks.iter().filter(|task| {
        let last_wake = task.wakers.and_then(|wakers| wakers.last_wake);
        task.last_active() > first.at || last_wake.is_some_and(|wake| wake > first.at)
    });
    let (active, finished) = (active.count(), last.finished.len());
    check(
        "activity",
        format!("{active} live tasks were polled or woken in {watched}"),
        (active == 0 && finished == 0 && !last.coverage.state_withheld).then_some((
            Health::Doubtful,
            "give the program some work while the doctor looks: if nothing of that is reported \
             either, its instrumentation has stopped",
        )),
    )
}

fn resources(last: &Snapshot) -> Check {
    let number = last.resources.len();
    check(
        "resources",
        match number {
            0 => "no lock, channel or timer is reported".to_owned(),
            more => format!(
                "{more} locks, channels and timers are reported, with {} waits",
                open(&last.async_ops)
            ),
        },
        (number == 0).then_some((
            Health::Doubtful,
            "if the program uses any, let console-subscriber's filter pass runtime=trace and \
             tokio=trace: without them, who waits for whom is not seen",
        )),
    )
}

fn open(ops: &[Arc<AsyncOp>]) -> usize {
    ops.iter().filter(|op| op.dropped_at.is_none()).count()
}

fn lag(last: &Snapshot) -> Check {
    let lag = last.coverage.lag;
    check(
        "lag",
        format!(
            "new tasks are reported {} after they were spawned",
            figures::duration(lag)
        ),
        (lag >= LATE).then_some((
            Health::Broken,
            "publish more often (TOKIO_CONSOLE_PUBLISH_INTERVAL=50ms): console-subscriber takes \
             in only some hundred events each time",
        )),
    )
}

fn dropped_events(last: &Snapshot) -> Check {
    let dropped = last.coverage.dropped_events;
    check(
        "events",
        match dropped {
            0 => "none was lost since the attach".to_owned(),
            more => format!("{more} were lost since the attach"),
        },
        (dropped > 0).then_some((
            Health::Broken,
            "give console-subscriber a larger buffer \
             (ConsoleLayer::builder().event_buffer_capacity), and publish more often \
             (TOKIO_CONSOLE_PUBLISH_INTERVAL=50ms)",
        )),
    )
}

fn withheld(last: &Snapshot) -> Check {
    let withheld = last.coverage.state_withheld;
    check(
        "state",
        if withheld {
            "nothing is reported of what lived before the attach: it is more than 4 MiB, or none of it \
             is recorded"
                .to_owned()
        } else {
            "what lived before the attach is reported".to_owned()
        },
        withheld.then_some((
            Health::Broken,
            "restart the program and attach before its tasks pile up, or let it remember less \
             (TOKIO_CONSOLE_RETENTION=10s)",
        )),
    )
}

fn retention(first: &Snapshot) -> Check {
    let remembered = first.finished.iter().filter_map(|task| task.finished_at);
    let longest = remembered.map(|end| elapsed(end, first.at)).max();
    let number = first.finished.len();
    check(
        "retention",
        longest.map_or_else(
            || "no finished task is remembered".to_owned(),
            |longest| {
                format!(
                    "{number} finished tasks are remembered, for {} or more",
                    figures::duration(longest)
                )
            },
        ),
        (number > MANY_REMEMBERED).then_some((
            Health::Doubtful,
            "each costs the program about 50 kB: let it remember less \
             (TOKIO_CONSOLE_RETENTION=10s)",
        )),
    )
}

fn tokio_version(last: &Snapshot) -> Check {
    let in_sources = |resource: &Resource| {
        let site = resource.site.as_ref()?;
        let mut parts = site.file.split(['/', '\\']);
        let folder = parts.find(|part| part.starts_with("tokio-1."))?;
        folder.strip_prefix("tokio-").map(str::to_owned)
    };
    let version = last
        .resources
        .iter()
        .find_map(|resource| in_sources(resource));
    check(
        "tokio",
        version.map_or_else(
            || "its version is unknown".to_owned(),
            |version| format!("its version is {version}"),
        ),
        None,
    )
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use pileup_model::Coverage;

    use super::*;

    fn snapshot() -> Snapshot {
        Snapshot::new(Timestamp::UNIX_EPOCH)
    }

    fn health(name: &str, last: &Snapshot) -> Health {
        let checks = examine(&snapshot(), last, ServedBy::ConsoleSubscriber);
        let check = checks.iter().find(|check| check.name == name);
        let check = check.expect("it was looked at");
        assert_eq!(check.fix.is_none(), check.health == Health::Fine);
        check.health
    }

    #[test]
    fn a_target_that_tells_of_no_task_is_not_instrumented() {
        assert_eq!(health("tasks", &snapshot()), Health::Broken);
        assert_eq!(health("activity", &snapshot()), Health::Doubtful);
        assert_eq!(health("resources", &snapshot()), Health::Doubtful);
    }

    #[test]
    fn a_target_that_tells_of_no_task_may_withhold_them() {
        let mut last = snapshot();
        last.coverage.state_withheld = true;
        assert_eq!(health("tasks", &last), Health::Doubtful);
        assert_eq!(health("state", &last), Health::Broken);
    }

    #[test]
    fn changing_over_is_advised_where_console_subscriber_does_not_keep_up() {
        let mut last = snapshot();
        assert_eq!(health("serves", &last), Health::Fine);
        last.coverage.lag = LATE;
        assert_eq!(health("serves", &last), Health::Doubtful);
        let checks = examine(&snapshot(), &last, ServedBy::PileupSubscriber);
        let serves = checks.iter().find(|check| check.name == "serves");
        assert_eq!(serves.expect("it is named").health, Health::Fine);
    }

    #[test]
    fn what_is_not_covered_is_broken() {
        let mut last = snapshot();
        for name in ["lag", "events", "state"] {
            assert_eq!(health(name, &last), Health::Fine, "{name}");
        }
        last.coverage = Coverage {
            dropped_events: 3,
            waits_unseen: false,
            state_withheld: true,
            lag: LATE,
            ..Coverage::default()
        };
        for name in ["lag", "events", "state"] {
            assert_eq!(health(name, &last), Health::Broken, "{name}");
        }
    }
}
