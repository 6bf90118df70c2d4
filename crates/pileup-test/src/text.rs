//! The report of a test as text.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use pileup_diagnosis::{Code, Evidence, Finding, Report, WaitPlace};
use pileup_model::{Frame, Site, Wait, figures};
use pileup_report::escape::printable;

use crate::verdict::{Outcome, Verdict};

const FAILURE: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const BAR: Style = AnsiColor::Blue.on_default().bold();
/// More wait places than this of one finding are counted.
const MOST_WAITS: usize = 3;
/// More frames of an await stack than this are left out.
const MOST_FRAMES: usize = 8;

/// How many tasks are left, in a few words.
pub(crate) fn headline(verdict: &Verdict) -> String {
    match &verdict.outcome {
        Outcome::Hangs { after, .. } => {
            let after = figures::duration(*after);
            return format!("the test {} is not done after {after}", verdict.name);
        }
        Outcome::BlocksThread { .. } => {
            return format!(
                "the test {} is done, and one of its tasks blocks the thread",
                verdict.name
            );
        }
        Outcome::LeftTasks { .. } => {}
    }
    let (tasks, closures) = counts(verdict);
    let mut left = Vec::new();
    if tasks > 0 || closures == 0 {
        left.push(figures::count(tasks, "task"));
    }
    if closures > 0 {
        left.push(figures::count(closures, "blocking closure"));
    }
    let left = left.join(" and ");
    let verb = if tasks + closures == 1 { "is" } else { "are" };
    format!("{left} {verb} alive after the test {}", verdict.name)
}

/// Live tasks and closures of what fails the test, or of all where nothing does.
fn counts(verdict: &Verdict) -> (u64, u64) {
    let (unlisted, _) = verdict.outcome.unlisted();
    let all = &verdict.report.findings;
    let failing = &all[..verdict.failing];
    let counted = if failing.is_empty() && unlisted == 0 {
        all
    } else {
        failing
    };
    let (closures, tasks): (Vec<&Finding>, Vec<&Finding>) =
        counted.iter().partition(|finding| is_of_closures(finding));
    let sum = |findings: &[&Finding]| findings.iter().map(|finding| finding.tasks as u64).sum();
    let tasks: u64 = sum(&tasks);
    (tasks + unlisted as u64, sum(&closures))
}

fn is_of_closures(finding: &Finding) -> bool {
    finding.code == Code::OutlivesTest && finding.title.contains("blocking pool")
}

/// The whole report.
pub(crate) fn write(verdict: &Verdict, has_colours: bool) -> String {
    let mut page = Page {
        text: String::new(),
        has_colours,
    };
    let style = if verdict.fails { FAILURE } else { WARNING };
    let headline = headline(verdict);
    let at = verdict.at;
    page.line(&format!(
        "{}, at {}:{}",
        page.styled(style, &headline),
        at.file(),
        at.line()
    ));
    if let Outcome::Hangs { waits, .. } = &verdict.outcome {
        page.hang(waits, &verdict.report);
        return page.text;
    }
    for (index, finding) in verdict.report.findings.iter().enumerate() {
        let fails = index < verdict.failing;
        page.line("");
        page.finding(finding, fails);
    }
    let (unlisted, allows_here) = verdict.outcome.unlisted();
    if unlisted > 0 {
        page.unlisted(unlisted, allows_here, &verdict.report.findings);
    }
    for aside in &verdict.report.set_aside {
        page.line("");
        let place = place(aside.finding.site.as_ref());
        page.line(&format!(
            "allowed: {} at {place}: {}",
            aside.finding.title,
            printable(&aside.reason)
        ));
    }
    let mut codes: Vec<Code> = verdict
        .report
        .findings
        .iter()
        .map(|found| found.code)
        .collect();
    codes.sort_unstable();
    codes.dedup();
    if !codes.is_empty() {
        let pages = codes
            .iter()
            .map(|code| format!("pileup explain {}", code.number()));
        let pages = pages.collect::<Vec<_>>().join(", ");
        page.line("");
        page.line(&format!("more: {pages}"));
    }
    page.text
}

