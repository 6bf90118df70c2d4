//! A service on paper: tasks of one spawn site that arrive at random and live for a random
//! time.

use std::fmt;

use crate::random::Random;

/// How long tasks live, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Law {
    Exponential { mean: f64 },
    LogNormal { median: f64, sigma: f64 },
    Pareto { least: f64, shape: f64 },
    Uniform { longest: f64 },
    Forever,
}

/// Tasks of one spawn site: kinds with their shares, which add up to one.
#[derive(Debug, Clone)]
pub struct Service {
    /// Arrivals per second.
    pub rate: f64,
    pub kinds: Vec<(f64, Law)>,
    /// For how long the service has run when the watch begins, in seconds.
    pub age: f64,
}

/// One task, in seconds since the watch began.
#[derive(Debug, Clone, Copy)]
pub struct Life {
    pub born: f64,
    pub end: f64,
}

impl Law {
    pub fn draw(self, random: &mut Random) -> f64 {
        match self {
            Self::Exponential { mean } => random.exponential(mean),
            Self::LogNormal { median, sigma } => median * (sigma * random.normal()).exp(),
            Self::Pareto { least, shape } => least * random.uniform().powf(-1.0 / shape),
            Self::Uniform { longest } => longest * random.uniform(),
            Self::Forever => f64::INFINITY,
        }
    }
}

impl Service {
    /// All tasks that are born until `end` seconds after the watch began, in their order.
    pub fn lives(&self, end: f64, random: &mut Random) -> Vec<Life> {
        let mut lives = Vec::new();
        let mut born = -self.age;
        loop {
            born += random.exponential(1.0 / self.rate);
            if born > end {
                return lives;
            }
            let law = self.law(random.uniform());
            lives.push(Life {
                born,
                end: born + law.draw(random),
            });
        }
    }

    /// The share of the tasks that never end.
    pub fn leaking(&self) -> f64 {
        let leaks = self.kinds.iter().filter(|(_, law)| *law == Law::Forever);
        leaks.map(|(share, _)| share).sum()
    }

    fn law(&self, mut share: f64) -> Law {
        for (of_kind, law) in &self.kinds {
            if share < *of_kind {
                return *law;
            }
            share -= of_kind;
        }
        self.kinds.last().map_or(Law::Forever, |kind| kind.1)
    }
}

impl fmt::Display for Law {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exponential { mean } => write!(formatter, "exponential, mean {mean} s"),
            Self::LogNormal { median, sigma } => {
                write!(formatter, "log-normal, median {median} s, sigma {sigma}")
            }
            Self::Pareto { least, shape } => {
                write!(formatter, "Pareto, from {least} s, shape {shape}")
            }
            Self::Uniform { longest } => write!(formatter, "uniform, up to {longest} s"),
            Self::Forever => write!(formatter, "for ever"),
        }
    }
}
