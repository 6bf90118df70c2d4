//! `pileup profile`: the live tasks as a file for `go tool pprof`, Pyroscope or Parca.

use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::arguments::Profile;
use crate::error::Error;
use crate::output::remark;
use crate::watching::{ended, observe, open};
use pileup_investigate::sources::Sources;
use pileup_investigate::views::profile::profile;

pub async fn execute(arguments: Profile) -> Result<ExitCode, Error> {
    let file = arguments.output;
    let failed = |source| Error::WriteFile {
        file: file.clone(),
        source,
    };
    // Nothing is overwritten: better to know before the watch.
    if file.exists() {
        return Err(failed(io::ErrorKind::AlreadyExists.into()));
    }
    let mut sources = Sources::below(&arguments.view.sources.folders)?;
    let source = open(arguments.view.target, arguments.view.duration).await?;
    let watched = observe(source, None, |_, _| false).await?;
    let profile = profile(watched.latest()?, &mut sources);
    let mut output = File::create_new(&file).map_err(failed)?;
    profile
        .write_pprof(&mut output)
        .and_then(|()| output.flush())
        .map_err(failed)?;
    let (tasks, file) = (profile.total(), file.display());
    remark(format_args!(
        "{tasks} tasks in {file}: `go tool pprof {file}` reads it"
    ));
    ended(watched)
}
