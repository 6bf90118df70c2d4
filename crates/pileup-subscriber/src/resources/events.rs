//! What Tokio's spans and events say of resources and async ops.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pileup_registry::Registry;
use tracing_core::span::Attributes as SpanAttributes;
use tracing_core::{Event, Metadata};

use super::entered::{self, Handle};
use super::names::NameNumber;
use super::slots::{Slot, Slots};
use super::span_id::Kind;
use super::visit::{PollFields, SpanFields, UpdateFields};
use super::{OpWords, PollOp, ResourceWords, Resources};

const RESOURCE: &str = "runtime.resource";
const ASYNC_OP: &str = "runtime.resource.async_op";
const POLL: &str = "runtime.resource.async_op.poll";
const POLL_OP: &str = "runtime::resource::poll_op";
const RESOURCE_STATE: &str = "runtime::resource::state_update";
const OP_STATE: &str = "runtime::resource::async_op::state_update";

/// Takes what Tokio says of its resources and async ops into the table of them. Nothing here
/// takes a lock; memory is allocated only for a name that is new, and where more things live than
/// ever before.
#[derive(Clone)]
pub(crate) struct ResourceEvents {
    pub(crate) registry: Arc<Registry>,
    pub(crate) resources: Arc<Resources>,
}

/// Whether this span or event is of a resource or an async op. The span of each poll is not among
/// them: an event says as much.
#[inline]
pub(crate) fn is_of_resources(metadata: &Metadata<'_>) -> bool {
    if metadata.is_span() {
        matches!(metadata.name(), RESOURCE | ASYNC_OP)
    } else {
        matches!(metadata.target(), POLL_OP | RESOURCE_STATE | OP_STATE)
    }
}

/// Whether this is the span of a poll of an async op.
pub(super) fn is_poll_span(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.name() == POLL
}

impl ResourceEvents {
    /// A span is opened. `parent` is what its parent span is of, where it names one. Gives what the
    /// span is of; none where that is not known or there is no room.
    pub(super) fn open(
        &self,
        attributes: &SpanAttributes<'_>,
        parent: Option<Handle>,
    ) -> Option<Handle> {
        let mut fields = SpanFields::new(&self.resources.names);
        attributes.record(&mut fields);
        if attributes.metadata().name() == RESOURCE {
            return self.open_resource(&fields);
        }
        // The op of a `Sleep` names its resource as its parent; the others are made in it.
        let named = parent.filter(|parent| parent.kind == Kind::Resource);
        self.open_op(&fields, named.or_else(|| self.innermost(Kind::Resource))?)
    }

    fn open_resource(&self, fields: &SpanFields<'_>) -> Option<Handle> {
        let (concrete_type, kind) = (fields.concrete_type?, fields.kind?);
        let handle = self.handle(Kind::Resource);
        let fill = |words: &ResourceWords| {
            let names = [fields.file, Some(kind), Some(concrete_type)];
            let names = names.into_iter().fold(0, |names, name| {
                names << 16 | u64::from(NameNumber::bits(name))
            });
            words.names.store(
                names << 1 | u64::from(fields.is_internal),
                Ordering::Relaxed,
            );
            let place = u64::from(fields.line) << 32 | u64::from(fields.column);
            words.place.store(place, Ordering::Relaxed);
        };
        self.insert(&self.resources.things, handle, fields.inherits, fill)
            .map(|(handle, _)| handle)
    }

    fn open_op(&self, fields: &SpanFields<'_>, resource: Handle) -> Option<Handle> {
        let source = fields.source?;
        let handle = self.handle(Kind::AsyncOp);
        let fill = |words: &OpWords| {
            words.resource.store(resource.number, Ordering::Relaxed);
            words
                .resource_index
                .store(resource.index, Ordering::Relaxed);
            words
                .source
                .store(NameNumber::bits(Some(source)).into(), Ordering::Relaxed);
            for word in [
                &words.task,
                &words.polls,
                &words.poll_began,
                &words.poll_ended,
                &words.busy,
            ] {
                word.store(0, Ordering::Relaxed);
            }
        };
        let (handle, created) = self.insert(&self.resources.ops, handle, fields.inherits, fill)?;
        entered::note_made(handle, created);
        Some(handle)
    }

