//! The second service of pileup-subscriber: live tasks with their whole await stacks.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use pileup_model::{Snapshot, Task, TasksPart, Wait};
use thiserror::Error;
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::session::{connect, reason};
use crate::{Address, ConsoleError};

/// The largest part that is read. One has 256 tasks, and each stack once.
const LARGEST_PART: usize = 64 << 20;
/// The largest answer that is read, in bytes of all its parts: some two million tasks.
const LARGEST_ANSWER: usize = 1 << 30;
/// An answer that does not go on for this long comes from a program that is stuck. For the first
/// one, the program reads its own debug information, which takes long on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program with pileup-subscriber that is asked for the await stacks of its tasks.
#[derive(Debug)]
pub struct AwaitStacksClient {
    channel: Channel,
}

/// Why there are no await stacks.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AwaitStacksError {
    /// Nobody listens there.
    #[error(transparent)]
    Unreachable(ConsoleError),
    /// What listens there serves no await stacks.
    #[error("it serves no await stacks")]
    NotServed,
    /// The connection broke, or the program refused.
    #[error("it broke off its answer: {0}")]
    BrokenOff(String),
    /// The answer did not go on.
    #[error("its answer stopped for {} s", PATIENCE.as_secs())]
    Stuck,
    /// The answer is larger than what is read.
    #[error("it answers with more than {LARGEST_ANSWER} bytes")]
    TooLarge,
    /// The answer is not what pileup-subscriber sends.
    #[error("pileup does not understand its answer: {0}")]
    Malformed(String),
}

/// The parts of an answer that have come so far.
#[derive(Default)]
struct Answer {
    waits: Vec<Arc<Wait>>,
    /// Tasks that wait alike share a list.
    lists: HashMap<Vec<u32>, Arc<[Arc<Wait>]>>,
    tasks: Vec<Arc<Task>>,
}

impl AwaitStacksClient {
    /// Connects to a program.
    pub async fn connect(address: &Address) -> Result<Self, AwaitStacksError> {
        let channel = connect(address).await;
        Ok(Self {
            channel: channel.map_err(AwaitStacksError::Unreachable)?,
        })
    }

    /// All live tasks of the program, by id, with their await stacks. In the coverage is how long
    /// the program waited for a processor. There is nothing else in the snapshot.
    pub async fn snapshot(&self) -> Result<Snapshot, AwaitStacksError> {
        let mut parts = in_time(self.ask()).await?;
        let mut answer = Answer::default();
        let mut bytes = 0;
        let mut at = None;
        let mut scheduling = None;
        while let Some(part) = in_time(parts.message()).await? {
            bytes += part.len();
            if bytes > LARGEST_ANSWER {
                return Err(AwaitStacksError::TooLarge);
            }
            let part = serde_json::from_slice::<TasksPart>(&part);
            let part = part.map_err(|error| AwaitStacksError::Malformed(error.to_string()))?;
            at = at.or(Some(part.at));
            scheduling = scheduling.or(part.scheduling);
            answer.take_in(part)?;
        }
        let at = at.ok_or_else(|| AwaitStacksError::Malformed("it is empty".to_owned()))?;
        answer.tasks.sort_unstable_by_key(|task| task.id);
        let mut snapshot = Snapshot {
            tasks: answer.tasks,
            ..Snapshot::new(at)
        };
        snapshot.coverage.scheduling = scheduling;
        snapshot.share_files();
        Ok(snapshot)
    }

    async fn ask(&self) -> Result<Streaming<Vec<u8>>, Status> {
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(LARGEST_PART);
        let ready = grpc.ready().await;
        ready.map_err(|error| Status::unavailable(error.to_string()))?;
        let path = PathAndQuery::from_static(TasksPart::METHOD);
        let codec = ProstCodec::<(), Vec<u8>>::default();
        let answer = grpc.server_streaming(Request::new(()), path, codec).await?;
        Ok(answer.into_inner())
    }
}

