//! What changed from one report to another, for a terminal and for a comment on a pull request.

use std::io::{self, Write};

use crate::{Finding, Report};
use anstyle::Style;
use pileup_diagnosis::figures::{count, rate};

use super::escape::{markdown, printable};
use super::markdown::write_details;
use super::words;
use crate::difference::{Change, Difference, Seen, SiteChange};

/// The details of more findings than this are left out: a comment has a largest size, 65,536
/// characters at GitHub.
const MOST_DETAILS: usize = 20;

/// Two lines for each spawn site.
pub fn write_text(difference: &Difference, output: &mut impl Write) -> io::Result<()> {
    if difference.sites.is_empty() {
        return writeln!(output, "no finding in either");
    }
    let bold = Style::new().bold();
    for change in &difference.sites {
        let site = words::place(change.site.as_ref());
        let word = change.change.word();
        writeln!(output, "{bold}{word:<6}{bold:#} {}", printable(&site))?;
        let before = in_short(change.before.as_ref(), change.alive_before);
        let after = in_short(change.after.as_ref(), change.alive_after);
        writeln!(
            output,
            "       {} -> {}",
            printable(&before),
            printable(&after)
        )?;
    }
    Ok(())
}

/// A table of what changed; the sites that did not change, and each finding that is new or worse,
/// folded below it.
pub fn write_markdown(
    difference: &Difference,
    after: &Report,
    output: &mut impl Write,
) -> io::Result<()> {
    for line in words::incomplete(after) {
        writeln!(output, "**{}**\n", markdown(&line))?;
    }
    writeln!(output, "### {}", headline(difference))?;
    let (same, changed): (Vec<&SiteChange>, Vec<&SiteChange>) = difference
        .sites
        .iter()
        .partition(|site| site.change == Change::Same);
    write_table(&changed, output)?;
    let turned = changed.iter().filter(|site| site.change <= Change::Worse);
    let findings: Vec<&Finding> = turned.filter_map(|change| finding(change, after)).collect();
    for finding in findings.iter().take(MOST_DETAILS) {
        write_details(finding, output)?;
    }
    let left_out = findings.len().saturating_sub(MOST_DETAILS);
    if left_out > 0 {
        let findings = count(left_out as u64, "more finding");
        writeln!(output, "\nThe details of {findings} are left out.")?;
    }
    if !same.is_empty() {
        let sites = count(same.len() as u64, "spawn site");
        writeln!(output, "\n<details><summary>the same at {sites}</summary>")?;
        write_table(&same, output)?;
        writeln!(output, "\n</details>")?;
    }
    Ok(())
}

/// How many sites changed in which way.
fn headline(difference: &Difference) -> String {
    let counts: Vec<String> = Change::ALL
        .iter()
        .filter_map(|change| {
            let sites = difference.sites.iter();
            let sites = sites.filter(|site| site.change == *change).count();
            (sites > 0).then(|| format!("{sites} {}", change.word()))
        })
        .collect();
    if counts.is_empty() {
        return "Leaked tasks: no finding before or after".to_owned();
    }
    format!("Leaked tasks: {}", counts.join(", "))
}

fn write_table(sites: &[&SiteChange], output: &mut impl Write) -> io::Result<()> {
    if sites.is_empty() {
        return Ok(());
    }
    writeln!(
        output,
        "\n| change | spawned at | before | after |\n|---|---|---|---|"
    )?;
    for site in sites {
        writeln!(
            output,
            "| {} | {} | {} | {} |",
            site.change.word(),
            markdown(&words::place(site.site.as_ref())),
            markdown(&in_short(site.before.as_ref(), site.alive_before)),
            markdown(&in_short(site.after.as_ref(), site.alive_after)),
        )?;
    }
    Ok(())
}

/// The finding of a change, in the later report.
fn finding<'a>(change: &SiteChange, after: &'a Report) -> Option<&'a Finding> {
    let code = change.after.as_ref()?.code;
    let mut findings = after.findings.iter();
    findings.find(|finding| finding.site == change.site && finding.code == code)
}

fn in_short(seen: Option<&Seen>, alive: Option<usize>) -> String {
    let Some(seen) = seen else {
        return alive.map_or_else(
            || "nothing found".to_owned(),
            |alive| format!("nothing found, {alive} alive"),
        );
    };
    format!(
        "{} {} {}, {} alive, {}{}",
        words::grade(seen.grade),
        seen.code.number(),
        seen.pattern,
        seen.alive,
        rate(seen.growth_per_minute),
        if seen.set_aside { ", set aside" } else { "" }
    )
}
