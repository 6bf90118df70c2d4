//! A look as a profile.

use std::sync::Arc;

use pileup_model::TaskState;
use pileup_profile::{CountedStack, Frame, Labels, Profile, ProfileKind};

use crate::look::{Group, Look, SiteLook};
use crate::runtimes::Runtime;
use pileup_registry::SpawnSite;

impl Look {
    /// All living tasks, by the function that spawned them.
    pub(crate) fn profile(&self) -> Profile {
        let stacks = self.sites.iter().flat_map(|site| self.stacks(site));
        Profile {
            kind: ProfileKind::Goroutine,
            taken_at: self.at,
            duration: None,
            stacks: stacks.collect(),
            comments: Vec::new(),
        }
    }

    /// The living tasks of one site.
    pub(crate) fn stacks(&self, site: &SiteLook) -> impl Iterator<Item = CountedStack> {
        let frame = spawn_frame(site.site);
        site.groups.iter().map(move |group| CountedStack {
            frames: vec![frame.clone()],
            labels: labels(group, &self.runtimes),
            count: i64::try_from(group.alive).unwrap_or(i64::MAX),
            age_nanos: i64::try_from(group.age.as_nanos()).unwrap_or(i64::MAX),
        })
    }
}

/// The place that spawns, by the name of its function where that is known.
pub(crate) fn spawn_frame(spawn: &SpawnSite) -> Frame {
    let site = &spawn.site;
    let function = match spawn.function() {
        Some(function) => function.into(),
        None => site.to_string().into(),
    };
    Frame {
        function,
        file: Arc::clone(&site.file),
        line: site.line,
    }
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
        task: None,
        age: Some(group.age_class),
    }
}
