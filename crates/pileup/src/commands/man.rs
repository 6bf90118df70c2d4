//! `pileup man`: the manual pages, one for each command.

use std::fs;
use std::process::ExitCode;

use clap::CommandFactory;

use crate::arguments::{Arguments, Man};
use crate::error::Error;
use crate::output::remark;

pub fn execute(man: &Man) -> Result<ExitCode, Error> {
    let folder = &man.folder;
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Arguments::command(), folder))
        .map_err(|source| Error::NotWritten {
            file: folder.clone(),
            source,
        })?;
    remark(format_args!(
        "The manual pages are in {0}: `man --local-file {0}/pileup.1` shows the first.",
        folder.display()
    ));
    Ok(ExitCode::SUCCESS)
}
