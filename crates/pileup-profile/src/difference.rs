//! What changed from one profile to another: what `?seconds=N` gives.

use std::collections::BTreeMap;

use pileup_model::elapsed;

use crate::{CountedStack, Frame, Labels, Profile};

impl Profile {
    /// How the tasks changed since an `earlier` profile. Ages are left out of the labels: a
    /// task that grew older is no change. What did not change is left out.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut changes: BTreeMap<(&[Frame], Labels), (i64, i64)> = BTreeMap::new();
        let now = self.stacks.iter().map(|stack| (1, stack));
        let before = earlier.stacks.iter().map(|stack| (-1, stack));
        for (sign, stack) in now.chain(before) {
            let labels = Labels {
                age: None,
                ..stack.labels.clone()
            };
            let (count, age) = changes.entry((&stack.frames, labels)).or_default();
            *count = count.saturating_add(sign * stack.count);
            *age = age.saturating_add(sign * stack.age_nanos);
        }
        let remaining = changes.into_iter().filter(|(_, (count, _))| *count != 0);
        Self {
            kind: self.kind,
            taken_at: earlier.taken_at,
            duration: Some(elapsed(earlier.taken_at, self.taken_at)),
            stacks: remaining
                .map(|((frames, labels), (count, age_nanos))| CountedStack {
                    frames: frames.to_vec(),
                    labels,
                    count,
                    age_nanos,
                })
                .collect(),
            comments: self.comments.clone(),
        }
    }
}
