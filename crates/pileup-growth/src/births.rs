//! Do tasks keep growing old, up to the end of the watch and at no falling rate?
//!
//! A start-up, a pool that fills and a burst have live tasks that do not finish, but they do
//! not go on. Four tests tell them from a leak. Each stops a leak whose tasks come at random
//! in at most five of a thousand watches:
//!
//! - *Burst*: if most arrivals came in the first tenth of the window, the others must go on
//!   without them. A pool that fills at the start, and into which a few come later, has neither
//!   stopped nor a trend.
//! - *Silence* of a Poisson process: if arrivals went on as before, would the time since the
//!   last one be this long? It is, with the probability (1 - silence / window)^arrivals.
//!   Tasks that come together count as one arrival.
//! - *Silence* after regular arrivals: it is far longer than the longest gap between them.
//! - *Trend*: a line through the counts of ten equal parts of the window, with Student's test
//!   for its slope. The rate must have fallen to less than a half as well, so that very
//!   regular arrivals may vary a little. A slope that is less clear leaves the question open, in
//!   one of a hundred watches of a leak whose tasks come at random. So does a slope that only
//!   shows together with the time before the watch.
//!
//! A program that gets ever less processor time spawns its tasks ever more rarely, or none for a
//! while. In such a watch a trend leaves the question open, and so does a silence of less than half
//! of the window.
//!
//! D. Cox and P. Lewis, *The Statistical Analysis of Series of Events*, 1966, treats both
//! questions.

/// The chance that a leak at a steady rate is taken for one that has stopped. A burst that lasts
/// for a twentieth of the window counts as three arrivals, and the silence after it has a chance of
/// 0.0036 at most: it must not pass for chance.
const SIGNIFICANCE: f64 = 0.004;
/// Fewer arrivals say nothing of a rate.
const FEWEST: i32 = 3;
/// A burst at the start comes within this part of the window.
const BURST: f64 = 1.0 / 10.0;
/// A burst has at least this many arrivals. At a steady rate, the chance that most arrivals come so
/// early is 0.005 at most.
const FEWEST_IN_BURST: usize = 5;
/// Fewer arrivals after a burst are chance.
const FEWEST_AFTER_BURST: usize = 6;
/// Arrivals within this part of the window count as one.
const TOGETHER: f64 = 1.0 / 50.0;
/// So many times the longest gap is too long for one more.
const GAPS: f64 = 2.5;
/// A shorter silence, as a part of the window, may be that of a program which was slowed.
const LONG_SILENCE: f64 = 0.5;
/// From more arrivals on, the longest gap says how regular they are.
const REGULAR: i32 = 8;
/// Parts of the window in which arrivals are counted.
const PARTS: usize = 10;
/// Student's t for eight degrees of freedom at 0.2 %: the rate falls.
const FALLS: f64 = 3.98;
/// The same at 1 %: it may fall.
const MAY_FALL: f64 = 2.90;
/// The rate at the end, as a part of that at the start, below which it has fallen.
const FALLEN: f64 = 0.5;
/// Very regular counts still vary by this part of what those of a Poisson process do.
const LEAST_VARIANCE: f64 = 0.1;

/// Whether arrivals go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trend {
    /// They have stopped, or come ever more rarely.
    Ends,
    /// They may come ever more rarely, or may have stopped.
    MayEnd,
    GoesOn,
}

/// Whether arrivals go on. They are in order, in seconds since the start of the window, which
/// begins with the first of them and lasts for `window` seconds. `slowed` says whether the program
/// got too little processor time.
pub(crate) fn trend(arrivals: &[f64], window: f64, slowed: bool) -> Trend {
    let least_silence = if slowed { window * LONG_SILENCE } else { 0.0 };
    if has_stopped(arrivals, window, least_silence)
        || (!slowed && falls(arrivals, window, FALLS))
        || !goes_on_after_burst(arrivals, window, slowed)
    {
        Trend::Ends
    } else if falls(arrivals, window, MAY_FALL) || (slowed && has_stopped(arrivals, window, 0.0)) {
        Trend::MayEnd
    } else {
        Trend::GoesOn
    }
}

/// Whether arrivals come ever more rarely, though the last of them may have come just now.
pub(crate) fn become_rarer(arrivals: &[f64], window: f64) -> bool {
    falls(arrivals, window, FALLS)
}

/// Whether there is no burst at the start, or arrivals go on without it.
fn goes_on_after_burst(arrivals: &[f64], window: f64, slowed: bool) -> bool {
    let (burst, after) = arrivals.split_at(arrivals.partition_point(|time| *time < window * BURST));
    if burst.len() < FEWEST_IN_BURST || burst.len() <= after.len() {
        return true;
    }
    if after.len() < FEWEST_AFTER_BURST {
        return false;
    }
    let began = after[0];
    let since: Vec<f64> = after.iter().map(|time| time - began).collect();
    trend(&since, window - began, slowed) > Trend::Ends
}

