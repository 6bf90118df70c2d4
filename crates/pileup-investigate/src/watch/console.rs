//! A program's console, followed for a while.

use std::time::Duration;

use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};

use super::Source;
use super::starting::once_started;
use crate::{Address, Connection, ConsoleError, Error, ServedBy, Snapshot};

/// A program that was attached to by its console.
pub struct Console {
    connection: Box<Connection>,
    duration: Duration,
}

impl Console {
    /// Attaches, also to a program that is just starting.
    pub async fn attach(address: Address, duration: Duration) -> Result<Self, Error> {
        let is_starting = |error: &_| matches!(error, ConsoleError::Unreachable { .. });
        let connection = once_started(is_starting, || Connection::attach(address.clone()));
        Ok(Self {
            connection: Box::new(connection.await?),
            duration,
        })
    }

    /// What serves the program's tasks.
    #[must_use]
    pub fn served_by(&self) -> ServedBy {
        self.connection.served_by()
    }

    /// Where it was attached.
    #[must_use]
    pub fn address(&self) -> &Address {
        self.connection.address()
    }
}

impl Source for Console {
    fn target(&self) -> String {
        self.connection.address().to_string()
    }

    fn duration(&self) -> Option<Duration> {
        Some(self.duration)
    }

    fn snapshots(&mut self) -> BoxStream<'_, Result<Snapshot, Error>> {
        let snapshots = self.connection.watch(self.duration);
        snapshots.map_err(Error::DuringWatch).boxed()
    }
}
