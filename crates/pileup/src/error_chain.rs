//! An error as it is shown: libraries of several layers name the same cause more than once.

use std::error::Error as _;
use std::fmt::{self, Display, Formatter};

use miette::Diagnostic;

use crate::error::Error;
use crate::help::help;

/// An error with those of its causes that say something new.
#[derive(Debug)]
pub struct Shown {
    text: String,
    help: Option<String>,
    cause: Option<Box<Shown>>,
}

impl Shown {
    pub fn of(error: &Error) -> Self {
        let mut texts = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !texts.iter().any(|before| before.contains(&text)) {
                texts.push(text);
            }
            cause = error.source();
        }
        let help = help(error);
        let causes = texts.drain(1..).rev().fold(None, |cause, text| {
            Some(Box::new(Self {
                text,
                help: None,
                cause,
            }))
        });
        Self {
            text: texts.remove(0),
            help,
            cause: causes,
        }
    }
}

impl Display for Shown {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl std::error::Error for Shown {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let cause = self.cause.as_deref()?;
        Some(cause)
    }
}

impl Diagnostic for Shown {
    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        let help = self.help.as_deref()?;
        Some(Box::new(help))
    }
}
