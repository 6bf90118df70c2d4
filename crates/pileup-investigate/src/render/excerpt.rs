//! The lines of source that a finding speaks of, with what is said at each.

use std::sync::Arc;

use crate::{Finding, Involved, Role, Site};
use pileup_diagnosis::figures::per;
use pileup_diagnosis::{Evidence, WaitKind, WaitPlace};
use pileup_model::AwaitKind;

use super::escape::printable;
use crate::sources::Sources;

/// Of the places where others were spawned, this many are shown.
const MOST_OTHERS: usize = 3;
/// Of the places where tasks wait, this many are shown.
const MOST_WAITS: usize = 2;
/// Lines between two that are shown, up to this many, are shown as well.
const MOST_BETWEEN: u32 = 3;
/// A line of source is cut after this many characters.
const LONGEST_LINE: usize = 240;

/// Lines of one file.
#[derive(Debug)]
pub struct Excerpt {
    /// The file as it is shown.
    pub file: String,
    /// Where it is on this machine, for a link; none where it is not found.
    pub path: Option<String>,
    /// The place that matters most: line and column.
    pub place: (u32, u32),
    /// The lines in order; empty where the file is not found.
    pub lines: Vec<Line>,
    /// What is said where the file is not found.
    pub labels: Vec<Label>,
}

/// One line of source.
#[derive(Debug)]
pub struct Line {
    /// Its number, counted from 1.
    pub number: u32,
    /// Its text, made harmless for a terminal.
    pub text: String,
    /// What is said of parts of it.
    pub marks: Vec<Mark>,
}

/// A part of a line, by characters, and what is said of it.
#[derive(Debug)]
pub struct Mark {
    pub start: usize,
    pub length: usize,
    pub label: String,
    /// Whether it is where the tasks wait, or else where they were spawned.
    pub is_main: bool,
}

