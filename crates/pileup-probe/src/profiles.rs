//! A look as a profile.

use std::sync::Arc;

use pileup_model::TaskState;
use pileup_profile::{CountedStack, Frame, Labels, Profile, ProfileKind, WITHOUT_WAKER};

use crate::look::{Group, Look, SiteLook, Waiting};
use crate::runtimes::Runtime;
use pileup_registry::WaitList;

impl Look {
    /// All live tasks, by the function that spawned them.
    pub(crate) fn profile(&self) -> Profile {
        let stacks = self.sites.iter().flat_map(|site| self.stacks(site, None));
        Profile {
            kind: ProfileKind::Goroutine,
            taken_at: self.at,
            duration: None,
            stacks: stacks.collect(),
            comments: Vec::new(),
        }
    }

    /// The live tasks of one site: all of them, or those that wait in the same places.
    pub(crate) fn stacks<'a>(
        &'a self,
        site: &'a SiteLook,
        waits: Option<&'a WaitList>,
    ) -> impl Iterator<Item = CountedStack> + 'a {
        let spawn = Frame::of_spawn(&site.site.site, site.site.function());
        let groups = site.groups.iter();
        let groups = groups.filter(move |group| waits.is_none_or(|waits| group.waits_in(waits)));
        groups.map(move |group| CountedStack {
            frames: stack(&group.waiting, &spawn),
            labels: labels(group, &self.runtimes),
            count: i64::try_from(group.alive).unwrap_or(i64::MAX),
            age_nanos: i64::try_from(group.age.as_nanos()).unwrap_or(i64::MAX),
        })
    }
}

/// Where tasks wait, and at the end the function that spawned them.
fn stack(waiting: &Waiting, spawn: &Frame) -> Vec<Frame> {
    let await_stack = match waiting {
        Waiting::In(wait, _) => &*wait.stack,
        Waiting::Unknown | Waiting::WithoutWaker(_) => &[],
    };
    let frames = await_stack.iter().map(Frame::from);
    frames.chain([spawn.clone()]).collect()
}

/// The states that the runtime's hooks tell apart.
pub(crate) fn state(running: bool) -> TaskState {
    if running {
        TaskState::Running
    } else {
        TaskState::Idle
    }
}

fn labels(group: &Group, runtimes: &[Arc<Runtime>]) -> Labels {
    let runtime = group
        .runtime
        .and_then(|runtime| runtimes.get(usize::from(runtime)));
    Labels {
        state: Some(state(group.running)),
        runtime: runtime.map(|runtime| Arc::clone(&runtime.name)),
        wait: match &group.waiting {
            Waiting::In(wait, _) => Some(Arc::clone(&wait.kind)),
            Waiting::WithoutWaker(_) => Some(WITHOUT_WAKER.into()),
            Waiting::Unknown => None,
        },
        also_waits: match &group.waiting {
            Waiting::In(_, others) => others.clone(),
            Waiting::Unknown | Waiting::WithoutWaker(_) => None,
        },
        last_wait: match &group.waiting {
            Waiting::WithoutWaker(last) => last.as_ref().map(|last| last.to_string().into()),
            Waiting::Unknown | Waiting::In(..) => None,
        },
        task: None,
        age: Some(group.age_class),
    }
}
