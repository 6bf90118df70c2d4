//! The kinds of wait that Tokio instruments. A new kind is a variant and a line of the table.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{AsyncOp, Primitive, Resource};

/// What kind of thing a task waits for.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
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
    is: Is,
    /// Whether tasks hold what is waited for.
    is_lock: bool,
    /// The function that waits, where the op has another name.
    function: Option<&'static str>,
    /// What is waited for, such as `bounded channel`.
    noun: &'static str,
    /// The purpose of the wait: what follows "they wait".
    purpose: &'static str,
}

const ROWS: &[Row] = &[
    lock(WaitKind::Mutex, is_mutex, "Mutex", "to lock a Mutex"),
    lock(WaitKind::RwLock, is_rw_lock, "RwLock", "to lock an RwLock"),
    Row {
        function: Some("mpsc::Sender::send"),
        ..wait(
            WaitKind::ChannelSend,
            is_send,
            "bounded channel",
            "to send into a bounded channel that is full",
        )
    },
    Row {
        function: Some("OnceCell::get_or_init"),
        ..lock(
            WaitKind::OnceCell,
            is_once_cell,
            "OnceCell",
            "for a OnceCell to be initialised",
        )
    },
    lock(
        WaitKind::Semaphore,
        is_semaphore,
        "Semaphore",
        "for permits of a Semaphore",
    ),
    Row {
        function: Some("oneshot::Receiver"),
        ..wait(
            WaitKind::Oneshot,
            |op, _| &*op.source == "Receiver::await",
            "oneshot channel",
            "for the answer of a oneshot channel",
        )
    },
    wait(
        WaitKind::Barrier,
        |op, _| &*op.source == "Barrier::wait",
        "Barrier",
        "for others to arrive at a Barrier",
    ),
    wait(
        WaitKind::Interval,
        |op, _| &*op.source == "Interval::tick",
        "Interval",
        "for the tick of an Interval",
    ),
    wait(WaitKind::Other, |_, _| true, "resource", "for a resource"),
];

type Is = fn(&AsyncOp, &Resource) -> bool;

/// A wait for what nobody holds.
const fn wait(kind: WaitKind, is: Is, noun: &'static str, purpose: &'static str) -> Row {
    Row {
        kind,
        is,
        is_lock: false,
        function: None,
        noun,
        purpose,
    }
}

/// A wait for what other tasks hold.
const fn lock(kind: WaitKind, is: Is, noun: &'static str, purpose: &'static str) -> Row {
    Row {
        is_lock: true,
        ..wait(kind, is, noun, purpose)
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

    /// What is waited for, such as `bounded channel`.
    #[must_use]
    pub fn noun(self) -> &'static str {
        self.row().map_or("", |row| row.noun)
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
