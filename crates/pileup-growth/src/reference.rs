//! Healthy lifetimes, to compare with.

use std::time::Duration;

/// The median of the log-normal reference, as a part of the longest mean. With a spread of one
/// the mean is 1.65 times the median, so this one has a mean of two thirds of the longest.
const MEDIAN: f64 = 0.4;

/// A distribution of lifetimes that a healthy site may have.
///
/// Together they are the null hypothesis: a site is accused only if its data contradict every
/// reference. The exponential one stands for lifetimes whose end does not depend on the age,
/// and for all whose hazard falls with age (Pareto, mixtures). In the log-normal one hardly
/// any young task ends: in a service that has just started it is the harder one to tell from
/// a leak.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reference {
    /// Exponential lifetimes.
    Exponential {
        /// The mean, in seconds.
        mean: f64,
    },
    /// Log-normal lifetimes with a spread of one.
    LogNormal {
        /// The median, in seconds.
        median: f64,
    },
}

impl Reference {
    /// The healthy lifetimes with a mean of at most `longest_mean`.
    #[must_use]
    pub fn up_to(longest_mean: Duration) -> [Self; 2] {
        let mean = longest_mean.as_secs_f64().max(1e-3);
        [
            Self::Exponential { mean },
            Self::LogNormal {
                median: mean * MEDIAN,
            },
        ]
    }

    /// The cumulative hazard at an age in seconds: how many deaths one task is expected to
    /// contribute until then, if it were replaced at its death by another of the same age.
    #[must_use]
    pub fn cumulative_hazard(&self, age: f64) -> f64 {
        match self {
            Self::Exponential { mean } => age / mean,
            Self::LogNormal { median } if age > 0.0 => {
                let deviation = (age / median).ln();
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
        let [_, reference] = Reference::up_to(Duration::from_secs(300));
        let surviving = (-reference.cumulative_hazard(120.0)).exp();
        assert!((surviving - 0.5).abs() < 1e-9);
    }

    #[test]
    fn the_hazard_of_young_tasks_is_far_lower_in_the_log_normal_reference() {
        let [exponential, log_normal] = Reference::up_to(Duration::from_secs(300));
        let at = 10.0;
        assert!(log_normal.cumulative_hazard(at) * 4.0 < exponential.cumulative_hazard(at));
        assert!(log_normal.cumulative_hazard(0.0).abs() < f64::EPSILON);
    }
}
