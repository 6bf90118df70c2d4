//! A few rows of `docs/accuracy.md`, in every test run: the rule keeps its error rates.

#[path = "../examples/accuracy/random.rs"]
mod random;
#[path = "../examples/accuracy/rate.rs"]
mod rate;
#[path = "../examples/accuracy/rows.rs"]
#[allow(dead_code, reason = "the page has more rows")]
mod rows;
#[path = "../examples/accuracy/service.rs"]
#[allow(dead_code, reason = "the page has more laws")]
mod service;
#[path = "../examples/accuracy/trial.rs"]
#[allow(dead_code, reason = "the page has an ideal test beside it")]
mod trial;
#[path = "../examples/accuracy/view.rs"]
mod view;

use rows::{Kinds, healthy, healthy_at_two_awaits, leaking, leaking_at_two_awaits, sequential};

const TRIALS: u32 = 200;
const SEED: u64 = 99;

/// The most watches, by the console and by the probe, in which a service is accused.
fn accused(kinds: &Kinds, rate: f64, age: f64, watch: f64) -> [f64; 2] {
    let outcomes = trial::fixed(&kinds.service(rate, age), watch, TRIALS, SEED);
    outcomes.map(|outcome| outcome.accused.share())
}

#[test]
fn healthy_services_that_have_just_started_are_hardly_ever_accused() {
    let mut all = Vec::new();
    for kinds in healthy() {
        for rate in [0.5, 2.0] {
            let shares = accused(&kinds, rate, 0.0, 30.0);
            assert!(
                shares.iter().all(|share| *share <= 0.04),
                "{}: {shares:?}",
                kinds.name
            );
            all.extend(shares);
        }
    }
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    assert!(mean <= 0.004, "{mean}");
}

#[test]
fn leaks_with_enough_exposure_are_found() {
    let [all, half, ..] = &leaking()[..] else {
        panic!("too few kinds of leaks");
    };
    for (kinds, rate, age, watch) in [
        (all, 8.0, 0.0, 30.0),
        (all, 2.0, 0.0, 60.0),
        (half, 2.0, 0.0, 60.0),
        (all, 0.5, 600.0, 30.0),
    ] {
        let shares = accused(kinds, rate, age, watch);
        assert!(
            shares.iter().all(|share| *share >= 0.95),
            "{}: {shares:?}",
            kinds.name
        );
    }
}

#[test]
fn healthy_tasks_that_wait_at_two_awaits_are_hardly_ever_accused() {
    for kinds in healthy_at_two_awaits() {
        let shares = accused(&kinds, 2.0, 0.0, 60.0);
        assert!(
            shares.iter().all(|share| *share <= 0.04),
            "{}: {shares:?}",
            kinds.name
        );
    }
}

#[test]
fn leaked_tasks_at_an_await_of_their_own_are_found_among_healthy_ones() {
    for kinds in leaking_at_two_awaits() {
        let shares = accused(&kinds, 2.0, 60.0, 120.0);
        assert!(
            shares.iter().all(|share| *share >= 0.95),
            "{}: {shares:?}",
            kinds.name
        );
    }
}

#[test]
fn a_watch_that_ends_when_it_is_decided_is_about_as_short_as_can_be() {
    let service = leaking()[0].service(8.0, 0.0);
    let row = trial::until_decided(&service, 50, SEED);
    assert!(row.accused.share() >= 0.95, "{}", row.accused);
    let ideal = trial::ideal(&service, 50, SEED, 0.02, 0.01);
    let ratio = trial::median(&row.times).zip(trial::median(&ideal));
    let ratio = ratio.map(|(own, ideal)| own / ideal);
    assert!(ratio.is_some_and(|ratio| ratio <= 1.5), "{ratio:?}");
}

#[test]
fn a_watch_that_looks_again_and_again_hardly_ever_accuses_a_healthy_service() {
    let (healthy, _) = sequential();
    // Tasks that live for as long as is allowed are the hardest to tell from leaked ones.
    let Some(hardest) = healthy.iter().find(|kinds| kinds.name.contains("300")) else {
        panic!("too few healthy kinds");
    };
    let row = trial::until_decided(&hardest.service(0.5, 0.0), 100, SEED);
    assert!(row.accused.share() <= 0.04, "{}", row.accused);
}
