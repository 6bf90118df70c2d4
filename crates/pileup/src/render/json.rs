//! The report for programs.

use std::io::{self, Write};

use pileup_diagnosis::Report;

pub fn write(report: &Report, output: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *output, report)?;
    writeln!(output)
}