/// Whether nothing has come for at least this many seconds, and for too long to be chance.
fn has_stopped(arrivals: &[f64], window: f64, least_silence: f64) -> bool {
    let Some(last) = arrivals.last() else {
        return true;
    };
    let mut moments = 1;
    let mut longest_gap = 0.0_f64;
    let mut previous = 0.0;
    for arrival in arrivals {
        let gap = arrival - previous;
        if gap > window * TOGETHER {
            moments += 1;
            longest_gap = longest_gap.max(gap);
            previous = *arrival;
        }
    }
    let silence = (window - last).max(0.0);
    // The first one begins the window.
    if moments < FEWEST {
        return true;
    }
    let chance = (1.0 - silence / window).powi(moments - 1);
    let is_overdue = moments > REGULAR && silence > longest_gap * GAPS;
    silence >= least_silence && (chance < SIGNIFICANCE || is_overdue)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to the parts that exist"
)]
fn falls(arrivals: &[f64], window: f64, least_t: f64) -> bool {
    let mut counts = [0.0_f64; PARTS];
    for arrival in arrivals {
        let part = (arrival / window * PARTS as f64) as usize;
        counts[part.min(PARTS - 1)] += 1.0;
    }
    let parts = PARTS as f64;
    let middle = (parts - 1.0) / 2.0;
    let mean = counts.iter().sum::<f64>() / parts;
    let distance = |part: usize| part as f64 - middle;
    let squares: f64 = (0..PARTS).map(|part| distance(part).powi(2)).sum();
    let slope = (0..PARTS)
        .map(|part| distance(part) * counts[part])
        .sum::<f64>()
        / squares;
    let residuals = (0..PARTS).map(|part| (counts[part] - mean - slope * distance(part)).powi(2));
    let variance = (residuals.sum::<f64>() / (parts - 2.0)).max(mean * LEAST_VARIANCE);
    let fallen = mean + slope * middle < FALLEN * (mean - slope * middle);
    fallen && slope < -least_t * (variance / squares).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn go_on(arrivals: &[f64], window: f64) -> bool {
        trend(arrivals, window, false) == Trend::GoesOn
    }

    fn every(gap: f64, until: f64) -> Vec<f64> {
        let times = (0..).map(|number| f64::from(number) * gap);
        times.take_while(|time| *time <= until).collect()
    }

    #[test]
    fn steady_arrivals_go_on() {
        assert!(go_on(&every(2.0, 28.0), 29.0));
        assert!(go_on(&every(0.01, 30.0), 30.0));
    }

    #[test]
    fn batches_go_on_until_the_next_is_overdue() {
        let mut batches = Vec::new();
        for start in every(5.0, 55.0) {
            batches.extend((0..20).map(|number| start + f64::from(number) * 0.001));
        }
        assert!(go_on(&batches, 59.9));
        assert!(!go_on(&batches, 120.0));
    }

    #[test]
    fn a_single_burst_does_not_go_on() {
        assert!(!go_on(&[0.0; 200], 30.0));
    }

    #[test]
    fn a_burst_that_lasts_for_a_while_does_not_go_on() {
        for hundredths in 0..12 {
            let burst = every(0.005, 0.3 * f64::from(hundredths));
            assert!(!go_on(&burst, 30.0), "{hundredths} hundredths");
        }
    }

    #[test]
    fn a_burst_with_a_few_stragglers_does_not_go_on() {
        for stragglers in 1..6 {
            let mut arrivals = every(0.03, 2.0);
            arrivals.extend(
                (1..=stragglers)
                    .map(|number| 2.0 + 27.5 / f64::from(stragglers) * f64::from(number)),
            );
            assert!(!go_on(&arrivals, 30.0), "{stragglers} stragglers");
        }
    }

    #[test]
    fn arrivals_that_go_on_after_a_burst_go_on() {
        let mut arrivals = every(0.03, 2.0);
        arrivals.extend((1..=14).map(|number| 2.0 * f64::from(number)));
        assert!(go_on(&arrivals, 29.0));
    }

    #[test]
    fn arrivals_that_stopped_do_not_go_on() {
        assert!(!go_on(&every(1.0, 25.0), 30.0));
        assert!(!go_on(&[], 30.0));
    }

    #[test]
    fn arrivals_that_slow_down_do_not_go_on() {
        let filling: Vec<f64> = (0..60)
            .map(|number| 30.0 * (1.0 - (1.0 - f64::from(number) / 61.0).sqrt()))
            .collect();
        assert!(!go_on(&filling, 30.0));
    }

    #[test]
    fn arrivals_of_a_slowed_program_may_go_on_though_they_become_rarer_or_pause() {
        let trends = |arrivals: &[f64]| [false, true].map(|slowed| trend(arrivals, 30.0, slowed));
        let mut rarer = every(0.1, 10.0);
        rarer.extend((11..30).map(f64::from));
        assert_eq!(trends(&rarer), [Trend::Ends, Trend::MayEnd]);
        assert_eq!(trends(&every(0.1, 20.0)), [Trend::Ends, Trend::MayEnd]);
        assert_eq!(trends(&every(0.1, 14.0)), [Trend::Ends, Trend::Ends]);
        assert_eq!(trends(&every(0.03, 2.0)), [Trend::Ends, Trend::Ends]);
        assert_eq!(trends(&every(0.1, 30.0)), [Trend::GoesOn, Trend::GoesOn]);
    }
}
