//! Every scenario of the workspace, run for real: does it do what its manifest says, does
//! pileup say so, and is there a page that explains it?
//!
//! The tests are made from the folders under `scenarios/`: a new scenario is tested without
//! a change here.

#[path = "scenarios/alone.rs"]
mod alone;
#[path = "support/attempts.rs"]
mod attempts;
#[path = "scenarios/await_lines.rs"]
mod await_lines;
#[path = "scenarios/by_probe.rs"]
mod by_probe;
#[path = "support/ending.rs"]
mod ending;
#[path = "scenarios/growth.rs"]
mod growth;
#[path = "scenarios/investigated.rs"]
mod investigated;
#[path = "support/machine.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod machine;
#[path = "scenarios/pages.rs"]
mod pages;
#[path = "support/process.rs"]
mod process;
#[path = "scenarios/truth.rs"]
mod truth;
#[path = "scenarios/verdict.rs"]
mod verdict;

use std::thread;
use std::time::Duration;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use pileup_diagnosis::Code;

use self::alone::{alone, beside_others};
use self::attempts::{Shown, until_all_is_shown};
use self::investigated::Answer;
use self::process::{Process, counts};
use self::truth::Scenario;

/// What a scenario takes of an ordinary core, with those that watch it.
const CORES_EACH: f64 = 0.14;
/// How long a scenario is watched: longer where the machine is slow. What takes minutes in life
/// takes seconds here.
const WATCHES: [Duration; 3] = [
    Duration::from_secs(12),
    Duration::from_secs(24),
    Duration::from_secs(48),
];
/// The time within which a finding is promised at the article's own pace.
const PROMISED: Duration = Duration::from_secs(45);
/// The same for a finding that is certain.
const PROMISED_IF_CERTAIN: Duration = Duration::from_secs(20);

fn main() {
    let mut arguments = Arguments::from_args();
    if arguments.test_threads.is_none() {
        arguments.test_threads = Some(machine::trials_at_once(CORES_EACH));
    }
    let mut scenarios = truth::scenarios().expect("the manifests of the scenarios can be read");
    // Trials that run alone come last: they do not keep others waiting then.
    scenarios.sort_by_key(|scenario| scenario.keeps_a_core);
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
        for variant in truth::VARIANTS.into_iter().rev() {
            let name = format!("{}::{variant}", scenario.name);
            let of_run = scenario.clone();
            trials.push(Trial::ignorable_test(name, move || {
                beside_others_or_alone(of_run.keeps_a_core && variant == "leaky", || {
                    decide(&WATCHES, |watch| is_as_told(&of_run, variant, watch, &[]))
                })
            }));
            // Takes minutes: run with `-- --ignored by-pileup-subscriber`.
            let of_run = scenario.clone();
            let name = format!("{}::{variant}::by-pileup-subscriber", scenario.name);
            let by_pileup = Trial::ignorable_test(name, move || {
                beside_others_or_alone(of_run.keeps_a_core && variant == "leaky", || {
                    decide(&WATCHES, |watch| {
                        is_as_told(&of_run, variant, watch, &["--instrument", "pileup"])
                    })
                })
            });
            trials.push(by_pileup.with_ignored_flag(true));
            // Takes minutes: run with `-- --ignored`.
            let of_command = scenario.clone();
            let name = format!("{}::{variant}::investigated", scenario.name);
            let investigated = Trial::ignorable_test(name, move || {
                beside_others_or_alone(of_command.keeps_a_core && variant == "leaky", || {
                    match investigated::check(&of_command, variant)? {
                        Answer::Right => Ok(Completion::Completed),
                        Answer::NotTold(why) => Ok(Completion::ignored_with(why)),
                    }
                })
            });
            trials.push(investigated.with_ignored_flag(true));
        }
        // Too slow for every day: run with `-- --ignored`.
        let name = format!("{}::leaky::verdict-at-the-seeds-pace", scenario.name);
        let at_seeds_pace = Trial::ignorable_test(name, move || {
            let finds = scenario.finds.as_ref();
            let is_certain = finds.is_some_and(|finds| finds.grade == "certain");
            let promised = [if is_certain {
                PROMISED_IF_CERTAIN
            } else {
                PROMISED
            }];
            decide(&promised, |watch| {
                verdict::check_at_the_seeds_pace(&scenario, watch)
            })
        });
        trials.push(at_seeds_pace.with_ignored_flag(true));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn decide(
    watches: &[Duration],
    watch: impl Fn(Duration) -> Result<Shown, String>,
) -> Result<Completion, Failed> {
    Ok(until_all_is_shown(watches, watch)?.into())
}

fn beside_others_or_alone<T>(is_alone: bool, trial: impl FnOnce() -> T) -> T {
    if is_alone {
        let _alone = alone();
        trial()
    } else {
        let _beside_others = beside_others();
        trial()
    }
}

/// Watches one run by its console and by its probe at once, as its user would.
fn is_as_told(
    scenario: &Scenario,
    variant: &str,
    watch: Duration,
    instrument: &[&str],
) -> Result<Shown, String> {
    let flags = ["--variant", variant, "--every", &scenario.every];
    let flags = [&flags[..], instrument].concat();
    let process = Process::start(&scenario.name, &flags)?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let recording = folder.path().join("watch.pileup");
    thread::scope(|scope| {
        let by_probe = scope.spawn(|| by_probe::check(scenario, variant, &process, watch));
        let verdict = verdict::check(scenario, variant, &process, watch, &recording)?;
        let by_probe = by_probe.join().map_err(|_| "the thread panicked")??;
        let growth = growth::check(scenario, variant, &recording, &process.counts)?;
        let mut shown = [growth, verdict, by_probe];
        shown.sort_by_key(|shown| match shown {
            Shown::CalledClean(_) => 0,
            Shown::Incomplete(_) => 1,
            Shown::All => 2,
        });
        let [worst, ..] = shown;
        Ok(worst)
    })
}
