//! What a task waits for, as far as the kind of wait at the end of its await stack says. A new
//! kind is a variant and a row of the table.

/// What a task waits for: a class of the kinds of wait ([`Wait::kind`](crate::Wait::kind)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwaitKind {
    /// For a lock.
    Lock,
    /// For permits of a semaphore.
    Permit,
    /// For another task to initialise a cell.
    OnceCell,
    /// For room in a bounded channel.
    Send,
    /// For other calls of a service to end, as it allows a number of them at a time.
    CallLimit,
    /// For a message of a channel.
    Receive,
    /// For the one message of a oneshot channel.
    Oneshot,
    /// For the value of a watch channel to change.
    Watch,
    /// For somebody to notify it.
    Notification,
    /// For other tasks to end.
    Join,
    /// For a token to be cancelled.
    Cancellation,
    /// For others to arrive at a barrier.
    Barrier,
    /// For the answer to a request that a library has sent.
    Answer,
    /// For bytes of a stream.
    Read,
    /// For room in the buffers of a stream.
    Write,
    /// For a datagram.
    Datagram,
    /// For a moment: a timer, or the next tick of an interval.
    Time,
}

/// The kinds of wait of each class, by their names. A name that is not here, such as that of a
/// function of the program, says nothing.
const KINDS: &[(AwaitKind, &[&str])] = &[
    (
        AwaitKind::Lock,
        &[
            "Mutex::lock",
            "RwLock::read",
            "RwLock::write",
            "async_lock::Mutex::lock",
            "async_lock::RwLock",
            "futures::Mutex::lock",
        ],
    ),
    (
        AwaitKind::Permit,
        &[
            "Semaphore::acquire",
            "PollSemaphore::acquire",
            "async_lock::Semaphore::acquire",
        ],
    ),
    (AwaitKind::OnceCell, &["OnceCell::get_or_init"]),
    (
        AwaitKind::Send,
        &[
            "mpsc::Sender::send",
            "PollSender::reserve",
            "async_channel::Sender::send",
            "flume::Sender::send_async",
            "futures::mpsc::Sender",
        ],
    ),
    (AwaitKind::CallLimit, &["tower::ConcurrencyLimit"]),
    (
        AwaitKind::Receive,
        &[
            "mpsc::Receiver::recv",
            "mpsc::UnboundedReceiver::recv",
            "broadcast::Receiver::recv",
            "async_channel::Receiver::recv",
            "flume::Receiver::recv_async",
            "futures::mpsc::Receiver",
        ],
    ),
    (
        AwaitKind::Oneshot,
        &["oneshot::Receiver", "futures::oneshot::Receiver"],
    ),
    (
        AwaitKind::Watch,
        &["watch::Receiver::changed", "watch::Receiver::wait_for"],
    ),
    (
        AwaitKind::Notification,
        &[
            "Notify::notified",
            "SetOnce::wait",
            "event_listener::EventListener",
        ],
    ),
    (
        AwaitKind::Join,
        &[
            "JoinHandle",
            "JoinSet::join_next",
            "JoinMap::join_next",
            "TaskTracker::wait",
        ],
    ),
    (AwaitKind::Cancellation, &["CancellationToken::cancelled"]),
    (
        AwaitKind::Barrier,
        &["Barrier::wait", "async_lock::Barrier::wait"],
    ),
    (
        AwaitKind::Answer,
        &[
            "reqwest send",
            "reqwest body",
            "hyper client request",
            "hyper body",
            "hyper upgrade",
            "hyper_util client request",
            "tonic unary",
            "tonic Streaming::message",
            "tonic connect",
            "tower::Buffer",
            "tower::RateLimit",
        ],
    ),
    (
        AwaitKind::Read,
        &[
            "TcpStream read",
            "TcpStream ready",
            "UnixStream read",
            "UnixStream ready",
            "DuplexStream read",
            "AsyncRead",
        ],
    ),
    (
        AwaitKind::Write,
        &[
            "TcpStream write",
            "UnixStream write",
            "DuplexStream write",
            "AsyncWrite",
        ],
    ),
    (
        AwaitKind::Datagram,
        &["UdpSocket recv", "UnixDatagram recv"],
    ),
    (
        AwaitKind::Time,
        &["time::sleep", "Interval::tick", "DelayQueue"],
    ),
];

impl AwaitKind {
    /// What a task waits for whose wait is of this kind; none where the kind does not say.
    #[must_use]
    pub fn of(kind: &str) -> Option<Self> {
        let row = KINDS.iter().find(|(_, names)| names.contains(&kind));
        row.map(|(class, _)| *class)
    }

    /// The names of all kinds of wait that say what a task waits for.
    pub fn names() -> impl Iterator<Item = &'static str> {
        KINDS.iter().flat_map(|(_, names)| names.iter().copied())
    }

    /// Whether tasks of the same program usually bring what is waited for: what is
    /// [given back](Self::is_given_back), a message, a value or a notification. Bytes and answers
    /// come from outside, and a task that waits for others to end, or to be cancelled, is meant
    /// to stay.
    #[must_use]
    pub fn is_brought_by_tasks(self) -> bool {
        self.is_given_back()
            || matches!(
                self,
                Self::Receive | Self::Oneshot | Self::Watch | Self::Notification | Self::Barrier
            )
    }

    /// Whether another task of the program has to give back what is waited for. A message, an
    /// answer or a tick may come from outside, or not at all.
    #[must_use]
    pub fn is_given_back(self) -> bool {
        matches!(
            self,
            Self::Lock | Self::Permit | Self::OnceCell | Self::Send | Self::CallLimit
        )
    }
}
