//! Deaths and time under observation, by age.

use crate::lifetimes::{BUCKETS, bucket_of_seconds};
use crate::{Period, Population};

/// When the tasks of a population came under observation and when they left it, by their age
/// then.
///
/// The time before the watch counts as much as one watch at most, however long it was: a
/// site may have changed since.
pub(crate) struct Exposure {
    entered: Vec<Group>,
    /// Tasks that were still alive when they were seen last.
    alive: Vec<Group>,
    died: Vec<Group>,
}

/// Tasks of about the same age.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    /// How many they are, by their weight.
    tasks: f64,
    /// The sum of their ages in seconds.
    ages: f64,
}

impl Exposure {
    pub(crate) fn of(population: &Population) -> Self {
        let mut exposure = Self {
            entered: vec![Group::default(); BUCKETS],
            alive: vec![Group::default(); BUCKETS],
            died: vec![Group::default(); BUCKETS],
        };
        let watch = population.watch.length.as_secs_f64();
        let before = population.before.filter(|before| !before.length.is_zero());
        let length = before.map_or(0.0, |before| before.length.as_secs_f64());
        let weight = if length > watch { watch / length } else { 1.0 };
        for alike in population.ages.chunk_by(PartialEq::eq) {
            let (age, tasks) = (alike[0].as_secs_f64(), alike.len() as f64);
            add(&mut exposure.alive, age, tasks);
            exposure.enter(age - watch, tasks, length, weight);
        }
        exposure.finish(&population.watch, 1.0);
        for (age, tasks) in population.watch.entered.means() {
            exposure.enter(age, tasks, length, weight);
        }
        if let Some(before) = before {
            exposure.finish(&before, weight);
            for (age, tasks) in before.entered.means() {
                add(&mut exposure.entered, age, tasks * weight);
            }
        }
        exposure
    }

    /// Tasks that had an age when the watch began: they were observed before it as well.
    fn enter(&mut self, age: f64, tasks: f64, before: f64, weight: f64) {
        if before > 0.0 {
            add(&mut self.alive, age, tasks * weight);
            add(&mut self.entered, age - before, tasks * weight);
        }
        add(&mut self.entered, age, tasks);
    }

    fn finish(&mut self, period: &Period, weight: f64) {
        for (age, tasks) in period.finished.means() {
            add(&mut self.died, age, tasks * weight);
        }
    }

    /// The sum over all tasks of the growth of a function of age, such as the cumulative
    /// hazard, while they were observed at an age of the bucket or above. The function is zero
    /// at the age of zero; `start` is its value where the bucket begins.
    pub(crate) fn above(&self, bucket: usize, start: f64, function: impl Fn(f64) -> f64) -> f64 {
        let sum = |groups: &[Group]| -> f64 {
            let older = groups.iter().skip(bucket).filter(|group| group.tasks > 0.0);
            older
                .map(|group| group.tasks * (function(group.ages / group.tasks) - start))
                .sum()
        };
        (sum(&self.alive) + sum(&self.died) - sum(&self.entered)).max(0.0)
    }

    /// Deaths at an age of the bucket or above.
    pub(crate) fn deaths(&self, bucket: usize) -> f64 {
        self.died.iter().skip(bucket).map(|group| group.tasks).sum()
    }
}

/// Adds tasks of an age. A task that was not born yet counts from the age of zero, where every
/// function is zero.
fn add(groups: &mut [Group], age: f64, tasks: f64) {
    if age <= 0.0 {
        return;
    }
    if let Some(group) = groups.get_mut(bucket_of_seconds(age)) {
        group.tasks += tasks;
        group.ages += age * tasks;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Lifetimes;
    use crate::lifetimes::{bucket, start_of};

    fn lifetimes(seconds: &[f64]) -> Lifetimes {
        let mut lifetimes = Lifetimes::default();
        for seconds in seconds {
            lifetimes.add(Duration::from_secs_f64(*seconds));
        }
        lifetimes
    }

    fn seconds_above(exposure: &Exposure, cut: u64) -> (f64, f64) {
        let bucket = bucket(Duration::from_secs(cut));
        let start = start_of(bucket).as_secs_f64();
        (exposure.above(bucket, start, |age| age), start)
    }

    #[test]
    fn each_task_counts_from_its_entry_or_the_cut_to_its_end() {
        // In a watch of 10 s: two live tasks, of 25 s and of 4 s; one that finished at 7 s, of
        // which the watch saw 2 s.
        let ages = [Duration::from_secs(25), Duration::from_secs(4)];
        let population = Population {
            ages: &ages,
            came: None,
            watch: Period {
                length: Duration::from_secs(10),
                finished: &lifetimes(&[7.0]),
                entered: &lifetimes(&[5.0]),
            },
            before: None,
            lag: Duration::ZERO,
            slowed: false,
        };
        let exposure = Exposure::of(&population);
        let (all, _) = seconds_above(&exposure, 0);
        assert!((all - 16.0).abs() < 1e-6, "{all}");
        let (old, start) = seconds_above(&exposure, 6);
        assert!((old - (10.0 + 7.0 - start)).abs() < 1e-6, "{old}");
        let (none, _) = seconds_above(&exposure, 30);
        assert!(none.abs() < 1e-6, "{none}");
        assert!((exposure.deaths(bucket(Duration::from_secs(6))) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_long_time_before_counts_as_one_watch() {
        let ages = [Duration::from_secs(200)];
        let nothing = Lifetimes::default();
        let population = Population {
            ages: &ages,
            came: None,
            watch: Period {
                length: Duration::from_secs(10),
                finished: &nothing,
                entered: &nothing,
            },
            before: Some(Period {
                length: Duration::from_secs(100),
                finished: &lifetimes(&[1.0; 100]),
                entered: &nothing,
            }),
            lag: Duration::ZERO,
            slowed: false,
        };
        let exposure = Exposure::of(&population);
        // 10 s of the watch, and of the time before a tenth of 100 s + 100 x 1 s.
        let (all, _) = seconds_above(&exposure, 0);
        assert!((all - 30.0).abs() < 1e-6, "{all}");
        assert!((exposure.deaths(0) - 10.0).abs() < 1e-9);
    }
}
