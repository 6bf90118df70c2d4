//! Standard output carries the result of a command alone; all else goes to standard error.

use std::fmt::Display;
use std::io::{self, BufWriter, Write};

use anstream::AutoStream;

use crate::error::Error;
use crate::error_chain::Shown;

/// Standard output, with colours where it is a terminal.
pub type Output = BufWriter<AutoStream<io::StdoutLock<'static>>>;

/// Writes the result of a command, to its last byte: a full disk behind standard output is an
/// error like any other.
pub fn print(write: impl FnOnce(&mut Output) -> io::Result<()>) -> Result<(), Error> {
    let mut output = BufWriter::new(AutoStream::auto(io::stdout().lock()));
    write(&mut output)
        .and_then(|()| output.flush())
        .map_err(Error::Print)
}

/// Says something beside the result. A standard error that is closed ends nothing.
pub fn remark(text: impl Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Shows an error with its causes, each once, and its help.
pub fn complain(error: &Error) {
    remark(format_args!("{:?}", miette::Report::new(Shown::of(error))));
}
