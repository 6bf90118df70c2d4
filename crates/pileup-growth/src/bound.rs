//! What an exposure with few deaths says about the mean remaining life.

use std::time::Duration;

/// The lower confidence bound of the mean remaining life: `exposure` task-seconds with
/// `deaths` deaths exclude any shorter mean at `confidence`, such as 0.95.
///
/// The number of deaths of tasks with a constant hazard is Poisson distributed around exposure
/// / mean. The bound is the mean at which this few deaths would have the probability 1 -
/// confidence (F. Garwood, "Fiducial limits for the Poisson distribution", 1936). Without a
/// death and at 0.95 it is a third of the exposure: the *rule of three*.
#[must_use]
pub fn mean_at_least(exposure: Duration, deaths: u64, confidence: f64) -> Duration {
    let (mut low, mut high) = (0.0, 10.0 + 4.0 * deaths as f64);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if at_most(deaths, middle) > 1.0 - confidence {
            low = middle;
        } else {
            high = middle;
        }
    }
    exposure.div_f64(high.max(f64::MIN_POSITIVE))
}

/// The probability of at most `deaths` where `mean` are expected.
fn at_most(deaths: u64, mean: f64) -> f64 {
    let mut term = -mean;
    let mut sum = term.exp();
    for number in 1..=deaths {
        term += (mean / number as f64).ln();
        sum += term.exp();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(deaths: u64) -> f64 {
        mean_at_least(Duration::from_secs(1000), deaths, 0.95).as_secs_f64()
    }

    #[test]
    fn the_rule_of_three() {
        assert!((bound(0) - 1000.0 / 2.996).abs() < 0.2, "{}", bound(0));
    }

    #[test]
    fn deaths_shorten_the_bound_as_in_the_tables() {
        // Upper bounds of a Poisson mean at 95 %: 4.744 for one, 16.962 for ten.
        assert!((bound(1) - 1000.0 / 4.744).abs() < 0.2, "{}", bound(1));
        assert!((bound(10) - 1000.0 / 16.962).abs() < 0.1, "{}", bound(10));
    }
}