    /// The handle of something new, without its index.
    fn handle(&self, kind: Kind) -> Handle {
        Handle {
            table: self.resources.address(),
            kind,
            index: 0,
            number: self.resources.next_number(),
        }
    }

    /// Adds something new, as a part of the innermost thing of its kind, and gives it with the time.
    fn insert<T: Default>(
        &self,
        slots: &Slots<T>,
        handle: Handle,
        inherits: bool,
        fill: impl FnOnce(&T),
    ) -> Option<(Handle, u64)> {
        let parent = self.innermost(handle.kind);
        let created = self.registry.now();
        let index = slots.insert(handle.number, |slot| {
            slot.begin(self.registry.tick_now(), created);
            slot.set_parent(parent.map(|parent| (parent.index, parent.number)));
            slot.inherits.store(inherits.into(), Ordering::Relaxed);
            fill(&slot.of_kind);
        })?;
        Some((Handle { index, ..handle }, created))
    }

    #[inline]
    pub(super) fn enter(&self, handle: Handle) {
        entered::push(handle, || self.registry.now());
    }

    #[inline]
    pub(super) fn exit(&self, handle: Handle) {
        if entered::pop(handle)
            && let Some(op) = self.resources.ops.find(handle.index, handle.number)
        {
            op.of_kind.end_poll(self.registry.now());
            op.note_change(self.registry.tick_now());
        }
    }

    /// The last handle of a span is gone.
    pub(super) fn close(&self, handle: Handle) {
        let (at, now) = (self.registry.now(), self.registry.tick_now());
        match handle.kind {
            Kind::Resource => self.resources.things.drop_one(handle.index, at, now),
            Kind::AsyncOp => self.resources.ops.drop_one(handle.index, at, now),
        }
    }

    #[inline]
    pub(super) fn event(&self, event: &Event<'_>) {
        match event.metadata().target() {
            POLL_OP => {
                self.note_poll();
                if self.resources.poll_ops.are_kept() {
                    self.keep_poll_op(event);
                }
            }
            RESOURCE_STATE => self.update(&self.resources.things, Kind::Resource, event),
            OP_STATE => self.update(&self.resources.ops, Kind::AsyncOp, event),
            _ => {}
        }
    }

    #[inline]
    fn innermost(&self, kind: Kind) -> Option<Handle> {
        entered::innermost(self.resources.address(), kind)
    }

    /// An event changes an attribute of the innermost resource or async op.
    fn update<T: Default>(&self, slots: &Slots<T>, kind: Kind, event: &Event<'_>) {
        let mut fields = UpdateFields::new(&self.resources.names);
        event.record(&mut fields);
        let (Some(update), Some(handle)) = (fields.update(), self.innermost(kind)) else {
            return;
        };
        // It lives, as its span is entered; and what it is a part of lives for longer.
        let Some(slot) = slots.find(handle.index, handle.number) else {
            return;
        };
        let now = self.registry.tick_now();
        let note = |slot: &Slot<T>| {
            slot.attributes.update(handle.number, &update);
            slot.note_change(now);
        };
        note(slot);
        if let Some((index, number)) = slot.parent()
            && let Some(parent) = slots.find(index, number)
            && parent.inherits.load(Ordering::Relaxed) == 1
        {
            note(parent);
        }
    }

    /// Keeps a poll op, where clients want them.
    fn keep_poll_op(&self, event: &Event<'_>) {
        let mut fields = PollFields::new(&self.resources.names);
        event.record(&mut fields);
        if let (Some(name), Some(is_ready)) = (fields.name, fields.is_ready)
            && let Some(resource) = self.innermost(Kind::Resource)
            && let Some(op) = self.innermost(Kind::AsyncOp)
            && let Some(task) = self.registry.current_task()
        {
            self.resources.poll_ops.add(PollOp {
                name,
                resource: resource.number,
                op: op.number,
                task: task.number,
                is_ready,
            });
        }
    }

    fn note_poll(&self) {
        if let Some((handle, at)) = entered::note_poll(self.resources.address())
            && let Some(op) = self.resources.ops.find(handle.index, handle.number)
        {
            let task = self.registry.current_task().map(|task| task.number);
            op.of_kind.begin_poll(task, at);
            op.note_change(self.registry.tick_now());
        }
    }
}
