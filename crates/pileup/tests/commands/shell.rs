//! What a shell needs of the command: completions, and manual pages.

use std::fs;
use std::process::{Command, Output};

fn pileup(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pileup"));
    command.args(arguments).output().expect("pileup runs")
}

fn completions(shell: &str) -> String {
    let output = pileup(&["completions", shell]);
    assert!(output.status.success(), "{shell}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn every_shell_gets_a_script_that_names_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = completions(shell);
        for command in ["diagnose", "investigate", "completions"] {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
}

#[test]
#[cfg(unix)]
fn bash_completes_a_command_and_a_flag() {
    let complete = |words: &[&str]| {
        let last = words.len() - 1;
        let script = format!(
            "source /dev/stdin\nCOMP_WORDS=({}) COMP_CWORD={last}\n_pileup pileup '{}' '{}'\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.join(" "),
            words[last],
            words[last - 1],
        );
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("completions");
        fs::write(&file, completions("bash")).expect("it is written");
        let output = Command::new("bash")
            .args(["--norc", "-c", &script])
            .stdin(fs::File::open(&file).expect("it is there"))
            .output()
            .expect("bash runs");
        String::from_utf8(output.stdout).expect("text")
    };
    assert_eq!(complete(&["pileup", "dia"]), "diagnose\n");
    assert_eq!(complete(&["pileup", "diagnose", "--bas"]), "--baseline\n");
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pages = folder.path().join("man/man1");
    let to = pages.to_str().expect("a plain name");
    assert!(pileup(&["man", to]).status.success());
    for page in ["pileup.1", "pileup-diagnose.1", "pileup-workshop-check.1"] {
        let page = fs::read_to_string(pages.join(page)).expect("it is there");
        assert!(page.contains(".TH "), "{page}");
    }
    let in_the_way = folder.path().join("file");
    fs::write(&in_the_way, "").expect("it is written");
    let output = pileup(&["man", in_the_way.to_str().expect("a plain name")]);
    assert_eq!(output.status.code(), Some(5));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("may you write there"), "{errors}");
}
