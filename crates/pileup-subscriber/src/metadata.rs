//! The metadata that the messages refer to: clients show no task without it.

use console_api::metadata::{Kind, Level};
use console_api::register_metadata::NewMetadata;
use console_api::{MetaId, Metadata, RegisterMetadata};

/// The target of a piece of metadata that no task has. It says which subscriber serves.
pub(crate) const OWN_TARGET: &str = "pileup_subscriber";

/// Numbers of metadata, unlike those of a program that was started at another time: clients
/// tell programs apart by them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MetadataIds(u64);

/// What a message may refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Callsite {
    /// The subscriber itself.
    Own,
    Task,
    BlockingTask,
    Resource,
    AsyncOp,
    PollOp,
}

impl Callsite {
    const ALL: [Self; 6] = [
        Self::Own,
        Self::Task,
        Self::BlockingTask,
        Self::Resource,
        Self::AsyncOp,
        Self::PollOp,
    ];

    fn name_and_target(self) -> (&'static str, &'static str) {
        match self {
            Self::Own => ("pileup_subscriber", OWN_TARGET),
            Self::Task => ("runtime.spawn", "tokio::task"),
            Self::BlockingTask => ("runtime.spawn", "tokio::task::blocking"),
            Self::Resource => ("runtime.resource", "tokio::runtime"),
            Self::AsyncOp => ("runtime.resource.async_op", "tokio::runtime"),
            Self::PollOp => ("event", "runtime::resource::poll_op"),
        }
    }
}

impl MetadataIds {
    /// `started` is when the program was started, in nanoseconds since 1970.
    pub(crate) fn new(started: u64) -> Self {
        // Room for the callsites, and never 0.
        Self(started.max(1) << 4)
    }

    pub(crate) fn of(self, callsite: Callsite) -> MetaId {
        MetaId {
            id: self.0 | callsite as u64,
        }
    }

    /// All of it, for the first message to a client.
    pub(crate) fn all(self) -> RegisterMetadata {
        let metadata = Callsite::ALL.into_iter().map(|callsite| {
            let (name, target) = callsite.name_and_target();
            NewMetadata {
                id: Some(self.of(callsite)),
                metadata: Some(Metadata {
                    name: name.to_owned(),
                    target: target.to_owned(),
                    kind: if callsite == Callsite::PollOp {
                        Kind::Event.into()
                    } else {
                        Kind::Span.into()
                    },
                    level: Level::Trace.into(),
                    ..Metadata::default()
                }),
            }
        });
        RegisterMetadata {
            metadata: metadata.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_own_id_and_another_program_has_others() {
        let ids = |started| {
            let all = MetadataIds::new(started).all().metadata;
            all.into_iter()
                .map(|new| new.id.expect("an id").id)
                .collect::<Vec<_>>()
        };
        let (first, second) = (ids(1_000), ids(1_001));
        assert_eq!(first.len(), Callsite::ALL.len());
        let mut all: Vec<u64> = first.into_iter().chain(second).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 2 * Callsite::ALL.len());
    }
}
