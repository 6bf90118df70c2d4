//! Which services the table has.

use crate::service::{Kind, Law, Service};

/// Arrivals per second.
pub const RATES: [f64; 3] = [0.5, 2.0, 8.0];
/// Lengths of the watch, in seconds.
pub const WATCHES: [f64; 4] = [30.0, 60.0, 120.0, 300.0];
/// For how long the service has run when the watch begins, in seconds.
pub const AGES: [f64; 3] = [0.0, 60.0, 1800.0];
/// The longest `--for` of `--until-decided`, in seconds.
pub const LONGEST: f64 = 600.0;

/// What arrives at a spawn site.
pub struct Kinds {
    pub name: String,
    kinds: Vec<Kind>,
}

impl Kinds {
    fn new(kinds: Vec<Kind>) -> Self {
        let name: Vec<String> = match kinds.as_slice() {
            [kind] => vec![kind.to_string()],
            several => several
                .iter()
                .map(|kind| format!("{:.0} % {kind}", kind.share * 100.0))
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

/// Lifetimes of healthy services, with means of 300 s at most. The rule does not look at
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
        two(0.8, SHORT, exponential(60.0)),
        two(0.5, SHORT, exponential(120.0)),
        two(0.5, SHORT, exponential(300.0)),
        two(0.5, exponential(1.0), SLOW_START),
    ];
    let alone = alone.into_iter().map(|law| Kinds::new(one(law)));
    alone.chain(mixed.into_iter().map(Kinds::new)).collect()
}

/// Services of which a part of the tasks never ends.
pub fn leaking() -> Vec<Kinds> {
    let mut kinds = vec![Kinds::new(one(Law::Forever))];
    for others in [SHORT, TWO_SECONDS, SPREAD] {
        for share in [0.5, 0.1] {
            kinds.push(Kinds::new(two(share, Law::Forever, others)));
        }
    }
    kinds
}

/// Healthy services whose tasks wait at two awaits, so that each is a cohort.
pub fn healthy_at_two_awaits() -> Vec<Kinds> {
    let kinds = [
        apart(0.5, exponential(120.0), exponential(300.0), 1.0),
        apart(0.5, SLOW_START, SLOW_START, 1.0),
        apart(0.5, SHORT, exponential(300.0), 20.0),
        // Every task moves from one to the other: those that are there have lived for long.
        vec![Kind::new(1.0, exponential(120.0)).waits_at(1, 60.0)],
        vec![Kind::new(1.0, SLOW_START).waits_at(1, 60.0)],
    ];
    kinds.into_iter().map(Kinds::new).collect()
}

/// Services whose leaked tasks wait at an await of their own, beside healthy tasks that live
/// for long.
pub fn leaking_at_two_awaits() -> Vec<Kinds> {
    let kinds = [
        apart(0.5, exponential(60.0), Law::Forever, 1.0),
        apart(0.5, exponential(300.0), Law::Forever, 1.0),
        apart(0.5, SLOW_START, Law::Forever, 5.0),
        apart(0.9, exponential(60.0), Law::Forever, 1.0),
    ];
    kinds.into_iter().map(Kinds::new).collect()
}

fn one(law: Law) -> Vec<Kind> {
    vec![Kind::new(1.0, law)]
}

fn two(share: f64, law: Law, other: Law) -> Vec<Kind> {
    vec![Kind::new(share, law), Kind::new(1.0 - share, other)]
}

/// Two kinds, of which the second moves on to an await of its own.
fn apart(share: f64, law: Law, other: Law, gets_there_in: f64) -> Vec<Kind> {
    let other = Kind::new(1.0 - share, other);
    vec![Kind::new(share, law), other.waits_at(1, gets_there_in)]
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
        one(Law::Forever),
        two(0.5, Law::Forever, SHORT),
        two(0.1, Law::Forever, SHORT),
    ];
    let healthy = healthy.into_iter().map(|law| Kinds::new(one(law)));
    (
        healthy.collect(),
        leaking.into_iter().map(Kinds::new).collect(),
    )
}
