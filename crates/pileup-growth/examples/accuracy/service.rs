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

/// One kind of task at a spawn site.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Its part of the tasks of the site: those of all kinds add up to one.
    pub share: f64,
    pub law: Law,
    /// The `.await` at which its tasks wait in the end, by its number. All tasks begin at
    /// number 0.
    pub waits_at: usize,
    /// How long a task takes to get there, on average: exponential, in seconds.
    pub gets_there_in: f64,
}

/// Tasks of one spawn site.
#[derive(Debug, Clone)]
pub struct Service {
    /// Arrivals per second.
    pub rate: f64,
    pub kinds: Vec<Kind>,
    /// For how long the service has run when the watch begins, in seconds.
    pub age: f64,
}

/// One task, in seconds since the watch began.
#[derive(Debug, Clone, Copy)]
pub struct Life {
    pub born: f64,
    pub end: f64,
    /// The `.await` at which it waits in the end, by its number.
    pub waits_at: usize,
    /// Since when it waits there; before, it waits at number 0.
    pub there_since: f64,
}

impl Kind {
    pub fn new(share: f64, law: Law) -> Self {
        Self {
            share,
            law,
            waits_at: 0,
            gets_there_in: 0.0,
        }
    }

    pub fn waits_at(self, waits_at: usize, gets_there_in: f64) -> Self {
        Self {
            waits_at,
            gets_there_in,
            ..self
        }
    }
}

impl Life {
    /// From when to when it waits at an `.await`; the two are equal where it never does.
    pub fn stay_at(&self, place: usize) -> (f64, f64) {
        let moves = self.there_since.min(self.end);
        match place {
            0 if self.waits_at == 0 => (self.born, self.end),
            0 => (self.born, moves),
            _ if place == self.waits_at => (moves, self.end),
            _ => (self.born, self.born),
        }
    }
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
            let kind = self.kind(random.uniform());
            lives.push(Life {
                born,
                end: born + kind.law.draw(random),
                waits_at: kind.waits_at,
                there_since: born + random.exponential(kind.gets_there_in),
            });
        }
    }

    /// The share of the tasks that never end.
    pub fn leaking(&self) -> f64 {
        let leaks = self.kinds.iter().filter(|kind| kind.law == Law::Forever);
        leaks.map(|kind| kind.share).sum()
    }

    /// How many different awaits its tasks wait at.
    pub fn places(&self) -> usize {
        let last = self.kinds.iter().map(|kind| kind.waits_at).max();
        last.map_or(1, |last| last + 1)
    }

    /// # Panics
    ///
    /// Without any kind.
    fn kind(&self, mut share: f64) -> Kind {
        let chosen = self.kinds.iter().find(|kind| {
            share -= kind.share;
            share < 0.0
        });
        *chosen.unwrap_or_else(|| &self.kinds[self.kinds.len() - 1])
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.law)?;
        if self.waits_at == 0 {
            return Ok(());
        }
        let seconds = self.gets_there_in;
        write!(
            formatter,
            " (at another await after {seconds} s on average)"
        )
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
