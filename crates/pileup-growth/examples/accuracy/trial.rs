//! One row: many watches of services that are alike.

use std::time::Duration;

use pileup_growth::{DEFAULT_MAX_LIFETIME, Population, Reference, SiteVerdict, Stopping, Verdict};

use crate::random::Random;
use crate::rate::Rate;
use crate::rows::LONGEST;
use crate::service::{Life, Service};
use crate::view::{Source, View};

pub const SOURCES: [Source; 2] = [Source::Console, Source::Probe];

/// What became of the watches of one row, by source.
#[derive(Default, Clone, Copy)]
pub struct Outcome {
    pub accused: Rate,
    pub undecided: Rate,
    /// Accused where all tasks of the site are taken together, at a site of several awaits.
    pub accused_as_a_whole: Rate,
    /// Accused by a test that knows which tasks leak. See [`ideal_accuses`].
    pub ideal: Rate,
}

/// The error that the ideal test of a fixed watch allows: the goal for the worst row.
const IDEAL_ERROR: f64 = 0.02;

/// Watches a service again and again, each time for as long, by its console and by its probe.
pub fn fixed(service: &Service, watch: f64, trials: u32, seed: u64) -> [Outcome; 2] {
    let mut outcomes = [Outcome::default(); 2];
    for trial in 0..trials {
        let lives = service.lives(watch, &mut random(service, watch, trial, seed));
        let ideal = ideal_accuses(&lives, f64::NEG_INFINITY, watch, IDEAL_ERROR.recip().ln());
        for (source, outcome) in SOURCES.into_iter().zip(&mut outcomes) {
            let SiteVerdict { verdict, .. } = verdict(&lives, source, watch, service);
            let is_accused = matches!(verdict, Verdict::Leaks(_));
            let is_undecided = matches!(verdict, Verdict::Undecided { .. });
            outcome.accused.count(is_accused);
            outcome.undecided.count(is_undecided);
            if service.places() > 1 {
                let view = View::new(&lives, source, watch, service.age);
                let whole = view.population().verdict(DEFAULT_MAX_LIFETIME);
                let is_accused = matches!(whole, Verdict::Leaks(_));
                outcome.accused_as_a_whole.count(is_accused);
            }
            outcome.ideal.count(ideal);
        }
    }
    outcomes
}

/// What became of watches that end as soon as they are decided.
pub struct Sequential {
    pub accused: Rate,
    pub undecided: Rate,
    /// When each was decided, in seconds, those of the leaks that were found alone; in order.
    pub times: Vec<f64>,
}

/// Watches a service by its console, until each watch is decided.
pub fn until_decided(service: &Service, trials: u32, seed: u64) -> Sequential {
    let is_leak = service.leaking() > 0.0;
    let mut row = Sequential {
        accused: Rate::default(),
        undecided: Rate::default(),
        times: Vec::new(),
    };
    for trial in 0..trials {
        let lives = service.lives(LONGEST, &mut random(service, LONGEST, trial, seed));
        let mut stopping = Stopping::default();
        let decided = snapshots().find_map(|now| {
            let SiteVerdict { verdict, .. } = verdict(&lives, Source::Console, now, service);
            let watched = Duration::from_secs_f64(now);
            stopping
                .is_decided(watched, &verdict)
                .then_some((now, verdict))
        });
        // The report of a watch that went on to its end is that of a watch of fixed length.
        let at_the_end = || verdict(&lives, Source::Console, LONGEST, service).verdict;
        let last = decided.map_or_else(at_the_end, |(_, verdict)| verdict);
        let is_accused = matches!(last, Verdict::Leaks(_));
        row.accused.count(is_accused);
        row.undecided
            .count(matches!(last, Verdict::Undecided { .. }));
        if is_accused == is_leak {
            row.times.extend(decided.map(|(now, _)| now));
        }
    }
    row.times.sort_by(f64::total_cmp);
    row
}

/// When an ideal sequential test accuses a leak, in seconds: Wald's test of tasks that never
/// end against the healthy references, at an error of `alpha` for healthy services and of
/// `beta` for leaks. It knows which tasks leak, has no others to tell them from, and asks
/// nothing of births.
pub fn ideal(service: &Service, trials: u32, seed: u64, alpha: f64, beta: f64) -> Vec<f64> {
    let needed = ((1.0 - beta) / alpha).ln();
    let mut times = Vec::new();
    for trial in 0..trials {
        let lives = service.lives(LONGEST, &mut random(service, LONGEST, trial, seed));
        let decided = snapshots().find(|now| ideal_accuses(&lives, 0.0, *now, needed));
        times.push(decided.unwrap_or(LONGEST));
    }
    times.sort_by(f64::total_cmp);
    times
}

/// Whether a test accuses that knows which tasks leak: each of the healthy references would have
/// let this number of them finish, between two times in seconds after the start of the watch.
fn ideal_accuses(lives: &[Life], from: f64, now: f64, needed: f64) -> bool {
    let references = Reference::up_to(DEFAULT_MAX_LIFETIME);
    references.iter().all(|reference| {
        let leaked = lives.iter().filter(|life| life.end.is_infinite());
        let expected: f64 = leaked
            .take_while(|life| life.born < now)
            .map(|life| {
                let before = reference.cumulative_hazard((from - life.born).max(0.0));
                reference.cumulative_hazard(now - life.born) - before
            })
            .sum();
        expected >= needed
    })
}

/// The middle of ordered times.
pub fn median(times: &[f64]) -> Option<f64> {
    times.get(times.len() / 2).copied()
}

/// When a watch is looked at: twice a second, and later at every hundredth of its length.
fn snapshots() -> impl Iterator<Item = f64> {
    let next = |now: &f64| Some(now + (now / 100.0).max(0.5));
    std::iter::successors(Some(1.0), next).take_while(|now| *now <= LONGEST)
}

fn verdict(lives: &[Life], source: Source, now: f64, service: &Service) -> SiteVerdict {
    let view = View::new(lives, source, now, service.age);
    let places = match service.places() {
        1 => 0..0,
        several => 0..several,
    };
    let cohorts: Vec<View> = places
        .map(|place| View::of_stays(lives, place, now))
        .collect();
    let cohorts: Vec<Population> = cohorts.iter().map(View::population).collect();
    SiteVerdict::of(&view.population(), &cohorts, DEFAULT_MAX_LIFETIME)
}

fn random(service: &Service, watch: f64, trial: u32, seed: u64) -> Random {
    Random::of_trial(seed, [service.rate, service.age, watch], trial)
}
