//! Runs one of the tests that fail on purpose.

use std::fmt;
use std::process::Command;

pub struct Ended {
    pub has_passed: bool,
    pub output: String,
}

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.output)
    }
}

pub fn run(test: &str, environment: &[(&str, &str)]) -> Ended {
    let program = std::env::current_exe().expect("a test has a program");
    let name = format!("on_purpose::{test}");
    let output = Command::new(program)
        .args(["--exact", &name, "--ignored", "--show-output"])
        .env_remove("PILEUP_TEST")
        .env_remove("PILEUP_TEST_ALLOW")
        .env_remove("PILEUP_TEST_REPORT")
        .envs(environment.iter().copied())
        .output()
        .expect("the program can be run");
    let decode = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let output = Ended {
        has_passed: output.status.success(),
        output: decode(&output.stdout) + &decode(&output.stderr),
    };
    assert!(output.output.contains("running 1 test"), "{output}");
    output
}
