//! The rule: from a population to a verdict.

use std::cell::LazyCell;
use std::time::Duration;

use crate::births::{Trend, become_rarer, trend};
use crate::exposure::Exposure;
use crate::lifetimes::{bucket, start_of};
use crate::{Population, Reference, mean_at_least};

/// The longest mean lifetime of healthy tasks, where the user knows no better.
pub const DEFAULT_MAX_LIFETIME: Duration = Duration::from_secs(300);

/// The confidence of the bound on the remaining life that a verdict states, and of a verdict
/// that a site is clear.
const CONFIDENCE: f64 = 0.95;
/// How often the deaths of a healthy population may look like those of a leak: less often than
/// the confidence says, since several cuts are tried.
const ERROR: f64 = 0.04;
/// The hazards that old tasks of a leak may have, as parts of that of a healthy reference, and how
/// much weight each has. Mostly none of them finishes, and a few do by chance. But where many
/// tasks leak beside others that live for some time, the last of these still finish above any
/// cut. A mixture of likelihood ratios is one as well, with the same boundary (H. Robbins,
/// "Statistical methods related to the law of the iterated logarithm", 1970).
const HAZARDS: [(f64, f64); 2] = [(1.0 / 40.0, 0.8), (1.0 / 4.0, 0.2)];
/// Fewer tasks that grew old in the watch are chance.
const FEWEST: usize = 6;
/// From this many on, growth that is too short to decide is worth waiting for.
const FEWEST_OPEN: usize = 3;
/// The oldest live task must have at least this many times the age of the cut.
const FOLLOW_UP: u32 = 3;
/// Up to this part of the oldest age, a cut hides so little that it may be chosen freely.
const FREE_CUT: f64 = 1.0 / 12.0;
/// So many cuts are tried, a factor of the square root of two apart: two buckets.
const CUTS: usize = 24;
const CUT_STEP: usize = 2;
/// Of those that grow old, at most one in this number may finish in the watch: where as many finish
/// as grow old, their number does not grow, however long they live.
const FINISH_ONE_IN: u64 = 4;
/// Tasks must have grown old for at least this part of the watch.
const SHORTEST_GROWTH: f64 = 0.5;
/// How much of the time before the watch counts for whether tasks become rarer: this, or the length
/// of the watch if that is shorter. Earlier than that, the load may have been different.
const LOOK_BACK: Duration = Duration::from_secs(60);
/// Nobody waits for longer than that for a decision, in seconds.
const LONGEST_WAIT: f64 = 3600.0;

/// Whether a population leaks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// Its old tasks do not finish, and their number grows.
    Leaks(Evidence),
    /// Either it leaks, or its tasks live for longer than the watch could show.
    Undecided {
        /// What was seen so far, at the cut that is nearest to a decision.
        so_far: Evidence,
        /// How much longer to watch until it would be called a leak, if tasks keep growing old
        /// at the same rate and none of them finishes. None where that takes over an hour.
        more: Option<Duration>,
        /// Whether tasks may come ever more rarely, as in a pool that becomes full, or may have
        /// stopped. Then a longer watch shows whether they do.
        may_end: bool,
    },
    /// Its tasks finish, or their number does not grow.
    Clear,
}

/// What was seen of the old tasks of a population.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// The age from which on a task counts as old.
    pub old_age: Duration,
    /// How many live tasks are old: the first of the ages.
    pub old: usize,
    /// How many of them became old during the watch.
    pub grown_old: usize,
    /// How many old tasks finished during the watch.
    pub finished: u64,
    /// For how long old tasks were observed, all together (task-seconds).
    pub exposure: Duration,
    /// If the old tasks finish at all, they live on for this long or longer on average, with a
    /// confidence of 95 %. See [`mean_at_least`].
    pub mean_at_least: Duration,
    /// How many live tasks were born during the watch.
    pub born: usize,
    /// For how long tasks have been growing old, up to the end of the watch.
    pub window: Duration,
    /// The log-likelihood ratio of a leak to the healthy reference that fits best.
    pub log_likelihood_ratio: f64,
    /// The ratio from which on it is a leak.
    pub boundary: f64,
}

/// What is asked at every cut, prepared once.
struct Question<'a> {
    population: &'a Population<'a>,
    oldest: Duration,
    references: [Reference; 3],
    exposure: Exposure,
    /// The part of the allowed error that this population may use, above 0 and at most 1.
    error_share: f64,
}

