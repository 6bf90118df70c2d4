//! `pileup doctor`: whether a target's instrumentation is live and complete.

use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use textwrap::Options;

use pileup_investigate::ServedBy;

use crate::arguments::{Doctor, PlainFormat};
use crate::doctor::{Check, Health, examine};
use crate::error::Error;
use crate::exit::Exit;
use crate::output::print;
use crate::watching::{ended, observe};
use pileup_investigate::render::Page;
use pileup_investigate::render::escape::printable;
use pileup_investigate::render::json;
use pileup_investigate::watch::Console;

pub async fn execute(arguments: Doctor) -> Result<ExitCode, Error> {
    let source = Console::attach(arguments.address, arguments.duration).await?;
    let served_by = source.served_by();
    let mut first = None;
    let watched = observe(Box::new(source), None, |history, _| {
        first = first.take().or_else(|| history.latest().cloned());
        false
    })
    .await?;
    if let Some((first, last)) = first.as_ref().zip(watched.history.latest()) {
        let checks = examine(first, last, served_by);
        print(|out| match arguments.format {
            PlainFormat::Text => write_text(&watched.target, &checks, served_by, out),
            PlainFormat::Json => json::write(&checks, out),
        })?;
        let broken = checks.iter().any(|check| check.health == Health::Broken);
        if watched.cut_short.is_none() {
            return Ok(Exit::found(broken).into());
        }
    }
    ended(watched)
}

fn write_text(
    target: &str,
    checks: &[Check],
    served_by: ServedBy,
    output: &mut impl Write,
) -> io::Result<()> {
    let target = printable(target);
    match served_by {
        ServedBy::ConsoleSubscriber => {
            writeln!(output, "{target} answers as console-subscriber does")?;
        }
        ServedBy::PileupSubscriber => writeln!(output, "{target} is served by pileup-subscriber")?,
    }
    for check in checks {
        let (word, color) = match check.health {
            Health::Fine => ("fine", AnsiColor::Green),
            Health::Doubtful => ("doubtful", AnsiColor::Yellow),
            Health::Broken => ("broken", AnsiColor::Red),
        };
        let style = Style::new().fg_color(Some(color.into()));
        writeln!(
            output,
            "{style}{word:<8}{style:#}  {:<9}  {}",
            check.name,
            printable(&check.seen)
        )?;
        if let Some(fix) = check.fix {
            let lines = Options::new(Page::of_output().prose())
                .initial_indent("          fix       ")
                .subsequent_indent("                     ");
            writeln!(output, "{}", textwrap::fill(fix, lines))?;
        }
    }
    Ok(())
}
