//! Scripts: messages one after the other, and what a target looks like after each.

use std::time::Duration;

use pileup_console::Connection;
use pileup_model::Snapshot;

use crate::fake::Fake;
use crate::message::Message;

/// Attaches to a target that sends these messages. Gives the snapshot after each.
pub async fn play<const COUNT: usize>(messages: [Message; COUNT]) -> [Snapshot; COUNT] {
    let fake = Fake::start();
    let mut messages = messages.into_iter();
    fake.send(messages.next().expect("a first message"));
    let mut connection = attach(&fake).await;
    let mut seen = vec![next(&mut connection).await];
    for message in messages {
        fake.send(message);
        seen.push(next(&mut connection).await);
    }
    seen.try_into().expect("a snapshot for each message")
}

pub async fn attach(fake: &Fake) -> Connection {
    let connection = Connection::attach(fake.address.clone()).await;
    connection.expect("a console to attach to")
}

/// The snapshot after the next message.
pub async fn next(connection: &mut Connection) -> Snapshot {
    let next = connection.next_snapshot(Duration::ZERO).await;
    next.expect("a snapshot")
}
