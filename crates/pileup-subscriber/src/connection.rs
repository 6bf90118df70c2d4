//! One connection of a client, which is what `Pause` pauses.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Sleep, sleep};
use tonic::transport::server::Connected;

/// What all requests of one connection share.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Whether the client has paused its updates.
    paused: watch::Sender<bool>,
    /// The tasks whose details the client has on its screen, and how often.
    looked_at: Mutex<HashMap<u64, usize>>,
}

/// How long a client has until it has begun to speak HTTP/2. From then on pings show whether it
/// still answers.
const GREETING: Duration = Duration::from_secs(10);
/// Bytes with which each HTTP/2 connection begins: RFC 9113, section 3.4.
const GREETING_BYTES: usize = 24;

/// The bytes of a connection. When it is dropped, another client may connect.
pub(crate) struct Stream<T> {
    bytes: T,
    connection: Arc<Connection>,
    /// Until the client has greeted.
    greeting: Option<Greeting>,
    _permit: OwnedSemaphorePermit,
}

/// A client that has not greeted yet.
struct Greeting {
    missing: usize,
    until: Pin<Box<Sleep>>,
}

/// A task whose details the client has on its screen, for as long as this lives.
pub(crate) struct LookedAt {
    connection: Arc<Connection>,
    task: u64,
}

impl Connection {
    pub(crate) fn new() -> Self {
        Self {
            paused: watch::Sender::new(false),
            looked_at: Mutex::default(),
        }
    }

    pub(crate) fn set_paused(&self, is_paused: bool) {
        self.paused.send_replace(is_paused);
    }

    /// Whether the client has paused its updates, now and later.
    pub(crate) fn paused(&self) -> watch::Receiver<bool> {
        self.paused.subscribe()
    }

    pub(crate) fn look_at(self: &Arc<Self>, task: u64) -> LookedAt {
        self.with_looked_at(|tasks| *tasks.entry(task).or_default() += 1);
        LookedAt {
            connection: Arc::clone(self),
            task,
        }
    }

    /// Whether the client has the details of this task on its screen.
    pub(crate) fn is_looked_at(&self, task: u64) -> bool {
        self.with_looked_at(|tasks| tasks.contains_key(&task))
    }

    fn with_looked_at<R>(&self, use_them: impl FnOnce(&mut HashMap<u64, usize>) -> R) -> R {
        use_them(
            &mut self
                .looked_at
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

impl Drop for LookedAt {
    fn drop(&mut self) {
        self.connection.with_looked_at(|tasks| {
            if let Some(count) = tasks.get_mut(&self.task) {
                *count -= 1;
                if *count == 0 {
                    tasks.remove(&self.task);
                }
            }
        });
    }
}

impl<T> Stream<T> {
    pub(crate) fn new(bytes: T, permit: OwnedSemaphorePermit) -> Self {
        Self {
            bytes,
            connection: Arc::new(Connection::new()),
            greeting: Some(Greeting {
                missing: GREETING_BYTES,
                until: Box::pin(sleep(GREETING)),
            }),
            _permit: permit,
        }
    }
}

impl<T> Connected for Stream<T> {
    type ConnectInfo = Arc<Connection>;

    fn connect_info(&self) -> Self::ConnectInfo {
        Arc::clone(&self.connection)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Stream<T> {
    /// Fails for a client that does not greet in time: it would keep others out.
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.bytes).poll_read(context, buffer);
        let Some(greeting) = &mut self.greeting else {
            return read;
        };
        greeting.missing = greeting
            .missing
            .saturating_sub(buffer.filled().len() - before);
        if greeting.missing == 0 {
            self.greeting = None;
        } else if read.is_pending() && greeting.until.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Stream<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.bytes).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.bytes).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.bytes.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_looked_at_until_the_last_look_ends() {
        let connection = Arc::new(Connection::new());
        let first = connection.look_at(7);
        let second = connection.look_at(7);
        drop(first);
        assert!(connection.is_looked_at(7));
        drop(second);
        assert!(!connection.is_looked_at(7));
    }
}