/// What is said of a place.
#[derive(Debug, Clone)]
pub struct Label {
    site: Site,
    pub text: String,
    /// What is marked at the place.
    what: What,
    is_main: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum What {
    /// The function that is called from the column on.
    Call,
    /// The last `.await` of the line.
    Await,
}

/// The excerpts of a finding: first that of its spawn site, then other files.
pub fn excerpts(finding: &Finding, sources: &mut Sources) -> Vec<Excerpt> {
    let mut files: Vec<(Arc<str>, Vec<Label>)> = Vec::new();
    for label in labels(finding) {
        let known = files.iter_mut().find(|(file, _)| *file == label.site.file);
        match known {
            Some((_, labels)) => labels.push(label),
            None => files.push((Arc::clone(&label.site.file), vec![label])),
        }
    }
    let excerpts = files.into_iter();
    excerpts
        .map(|(_, labels)| excerpt(labels, sources))
        .collect()
}

/// What is said of a finding's places, those of its own spawn site first.
fn labels(finding: &Finding) -> Vec<Label> {
    let mut labels = Vec::new();
    let waits = finding.waits.iter().take(MOST_WAITS);
    let awaits: Vec<Label> = waits
        .filter_map(|place| {
            let site = Site {
                file: place.file.as_deref()?.into(),
                line: place.line?,
                column: 1,
            };
            Some(Label {
                site,
                text: printable(&wait_here(place, finding)),
                what: What::Await,
                is_main: true,
            })
        })
        .collect();
    if let Some(site) = &finding.site {
        labels.push(Label {
            site: site.clone(),
            text: spawned_here(finding),
            what: What::Call,
            is_main: awaits.is_empty(),
        });
    }
    labels.extend(awaits);
    labels.extend(finding.facts.iter().filter_map(last_wait_here));
    if let Some(waits_on) = &finding.waits_on
        && let Some(made) = &waits_on.resource
    {
        labels.push(Label {
            site: Site {
                file: made.file.as_str().into(),
                line: made.line,
                column: made.column,
            },
            text: format!(
                "the {} that they wait for is made here",
                waits_on.kind.noun()
            ),
            what: What::Call,
            is_main: false,
        });
    }
    let others = finding.involved.iter();
    let others = others.filter(|involved| involved.site != finding.site);
    labels.extend(others.filter_map(other).take(MOST_OTHERS));
    labels
}

/// Where tasks waited last that nothing can wake.
fn last_wait_here(fact: &Evidence) -> Option<Label> {
    let Evidence::WaitedLastAt {
        tasks,
        kind,
        file,
        line,
        ..
    } = fact
    else {
        return None;
    };
    Some(Label {
        site: Site {
            file: file.as_deref()?.into(),
            line: (*line)?,
            column: 1,
        },
        text: printable(&format!("{tasks} last waited here: {kind}, and went on")),
        what: What::Await,
        is_main: false,
    })
}

/// Whether the label of an await says that the tasks send into a full channel.
pub fn says_channel_is_full(finding: &Finding) -> bool {
    let mut labelled = finding.waits.iter().take(MOST_WAITS);
    labelled.any(|place| place.line.is_some() && sends_into_full_channel(place, finding))
}

fn sends_into_full_channel(place: &WaitPlace, finding: &Finding) -> bool {
    let waits_on = finding.waits_on.as_ref();
    let is_full = waits_on.is_some_and(|waits_on| waits_on.kind == WaitKind::ChannelSend);
    is_full && !place.passed && AwaitKind::of(&place.kind) == Some(AwaitKind::Send)
}

/// How many tasks wait at a place, and for what.
fn wait_here(place: &WaitPlace, finding: &Finding) -> String {
    let WaitPlace { tasks, kind, .. } = place;
    if place.passed {
        return match tasks {
            1 => format!("1 keeps a future here that it no longer polls: {kind}"),
            more => format!("{more} keep a future here that they no longer poll: {kind}"),
        };
    }
    let members = finding.involved.iter();
    let members = members.filter(|involved| involved.role == Role::Member);
    let members: usize = members.map(|involved| involved.tasks).sum();
    // Of a number of tasks only a sample has an await stack.
    let is_only = finding.waits.iter().filter(|wait| !wait.passed).count() == 1;
    let who = match tasks {
        1 if is_only && members > 1 => "the 1 sampled waits".to_owned(),
        1 => "1 waits".to_owned(),
        more if is_only && *more < members => format!("all {more} sampled wait"),
        more => format!("{more} wait"),
    };
    let full = if sends_into_full_channel(place, finding) {
        ", the channel is full"
    } else {
        ""
    };
    format!("{who} here: {kind}{full}")
}

/// What is said of the finding's own spawn site.
fn spawned_here(finding: &Finding) -> String {
    let at_site = |involved: &&Involved| involved.site == finding.site;
    let mut here = finding.involved.iter().filter(at_site);
    let holders = here.clone().find(|involved| involved.role == Role::Holder);
    match holders {
        Some(holders) if here.all(|involved| involved.role == Role::Holder) => of_holders(holders),
        _ if finding.tasks_per_minute > 0.0 => {
            format!("spawned here, +{}", per(finding.tasks_per_minute))
        }
        _ => "spawned here".to_owned(),
    }
}

fn of_holders(involved: &Involved) -> String {
    let Involved { tasks, ended, .. } = involved;
    let ended = if *ended { ", and have ended" } else { "" };
    match tasks {
        1 => format!("the holder is spawned here{}", ended.replace("have", "has")),
        _ => format!("{tasks} holders are spawned here{ended}"),
    }
}

fn other(involved: &Involved) -> Option<Label> {
    let text = match involved.role {
        Role::Holder => of_holders(involved),
        Role::Member if involved.tasks == 1 => "1 more is spawned here".to_owned(),
        Role::Member => format!("{} more are spawned here", involved.tasks),
        Role::Waiting if involved.tasks == 1 => "1 task that waits is spawned here".to_owned(),
        Role::Waiting => format!("{} tasks that wait are spawned here", involved.tasks),
    };
    Some(Label {
        site: involved.site.clone()?,
        text,
        what: What::Call,
        is_main: false,
    })
}

fn excerpt(labels: Vec<Label>, sources: &mut Sources) -> Excerpt {
    let main = labels.iter().find(|label| label.is_main);
    let main = main.or(labels.first()).map(|label| label.site.clone());
    let site = main.unwrap_or_else(|| Site {
        file: "".into(),
        line: 0,
        column: 0,
    });
    let mut excerpt = Excerpt {
        file: printable(site.short_file()),
        path: None,
        place: (site.line, site.column.max(1)),
        lines: Vec::new(),
        labels: Vec::new(),
    };
    let Some(source) = sources.file(&site) else {
        excerpt.labels = labels;
        return excerpt;
    };
    excerpt.path = Some(source.path().display().to_string());
    for label in labels {
        let index = usize::try_from(label.site.line).ok();
        let text = index.and_then(|line| source.lines().get(line.checked_sub(1)?));
        match text {
            Some(text) => excerpt.add(&label, text),
            None => excerpt.labels.push(label),
        }
    }
    excerpt.add_between(source.lines());
    excerpt
}

impl Label {
    /// The place that it is about.
    pub fn place(&self) -> &Site {
        &self.site
    }
}

impl Excerpt {
    fn add(&mut self, label: &Label, text: &str) {
        let number = label.site.line;
        let text = shown(text);
        let (start, length) = marked(&text, label);
        let mark = Mark {
            start,
            length,
            label: label.text.clone(),
            is_main: label.is_main,
        };
        let index = self.lines.partition_point(|line| line.number < number);
        match self
            .lines
            .get_mut(index)
            .filter(|line| line.number == number)
        {
            Some(line) => line.marks.push(mark),
            None => self.lines.insert(
                index,
                Line {
                    number,
                    text,
                    marks: vec![mark],
                },
            ),
        }
    }

