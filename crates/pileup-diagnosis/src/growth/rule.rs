//! When the living of a spawn site are a pile: the one rule of growth, for whoever has the
//! ages of tasks.
//!
//! Growth alone accuses a burst, a start-up ramp, and a service whose tasks live longer
//! than one looks. So the rule asks two things over the same stretch of time, whose length W
//! is its only measure of time: the watch, or what is left of it since the first of the
//! living was born, if that is half of it or more.
//!
//! - Do the *old* finish? A task is old from the age of W/3 on. Of those that grew old
//!   in that time, at most one in twenty may have finished, and together the old must
//!   have lived on for two and a half times W: had they been about to finish, some would
//!   have. Of those that finished before the watch, as many count as fall on a time of W.
//!   Where slow requests finish beside those that stay, the two part at a greater age: W/2
//!   and 2W/3 are tried as well. Less of the watch is left to see them finish then, so there
//!   must be more, of whom only one in a hundred may have; and the old must have been born
//!   all along.
//! - Does it *go on*? The living were born in every third of that time, at no falling
//!   rate, up to its end.
//!
//! A healthy site in equilibrium loses as many as it gains; a ramp and a burst end; the
//! finished of a slow site show up among the old. What is left is a pile that grows.
//! The same evidence is asked of goroutines by growth and age rules in production
//! (`LeakProf`, monigo); the measure here is the watch itself rather than fixed counts.

use std::time::Duration;

use crate::Lifetimes;

/// The ages from which on a task may count as old: the first where the evidence suffices.
const AGES: [Age; 3] = [
    Age {
        sixths: 2,
        fewest: 6,
        one_in: 20,
    },
    Age {
        sixths: 3,
        ..AMONG_SLOW_ONES
    },
    AMONG_SLOW_ONES,
];
const AMONG_SLOW_ONES: Age = Age {
    sixths: 4,
    fewest: 30,
    one_in: 100,
};

struct Age {
    /// How old that is, in sixths of the watch.
    sixths: u32,
    /// Fewer tasks that grew old in the watch are chance.
    fewest: usize,
    /// Of those that grew old, one in so many may have finished.
    one_in: u64,
}

impl Age {
    fn within(&self, window: Duration) -> Duration {
        window / 6 * self.sixths
    }
}

/// The living must have grown for so much of the watch: one part in so many.
const SHORTEST_GROWTH: u32 = 2;
/// A silence at the end counts from this part of the watch on.
const SHORTEST_END: u32 = 12;
/// From so many births in a third of the time on, their number is more than chance.
const MANY_BIRTHS: usize = 10;
/// How long the old must have lived on together: so many halves of the watch.
const LIVED_ON_HALVES: u32 = 5;

/// The tasks of one spawn site, as one watch has seen them.
#[derive(Debug, Clone, Copy)]
pub struct Population<'a> {
    /// The ages of the living, the oldest first.
    pub ages: &'a [Duration],
    /// Lifetimes of those that finished while it was watched.
    pub finished: &'a Lifetimes,
    /// Those that finished before it was watched, if any is known of.
    pub before: Option<FinishedBefore<'a>>,
    /// For how long the site was watched.
    pub watch: Duration,
    /// How late births are told.
    pub lag: Duration,
}

/// The tasks of a site that finished before the watch.
#[derive(Debug, Clone, Copy)]
pub struct FinishedBefore<'a> {
    /// Their lifetimes.
    pub lifetimes: &'a Lifetimes,
    /// In how long a time they finished.
    pub within: Duration,
}

/// What makes a pile of a site's living.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PileShape {
    /// How many are old: the first of the ages.
    pub old: usize,
    /// The age from which on they are.
    pub old_age: Duration,
    /// How many finished at that age in the watch.
    pub escaped: u64,
    /// Living tasks that were born while the living grew.
    pub born: usize,
    /// For how long the living grew: the watch, or since the first of them was born in it.
    pub window: Duration,
}

