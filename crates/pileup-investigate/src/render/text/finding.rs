//! One finding in the form that rustc has for its diagnostics: a headline, the lines of
//! source that it is about, and notes.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use pileup_diagnosis::{Evidence, Finding, Grade, WaitKind};

use super::{Page, columns, wrapped};
use crate::drawing::sparkline;
use crate::render::escape::printable;
use crate::render::excerpt::{Excerpt, excerpts, says_channel_is_full};
use crate::render::words;
use crate::sources::Sources;

/// What stands before a note: the gutter of line numbers, and `= `.
const NOTE_INDENT: usize = 8;

pub fn write(
    finding: &Finding,
    fix: Option<&str>,
    sources: &mut Sources,
    page: Page,
    output: &mut impl Write,
) -> io::Result<()> {
    let excerpts = excerpts(finding, sources);
    let site = finding.site.as_ref();
    let function = site.and_then(|site| sources.function(site));
    let title = words::title(finding, function.map(|function| &*function.name));
    let title = with_sparkline(&printable(&title), finding, page);
    let texts: Vec<String> = excerpts.iter().map(source).collect();
    let elements = excerpts
        .iter()
        .zip(&texts)
        .map(|(excerpt, text)| element(excerpt, text));
    let mut group: Group = level(finding.grade)
        .primary_title(title.as_str())
        .id(finding.code.number())
        .elements(elements.collect::<Vec<_>>());
    let notes = notes(finding, &excerpts, page);
    for note in &notes {
        group = group.element(Level::NOTE.no_name().message(note.as_str()));
    }
    let width = note_width(page);
    let help = fix.map(|fix| wrapped("help: ", "", &printable(fix), width));
    if let Some(help) = &help {
        group = group.element(Level::HELP.no_name().message(help.as_str()));
    }
    let renderer = Renderer::styled().term_width(page.width);
    let mut text = renderer.render(&[group]);
    for excerpt in &excerpts {
        let place = format!("{}:{}:{}", excerpt.file, excerpt.place.0, excerpt.place.1);
        text = text.replacen(&place, &page.link(&place, excerpt.path.as_deref()), 1);
    }
    writeln!(output, "{text}")
}

fn level(grade: Grade) -> Level<'static> {
    let level = match grade {
        Grade::Certain => Level::ERROR,
        Grade::Probable => Level::WARNING,
        Grade::Suspicious => Level::NOTE,
    };
    level.with_name(grade_name(grade))
}

fn grade_name(grade: Grade) -> &'static str {
    match grade {
        Grade::Certain => "certain leak",
        Grade::Probable => "probable leak",
        Grade::Suspicious => "suspicious",
    }
}

/// The title, and at the right edge of the page how the live tasks grew.
fn with_sparkline(title: &str, finding: &Finding, page: Page) -> String {
    let grown = sparkline::write(&finding.alive_over_time);
    let named = grade_name(finding.grade).len() + "[PU00]: ".len();
    let taken = named + columns(title) + 2 + columns(&grown);
    match page.width.min(100).checked_sub(taken) {
        Some(space) if !grown.is_empty() => format!("{title}  {}{grown}", " ".repeat(space)),
        _ => title.to_owned(),
    }
}

/// The source of an excerpt: its lines, with an empty one for each that is left out.
fn source(excerpt: &Excerpt) -> String {
    let mut text = String::new();
    let mut next = excerpt.lines.first().map_or(0, |line| line.number);
    for line in &excerpt.lines {
        while next < line.number {
            text.push('\n');
            next += 1;
        }
        text.push_str(&line.text);
        text.push('\n');
        next += 1;
    }
    text
}

fn element<'a>(excerpt: &'a Excerpt, text: &'a str) -> Element<'a> {
    let Some(first) = excerpt.lines.first() else {
        let (line, column) = excerpt.place;
        return Origin::path(excerpt.file.as_str())
            .line(line as usize)
            .char_column(column as usize)
            .into();
    };
    let mut snippet = Snippet::source(text)
        .path(excerpt.file.as_str())
        .line_start(first.number as usize)
        .fold(true);
    let mut starts = line_starts(text);
    let mut number = first.number;
    for line in &excerpt.lines {
        let start = loop {
            let start = starts.next().unwrap_or_default();
            number += 1;
            if number > line.number {
                break start;
            }
        };
        for mark in &line.marks {
            let kind = if mark.is_main {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            let byte = |character: usize| {
                let mut bytes = line.text.char_indices().map(|(byte, _)| byte);
                start + bytes.nth(character).unwrap_or(line.text.len())
            };
            let span = byte(mark.start)..byte(mark.start + mark.length);
            snippet = snippet.annotation(kind.span(span).label(mark.label.as_str()));
        }
        if line.marks.is_empty() {
            let end = start + line.text.len();
            snippet = snippet.annotation(AnnotationKind::Visible.span(start..end));
        }
    }
    snippet.into()
}

/// Where each line of a text starts.
fn line_starts(text: &str) -> impl Iterator<Item = usize> {
    let ends = text.match_indices('\n').map(|(end, _)| end + 1);
    std::iter::once(0).chain(ends)
}

/// What is said below the source: the evidence that no label says already.
fn notes(finding: &Finding, excerpts: &[Excerpt], page: Page) -> Vec<String> {
    let labelled = excerpts.iter().any(|excerpt| !excerpt.lines.is_empty());
    let mut notes: Vec<String> = Vec::new();
    for (number, sentence) in finding.evidence.iter().enumerate() {
        let is_label = match finding.facts.get(number) {
            Some(Evidence::AwaitAt { line, .. } | Evidence::WaitedLastAt { line, .. }) => {
                labelled && line.is_some()
            }
            // The rate and the sparkline say it.
            Some(
                Evidence::Growth { .. }
                | Evidence::Births {
                    finished: 0,
                    whole_watch: true,
                    ..
                },
            ) => labelled && finding.alive_over_time.len() > 1,
            // The label of the await says it.
            Some(Evidence::WaitFor { wait, .. }) => {
                labelled && wait.kind == WaitKind::ChannelSend && says_channel_is_full(finding)
            }
            _ => false,
        };
        if !is_label {
            notes.push(sentence.clone());
        }
    }
    let names = &finding.task_names;
    notes.extend((!names.is_empty()).then(|| format!("they are named {}", names.join(", "))));
    for excerpt in excerpts {
        for label in &excerpt.labels {
            notes.push(format!("{}: {}", label.place(), label.text));
        }
    }
    if excerpts.iter().any(|excerpt| excerpt.path.is_none()) {
        notes.push(words::NO_SOURCE.to_owned());
    }
    let width = note_width(page);
    let lines = joined(&notes, width).into_iter();
    lines
        .map(|note| wrapped("", "", &printable(&note), width))
        .collect()
}

/// The notes, with those on one line that fit it together.
fn joined(notes: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for note in notes {
        match lines.last_mut() {
            Some(last) if columns(last) + 2 + columns(note) <= width => {
                last.push_str("; ");
                last.push_str(note);
            }
            _ => lines.push(note.clone()),
        }
    }
    lines
}

fn note_width(page: Page) -> usize {
    page.prose().saturating_sub(NOTE_INDENT).max(20)
}
