//! Whether the target withheld its state.

use console_api::metadata::Kind;
use console_api::tasks::TaskUpdate;
use console_api::{Metadata, RegisterMetadata};

/// Whether the target withheld its state when we attached.
///
/// The first message always carries the metadata of all that was ever instrumented, unless
/// the target found its state too large and sent none of it.
#[derive(Debug, Default)]
pub(super) struct Withheld {
    /// The first message had nothing at all.
    began_empty: bool,
    /// Tokio's own first spawn became known only later.
    saw_first_spawn: bool,
    /// A live task is known of that should have been in the first message.
    saw_older_task: bool,
}

impl Withheld {
    pub(super) fn is_withheld(&self) -> bool {
        // Nothing was withheld if there had been no task yet. But another version of Tokio in
        // the same program has a first spawn of its own, so this counts only for as long as
        // no older task shows.
        self.began_empty && (self.saw_older_task || !self.saw_first_spawn)
    }

    pub(super) fn note_first(&mut self, metadata: &RegisterMetadata) {
        self.began_empty = metadata.metadata.is_empty();
    }

    /// Takes in what a later message has. `lives` says of an id whether a task with it is
    /// known to live, after that message.
    pub(super) fn note(
        &mut self,
        metadata: &RegisterMetadata,
        tasks: &TaskUpdate,
        lives: impl Fn(u64) -> bool,
    ) {
        if !self.began_empty || self.saw_older_task {
            return;
        }
        let known = metadata.metadata.iter();
        self.saw_first_spawn |= known
            .filter_map(|new| new.metadata.as_ref())
            .any(is_first_spawn);
        self.saw_older_task = tasks
            .stats_update
            .iter()
            .any(|(id, stats)| stats.dropped_at.is_none() && !lives(*id));
    }
}

/// Whether this is the span in which Tokio itself spawns async tasks: user code may use the
/// target as well, and blocking tasks have a span of their own.
fn is_first_spawn(metadata: &Metadata) -> bool {
    // The metadata's own field for the module is empty: console-subscriber leaves it so.
    let location = metadata.location.as_ref();
    let module = location.and_then(|location| location.module_path.as_deref());
    metadata.kind() == Kind::Span
        && metadata.name == "runtime.spawn"
        && metadata.target == "tokio::task"
        && module.is_some_and(|module| module.starts_with("tokio::"))
}
