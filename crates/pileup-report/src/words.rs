//! What every form says in the same words.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use pileup_diagnosis::figures;
use pileup_diagnosis::{
    Finding, Grade, Involved, Report, ReportCoverage, Role, SetAside, WaitedFor, Why,
};
use pileup_model::Site;

/// The grade as a word.
#[must_use]
pub fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::Certain => "certain",
        Grade::Probable => "probable",
        Grade::Suspicious => "suspicious",
    }
}

/// How much was found.
#[must_use]
pub fn summary(report: &Report) -> String {
    match report.findings.len() {
        0 if !incomplete(report).is_empty() => "no finding in what was seen".to_owned(),
        0 if report.set_aside.is_empty() => "nothing piles up".to_owned(),
        0 => "nothing else piles up".to_owned(),
        1 => "1 finding".to_owned(),
        more => format!("{more} findings"),
    }
}

/// The first line of a report: what was watched, and how much was found.
#[must_use]
pub fn headline(report: &Report) -> String {
    let count = |grade| {
        let of_grade = report
            .findings
            .iter()
            .filter(|finding| finding.grade == grade);
        of_grade.count() as u64
    };
    let certain = count(Grade::Certain);
    let probable = count(Grade::Probable);
    let suspicious = count(Grade::Suspicious);
    let mut found = match (certain, probable) {
        (0, 0) if suspicious > 0 => String::new(),
        (0, 0) => summary(report),
        (0, _) => format!("{}, probable", figures::count(probable, "leak")),
        (_, 0) => format!("{}, certain", figures::count(certain, "leak")),
        _ => format!(
            "{} leaks: {certain} certain, {probable} probable",
            certain + probable
        ),
    };
    if suspicious > 0 {
        let separator = if found.is_empty() { "" } else { ", " };
        found = format!("{found}{separator}{suspicious} suspicious");
    }
    format!(
        "{} · watched {} · {} · {found}",
        report.target,
        seconds(report.window_seconds),
        figures::count(report.coverage.live_tasks as u64, "live task")
    )
}

/// A length of time that a report has in seconds.
#[must_use]
pub fn seconds(seconds: f64) -> String {
    let length = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    let half = Duration::from_millis(500);
    if length >= Duration::from_secs(10) {
        // Whole seconds are enough for the length of a watch.
        let whole = Duration::from_secs(length.saturating_add(half).as_secs());
        return figures::duration(whole);
    }
    figures::duration(length)
}

/// The live tasks that a finding involves; those of its site in a report of version 1.
#[must_use]
pub fn tasks(finding: &Finding) -> usize {
    if finding.tasks == 0 {
        finding.alive
    } else {
        finding.tasks
    }
}

/// How fast they become more.
#[must_use]
pub fn tasks_per_minute(finding: &Finding) -> f64 {
    if finding.tasks == 0 {
        finding.growth_per_minute
    } else {
        finding.tasks_per_minute
    }
}

/// The cause in a few words.
#[must_use]
pub fn cause(finding: &Finding) -> &str {
    if finding.cause.is_empty() {
        &finding.pattern
    } else {
        &finding.cause
    }
}

/// What the tasks do, and which tasks: those of a function, or of a place where its name is
/// not known, and how many other spawn sites are involved.
#[must_use]
pub fn title(finding: &Finding, function: Option<&str>) -> String {
    let whose = function.map_or_else(|| site(finding), str::to_owned);
    let Some((number, rest)) = finding.title.split_once(" task") else {
        return format!("{} at {whose}", finding.pattern);
    };
    let live = finding.involved.iter().filter(|involved| !involved.ended);
    let others = live.filter(|involved| involved.site != finding.site);
    let others: BTreeSet<Option<&Site>> = others.map(|involved| involved.site.as_ref()).collect();
    let others = match others.len() {
        0 => String::new(),
        more => format!(
            " and of {}",
            figures::count(more as u64, "other spawn site")
        ),
    };
    match rest.strip_prefix('s') {
        Some(rest) => format!("{number} tasks of {whose}{others}{rest}"),
        None => format!("{number} task of {whose}{others}{rest}"),
    }
}

/// A text of at most this many columns: what does not fit is cut at its left.
#[must_use]
pub fn cut_left(text: &str, columns: usize) -> String {
    let width = textwrap::core::display_width;
    if width(text) <= columns {
        return text.to_owned();
    }
    let fits = text
        .char_indices()
        .map(|(start, _)| &text[start..])
        .find(|rest| width(rest) < columns);
    let rest = fits.unwrap_or_default();
    // From a folder on, if that is not much less.
    let from_folder = rest.split_once('/').map(|(_, rest)| rest);
    match from_folder.filter(|shorter| shorter.contains(':')) {
        Some(rest) => format!("…/{rest}"),
        None => format!("…{rest}"),
    }
}

/// A path as the inside of a URI.
#[must_use]
pub fn percent_encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// What is said where the source of a finding cannot be shown.
pub const NO_SOURCE: &str = "a source file is not shown: it is not below the working directory; \
                             --source-root DIR names the folder in which cargo built the program";

