//! A share that was measured, with its confidence interval.

use std::fmt;

#[derive(Debug, Clone, Copy, Default)]
pub struct Rate {
    pub hits: u32,
    pub trials: u32,
}

impl Rate {
    pub fn count(&mut self, hit: bool) {
        self.hits += u32::from(hit);
        self.trials += 1;
    }

    pub fn share(self) -> f64 {
        f64::from(self.hits) / f64::from(self.trials.max(1))
    }

    /// The interval of E. Wilson (1927) at 95 %.
    pub fn interval(self) -> (f64, f64) {
        const Z: f64 = 1.96;
        let trials = f64::from(self.trials.max(1));
        let share = self.share();
        let middle = share + Z * Z / (2.0 * trials);
        let width = Z * (share * (1.0 - share) / trials + Z * Z / (4.0 * trials * trials)).sqrt();
        let scale = 1.0 + Z * Z / trials;
        (
            ((middle - width) / scale).max(0.0),
            ((middle + width) / scale).min(1.0),
        )
    }
}

/// Shows `1.5 (0.7 to 3.0)`, in percent.
impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| share * 100.0;
        let (low, high) = self.interval();
        write!(
            formatter,
            "{:.1} ({:.1} to {:.1})",
            percent(self.share()),
            percent(low),
            percent(high)
        )
    }
}
