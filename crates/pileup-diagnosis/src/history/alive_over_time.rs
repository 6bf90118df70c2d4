//! The number of live tasks of a spawn site over the watch: a few points, however long it is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// At most this many points are kept of a site, and the latest one.
const MOST: usize = 60;

/// The number of live tasks at one moment of the watch.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AliveAt {
    /// Seconds since the watch began.
    pub seconds: f64,
    /// Live tasks of the site.
    pub alive: usize,
}

/// The live tasks of a site over the watch. When there are too many points, every second one
/// is dropped, and from then on only every second snapshot is kept.
#[derive(Debug, Clone)]
pub(crate) struct AliveOverTime {
    kept: Vec<(Timestamp, usize)>,
    latest: Option<(Timestamp, usize)>,
    /// One snapshot in this number is kept.
    one_in: usize,
    seen: usize,
}

impl Default for AliveOverTime {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            latest: None,
            one_in: 1,
            seen: 0,
        }
    }
}

impl AliveOverTime {
    /// Takes in the next snapshot.
    pub(crate) fn note(&mut self, at: Timestamp, alive: usize) {
        self.latest = Some((at, alive));
        if self.seen.is_multiple_of(self.one_in) {
            self.kept.push((at, alive));
        }
        self.seen += 1;
        if self.kept.len() > MOST {
            let mut number = 0;
            self.kept.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.one_in *= 2;
        }
    }

    /// The points, in their order, the latest included.
    pub(crate) fn points(&self) -> impl Iterator<Item = (Timestamp, usize)> {
        let last = self.kept.last().copied();
        let latest = self.latest.filter(|latest| Some(*latest) != last);
        self.kept.iter().copied().chain(latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_watch_is_a_few_points_evenly_over_it_and_the_latest() {
        let mut alive = AliveOverTime::default();
        for number in 0..10_000 {
            let at = Timestamp::from_second(number).expect("a small number of seconds");
            alive.note(at, usize::try_from(number).expect("it is positive"));
        }
        let points: Vec<(Timestamp, usize)> = alive.points().collect();
        assert!((30..=MOST + 1).contains(&points.len()), "{}", points.len());
        assert_eq!(points.first().map(|point| point.1), Some(0));
        assert_eq!(points.last().map(|point| point.1), Some(9_999));
        let gaps = points.windows(2).map(|pair| pair[1].1 - pair[0].1);
        assert!(gaps.max() <= Some(256));
    }
}
