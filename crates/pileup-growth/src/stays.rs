//! Stays of tasks in cohorts, where nobody follows each task.
//!
//! What a stay is, and why a cohort consists of stays, stands in the module `cohorts`. A source that
//! knows of each live task only when it was last polled can count stays all the same: a task that was
//! last polled before a *mark* stands still since then. So a stay begins with the first mark after a
//! poll, and ends when the task is woken, is polled again, or finishes. The stays that have begun by a
//! mark can only become fewer, and those that are missing in the next count have ended. So it is
//! enough to count the tasks of each cohort at each mark, by the mark with which their stay began.
//!
//! All times are milliseconds since a start that is the same for all of them.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::time::Duration;

/// Beyond this number of cohorts, new ones are not counted.
const MOST_COHORTS: usize = 1024;
/// Beyond this number of beginnings, the two that differ least are taken together: those of stays
/// that are older than the marks go back.
const MOST_BEGINNINGS: usize = 48;

/// Stays that have ended, by when they had begun.
pub(crate) type Ended<C> = HashMap<C, BTreeMap<u64, u64>>;

/// The stays that go on, as the last mark has counted them. `C` says which cohort it is.
#[derive(Debug)]
pub(crate) struct Stays<C> {
    /// When stays have begun, in order.
    beginnings: Vec<u64>,
    /// Tasks of each cohort, by the number of the mark with which their stay began. The last count
    /// is of those whose stay begins with the next mark.
    alive: HashMap<C, Vec<u64>>,
}

/// A count of all live tasks at one moment, by cohort.
#[derive(Debug)]
pub struct Count<C> {
    beginnings: Vec<u64>,
    cohorts: Vec<C>,
    numbers: HashMap<C, usize>,
    /// For each of `cohorts`, as in [`Stays`].
    counts: Vec<Vec<u64>>,
}

impl<C> Default for Stays<C> {
    fn default() -> Self {
        Self {
            beginnings: Vec::new(),
            alive: HashMap::new(),
        }
    }
}

impl<C: Copy + Eq + Hash> Count<C> {
    /// How many cohorts have a number.
    #[must_use]
    pub fn cohorts(&self) -> usize {
        self.cohorts.len()
    }

    /// The number of a cohort in this count: none where there are too many cohorts.
    pub fn cohort(&mut self, cohort: C) -> Option<usize> {
        if let Some(number) = self.numbers.get(&cohort) {
            return Some(*number);
        }
        if self.cohorts.len() >= MOST_COHORTS {
            return None;
        }
        let number = self.cohorts.len();
        self.cohorts.push(cohort);
        self.counts.push(vec![0; self.beginnings.len() + 1]);
        self.numbers.insert(cohort, number);
        Some(number)
    }

    /// Counts a task that belongs to the cohorts of these numbers, and was last polled at this time.
    ///
    /// # Panics
    ///
    /// Where a number is none that [`cohort`](Self::cohort) has given.
    pub fn add(&mut self, numbers: impl IntoIterator<Item = usize>, last_poll: u64) {
        let begun = self.beginnings.partition_point(|begun| *begun < last_poll);
        for number in numbers {
            self.counts[number][begun] += 1;
        }
    }

    /// All cohorts, with for how long their stays go on at this time, the longest first. Those that
    /// begin with the next mark are left out.
    pub(crate) fn ages(&self, now: u64) -> impl Iterator<Item = (C, Vec<Duration>)> {
        let cohorts = self.cohorts.iter().zip(&self.counts);
        cohorts.map(move |(cohort, counts)| {
            let counts = self.beginnings.iter().zip(counts);
            let ages = counts.flat_map(|(begun, count)| {
                let age = Duration::from_millis(now.saturating_sub(*begun));
                std::iter::repeat_n(age, usize::try_from(*count).unwrap_or(usize::MAX))
            });
            (*cohort, ages.collect())
        })
    }
}

impl<C: Copy + Eq + Hash> Stays<C> {
    /// Begins a count of all live tasks.
    pub(crate) fn count(&self) -> Count<C> {
        let mut count = Count {
            beginnings: self.beginnings.clone(),
            cohorts: Vec::new(),
            numbers: HashMap::new(),
            counts: Vec::new(),
        };
        for cohort in self.alive.keys() {
            count.cohort(*cohort);
        }
        count
    }

