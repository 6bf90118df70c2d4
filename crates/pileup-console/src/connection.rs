//! One attach to one target, and to the same one again when the connection breaks.

use std::time::Duration;

use console_api::instrument::Update;
use pileup_model::Snapshot;
use tokio::time::{Instant, sleep};

use crate::first_state::ServedBy;
use crate::retention::Retention;
use crate::session::Session;
use crate::world::Returned;
use crate::world::World;
use crate::{Address, ConsoleError};

/// For the target to take in what it has not yet.
const LONGEST_SETTLING: Duration = Duration::from_secs(3);
/// A target that cannot be reached for so long does not come back.
const RETURN: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(200);

/// An attached target. Dropping it detaches.
#[derive(Debug)]
pub struct Connection {
    address: Address,
    session: Session,
    world: World,
    retention: Retention,
    served_by: ServedBy,
    /// Why the target is not there any more, once all that it sent has been given.
    ended: Option<ConsoleError>,
}

impl Connection {
    /// Attaches, and waits for the target to report what lives in it: the next snapshot has
    /// all of it, unless the target needs longer than three seconds to take it in.
    ///
    /// It disturbs neither the target nor its other clients. Fails when nothing answers
    /// within twenty seconds, when what answers sends no state within a minute, or when
    /// something answers that is not console-subscriber.
    pub async fn attach(address: Address) -> Result<Self, ConsoleError> {
        let (session, first) = Session::open(&address).await?;
        let mut connection = Self {
            address,
            session,
            world: World::default(),
            retention: Retention::default(),
            served_by: ServedBy::of(&first),
            ended: None,
        };
        connection.apply(first);
        connection.settle().await?;
        Ok(connection)
    }

    /// The target.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// What serves the target's tasks.
    #[must_use]
    pub fn served_by(&self) -> ServedBy {
        self.served_by
    }

    /// Attaches to the same program again, after the connection broke. The next snapshot goes
    /// on from the last one, and its coverage says for how long nobody watched.
    ///
    /// Fails when the target cannot be reached for five seconds; when it is another program
    /// by now, since what was seen of the first one says nothing of it; and when the program
    /// withholds its state, since nobody knows then which of its tasks ended meanwhile.
    pub async fn attach_again(&mut self) -> Result<(), ConsoleError> {
        let started = Instant::now();
        let (session, first) = loop {
            match Session::open(&self.address).await {
                Err(error) if is_away(&error) && started.elapsed() < RETURN => sleep(AGAIN).await,
                opened => break opened?,
            }
        };
        let address = || self.address.clone();
        match self.world.apply_again(first) {
            Returned::Same => {}
            Returned::Other => return Err(ConsoleError::Restarted { address: address() }),
            Returned::Withholding => return Err(ConsoleError::Withheld { address: address() }),
        }
        self.session = session;
        self.session.hurry(self.world.is_behind());
        self.ended = None;
        self.settle().await
    }

    /// Follows the target for `period`, and gives what it looks like then.
    ///
    /// Waits longer when the target has reported nothing new by then. Fails when it goes away, or
    /// stays silent: for ten seconds in which it answers, or for thirty in which it does not.
    /// What it sent before that is given first.
    pub async fn next_snapshot(&mut self, period: Duration) -> Result<Snapshot, ConsoleError> {
        if let Some(error) = self.ended.take() {
            return Err(error);
        }
        let end = Instant::now() + period;
        while let Some(message) = self.session.message_before(end).await {
            match message {
                Ok(update) => self.apply(update),
                Err(error) if self.world.has_news() => {
                    self.ended = Some(error);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        if !self.world.has_news() {
            let update = self.session.message().await?;
            self.apply(update);
        }
        self.ask_about_last_polls().await;
        let mut snapshot = self.world.snapshot();
        self.retention.observe(&mut snapshot, &self.session);
        Ok(snapshot)
    }

    /// Asks about tasks that nobody can wake: they may have finished.
    async fn ask_about_last_polls(&mut self) {
        let unclear = self.world.tasks_that_may_have_finished();
        for (task, born, followed_wake) in self.session.ask(unclear).await {
            self.world.note_last_poll(task, born, followed_wake);
        }
    }

    /// Reads on for as long as the target takes in what was there before the attach.
    async fn settle(&mut self) -> Result<(), ConsoleError> {
        let end = Instant::now() + LONGEST_SETTLING;
        while self.world.is_behind()
            && let Some(message) = self.session.message_before(end).await
        {
            let update = message?;
            self.apply(update);
        }
        Ok(())
    }

    fn apply(&mut self, update: Update) {
        self.world.apply(update);
        self.session.hurry(self.world.is_behind());
    }
}

/// Whether the target may come back: nobody listens, or it closed the connection before it
/// answered.
fn is_away(error: &ConsoleError) -> bool {
    matches!(
        error,
        ConsoleError::Unreachable { .. } | ConsoleError::NotAConsole { .. }
    )
}
