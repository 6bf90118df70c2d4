//! The kinds of wait that Tokio instruments. A new kind is a variant and a line of the table.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{AsyncOp, Primitive, Resource};

/// What kind of thing a task waits for.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitKind {
    /// To lock a `Mutex`.
    Mutex,
    /// To lock an `RwLock`, for reading or for writing.
    RwLock,
    /// To acquire permits of a `Semaphore`.
    Semaphore,
    /// For another task to initialise a `OnceCell`.
    OnceCell,
    /// To send into a bounded channel that is full.
    ChannelSend,
    /// To receive from a oneshot channel.
    Oneshot,
    /// For others to arrive at a `Barrier`.
    Barrier,
    /// For the next tick of an `Interval`.
    Interval,
    /// For something that this version does not know.
    Other,
}

/// What is known of a kind of wait.
struct Row {
    kind: WaitKind,
    /// Whether an open op on a resource is such a wait. The first row that says so counts.
    is: fn(&AsyncOp, &Resource) -> bool,
    /// Whether tasks hold what is waited for.
    is_lock: bool,
    /// The function that waits, where the op has another name.
    function: Option<&'static str>,
    /// The purpose of the wait: what follows "they wait".
    purpose: &'static str,
}

const ROWS: &[Row] = &[
    row(WaitKind::Mutex, is_mutex, true, None, "to lock a Mutex"),
    row(
        WaitKind::RwLock,
        is_rw_lock,
        true,
        None,
        "to lock an RwLock",
    ),
    row(
        WaitKind::ChannelSend,
        is_send,
        false,
        Some("mpsc::Sender::send"),
        "to send into a bounded channel that is full",
    ),
    row(
        WaitKind::OnceCell,
        is_once_cell,
        true,
        Some("OnceCell::get_or_init"),
        "for a OnceCell to be initialised",
    ),
    row(
        WaitKind::Semaphore,
        is_semaphore,
        true,
        None,
        "for permits of a Semaphore",
    ),
    row(
        WaitKind::Oneshot,
        |op, _| &*op.source == "Receiver::await",
        false,
        Some("oneshot::Receiver"),
        "for the answer of a oneshot channel",
    ),
    row(
        WaitKind::Barrier,
        |op, _| &*op.source == "Barrier::wait",
        false,
        None,
        "for others to arrive at a Barrier",
    ),
    row(
        WaitKind::Interval,
        |op, _| &*op.source == "Interval::tick",
        false,
        None,
        "for the tick of an Interval",
    ),
    row(WaitKind::Other, |_, _| true, false, None, "for a resource"),
];

const fn row(
    kind: WaitKind,
    is: fn(&AsyncOp, &Resource) -> bool,
    is_lock: bool,
    function: Option<&'static str>,
    purpose: &'static str,
) -> Row {
    Row {
        kind,
        is,
        is_lock,
        function,
        purpose,
    }
}

impl WaitKind {
    /// The kind of wait that an open op is, on what user code made: for a lock that is the
    /// lock itself rather than its inner semaphore.
    #[must_use]
    pub fn of(op: &AsyncOp, resource: &Resource) -> Self {
        let row = ROWS.iter().find(|row| (row.is)(op, resource));
        row.map_or(Self::Other, |row| row.kind)
    }

    /// Whether what is waited for is held by tasks.
    #[must_use]
    pub fn is_lock(self) -> bool {
        self.row().is_some_and(|row| row.is_lock)
    }

    /// The purpose of the wait: what follows "they wait", such as `to lock a Mutex`.
    #[must_use]
    pub fn purpose(self) -> &'static str {
        self.row().map_or("", |row| row.purpose)
    }

    /// The function that waits so, by the name that user code has for it.
    #[must_use]
    pub fn function(self, op: &AsyncOp) -> Arc<str> {
        let known = self.row().and_then(|row| row.function);
        known.map_or_else(|| Arc::clone(&op.source), Arc::from)
    }

    fn row(self) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.kind == self)
    }
}

fn is_mutex(_: &AsyncOp, resource: &Resource) -> bool {
    matches!(resource.primitive(), Primitive::Mutex { .. })
}

fn is_rw_lock(_: &AsyncOp, resource: &Resource) -> bool {
    matches!(resource.primitive(), Primitive::RwLock { .. })
}

fn is_semaphore(_: &AsyncOp, resource: &Resource) -> bool {
    matches!(resource.primitive(), Primitive::Semaphore { .. })
}

/// The room in a bounded channel is a semaphore that no user code made.
fn is_send(op: &AsyncOp, resource: &Resource) -> bool {
    op.is_acquire() && resource.is_internal && is_semaphore(op, resource)
}

fn is_once_cell(op: &AsyncOp, resource: &Resource) -> bool {
    resource.is_once_cell() && is_semaphore(op, resource)
}