    /// Corrects a count: nobody enters a stay that has begun, so what is more than before was not
    /// counted before. Returns the stays that have ended since the last mark, by when they had
    /// begun.
    pub(crate) fn ended(&self, count: &mut Count<C>) -> Ended<C> {
        let mut ended = Ended::new();
        for (cohort, now) in count.cohorts.iter().zip(&mut count.counts) {
            let before = self.alive.get(cohort);
            for (number, begun) in self.beginnings.iter().enumerate() {
                let before = before.map_or(0, |before| before[number]);
                now[number] = now[number].min(before);
                let missing = before - now[number];
                if missing > 0 {
                    ended.entry(*cohort).or_default().insert(*begun, missing);
                }
            }
        }
        ended
    }

    /// Marks the moment of a count that [`ended`](Self::ended) has corrected.
    pub(crate) fn mark(&mut self, at: u64, count: Count<C>) {
        let counted = count.cohorts.into_iter().zip(count.counts);
        self.alive = counted
            .filter(|(_, counts)| counts.iter().any(|count| *count > 0))
            .collect();
        self.beginnings.push(at);
        while self.beginnings.len() > MOST_BEGINNINGS {
            let number = self.least_different();
            self.beginnings.remove(number);
            for counts in self.alive.values_mut() {
                let count = counts.remove(number);
                counts[number] += count;
            }
        }
    }

    /// The number of the beginning whose age differs from that of the next by the smallest part.
    fn least_different(&self) -> usize {
        let last = self.beginnings.last().copied().unwrap_or_default();
        let age = |number: usize| (last - self.beginnings[number]) as f64;
        let numbers = 0..self.beginnings.len().saturating_sub(2);
        let ratio = |number: usize| age(number) / age(number + 1).max(1.0);
        numbers
            .min_by(|a, b| ratio(*a).total_cmp(&ratio(*b)))
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COHORT: char = 'a';

    /// Counts tasks of one cohort, of each number of those that were last polled at a time.
    fn counted(stays: &Stays<char>, tasks: &[(u64, u64)]) -> (Count<char>, Ended<char>) {
        let mut count = stays.count();
        let number = count.cohort(COHORT).expect("there is one cohort");
        for (last_poll, tasks) in tasks {
            for _ in 0..*tasks {
                count.add([number], *last_poll);
            }
        }
        let ended = stays.ended(&mut count);
        (count, ended)
    }

    #[test]
    fn stays_that_are_missing_have_ended() {
        let mut stays = Stays::default();
        let (count, _) = counted(&stays, &[(500, 5)]);
        stays.mark(1_000, count);
        let (count, ended) = counted(&stays, &[(500, 3), (1_500, 4)]);
        assert_eq!(ended[&COHORT], BTreeMap::from([(1_000, 2)]));
        stays.mark(2_000, count);
        let (count, ended) = counted(&stays, &[(500, 3), (1_500, 1), (4_000, 7)]);
        assert_eq!(ended[&COHORT], BTreeMap::from([(2_000, 3)]));
        let ages = count.ages(5_000).flat_map(|(_, ages)| ages);
        let ages: Vec<u128> = ages.map(|age| age.as_millis()).collect();
        assert_eq!(ages, [4_000, 4_000, 4_000, 3_000]);
    }

    #[test]
    fn the_beginnings_are_bounded_and_no_stay_is_lost() {
        let mut stays = Stays::default();
        let mut tasks: Vec<(u64, u64)> = Vec::new();
        for mark in 1..=1_000 {
            tasks.push((mark * 32_000 - 1, 1));
            let (count, ended) = counted(&stays, &tasks);
            assert!(ended.is_empty(), "{ended:?}");
            stays.mark(mark * 32_000, count);
        }
        assert_eq!(stays.beginnings.len(), MOST_BEGINNINGS);
        assert_eq!(stays.alive[&COHORT].iter().sum::<u64>(), 1_000);
        // The youngest are told apart, and of the oldest the age is known to within a third.
        let last = stays.beginnings.len() - 1;
        let youngest = stays.beginnings[last - 4..].iter();
        let youngest: Vec<u64> = youngest.map(|begun| begun / 32_000).collect();
        assert_eq!(youngest, [996, 997, 998, 999, 1_000]);
        let ages = stays.beginnings.iter().map(|begun| 1_001 * 32_000 - begun);
        let ages: Vec<u64> = ages.collect();
        assert!(
            ages.windows(2)
                .take(MOST_BEGINNINGS - 8)
                .all(|ages| ages[0] * 3 <= ages[1] * 4),
            "{ages:?}"
        );
    }
}