    /// Adds the lines between two that are near each other: a gap says less, and is as high.
    fn add_between(&mut self, source: &[String]) {
        let numbers: Vec<u32> = self.lines.iter().map(|line| line.number).collect();
        for pair in numbers.windows(2) {
            if pair[1] - pair[0] - 1 > MOST_BETWEEN {
                continue;
            }
            for number in pair[0] + 1..pair[1] {
                let text = source.get(number as usize - 1).map_or("", String::as_str);
                let index = self.lines.partition_point(|line| line.number < number);
                let line = Line {
                    number,
                    text: shown(text),
                    marks: Vec::new(),
                };
                self.lines.insert(index, line);
            }
        }
    }
}

/// A line of source as it is shown: without tabs, cut where it is too long.
fn shown(text: &str) -> String {
    let text = printable(&text.replace('\t', "    "));
    match text.char_indices().nth(LONGEST_LINE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The part of a line that a label is about, by characters.
fn marked(text: &str, label: &Label) -> (usize, usize) {
    let characters: Vec<char> = text.chars().collect();
    if label.what == What::Await
        && let Some(byte) = text.rfind(".await")
    {
        return (text[..byte].chars().count() + 1, "await".len());
    }
    let column = usize::try_from(label.site.column).unwrap_or(0);
    let from = column.saturating_sub(1);
    let is_name = |character: &&char| character.is_alphanumeric() || "_:".contains(**character);
    let rest = characters.get(from..).unwrap_or_default();
    let length = rest.iter().take_while(is_name).count();
    if column > 0 && length > 0 && (column > 1 || !rest[0].is_whitespace()) {
        return (from, length);
    }
    let indent = characters
        .iter()
        .take_while(|character| character.is_whitespace());
    let start = indent.count();
    (start, text.trim().chars().count().max(1))
}
