//! Healthy pools: workers that never end, and come back to rest after each piece of work.
//!
//! Who has rested for the shortest time gets the next work, so a few workers do all of it, and the
//! others rest for good. Their await is a cohort that is old and does not finish, and to which workers
//! come all the time. But none of them is new there.

use std::cmp::Reverse;
use std::time::Duration;

use pileup_growth::{DEFAULT_MAX_LIFETIME, Lifetimes, Period, Population, SiteVerdict, Verdict};

use crate::marked::{self, ASKED_AT, Task};
use crate::random::Random;
use crate::rate::Rate;
use crate::view::{next_snapshot, seconds};

/// How many workers a pool has.
pub const SIZES: [usize; 3] = [8, 64, 512];
/// How long those that work rest between two pieces of it, on average: exponential, in seconds.
pub const RESTS: [f64; 3] = [1.0, 10.0, 60.0];
/// One worker in this number does work.
const WORKS_ONE_IN: usize = 8;
/// How long they work, on average: exponential, in seconds.
const WORK: f64 = 1.0;
/// All workers are spawned within this time, in seconds.
const SPAWNED_WITHIN: f64 = 1.0;
/// What a worker did longer ago than this number of rests makes no difference, but for its birth.
const RESTS_KNOWN: f64 = 10.0;

/// A pool on paper. Times are in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Pool {
    pub workers: usize,
    pub rest: f64,
    /// For how long it has run when the watch begins.
    pub age: f64,
}

/// What a watch has seen at one of the two awaits.
#[derive(Default)]
struct Stays {
    /// For how long each live worker has been there, and how long ago it first came.
    live: Vec<(f64, f64)>,
    finished: Lifetimes,
    entered: Lifetimes,
}

impl Pool {
    /// How often it is accused, in watches of the same length.
    pub fn accused(self, watch: f64, trials: u32, seed: u64) -> Rate {
        let mut accused = Rate::default();
        for trial in 0..trials {
            let row = [self.workers as f64, self.age * 1e6 + self.rest, watch];
            let mut random = Random::of_trial(seed, row, trial);
            accused.count(self.is_accused(watch, &mut random));
        }
        accused
    }

    /// How often its own probe accuses it, which is asked at each of [`ASKED_AT`].
    pub fn accused_by_probe(self, trials: u32, seed: u64) -> [Rate; ASKED_AT.len()] {
        let longest = ASKED_AT[ASKED_AT.len() - 1];
        marked::rates(trials, |trial| {
            let row = [self.workers as f64, self.rest, longest];
            let mut random = Random::of_trial(seed, row, trial);
            let workers = 0..self.workers;
            let worker = workers.map(|number| {
                let born = SPAWNED_WITHIN * random.uniform();
                let mut moves = vec![(born, 0)];
                let mut at = born;
                while number % WORKS_ONE_IN == 0 && at < longest {
                    let place = (moves.len() + 1) % 2;
                    let mean = if place == 0 { self.rest } else { WORK };
                    at += random.exponential(mean);
                    moves.push((at, 1 - place));
                }
                Task {
                    born,
                    end: f64::INFINITY,
                    moves,
                }
            });
            let mut workers: Vec<Task> = worker.collect();
            workers.sort_unstable_by(|a, b| a.born.total_cmp(&b.born));
            workers
        })
    }

    fn is_accused(self, watch: f64, random: &mut Random) -> bool {
        let mut places = [Stays::default(), Stays::default()];
        let mut ages = Vec::new();
        for number in 0..self.workers {
            let born = SPAWNED_WITHIN * random.uniform() - self.age;
            ages.push(seconds(watch - born));
            if number % WORKS_ONE_IN == 0 {
                self.follow(born, watch, random, &mut places);
            } else {
                places[0].add((born, f64::INFINITY), born, watch, &mut None);
            }
        }
        ages.sort_unstable_by_key(|age| Reverse(*age));
        let nobody = Lifetimes::default();
        let length = seconds(watch);
        let whole = Population {
            ages: &ages,
            came: None,
            watch: Period {
                length,
                finished: &nobody,
                entered: &nobody,
            },
            before: None,
            lag: Duration::ZERO,
            slowed: false,
        };
        let lists = places.each_ref().map(Stays::lists);
        let cohorts = [0, 1].map(|place| Population {
            ages: &lists[place].0,
            came: Some(&lists[place].1),
            watch: Period {
                length,
                finished: &places[place].finished,
                entered: &places[place].entered,
            },
            ..whole
        });
        let verdict = SiteVerdict::of(&whole, &cohorts, DEFAULT_MAX_LIFETIME).verdict;
        matches!(verdict, Verdict::Leaks(_))
    }

    /// Follows one worker to the end of the watch: it rests first.
    fn follow(self, born: f64, watch: f64, random: &mut Random, places: &mut [Stays; 2]) {
        let mut from = born.max(-RESTS_KNOWN * self.rest);
        let mut first = [None; 2];
        for place in [0, 1].into_iter().cycle() {
            if from > watch {
                return;
            }
            let mean = if place == 0 { self.rest } else { WORK };
            let to = from + random.exponential(mean);
            places[place].add((from, to), born, watch, &mut first[place]);
            from = to;
        }
    }
}

impl Stays {
    /// Takes in a stay of a worker, and when that worker was first seen there.
    fn add(&mut self, (from, to): (f64, f64), born: f64, watch: f64, first: &mut Option<f64>) {
        // Whoever is there in the first snapshot has been so since its last poll.
        let is_there_at_first = from <= 0.0;
        let since = if is_there_at_first {
            from
        } else {
            next_snapshot(from)
        };
        if to <= since.max(0.0) || since > watch {
            return;
        }
        let came = *first.get_or_insert(if is_there_at_first { born } else { since });
        let leaves = next_snapshot(to);
        if leaves > watch {
            self.live.push((watch - since, watch - came));
            return;
        }
        self.finished.add(seconds(leaves - since));
        if is_there_at_first {
            self.entered.add(seconds(-since));
        }
    }

    /// The ages of the stays that go on, and how long ago their workers first came: longest first.
    fn lists(&self) -> (Vec<Duration>, Vec<Duration>) {
        let sorted = |times: Vec<f64>| {
            let mut times: Vec<Duration> = times.into_iter().map(seconds).collect();
            times.sort_unstable_by_key(|time| Reverse(*time));
            times
        };
        (
            sorted(self.live.iter().map(|(age, _)| *age).collect()),
            sorted(self.live.iter().map(|(_, came)| *came).collect()),
        )
    }
}
