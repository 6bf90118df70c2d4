//! How to fix a pile by the kind of wait at the end of its await stacks, where Tokio's own
//! instrumentation does not show what it waits for.

use pileup_model::AwaitKind;

use super::advice::{BARRIER, FULL_CHANNEL, LIBRARY, LOCK, ONCE_CELL, ONESHOT, PERMIT};

/// What helps tasks that wait so; none for a kind without advice of its own.
pub(crate) fn fix_for_await(kind: &str) -> Option<&'static str> {
    Some(match AwaitKind::of(kind)? {
        AwaitKind::Lock => LOCK,
        AwaitKind::Permit => PERMIT,
        AwaitKind::OnceCell => ONCE_CELL,
        AwaitKind::Send => FULL_CHANNEL,
        AwaitKind::Receive => RECEIVE,
        AwaitKind::Oneshot => ONESHOT,
        AwaitKind::Watch => WATCH,
        AwaitKind::Notification => NOTIFY,
        AwaitKind::Join => JOIN,
        AwaitKind::Cancellation => CANCELLATION,
        AwaitKind::Barrier => BARRIER,
        AwaitKind::CallLimit | AwaitKind::Answer => LIBRARY,
        AwaitKind::Read => READ,
        AwaitKind::Write => WRITE,
        AwaitKind::Datagram => DATAGRAM,
        AwaitKind::Time => return None,
    })
}

const RECEIVE: &str = "A sender is kept and sends nothing more: a clone in a struct, a map or a \
                       task that lives on, often in the receiving task itself. Drop every sender \
                       when its work is done, so that recv returns None; or end the receiver with \
                       a CancellationToken or a timeout.";
const WATCH: &str = "The sender of the watch channel is kept and sends nothing more. Drop it with \
                     what it announces, so that changed returns an error, or send the value that \
                     ends the wait.";
const DATAGRAM: &str = "The peer sends nothing more, and a datagram socket never learns that it has \
                        gone. Put a timeout around the receive, or end it with a \
                        CancellationToken.";
const READ: &str = "The other side is connected and sends nothing: a connection without a deadline \
                    waits for good. Put tokio::time::timeout around the read, or close connections \
                    that are idle for too long.";
const WRITE: &str = "The other side is connected and reads nothing, so that the buffers are full. \
                     Put tokio::time::timeout around the write, or close connections that take \
                     nothing for too long.";
const NOTIFY: &str = "Nobody notifies them any more: a path returns, fails or is cancelled before \
                      it does, or it did so before they waited, as notify_waiters keeps nothing for \
                      later. Notify from a guard's Drop, check the condition after the future of \
                      the wait is made, or give the wait a timeout.";
const JOIN: &str = "They wait for tasks that do not end: look at what those wait for. Give the wait \
                    a timeout and abort what is left, or cancel the others before they are joined.";
const CANCELLATION: &str = "Nobody cancels the token: the one that is kept is not that which is \
                            cancelled, or its owner lives on. Cancel it where the work ends, for \
                            example by a DropGuard, or wait for the end of the work as well.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fix_follows_from_the_kind_of_wait() {
        for (kind, expected) in [
            ("mpsc::Receiver::recv", Some(RECEIVE)),
            ("mpsc::UnboundedReceiver::recv", Some(RECEIVE)),
            ("broadcast::Receiver::recv", Some(RECEIVE)),
            ("flume::Receiver::recv_async", Some(RECEIVE)),
            ("async_channel::Receiver::recv", Some(RECEIVE)),
            ("futures::mpsc::Receiver", Some(RECEIVE)),
            ("mpsc::Sender::send", Some(FULL_CHANNEL)),
            ("flume::Sender::send_async", Some(FULL_CHANNEL)),
            ("oneshot::Receiver", Some(ONESHOT)),
            ("futures::oneshot::Receiver", Some(ONESHOT)),
            ("watch::Receiver::changed", Some(WATCH)),
            ("Notify::notified", Some(NOTIFY)),
            ("JoinHandle", Some(JOIN)),
            ("JoinSet::join_next", Some(JOIN)),
            ("TcpStream read", Some(READ)),
            ("UnixStream write", Some(WRITE)),
            ("UdpSocket recv", Some(DATAGRAM)),
            ("Mutex::lock", Some(LOCK)),
            ("async_lock::Semaphore::acquire", Some(PERMIT)),
            ("CancellationToken::cancelled", Some(CANCELLATION)),
            ("reqwest send", Some(LIBRARY)),
            ("hyper client request", Some(LIBRARY)),
            ("time::sleep", None),
            ("watch::Sender::closed", None),
            ("shop::JoinedOrders::poll", None),
            ("shop::session::Ready::poll", None),
        ] {
            assert_eq!(fix_for_await(kind), expected, "{kind}");
        }
    }
}
