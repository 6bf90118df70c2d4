//! Every scenario of the workspace, run for real: does it do what its manifest says, does
//! pileup say so, and is there a page that explains it?
//!
//! The tests are made from the folders under `scenarios/`: a new scenario is tested without
//! a change here.

#[path = "scenarios/by_probe.rs"]
mod by_probe;
#[path = "scenarios/growth.rs"]
mod growth;
#[path = "scenarios/pages.rs"]
mod pages;
#[path = "support/process.rs"]
mod process;
#[path = "scenarios/truth.rs"]
mod truth;
#[path = "scenarios/verdict.rs"]
mod verdict;

use std::thread;

use libtest_mimic::{Arguments, Trial};
use pileup_diagnosis::Code;

use self::process::Process;
use self::truth::Scenario;

/// They wait far more than they work.
const AT_ONCE: usize = 13;

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let scenarios = truth::scenarios().expect("the manifests of the scenarios can be read");
    let mut trials = Vec::new();
    for code in Code::ALL {
        let all = scenarios.clone();
        let name = format!("{}::page", code.number());
        trials.push(Trial::test(name, move || {
            pages::check(code, &all).map_err(Into::into)
        }));
    }
    for scenario in scenarios {
        let of_page = scenario.clone();
        trials.push(Trial::test(format!("{}::page", scenario.name), move || {
            pages::check_code_of(&of_page).map_err(Into::into)
        }));
        for variant in truth::VARIANTS {
            let name = format!("{}::{variant}", scenario.name);
            let of_run = scenario.clone();
            trials.push(Trial::test(name, move || {
                is_as_told(&of_run, variant).map_err(Into::into)
            }));
        }
        // Too slow for every day: run with `-- --ignored`.
        let name = format!("{}::leaky::verdict-at-the-seeds-pace", scenario.name);
        let at_seeds_pace = Trial::test(name, move || {
            verdict::check_at_the_seeds_pace(&scenario).map_err(Into::into)
        });
        trials.push(at_seeds_pace.with_ignored_flag(true));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// Watches one run by its console, by its probe, and as its user would, all at once.
fn is_as_told(scenario: &Scenario, variant: &str) -> Result<(), String> {
    let process = Process::start(&scenario.name, &["--variant", variant, "--every", "100ms"])?;
    thread::scope(|scope| {
        let by_probe = scope.spawn(|| by_probe::check(scenario, variant, &process));
        let verdict = scope.spawn(|| verdict::check(scenario, variant, &process));
        growth::check(scenario, variant, &process)?;
        by_probe.join().map_err(|_| "the thread panicked")??;
        verdict.join().map_err(|_| "the thread panicked")?
    })
}