impl Population<'_> {
    /// What makes a pile of the living, if they are one.
    #[must_use]
    pub fn pile(&self) -> Option<PileShape> {
        let window = self.watch.min(*self.ages.first()?);
        if window < self.watch / SHORTEST_GROWTH {
            return None;
        }
        // The births of the last moments are not known yet, where they are told late.
        let known = window.saturating_sub(self.lag);
        let earlier = self.ages.partition_point(|age| *age > window);
        let births: Vec<Duration> = self.ages[earlier..]
            .iter()
            .map(|age| window.saturating_sub(*age))
            .collect();
        if !goes_on(&births, known) {
            return None;
        }
        AGES.iter().enumerate().find_map(|(number, age)| {
            let old_age = age.within(window);
            let (old, escaped) = self.old_that_stay(window, age)?;
            let until = window.saturating_sub(old_age);
            let grew_old = births.partition_point(|birth| *birth <= until);
            let all_along = number == 0 || goes_on(&births[..grew_old], until);
            all_along.then_some(PileShape {
                old,
                old_age,
                escaped,
                born: births.len(),
                window,
            })
        })
    }

    /// How many of the living are of an age, and how many of that age finished: if they are
    /// enough to say that they stay.
    fn old_that_stay(&self, window: Duration, age: &Age) -> Option<(usize, u64)> {
        let old_age = age.within(window);
        let number = self.ages.partition_point(|age| *age >= old_age);
        let old = &self.ages[..number];
        // Of the watch, the part that each has lived through as an old one.
        let lived_old = |age: &Duration| age.saturating_sub(old_age).min(window);
        let grown_old = old.iter().filter(|age| lived_old(age) < window).count();
        let escaped = self.finished.at_least(old_age);
        let before = self.before;
        let finish = escaped + before.map_or(0, |before| before.at_least(old_age, window));
        let do_not_finish = finish * age.one_in <= grown_old as u64 + finish
            && old.iter().map(lived_old).sum::<Duration>() >= window / 2 * LIVED_ON_HALVES;
        (grown_old >= age.fewest && do_not_finish).then_some((number, escaped))
    }
}

impl FinishedBefore<'_> {
    /// How many finished at an age in a stretch of time like the watch, on average: of an
    /// hour there would be more than a watch has that grow old.
    fn at_least(&self, age: Duration, window: Duration) -> u64 {
        let all = u128::from(self.lifetimes.at_least(age)) * window.as_nanos();
        let within = self.within.max(window).as_nanos().max(1);
        u64::try_from((all + within / 2) / within).unwrap_or(u64::MAX)
    }
}

/// Whether births, told as times since the start of a window and in their order, go on to
/// its end: at no falling rate, and without a last gap that is longer than the others.
fn goes_on(births: &[Duration], window: Duration) -> bool {
    let third = window / 3;
    let in_third = |number: u32| {
        let births = births.iter();
        let until = if number == 2 {
            Duration::MAX
        } else {
            third * (number + 1)
        };
        births
            .filter(|birth| (third * number..until).contains(*birth))
            .count()
    };
    let (first, second, last) = (in_third(0), in_third(1), in_third(2));
    // Of many births, those of the whole time must not fall either: a pool that fills up.
    let fills_up = first >= MANY_BIRTHS && last * 2 < first;
    let steady = first > 0
        && second * 2 >= first
        && last * 2 >= second
        && second > 0
        && last > 0
        && !fills_up;

    let Some((earliest, latest)) = births.first().zip(births.last()) else {
        return false;
    };
    let gaps = u32::try_from(births.len() - 1).unwrap_or(u32::MAX).max(1);
    let mean = latest.saturating_sub(*earliest) / gaps;
    let longest = births
        .windows(2)
        .map(|pair| pair[1].saturating_sub(pair[0]))
        .max()
        .unwrap_or_default();
    let silence = window.saturating_sub(*latest);
    steady && silence <= (mean * 4).max(longest * 3 / 2).max(window / SHORTEST_END)
}
