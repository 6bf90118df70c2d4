//! What every form says in the same words.

use pileup_diagnosis::{Finding, Grade, Report, ReportCoverage, SetAside, WaitedFor, Why};
use pileup_model::{Site, TaskState};

pub fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::Certain => "certain",
        Grade::Probable => "probable",
        Grade::Suspicious => "suspicious",
    }
}

pub fn summary(report: &Report) -> String {
    match report.findings.len() {
        0 if report.coverage.state_withheld => {
            "incomplete: no finding, but the target withheld its older tasks".to_owned()
        }
        0 if report.set_aside.is_empty() => "nothing piles up".to_owned(),
        0 => "nothing else piles up".to_owned(),
        1 => "1 finding".to_owned(),
        more => format!("{more} findings"),
    }
}

pub fn site(finding: &Finding) -> String {
    place(finding.site.as_ref())
}

pub fn place(site: Option<&Site>) -> String {
    site.map_or_else(
        || "a place that the target does not tell".to_owned(),
        Site::to_string,
    )
}

pub fn figures(finding: &Finding) -> String {
    let state = match finding.state {
        TaskState::Idle => "idle",
        TaskState::Scheduled => "scheduled",
        TaskState::Running => "running",
    };
    format!(
        "{} alive, {:+.0} a minute, the oldest for {:.1} s, {state}",
        finding.alive, finding.growth_per_minute, finding.oldest_seconds
    )
}

/// A finding that does not count, and why, in one line.
pub fn set_aside(aside: &SetAside) -> String {
    let SetAside {
        why,
        reason,
        finding,
    } = aside;
    let why = match why {
        Why::Allowed => "allowed",
        Why::InBaseline => "known",
    };
    format!(
        "{} {} {} at {}, {} alive; {why}: {reason}",
        grade(finding.grade),
        finding.code.number(),
        finding.pattern,
        site(finding),
        finding.alive
    )
}

/// What the tasks are called, what they wait for and who holds it, one line each.
pub fn waits(finding: &Finding) -> Vec<String> {
    let names = &finding.task_names;
    let called = (!names.is_empty()).then(|| format!("named {}", names.join(", ")));
    let resource = finding.waits_on.as_ref();
    let resource = resource.and_then(|waits_on| waits_on.resource.as_ref());
    let waits_for = resource
        .map(|WaitedFor { r#type, file, line }| format!("waits for {type} made at {file}:{line}"));
    let holders = finding.held_by.iter();
    let held_by =
        holders.map(|holder| format!("held by tasks spawned at {}", place(holder.site.as_ref())));
    called.into_iter().chain(waits_for).chain(held_by).collect()
}

/// What the watch covers, and what it does not.
pub fn coverage(coverage: &ReportCoverage) -> Vec<String> {
    let waits = if coverage.waits_unseen {
        "a probe sees neither what they wait for nor who could wake them: what is certain, only \
         the program's console shows"
            .to_owned()
    } else {
        format!(
            "{} of the living wait for something that Tokio does not instrument (a channel's \
             recv, a Notify, a JoinHandle, I/O)",
            coverage.uninstrumented_waits
        )
    };
    let mut lines = vec![format!("seen: {} tasks; {waits}", coverage.tasks_seen)];
    if coverage.dropped_events > 0 {
        lines.push(format!(
            "incomplete: the target lost {} events, its buffer was full",
            coverage.dropped_events
        ));
    }
    if coverage.state_withheld {
        lines.push(
            "incomplete: the target withheld the tasks that lived before the attach".to_owned(),
        );
    }
    if coverage.lag_seconds >= 1.0 {
        lines.push(format!(
            "late: the target told of new tasks {:.1} s after their birth",
            coverage.lag_seconds
        ));
    }
    lines
}
