//! `pileup explain`: what a finding means, and how to mend it.

use std::io::Write;
use std::process::ExitCode;

use pileup_diagnosis::Code;

use crate::arguments::Explain;
use crate::error::Error;

pub fn execute(explain: &Explain) -> Result<ExitCode, Error> {
    let code = find(&explain.code)?;
    write!(anstream::stdout(), "{}", page(code)).map_err(Error::Print)?;
    Ok(ExitCode::SUCCESS)
}

fn find(name: &str) -> Result<Code, Error> {
    let is_named = |code: &Code| {
        name.eq_ignore_ascii_case(code.number()) || name.eq_ignore_ascii_case(code.pattern())
    };
    Code::ALL.into_iter().find(is_named).ok_or_else(|| {
        let codes = Code::ALL.map(|code| format!("{} {}", code.number(), code.pattern()));
        Error::NoCode {
            name: name.to_owned(),
            codes: codes.join(", "),
        }
    })
}

/// The page behind a code, in Markdown.
pub fn page(code: Code) -> &'static str {
    macro_rules! page {
        ($number:literal) => {
            include_str!(concat!("../../../../docs/findings/", $number, ".md"))
        };
    }
    match code {
        Code::NeverWoken => page!("PU01"),
        Code::PinnedWorker => page!("PU02"),
        Code::PilingUp => page!("PU03"),
        Code::Deadlock => page!("PU04"),
        Code::Futurelock => page!("PU05"),
        Code::OrphanedLock => page!("PU06"),
        Code::HeldLock => page!("PU07"),
        Code::NeverPolled => page!("PU08"),
        Code::WakeStorm => page!("PU09"),
        Code::LeftBehind => page!("PU10"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_page_has_the_title_and_the_parts() {
        for code in Code::ALL {
            let page = page(code);
            let title = format!("# {} {}\n", code.number(), code.pattern());
            assert!(page.starts_with(&title), "{title}");
            for part in [
                "What was seen",
                "What it means",
                "When it is wrong",
                "How to mend it",
                "Scenarios",
            ] {
                assert!(page.contains(&format!("\n## {part}\n")), "{title}: {part}");
            }
        }
    }

    #[test]
    fn pages_name_scenarios_that_there_are() {
        let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
        for code in Code::ALL {
            let named = page(code).split("`cargo pileup investigate ").skip(1);
            for name in named.filter_map(|rest| rest.split('`').next()) {
                assert!(scenarios.join(name).is_dir(), "{}: {name}", code.number());
            }
        }
    }

    #[test]
    fn a_code_is_found_by_number_and_by_pattern() {
        assert_eq!(find("pu05").ok(), Some(Code::Futurelock));
        assert_eq!(find("Futurelock").ok(), Some(Code::Futurelock));
        let error = find("PU99").expect_err("there is none").to_string();
        assert!(error.contains("PU99"), "{error}");
    }
}