impl Population<'_> {
    /// Whether the population leaks, if healthy tasks live for at most `max_lifetime` on
    /// average.
    #[must_use]
    pub fn verdict(&self, max_lifetime: Duration) -> Verdict {
        self.verdict_with(max_lifetime, 1.0)
    }

    /// The same, where the population may use only this part of the allowed error.
    pub(crate) fn verdict_with(&self, max_lifetime: Duration, error_share: f64) -> Verdict {
        let oldest = self.ages.first().copied().unwrap_or_default();
        if self.ages.len() < FEWEST_OPEN || self.watch.length.is_zero() {
            return Verdict::Clear;
        }
        let question = Question {
            population: self,
            oldest,
            references: Reference::up_to(max_lifetime),
            exposure: Exposure::of(self),
            error_share,
        };
        let highest = bucket(oldest / FOLLOW_UP);
        let lowest = highest.saturating_sub(CUTS * CUT_STEP);
        let comes = LazyCell::new(|| question.comes());
        let cuts = std::iter::once(0).chain((lowest..=highest).step_by(CUT_STEP));
        let mut open: Option<Evidence> = None;
        for cut in cuts {
            let Some(evidence) = question.at(cut) else {
                continue;
            };
            // Above a higher cut, tasks of the same births would cross it later.
            let trend = comes.min(question.crosses(&evidence));
            if trend == Trend::Ends {
                return Verdict::Clear;
            }
            if evidence.is_enough() {
                if trend == Trend::GoesOn && !question.come_more_rarely() {
                    return Verdict::Leaks(evidence);
                }
                return Verdict::Undecided {
                    so_far: evidence,
                    more: Some(self.watch.length),
                    may_end: true,
                };
            }
            if open.is_none_or(|open| open.missing() > evidence.missing()) {
                open = Some(evidence);
            }
        }
        open.map_or(Verdict::Clear, |so_far| Verdict::Undecided {
            so_far,
            more: question.wait(&so_far),
            may_end: false,
        })
    }
}

impl Verdict {
    /// What was seen of the old tasks; none where the population is clear.
    #[must_use]
    pub fn evidence(&self) -> Option<&Evidence> {
        match self {
            Self::Leaks(evidence)
            | Self::Undecided {
                so_far: evidence, ..
            } => Some(evidence),
            Self::Clear => None,
        }
    }
}

impl Evidence {
    /// Whether more tasks have grown old than chance explains.
    #[must_use]
    pub fn is_growth(&self) -> bool {
        self.grown_old >= FEWEST
    }

    fn is_enough(&self) -> bool {
        self.is_growth() && self.missing() <= 0.0
    }

    /// Whether the ratio is beyond the boundary by this much.
    pub(crate) fn is_enough_by(&self, margin: f64) -> bool {
        self.missing() <= -margin
    }

    fn missing(&self) -> f64 {
        self.boundary - self.log_likelihood_ratio
    }
}

/// The logarithm of the mixture of likelihood ratios, where a reference predicts a number of
/// deaths.
fn mixed(expected: f64, deaths: f64) -> f64 {
    let ratios = HAZARDS
        .map(|(hazard, weight)| weight.ln() + expected * (1.0 - hazard) + deaths * hazard.ln());
    let largest = ratios.into_iter().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = ratios.iter().map(|ratio| (ratio - largest).exp()).sum();
    largest + sum.ln()
}

/// The ratio of healthy to leaking from which on Wald's test calls a population clear.
fn clear() -> f64 {
    (1.0 / (1.0 - CONFIDENCE)).ln()
}

/// The arrivals of the last `seen`, in seconds since the first of them, and for how many seconds
/// since then they are known: the last of them are reported late. They are given by how long ago
/// they were, longest ago first.
fn arrivals(ago: &[Duration], seen: Duration, lag: Duration) -> (Vec<f64>, f64) {
    let ago = &ago[ago.partition_point(|ago| *ago > seen)..];
    let window = ago.first().copied().unwrap_or_default();
    let since = ago.iter().map(|ago| window.saturating_sub(*ago));
    let known = window.saturating_sub(lag).max(window / 2);
    (
        since.map(|since| since.as_secs_f64()).collect(),
        known.as_secs_f64(),
    )
}

