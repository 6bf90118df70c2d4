//! What differs between two snapshots, list by list.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use pileup_model::Task;

use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::entry::Entry;
use crate::error::Malformed;
use crate::error::RecordingError;
use crate::fields::{FieldsIn, FieldsOut};
use crate::limits::Budget;

/// The live entries of one kind, by id, as the frames so far have them.
pub type Live<T> = BTreeMap<u64, Arc<T>>;

/// Writes how a list of live entries came from the one before: which are gone, and which are
/// new or changed. Both are in the order of their ids.
pub fn write_live<T: Entry>(
    encoder: &mut Encoder,
    before: &[Arc<T>],
    now: &[Arc<T>],
    at: Timestamp,
) -> Result<(), RecordingError> {
    if !now.is_sorted_by(|a, b| a.id() < b.id()) {
        return Err(RecordingError::Unordered);
    }
    let Changes { gone, new } = Changes::between(before, now);
    let mut ids = Ids::default();
    encoder.length(gone.len());
    for id in gone {
        encoder.number(ids.distance_to(id));
    }
    let mut ids = Ids::default();
    encoder.length(new.len());
    for (entry, base) in new {
        encoder.number(ids.distance_to(entry.id()));
        write_entry(encoder, base, entry, at);
    }
    Ok(())
}

/// Reads what `write_live` wrote, and brings `live` up to date.
pub fn read_live<T: Entry>(
    decoder: &mut Decoder<'_>,
    live: &mut Live<T>,
    at: Timestamp,
    budget: &mut Budget,
) -> Result<(), Malformed> {
    let mut ids = Ids::default();
    for _ in 0..decoder.length()? {
        let id = ids.after(decoder.number()?)?;
        let gone = live.remove(&id).ok_or("what is gone was never there")?;
        budget.release(gone.size());
    }
    let mut ids = Ids::default();
    for _ in 0..decoder.length()? {
        let id = ids.after(decoder.number()?)?;
        let base = live.get(&id);
        let entry = read_entry(decoder, base.map(Arc::as_ref), id, at)?;
        budget.keep(entry.size())?;
        if let Some(replaced) = live.insert(id, Arc::new(entry)) {
            budget.release(replaced.size());
        }
    }
    Ok(())
}

/// Writes the tasks that finished, in the order in which they are listed. Most of them
/// lived in the snapshot before.
pub fn write_finished(
    encoder: &mut Encoder,
    before: &[Arc<Task>],
    finished: &[Arc<Task>],
    at: Timestamp,
) {
    encoder.length(finished.len());
    for task in finished {
        let base = before.binary_search_by_key(&task.id, |task| task.id);
        let base = base.ok().and_then(|index| before.get(index));
        encoder.number(task.id.0);
        write_entry(encoder, base.map(Arc::as_ref), task.as_ref(), at);
    }
}

/// Reads what `write_finished` wrote. `live` is still that of the snapshot before.
pub fn read_finished(
    decoder: &mut Decoder<'_>,
    live: &Live<Task>,
    at: Timestamp,
    budget: &mut Budget,
) -> Result<Vec<Arc<Task>>, Malformed> {
    let mut finished = Vec::new();
    for _ in 0..decoder.length()? {
        let id = decoder.number()?;
        let task = read_entry(decoder, live.get(&id).map(Arc::as_ref), id, at)?;
        budget.keep(task.size())?;
        finished.push(Arc::new(task));
    }
    Ok(finished)
}

fn write_entry<T: Entry>(encoder: &mut Encoder, base: Option<&T>, entry: &T, at: Timestamp) {
    let mut fields = FieldsOut::new(encoder);
    match base {
        Some(base) => entry.write(base, &mut fields),
        None => entry.write(&T::blank(entry.id(), at), &mut fields),
    }
    fields.end();
}

fn read_entry<T: Entry>(
    decoder: &mut Decoder<'_>,
    base: Option<&T>,
    id: u64,
    at: Timestamp,
) -> Result<T, Malformed> {
    let mut entry = base.map_or_else(|| T::blank(id, at), T::clone);
    let mut fields = FieldsIn::new(decoder)?;
    entry.read(&mut fields)?;
    fields.end()?;
    Ok(entry)
}

struct Changes<'a, T> {
    gone: Vec<u64>,
    /// What is new or changed, with what it was.
    new: Vec<(&'a T, Option<&'a T>)>,
}

impl<'a, T: Entry> Changes<'a, T> {
    fn between(before: &'a [Arc<T>], now: &'a [Arc<T>]) -> Self {
        let mut changes = Self {
            gone: Vec::new(),
            new: Vec::new(),
        };
        let mut before = before.iter().peekable();
        for entry in now {
            while let Some(gone) = before.next_if(|base| base.id() < entry.id()) {
                changes.gone.push(gone.id());
            }
            match before.next_if(|base| base.id() == entry.id()) {
                Some(base) if Arc::ptr_eq(base, entry) || base == entry => {}
                base => changes.new.push((entry, base.map(Arc::as_ref))),
            }
        }
        changes.gone.extend(before.map(|gone| gone.id()));
        changes
    }
}

/// Ascending ids, each written as its distance to the one before, the first to 0.
#[derive(Default)]
struct Ids {
    last: u64,
}

impl Ids {
    fn distance_to(&mut self, id: u64) -> u64 {
        let distance = id - self.last;
        self.last = id;
        distance
    }

    fn after(&mut self, distance: u64) -> Result<u64, Malformed> {
        self.last = self
            .last
            .checked_add(distance)
            .ok_or("an id out of range")?;
        Ok(self.last)
    }
}
