//! The pace at which work reaches a scenario.

use std::time::Duration;

use crate::work;

/// Work that arrives at a steady pace: one request, one order, one client, every `--every`.
#[derive(Debug, Clone)]
pub struct Arrivals {
    every: Duration,
    count: u64,
    most: u64,
}

impl Arrivals {
    /// Arrivals that are `every` apart.
    #[must_use]
    pub fn new(every: Duration) -> Self {
        Self {
            every,
            count: 0,
            most: u64::MAX,
        }
    }

    /// The same work, which ends after this many arrivals.
    #[must_use]
    pub fn up_to(self, most: u64) -> Self {
        Self { most, ..self }
    }

    /// Waits for the next arrival and gives its number, counted from 1. After the last arrival
    /// it waits for ever.
    pub async fn next(&mut self) -> u64 {
        if self.count == self.most {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(self.every).await;
        self.count += 1;
        work::has_arrived();
        self.count
    }

    /// The same work at twice the pace.
    #[must_use]
    pub fn twice_as_often(self) -> Self {
        Self {
            every: self.every / 2,
            count: 0,
            most: self.most.saturating_mul(2),
        }
    }
}