impl Question<'_> {
    /// The evidence above a cut of age, if tasks cross it and do not all finish.
    fn at(&self, cut: usize) -> Option<Evidence> {
        let population = self.population;
        let watch = population.watch.length;
        let old_age = start_of(cut);
        let crossings = self.crossings(old_age);
        let window = crossings.first()?.saturating_sub(old_age);
        if crossings.len() < FEWEST_OPEN || window < watch.mul_f64(SHORTEST_GROWTH) {
            return None;
        }
        let finished = population.watch.finished.at_least(old_age);
        if finished * FINISH_ONE_IN > crossings.len() as u64 + finished {
            return None;
        }
        let log_likelihood_ratio = self.log_likelihood_ratio(cut);
        if log_likelihood_ratio <= -clear() {
            return None;
        }
        let start = old_age.as_secs_f64();
        let exposure = Duration::from_secs_f64(self.exposure.above(cut, start, |age| age));
        let born_before = population.ages.partition_point(|age| *age > watch);
        Some(Evidence {
            old_age,
            old: population.ages.partition_point(|age| *age >= old_age),
            grown_old: crossings.len(),
            finished,
            exposure,
            mean_at_least: mean_at_least(exposure, finished, CONFIDENCE),
            born: population.ages.len() - born_before,
            window,
            log_likelihood_ratio,
            boundary: self.boundary(start),
        })
    }

    /// Where the ratio decides for a leak. The cut is chosen after the deaths were seen, and
    /// the gap after the oldest of them is long by chance now and then. So the error that is
    /// allowed falls as the cut hides more of the ages that were seen. All populations that are
    /// tested of one site share it.
    fn boundary(&self, cut: f64) -> f64 {
        let hidden = cut / self.oldest.as_secs_f64() / FREE_CUT;
        hidden.max(1.0).ln() - (ERROR * self.error_share).ln()
    }

    /// Of a leak to the healthy reference that fits best: deaths are Poisson distributed around
    /// what the hazard predicts for those who were at risk.
    fn log_likelihood_ratio(&self, cut: usize) -> f64 {
        let deaths = self.exposure.deaths(cut);
        let ratios = self.references.iter().map(|reference| {
            let hazard = |age: f64| reference.cumulative_hazard(age);
            let start = hazard(start_of(cut).as_secs_f64());
            let expected = self.exposure.above(cut, start, hazard);
            mixed(expected, deaths)
        });
        ratios.fold(f64::INFINITY, f64::min)
    }

    /// The ages of the live tasks that crossed a cut during the watch, oldest first.
    fn crossings(&self, old_age: Duration) -> &[Duration] {
        let ages = self.population.ages;
        let old = ages.partition_point(|age| *age >= old_age);
        let crossed_before = old_age + self.population.watch.length;
        &ages[ages.partition_point(|age| *age > crossed_before)..old]
    }

    /// Whether tasks keep crossing the cut, up to the last moment that is known.
    fn crosses(&self, evidence: &Evidence) -> Trend {
        // A burst that came in a few steps before the watch looks like a slow process with a
        // long gap: without a birth in the whole watch, nothing goes on.
        let watch = self.population.watch.length;
        if evidence.born == 0 && self.population.lag < watch {
            return Trend::Ends;
        }
        let (old_age, window) = (evidence.old_age, evidence.window);
        let crossings = self.crossings(old_age).iter();
        let since = crossings.map(|age| age.saturating_sub(old_age));
        let times: Vec<f64> = since
            .map(|since| window.saturating_sub(since).as_secs_f64())
            .collect();
        // Births are reported late, but a task that is old was reported before.
        let unknown = self.population.lag.saturating_sub(old_age);
        let known = window.saturating_sub(unknown).max(window / 2);
        trend(&times, known.as_secs_f64(), self.population.slowed)
    }

    /// Whether tasks keep coming that have not been there before.
    fn comes(&self) -> Trend {
        let Population {
            came,
            watch,
            lag,
            slowed,
            ..
        } = self.population;
        let Some(came) = came else {
            return Trend::GoesOn;
        };
        let (times, known) = arrivals(came, watch.length, *lag);
        trend(&times, known, *slowed)
    }

    /// Whether tasks come ever more rarely in the watch and some time before it. The live tasks
    /// show that: all that leaked are still alive.
    fn come_more_rarely(&self) -> bool {
        let Population {
            ages,
            came,
            watch,
            lag,
            ..
        } = self.population;
        let seen = watch.length + LOOK_BACK.min(watch.length);
        let (times, known) = arrivals(came.unwrap_or(ages), seen, *lag);
        become_rarer(&times, known)
    }

    /// How long until the boundary is reached, if tasks keep growing old at the same rate and
    /// none of them finishes.
    fn wait(&self, so_far: &Evidence) -> Option<Duration> {
        let missing = so_far.missing() / (1.0 - HAZARDS[0].0);
        let cut = so_far.old_age.as_secs_f64();
        let rate = so_far.grown_old as f64 / so_far.window.as_secs_f64();
        let old = self.population.ages.get(..so_far.old)?;
        // A few of the ages stand for all.
        let step = old.len().div_ceil(32).max(1);
        let sample: Vec<f64> = old
            .iter()
            .step_by(step)
            .map(Duration::as_secs_f64)
            .collect();
        let each = old.len() as f64 / sample.len() as f64;
        let gain = |reference: &Reference, wait: f64| {
            let more = |age: f64, wait: f64| {
                reference.cumulative_hazard(age + wait) - reference.cumulative_hazard(age)
            };
            let of_old: f64 = sample.iter().map(|age| more(*age, wait)).sum();
            // Tasks that grow old meanwhile: Simpson's rule over the time that is left to them.
            let of_new = rate * wait / 6.0 * (4.0 * more(cut, wait / 2.0) + more(cut, wait));
            of_old * each + of_new
        };
        let is_enough = |wait: f64| {
            let grown_old = so_far.grown_old as f64 + rate * wait;
            let mut references = self.references.iter();
            grown_old >= FEWEST as f64
                && references.all(|reference| gain(reference, wait) >= missing)
        };
        let (mut low, mut high) = (0.0, LONGEST_WAIT);
        if !is_enough(high) {
            return None;
        }
        for _ in 0..24 {
            let middle = f64::midpoint(low, high);
            if is_enough(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        Some(Duration::from_secs_f64(high))
    }
}
