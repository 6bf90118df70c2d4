//! `PILEUP_TEST_REPORT`: reports as files, in the forms of `pileup diagnose`.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pileup_diagnosis::{Finding, Grade};
use pileup_report::{json, junit, sarif};

use crate::verdict::Verdict;

const FOLDER: &str = "PILEUP_TEST_REPORT";
const FORMAT: &str = "PILEUP_TEST_REPORT_FORMAT";

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Sarif,
    Junit,
}

impl Format {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" | "json" => Ok(Self::Json),
            "sarif" => Ok(Self::Sarif),
            "junit" => Ok(Self::Junit),
            other => Err(format!(
                "{FORMAT}={other:?} is unknown; set it to one of json, sarif and junit, or unset \
                 it for json"
            )),
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Junit => "xml",
        }
    }
}

/// Writes the report of a test into the folder that the environment names, if it names one.
pub(crate) fn write(verdict: &Verdict) -> Result<(), String> {
    let folder = env::var_os(FOLDER).filter(|folder| !folder.is_empty());
    let Some(folder) = folder.map(PathBuf::from) else {
        return Ok(());
    };
    let format = env::var_os(FORMAT).unwrap_or_default();
    let format = Format::parse(&format.to_string_lossy())?;
    let file = folder.join(format!(
        "{}.{}",
        file_name(&verdict.name),
        format.extension()
    ));
    write_file(verdict, format, &folder, &file).map_err(|error| {
        format!(
            "the report cannot be written to {}: {error}",
            file.display()
        )
    })
}

fn write_file(verdict: &Verdict, format: Format, folder: &Path, file: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut text = Vec::new();
    let report = &verdict.report;
    match format {
        Format::Json => json::write(report, &mut text)?,
        Format::Sarif => sarif::write(report, &mut text)?,
        Format::Junit => {
            let failing = report.findings.iter().take(verdict.failing);
            let least: Option<Grade> = failing.map(|finding: &Finding| finding.grade).min();
            let fails = |grade| least.is_some_and(|least| grade >= least);
            junit::write(report, fails, &mut text)?;
        }
    }
    fs::write(file, text)
}

/// `session::a_disconnect` as the name of a file on every system.
fn file_name(test: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "-_.".contains(character);
    let mut name = String::with_capacity(test.len());
    for part in test.split("::") {
        if !name.is_empty() {
            name.push('.');
        }
        name.extend(part.chars().map(
            |character| {
                if is_plain(character) { character } else { '_' }
            },
        ));
    }
    name
}