/// Why a report without findings does not mean that nothing leaks, one line each: the first
/// lines of every form.
#[must_use]
pub fn incomplete(report: &Report) -> Vec<String> {
    let coverage = &report.coverage;
    let mut lines = Vec::new();
    if let Some(early) = &coverage.ended_early {
        lines.push(format!(
            "INCOMPLETE: the watch ended early, after {}: {}",
            seconds(early.after_seconds),
            early.reason
        ));
    }
    if coverage.state_withheld {
        lines.push(
            "INCOMPLETE: the target withheld the tasks that lived before the attach".to_owned(),
        );
    }
    lines.extend(coverage.blind.iter().map(|blind| {
        let reason = blind.sentence();
        format!("INCOMPLETE: the watch could not have seen a leak by its growth: {reason}")
    }));
    lines
}

/// The spawn site of a finding.
#[must_use]
pub fn site(finding: &Finding) -> String {
    place(finding.site.as_ref())
}

/// A place in source code.
#[must_use]
pub fn place(site: Option<&Site>) -> String {
    site.map_or_else(
        || "a place that the target does not report".to_owned(),
        Site::to_string,
    )
}

/// How many tasks a finding has, how fast they become more, and the age of the oldest.
#[must_use]
pub fn figures(finding: &Finding) -> String {
    let oldest = Duration::try_from_secs_f64(finding.oldest_seconds).unwrap_or_default();
    format!(
        "{} live tasks, {}, the oldest for {}",
        tasks(finding),
        figures::rate(tasks_per_minute(finding)),
        figures::duration(oldest)
    )
}

/// A finding that does not count, and why, in one line.
#[must_use]
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
#[must_use]
pub fn waits(finding: &Finding) -> Vec<String> {
    let names = &finding.task_names;
    let called = (!names.is_empty()).then(|| format!("named {}", names.join(", ")));
    let resource = finding.waits_on.as_ref();
    let resource = resource.and_then(|waits_on| waits_on.resource.as_ref());
    let waits_for = resource.map(
        |WaitedFor {
             r#type, file, line, ..
         }| format!("waits for {type} made at {file}:{line}"),
    );
    let holders = finding.held_by.iter();
    let held_by =
        holders.map(|holder| format!("held by tasks spawned at {}", place(holder.site.as_ref())));
    called.into_iter().chain(waits_for).chain(held_by).collect()
}

/// Everybody else that a finding involves, one line each: those spawned at another place.
#[must_use]
pub fn involved(finding: &Finding) -> Vec<String> {
    let others = finding.involved.iter();
    let others = others.filter(|involved| involved.site != finding.site);
    others
        .map(|involved| {
            format!(
                "{}, spawned at {}",
                part(involved),
                place(involved.site.as_ref())
            )
        })
        .collect()
}

/// How many tasks have what part in a finding.
#[must_use]
pub fn part(involved: &Involved) -> String {
    let Involved { tasks, ended, .. } = involved;
    let (one, several) = match (involved.role, ended) {
        (Role::Holder, true) => ("holder that has ended", "holders that have ended"),
        (Role::Holder, false) => ("holder", "holders"),
        (Role::Member, _) => ("more task", "more tasks"),
        (Role::Waiting, _) => ("task that waits", "tasks that wait"),
    };
    match tasks {
        1 => format!("1 {one}"),
        _ => format!("{tasks} {several}"),
    }
}

/// What the watch covers, and what it does not.
#[must_use]
pub fn coverage(coverage: &ReportCoverage) -> Vec<String> {
    let seen = figures::count(coverage.tasks_seen, "task");
    let mut lines = vec![format!("seen: {seen}")];
    if coverage.await_stacks > 0 {
        lines.push(format!(
            "await stacks: seen for {} of {} live tasks",
            coverage.await_stacks, coverage.live_tasks
        ));
    } else {
        lines.push(
            "await stacks: none seen; a probe or pileup-subscriber shows at which line each task waits"
                .to_owned(),
        );
    }
    if coverage.waits_unseen {
        lines.push(
            "wakers: not all are seen; only the program's console shows which tasks cannot be \
             woken any more"
                .to_owned(),
        );
    } else if coverage.uninstrumented_waits > 0 {
        lines.push(format!(
            "unknown: the wait of {}, as Tokio does not instrument it (a channel's recv, a Notify, \
             a JoinHandle, I/O)",
            figures::count(coverage.uninstrumented_waits as u64, "live task")
        ));
    }
    if coverage.dropped_events > 0 {
        lines.push(format!(
            "incomplete: the target lost {} events, its buffer was full",
            coverage.dropped_events
        ));
    }
    if let Some(gaps) = &coverage.gaps {
        lines.push(format!(
            "gaps: the connection broke {}, and {} of the watch were not seen",
            figures::times(gaps.count.into()),
            seconds(gaps.seconds)
        ));
    }
    if coverage.lag_seconds >= 1.0 {
        lines.push(format!(
            "late: the target reported new tasks {} after they were spawned",
            seconds(coverage.lag_seconds)
        ));
    }
    lines
}
