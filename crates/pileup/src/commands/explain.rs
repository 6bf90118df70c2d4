//! `pileup explain`: what a finding means, and how to fix it.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use pileup_diagnosis::Code;

use crate::arguments::Explain;
use crate::error::Error;
use crate::output::print;
use crate::prose::for_terminal;
use pileup_investigate::render::Page;

pub fn execute(explain: &Explain) -> Result<ExitCode, Error> {
    let Some(name) = &explain.code else {
        for code in Code::ALL {
            print(|out| writeln!(out, "{}  {}", code.number(), code.pattern()))?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let code = find(name)?;
    let page = code.page();
    if io::stdout().is_terminal() {
        let page = for_terminal(page, Page::of_output().prose());
        print(|out| write!(out, "{page}"))?;
    } else {
        print(|out| write!(out, "{page}"))?;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_the_title_and_the_parts() {
        for code in Code::ALL {
            let page = code.page();
            let title = format!("# {} {}\n", code.number(), code.pattern());
            assert!(page.starts_with(&title), "{title}");
            let parts = [
                "What it means",
                "What was seen",
                "In tokio-console",
                "When it is wrong",
                "How to fix it",
                "What would show more",
                "In real projects",
                "Scenarios",
            ];
            let headings = page.lines().filter_map(|line| line.strip_prefix("## "));
            assert_eq!(headings.collect::<Vec<&str>>(), parts, "{title}");
            for example in ["\nBefore: ", "\nAfter: "] {
                assert!(before_and_after(page, example), "{title}: {example:?}");
            }
        }
    }

    /// Whether an example has code.
    fn before_and_after(page: &str, example: &str) -> bool {
        page.split(example).nth(1).is_some_and(|rest| {
            rest.split("\n\n")
                .nth(1)
                .is_some_and(|code| code.starts_with("```rust\n"))
        })
    }

    #[test]
    fn a_code_is_found_by_number_and_by_pattern() {
        assert_eq!(find("pu05").ok(), Some(Code::Futurelock));
        assert_eq!(find("Futurelock").ok(), Some(Code::Futurelock));
        let error = find("PU99").expect_err("there is none").to_string();
        assert!(error.contains("PU99"), "{error}");
    }
}
