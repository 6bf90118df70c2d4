//! Tasks.

use jiff::Timestamp;
use pileup_model::{Task, TaskId, TaskKind, Wakers};

use super::Entry;
use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::error::Malformed;
use crate::fields::{FieldsIn, FieldsOut};
use crate::limits;

impl Entry for Task {
    fn id(&self) -> u64 {
        self.id.0
    }

    fn blank(id: u64, now: Timestamp) -> Self {
        Self {
            wakers: Some(Wakers::default()),
            ..Self::new(TaskId(id), TaskKind::Async, now)
        }
    }

    fn write(&self, base: &Self, out: &mut FieldsOut<'_>) {
        let (polls, were) = (&self.polls, &base.polls);
        out.put_count(were.count, polls.count);
        out.put_optional(
            were.last_started.as_ref(),
            polls.last_started.as_ref(),
            Encoder::time,
        );
        out.put_optional(
            were.last_ended.as_ref(),
            polls.last_ended.as_ref(),
            Encoder::time,
        );
        out.put(&were.busy, &polls.busy, Encoder::duration);
        let (wakers, were) = (
            self.wakers.unwrap_or_default(),
            base.wakers.unwrap_or_default(),
        );
        out.put_count(were.wakes, wakers.wakes);
        out.put_optional(
            were.last_wake.as_ref(),
            wakers.last_wake.as_ref(),
            Encoder::time,
        );
        out.put_count(were.clones, wakers.clones);
        out.put_count(were.drops, wakers.drops);
        out.put_count(were.self_wakes, wakers.self_wakes);
        out.put_optional(
            base.finished_at.as_ref(),
            self.finished_at.as_ref(),
            Encoder::time,
        );
        out.put(&base.created_at, &self.created_at, Encoder::time);
        out.put_optional(base.site.as_ref(), self.site.as_ref(), Encoder::site);
        out.put_optional(base.tokio_id.as_ref(), self.tokio_id.as_ref(), |out, id| {
            out.number(*id);
        });
        out.put(&base.kind, &self.kind, |out, kind| out.kind(*kind));
        out.put_optional(base.name.as_ref(), self.name.as_ref(), Encoder::text);
        let seen = WakersSeen::of(self.wakers);
        out.put(&WakersSeen::of(base.wakers), &seen, |out, seen| {
            out.byte(*seen as u8);
        });
        let number = |out: &mut Encoder, number: &u64| out.number(*number);
        out.put_optional(base.size_bytes.as_ref(), self.size_bytes.as_ref(), number);
        out.put_optional(base.parent.as_ref(), self.parent.as_ref(), number);
        out.put_optional(base.waits.as_ref(), self.waits.as_ref(), Encoder::waits);
        out.put_optional(
            base.woken_by.as_ref(),
            self.woken_by.as_ref(),
            Encoder::woken_by,
        );
        out.put(&were.scheduled, &wakers.scheduled, Encoder::duration);
        out.put_optional(
            base.parent_site.as_ref(),
            self.parent_site.as_ref(),
            Encoder::site,
        );
        out.put_optional(
            base.last_wait.as_ref(),
            self.last_wait.as_ref(),
            Encoder::wait,
        );
    }

    fn read(&mut self, fields: &mut FieldsIn<'_, '_>) -> Result<(), Malformed> {
        let polls = &mut self.polls;
        fields.get_count(&mut polls.count)?;
        fields.get_optional(&mut polls.last_started, Decoder::time)?;
        fields.get_optional(&mut polls.last_ended, Decoder::time)?;
        fields.get(&mut polls.busy, Decoder::duration)?;
        let mut seen = WakersSeen::of(self.wakers);
        let mut wakers = self.wakers.unwrap_or_default();
        fields.get_count(&mut wakers.wakes)?;
        fields.get_optional(&mut wakers.last_wake, Decoder::time)?;
        fields.get_count(&mut wakers.clones)?;
        fields.get_count(&mut wakers.drops)?;
        fields.get_count(&mut wakers.self_wakes)?;
        fields.get_optional(&mut self.finished_at, Decoder::time)?;
        fields.get(&mut self.created_at, Decoder::time)?;
        fields.get_optional(&mut self.site, Decoder::site)?;
        fields.get_optional(&mut self.tokio_id, Decoder::number)?;
        fields.get(&mut self.kind, Decoder::kind)?;
        fields.get_optional(&mut self.name, Decoder::text)?;
        fields.get(&mut seen, WakersSeen::read)?;
        fields.get_optional(&mut self.size_bytes, Decoder::number)?;
        fields.get_optional(&mut self.parent, Decoder::number)?;
        fields.get_optional(&mut self.waits, Decoder::waits)?;
        fields.get_optional(&mut self.woken_by, Decoder::woken_by)?;
        fields.get(&mut wakers.scheduled, Decoder::duration)?;
        fields.get_optional(&mut self.parent_site, Decoder::site)?;
        fields.get_optional(&mut self.last_wait, Decoder::wait)?;
        wakers.woken_for_last_poll = match seen {
            WakersSeen::No | WakersSeen::NotAsked => None,
            WakersSeen::NotWoken => Some(false),
            WakersSeen::Woken => Some(true),
        };
        self.wakers = (seen != WakersSeen::No).then_some(wakers);
        Ok(())
    }

    fn size(&self) -> usize {
        let woken_at = self.woken_by.as_ref().and_then(|by| by.site.as_ref());
        limits::ENTRY
            + limits::of_text(self.name.as_deref())
            + limits::of_site(self.site.as_ref())
            + limits::of_site(woken_at)
            + limits::of_waits(self.waits.as_deref())
            + limits::of_waits(self.last_wait.as_ref().map(std::slice::from_ref))
    }
}

/// Whether wakers are seen, and whether the last poll came of the last wake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum WakersSeen {
    No = 0,
    NotAsked = 1,
    NotWoken = 2,
    Woken = 3,
}

impl WakersSeen {
    fn of(wakers: Option<Wakers>) -> Self {
        match wakers.map(|wakers| wakers.woken_for_last_poll) {
            None => Self::No,
            Some(None) => Self::NotAsked,
            Some(Some(false)) => Self::NotWoken,
            Some(Some(true)) => Self::Woken,
        }
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, Malformed> {
        match decoder.byte()? {
            0 => Ok(Self::No),
            1 => Ok(Self::NotAsked),
            2 => Ok(Self::NotWoken),
            3 => Ok(Self::Woken),
            _ => Err("wakers neither seen nor unseen"),
        }
    }
}
