//! Healthy lifetimes, to compare with.

use std::time::Duration;

/// The medians of the log-normal references, as parts of the longest mean. With a spread of one
/// the mean is 1.65 times the median, so that reference has a mean of two thirds of the longest.
/// With a spread of two it is 7.4 times the median: the longest.
const MEDIAN: f64 = 0.4;
const MEDIAN_WITH_A_TAIL: f64 = 0.135;

/// A distribution of lifetimes that a healthy site may have.
///
/// Together they are the null hypothesis: a site is accused only if its data contradict every
/// reference. The exponential one stands for lifetimes whose end does not depend on the age. In
/// the log-normal one with a spread of one hardly any young task ends: in a service that has just
/// started it is the hardest to tell from a leak. The one with a spread of two has a heavy tail:
/// the few tasks that grow old live on for far longer than the mean. In a service that has run
/// for long it is the hardest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reference {
    /// Exponential lifetimes.
    Exponential {
        /// The mean, in seconds.
        mean: f64,
    },
    /// Log-normal lifetimes.
    LogNormal {
        /// The median, in seconds.
        median: f64,
        /// The standard deviation of the logarithm.
        spread: f64,
    },
}

impl Reference {
    /// The healthy lifetimes with a mean of at most `longest_mean`.
    #[must_use]
    pub fn up_to(longest_mean: Duration) -> [Self; 3] {
        let mean = longest_mean.as_secs_f64().max(1e-3);
        [
            Self::Exponential { mean },
            Self::LogNormal {
                median: mean * MEDIAN,
                spread: 1.0,
            },
            Self::LogNormal {
                median: mean * MEDIAN_WITH_A_TAIL,
                spread: 2.0,
            },
        ]
    }

    /// The cumulative hazard at an age in seconds: how many deaths one task is expected to
    /// contribute until then, if it were replaced at its death by another of the same age.
    #[must_use]
    pub fn cumulative_hazard(&self, age: f64) -> f64 {
        match self {
            Self::Exponential { mean } => age / mean,
            Self::LogNormal { median, spread } if age > 0.0 => {
                let deviation = (age / median).ln() / spread;
                -(0.5 * libm::erfc(deviation / std::f64::consts::SQRT_2)).ln()
            }
            Self::LogNormal { .. } => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_log_normal_lifetimes_are_longer_than_the_median() {
        let [_, reference, _] = Reference::up_to(Duration::from_secs(300));
        let surviving = (-reference.cumulative_hazard(120.0)).exp();
        assert!((surviving - 0.5).abs() < 1e-9);
    }

    #[test]
    fn the_hazard_of_young_tasks_is_far_lower_in_the_log_normal_reference() {
        let [exponential, log_normal, _] = Reference::up_to(Duration::from_secs(300));
        let at = 10.0;
        assert!(log_normal.cumulative_hazard(at) * 4.0 < exponential.cumulative_hazard(at));
        assert!(log_normal.cumulative_hazard(0.0).abs() < f64::EPSILON);
    }

    #[test]
    fn tasks_that_have_grown_old_live_on_for_longer_in_the_reference_with_a_tail() {
        let [exponential, _, with_a_tail] = Reference::up_to(Duration::from_secs(300));
        let later = |reference: Reference| {
            reference.cumulative_hazard(1800.0) - reference.cumulative_hazard(900.0)
        };
        assert!(later(with_a_tail) * 3.0 < later(exponential));
    }
}