async fn in_time<T>(
    answer: impl Future<Output = Result<T, Status>>,
) -> Result<T, AwaitStacksError> {
    let answer = timeout(PATIENCE, answer).await;
    answer
        .map_err(|_| AwaitStacksError::Stuck)?
        .map_err(|status| match status.code() {
            Code::Unimplemented => AwaitStacksError::NotServed,
            // Nothing else makes the client give this code.
            Code::OutOfRange => AwaitStacksError::TooLarge,
            _ => AwaitStacksError::BrokenOff(reason(&status)),
        })
}

impl Answer {
    fn take_in(&mut self, part: TasksPart) -> Result<(), AwaitStacksError> {
        self.waits.extend(part.new_waits);
        for (mut task, numbers) in part.tasks {
            task.waits = numbers.map(|numbers| self.list(numbers)).transpose()?;
            self.tasks.push(Arc::new(task));
        }
        Ok(())
    }

    fn list(&mut self, numbers: Vec<u32>) -> Result<Arc<[Arc<Wait>]>, AwaitStacksError> {
        if let Some(list) = self.lists.get(&numbers) {
            return Ok(Arc::clone(list));
        }
        let wait = |number: &u32| {
            let wait = self.waits.get(usize::try_from(*number).ok()?)?;
            Some(Arc::clone(wait))
        };
        let list: Option<Arc<[_]>> = numbers.iter().map(wait).collect();
        let list = list.ok_or_else(|| {
            AwaitStacksError::Malformed("a task waits at a stack that was not sent".to_owned())
        })?;
        self.lists.insert(numbers, Arc::clone(&list));
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use pileup_model::{TaskId, TaskKind};

    use super::*;

    fn part(waits: &[&str], tasks: &[(u64, Option<Vec<u32>>)]) -> TasksPart {
        let wait = |kind: &&str| {
            Arc::new(Wait {
                kind: (*kind).into(),
                place: None,
                stack: Vec::new(),
                passed: false,
            })
        };
        let task = |(id, numbers): &(u64, Option<Vec<u32>>)| {
            let task = Task::new(TaskId(*id), TaskKind::Async, Timestamp::UNIX_EPOCH);
            (task, numbers.clone())
        };
        TasksPart {
            at: Timestamp::UNIX_EPOCH,
            new_waits: waits.iter().map(wait).collect(),
            tasks: tasks.iter().map(task).collect(),
            scheduling: None,
        }
    }

    #[test]
    fn tasks_of_a_later_part_refer_to_the_stacks_of_an_earlier_one() {
        let mut answer = Answer::default();
        let first = part(&["recv", "lock"], &[(1, Some(vec![1]))]);
        let second = part(
            &["send"],
            &[
                (2, Some(vec![2, 1])),
                (3, Some(vec![])),
                (4, None),
                (5, Some(vec![1])),
            ],
        );
        answer.take_in(first).expect("it is whole");
        answer.take_in(second).expect("it is whole");
        let kinds: Vec<Option<Vec<&str>>> = answer
            .tasks
            .iter()
            .map(|task| {
                let waits = task.waits.as_ref()?;
                Some(waits.iter().map(|wait| &*wait.kind).collect())
            })
            .collect();
        assert_eq!(
            kinds,
            [
                Some(vec!["lock"]),
                Some(vec!["send", "lock"]),
                Some(vec![]),
                None,
                Some(vec!["lock"])
            ]
        );
        let lists: Vec<_> = answer.tasks.iter().map(|task| task.waits.clone()).collect();
        assert!(
            Arc::ptr_eq(
                lists[0].as_ref().expect("a list"),
                lists[4].as_ref().expect("a list")
            ),
            "tasks that wait alike have a list each"
        );
    }

    #[test]
    fn a_task_that_refers_to_a_stack_that_was_not_sent_is_an_error() {
        let mut answer = Answer::default();
        let error = answer.take_in(part(&["recv"], &[(1, Some(vec![1]))]));
        assert!(
            matches!(error, Err(AwaitStacksError::Malformed(_))),
            "{error:?}"
        );
    }
}
