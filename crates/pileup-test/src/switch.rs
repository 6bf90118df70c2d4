//! `PILEUP_TEST`: what leftover tasks do, for a whole run.

use std::env::{self, VarError};

use pileup_diagnosis::Grade;

const VARIABLE: &str = "PILEUP_TEST";

/// What happens when a test leaves tasks behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    /// Nothing: tests run as under `#[tokio::test]`.
    Off,
    /// They are reported, and the test passes.
    Warn,
    /// Tasks of the code under test fail the test; those of dependencies are reported.
    Fail,
    /// All tasks fail the test.
    Strict,
}

impl Switch {
    /// What the environment says: `Fail` unless `PILEUP_TEST` says otherwise.
    pub(crate) fn of_environment() -> Result<Self, String> {
        match env::var(VARIABLE) {
            Ok(text) => Self::parse(&text),
            Err(VarError::NotPresent) => Ok(Self::Fail),
            Err(VarError::NotUnicode(text)) => Self::parse(&text.to_string_lossy()),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "warn" => Ok(Self::Warn),
            "" | "fail" => Ok(Self::Fail),
            "strict" => Ok(Self::Strict),
            other => Err(format!(
                "{VARIABLE}={other:?} is unknown; set it to one of off, warn, fail and strict, or \
                 unset it for fail"
            )),
        }
    }

    /// Whether tasks of which nothing but the number is known fail the test.
    pub(crate) fn fails_on_a_count(self) -> bool {
        self.fails(Grade::Probable)
    }

    /// Whether a finding of this grade fails the test.
    pub(crate) fn fails(self, grade: Grade) -> bool {
        match self {
            Self::Off | Self::Warn => false,
            Self::Fail => grade >= Grade::Probable,
            Self::Strict => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_value_is_named_with_the_right_ones() {
        assert_eq!(Switch::parse("warn"), Ok(Switch::Warn));
        let error = Switch::parse("of").unwrap_err();
        assert!(error.contains("\"of\"") && error.contains("off, warn, fail and strict"));
    }

    #[test]
    fn dependencies_fail_only_if_it_is_strict() {
        assert!(Switch::Fail.fails(Grade::Probable) && !Switch::Fail.fails(Grade::Suspicious));
        assert!(Switch::Strict.fails(Grade::Suspicious) && !Switch::Warn.fails(Grade::Certain));
    }
}
