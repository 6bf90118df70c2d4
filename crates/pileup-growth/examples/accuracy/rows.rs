//! Which services the table has.

use crate::service::{Law, Service};

/// Arrivals per second.
pub const RATES: [f64; 3] = [0.5, 2.0, 8.0];
/// Lengths of the watch, in seconds.
pub const WATCHES: [f64; 4] = [30.0, 60.0, 120.0, 300.0];
/// For how long the service has run when the watch begins, in seconds.
pub const AGES: [f64; 3] = [0.0, 60.0, 1800.0];
/// The longest `--for` of `--until-decided`, in seconds.
pub const LONGEST: f64 = 600.0;

/// What arrives at a spawn site: kinds of tasks with their shares.
pub struct Kinds {
    pub name: String,
    kinds: Vec<(f64, Law)>,
}

impl Kinds {
    fn new(kinds: Vec<(f64, Law)>) -> Self {
        let name: Vec<String> = match kinds.as_slice() {
            [(_, law)] => vec![law.to_string()],
            several => several
                .iter()
                .map(|(share, law)| format!("{:.0} % {law}", share * 100.0))
                .collect(),
        };
        Self {
            name: name.join("; "),
            kinds,
        }
    }

    pub fn service(&self, rate: f64, age: f64) -> Service {
        Service {
            rate,
            kinds: self.kinds.clone(),
            age,
        }
    }

    /// The share of tasks that never end.
    pub fn leaking(&self) -> f64 {
        let leaks = self.kinds.iter().filter(|(_, law)| *law == Law::Forever);
        leaks.map(|(share, _)| share).sum()
    }
}

const SHORT: Law = Law::Exponential { mean: 0.2 };
const TWO_SECONDS: Law = Law::Exponential { mean: 2.0 };
const SPREAD: Law = Law::LogNormal {
    median: 1.0,
    sigma: 2.0,
};
const SLOW_START: Law = Law::LogNormal {
    median: 120.0,
    sigma: 1.0,
};

fn exponential(mean: f64) -> Law {
    Law::Exponential { mean }
}

/// Lifetimes of healthy services, with means of 300 s at the most. The rule does not look at
/// polls: sessions that are polled all the time are those of the same lifetimes.
pub fn healthy() -> Vec<Kinds> {
    let alone = [
        exponential(1.0),
        exponential(10.0),
        exponential(60.0),
        exponential(120.0),
        exponential(300.0),
        SPREAD,
        Law::LogNormal {
            median: 30.0,
            sigma: 1.0,
        },
        SLOW_START,
        Law::LogNormal {
            median: 30.0,
            sigma: 2.0,
        },
        Law::Pareto {
            least: 1.0,
            shape: 1.5,
        },
        Law::Pareto {
            least: 20.0,
            shape: 1.2,
        },
        Law::Uniform { longest: 120.0 },
    ];
    let mixed = [
        vec![(0.8, SHORT), (0.2, exponential(60.0))],
        vec![(0.5, SHORT), (0.5, exponential(120.0))],
        vec![(0.5, SHORT), (0.5, exponential(300.0))],
        vec![(0.5, exponential(1.0)), (0.5, SLOW_START)],
    ];
    let alone = alone.into_iter().map(|law| Kinds::new(vec![(1.0, law)]));
    alone.chain(mixed.into_iter().map(Kinds::new)).collect()
}

/// Services of which a part of the tasks never ends.
pub fn leaking() -> Vec<Kinds> {
    let mut kinds = vec![Kinds::new(vec![(1.0, Law::Forever)])];
    for others in [SHORT, TWO_SECONDS, SPREAD] {
        for share in [0.5, 0.1] {
            kinds.push(Kinds::new(vec![
                (share, Law::Forever),
                (1.0 - share, others),
            ]));
        }
    }
    kinds
}

/// Services for `--until-decided`: the healthy ones that are hardest to tell from a leak, and
/// leaks.
pub fn sequential() -> (Vec<Kinds>, Vec<Kinds>) {
    let healthy = [
        exponential(10.0),
        exponential(60.0),
        exponential(300.0),
        SLOW_START,
    ];
    let leaking = [
        vec![(1.0, Law::Forever)],
        vec![(0.5, Law::Forever), (0.5, SHORT)],
        vec![(0.1, Law::Forever), (0.9, SHORT)],
    ];
    let healthy = healthy.into_iter().map(|law| Kinds::new(vec![(1.0, law)]));
    (
        healthy.collect(),
        leaking.into_iter().map(Kinds::new).collect(),
    )
}