struct Page {
    text: String,
    has_colours: bool,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn styled(&self, style: Style, text: &str) -> String {
        if self.has_colours {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    fn note(&mut self, note: &str) {
        let bar = self.styled(BAR, "=");
        // Writing to a String does not fail.
        let _ = writeln!(self.text, "   {bar} {}", printable(note));
    }

    fn finding(&mut self, finding: &Finding, fails: bool) {
        let (style, word) = if fails {
            (FAILURE, "leak")
        } else {
            (WARNING, "warning")
        };
        let word = format!("{word}[{}]", finding.code.number());
        let title = format!(
            "{}: {}",
            self.styled(style, &word),
            printable(&finding.title)
        );
        self.line(&title);
        let arrow = self.styled(BAR, "-->");
        self.line(&format!("  {arrow} {}", place(finding.site.as_ref())));
        for fact in &finding.facts {
            // Where they wait follows in full, and what they hold grows by no pile here.
            if !matches!(
                fact,
                Evidence::AwaitAt { .. } | Evidence::FutureBytes { .. }
            ) {
                self.note(&fact.sentence());
            }
        }
        self.waits(&finding.waits);
        for involved in pileup_report::words::involved(finding) {
            self.note(&involved);
        }
        self.note(&format!("help: {}", finding.fix));
        if let Some(site) = &finding.site
            && finding.code == Code::OutlivesTest
        {
            self.note(&allow(site, fails));
        }
    }

    /// Where the tasks wait, with the stack from the wait out to the task's own future.
    fn waits(&mut self, waits: &[WaitPlace]) {
        for wait in waits.iter().take(MOST_WAITS) {
            self.note(&wait_line(wait));
            self.stack(&wait.stack);
        }
        let more = waits.len().saturating_sub(MOST_WAITS);
        if more > 0 {
            self.note(&format!(
                "and at {}",
                figures::count(more as u64, "more place")
            ));
        }
    }

    /// Who waits for what in a test that is not done.
    fn hang(&mut self, own: &[Wait], report: &Report) {
        self.line("");
        self.line("the test itself");
        for wait in own {
            let (file, line) = wait
                .place
                .as_ref()
                .map_or((None, None), |place| (place.file.as_deref(), place.line));
            match (file, line) {
                (Some(file), Some(line)) => {
                    self.note(&format!("waits at {file}:{line}: {}", wait.kind));
                }
                _ => self.note(&format!("waits: {}", wait.kind)),
            }
            self.stack(&wait.stack);
        }
        if own.is_empty() {
            self.note(if cfg!(tokio_unstable) {
                "where it waits is not seen"
            } else {
                "where it waits is seen with RUSTFLAGS=\"--cfg tokio_unstable\""
            });
        }
        for finding in &report.findings {
            self.line("");
            let alive = figures::count(finding.tasks as u64, "task");
            let is_plain = finding.code == Code::OutlivesTest;
            let what = if is_plain {
                format!("{alive}, spawned at {}", place(finding.site.as_ref()))
            } else {
                let code = self.styled(FAILURE, &format!("leak[{}]", finding.code.number()));
                let title = printable(&finding.title);
                format!(
                    "{code}: {title}, spawned at {}",
                    place(finding.site.as_ref())
                )
            };
            self.line(&what);
            self.waits(&finding.waits);
            for involved in pileup_report::words::involved(finding) {
                self.note(&involved);
            }
        }
        if report.findings.is_empty() {
            self.line("");
            self.line("no task is alive");
        }
    }

    /// The frames of an await stack that are not in a dependency.
    fn stack(&mut self, stack: &[Frame]) {
        let mut own = stack.iter().filter_map(|frame| {
            let site = Site {
                file: frame.file.clone()?,
                line: frame.line?,
                column: 0,
            };
            (!site.is_in_fetched_crate()).then_some((&frame.function, site))
        });
        for (function, site) in own.by_ref().take(MOST_FRAMES) {
            let place = format!("{}:{}", site.short_file(), site.line);
            self.line(&format!(
                "       {} {}",
                printable(function),
                printable(&place)
            ));
        }
    }

    fn unlisted(&mut self, unlisted: usize, allows_here: bool, known: &[Finding]) {
        self.line("");
        let more = if known.is_empty() { "" } else { " more" };
        let tasks = figures::count(unlisted as u64, "task");
        self.line(&format!(
            "Tokio counts {tasks}{more}; which ones is not seen."
        ));
        if cfg!(tokio_unstable) {
            self.note(
                "help: the runtime of this test was not made by pileup-test. For lines, write \
                 #[pileup_test::test], or make the runtime with pileup_test::runtime()",
            );
        } else {
            self.note(
                "help: for the line that spawned each task, run the test with \
                 RUSTFLAGS=\"--cfg tokio_unstable\"",
            );
        }
        if allows_here {
            self.note(
                "the test does not fail by this: it allows some tasks, and it is not seen whether \
                 these are the ones",
            );
        }
    }
}

/// The line that allows what is found.
fn allow(site: &Site, fails: bool) -> String {
    let file = site.portable_file();
    let what = if fails {
        "if this is meant"
    } else {
        "it does not fail the test"
    };
    format!(
        "{what}: #[pileup_test::test(allow = \"{}\")] allows it",
        printable(&file)
    )
}

fn wait_line(wait: &WaitPlace) -> String {
    let tasks = match wait.tasks {
        1 => "1 waits".to_owned(),
        more => format!("{more} wait"),
    };
    match (&wait.file, wait.line) {
        (Some(file), Some(line)) => format!("{tasks} at {file}:{line}: {}", wait.kind),
        _ => format!("{tasks}: {}", wait.kind),
    }
}

fn place(site: Option<&Site>) -> String {
    printable(&pileup_report::words::place(site))
}
