//! What Tokio's spans and events say of resources and async ops.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pileup_registry::{Nanos, Registry};
use tracing_core::span::Attributes as SpanAttributes;
use tracing_core::{Event, Metadata};

use super::entered;
use super::names::NameNumber;
use super::slots::{Slot, Slots};
use super::span_id::{Kind, SpanId};
use super::visit::{NamesIn, PollFields, SpanFields, UpdateFields};
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

/// What an event of a resource or an async op says.
#[derive(Clone, Copy)]
pub(super) enum EventKind {
    /// An async op was polled.
    PollOp,
    /// An attribute of the innermost resource changes.
    ResourceState,
    /// An attribute of the innermost async op changes.
    OpState,
}

impl EventKind {
    /// None for other events.
    #[inline]
    pub(super) fn of(metadata: &Metadata<'_>) -> Option<Self> {
        match metadata.target() {
            POLL_OP => Some(Self::PollOp),
            RESOURCE_STATE => Some(Self::ResourceState),
            OP_STATE => Some(Self::OpState),
            _ => None,
        }
    }
}

/// Whether this span or event is of a resource or an async op. The span of each poll is not among
/// them: an event says as much.
#[inline]
pub(crate) fn is_of_resources(metadata: &Metadata<'_>) -> bool {
    if metadata.is_span() {
        is_span_of_resources(metadata)
    } else {
        EventKind::of(metadata).is_some()
    }
}

/// Whether this span is of a resource or an async op.
#[inline]
pub(super) fn is_span_of_resources(metadata: &Metadata<'_>) -> bool {
    matches!(metadata.name(), RESOURCE | ASYNC_OP)
}

/// Whether this is the span of a poll of an async op.
pub(super) fn is_poll_span(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.name() == POLL
}

impl ResourceEvents {
    /// A span is opened. `parent` is its parent span, where it names one of these. Gives its id;
    /// none where it says too little or there is no room.
    pub(super) fn open(
        &self,
        attributes: &SpanAttributes<'_>,
        parent: Option<SpanId>,
    ) -> Option<SpanId> {
        let mut fields = SpanFields::new(self.names_in(attributes.metadata()));
        attributes.record(&mut fields);
        if attributes.metadata().name() == RESOURCE {
            return self.open_resource(&fields);
        }
        // The op of a `Sleep` names its resource as its parent; the others are made in it.
        let named = parent.filter(|parent| parent.kind() == Kind::Resource);
        self.open_op(&fields, named.or_else(|| self.innermost(Kind::Resource))?)
    }

    fn open_resource(&self, fields: &SpanFields<'_>) -> Option<SpanId> {
        let (concrete_type, kind) = (fields.concrete_type?, fields.kind?);
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
        let things = &self.resources.things;
        let (span, _) = self.insert(things, Kind::Resource, fields.inherits, fill)?;
        Some(span)
    }

    fn open_op(&self, fields: &SpanFields<'_>, resource: SpanId) -> Option<SpanId> {
        let source = fields.source?;
        let number = self.resources.things.find(resource)?.number();
        let fill = |words: &OpWords| {
            words.resource.store(number, Ordering::Relaxed);
            words
                .resource_index
                .store(resource.index(), Ordering::Relaxed);
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
        let ops = &self.resources.ops;
        let (span, created) = self.insert(ops, Kind::AsyncOp, fields.inherits, fill)?;
        entered::note_made(span, created);
        Some(span)
    }

    /// Adds something new, as a part of the innermost thing of its kind, and gives its span and the
    /// time.
    fn insert<T: Default>(
        &self,
        slots: &Slots<T>,
        kind: Kind,
        inherits: bool,
        fill: impl FnOnce(&T),
    ) -> Option<(SpanId, Nanos)> {
        let parent = self.innermost(kind);
        let parent = parent.and_then(|parent| Some((parent, slots.find(parent)?.number())));
        let created = self.registry.now();
        let number = self.resources.next_number();
        let index = slots.insert(number, |slot| {
            slot.begin(self.registry.tick_now(), created);
            slot.set_parent(parent);
            slot.inherits.store(inherits.into(), Ordering::Relaxed);
            fill(&slot.of_kind);
        })?;
        Some((SpanId::new(kind, index, number), created))
    }

    #[inline]
    pub(super) fn enter(&self, span: SpanId) {
        entered::push(self.resources.address(), span, || self.registry.now());
    }

    #[inline]
    pub(super) fn exit(&self, span: SpanId) {
        if entered::pop(self.resources.address(), span)
            && let Some(op) = self.resources.ops.find(span)
        {
            op.of_kind.end_poll(self.registry.now());
            op.note_change(self.registry.tick_now());
        }
    }

    /// The last handle of a span is gone.
    pub(super) fn close(&self, span: SpanId) {
        let (at, now) = (self.registry.now(), self.registry.tick_now());
        match span.kind() {
            Kind::Resource => self.resources.things.drop_one(span.index(), at, now),
            Kind::AsyncOp => self.resources.ops.drop_one(span.index(), at, now),
        }
    }

    #[inline]
    pub(super) fn event(&self, kind: EventKind, event: &Event<'_>) {
        match kind {
            EventKind::PollOp => {
                self.note_poll();
                if self.resources.poll_ops.are_kept() {
                    self.keep_poll_op(event);
                }
            }
            EventKind::ResourceState => self.update(&self.resources.things, Kind::Resource, event),
            EventKind::OpState => self.update(&self.resources.ops, Kind::AsyncOp, event),
        }
    }

    fn names_in(&self, metadata: &Metadata<'_>) -> NamesIn<'_> {
        NamesIn::new(&self.resources.names, metadata)
    }

    #[inline]
    fn innermost(&self, kind: Kind) -> Option<SpanId> {
        entered::innermost(self.resources.address(), kind)
    }

    /// An event changes an attribute of the innermost resource or async op.
    fn update<T: Default>(&self, slots: &Slots<T>, kind: Kind, event: &Event<'_>) {
        let mut fields = UpdateFields::new(self.names_in(event.metadata()));
        event.record(&mut fields);
        // It lives, as its span is entered; and what it is a part of lives for longer.
        let (Some(update), Some(slot)) = (
            fields.update(),
            self.innermost(kind).and_then(|span| slots.find(span)),
        ) else {
            return;
        };
        let (number, now) = (slot.number(), self.registry.tick_now());
        let note = |slot: &Slot<T>| {
            slot.attributes.update(number, &update);
            slot.note_change(now);
        };
        note(slot);
        if let Some(parent) = slot.parent_span()
            && let Some(parent) = slots.find(parent)
            && parent.inherits.load(Ordering::Relaxed) == 1
        {
            note(parent);
        }
    }

    /// Keeps a poll op, where clients want them.
    fn keep_poll_op(&self, event: &Event<'_>) {
        let mut fields = PollFields::new(self.names_in(event.metadata()));
        event.record(&mut fields);
        if let (Some(name), Some(is_ready)) = (fields.name, fields.is_ready)
            && let Some(resource) = self.innermost(Kind::Resource)
            && let Some(resource) = self.resources.things.find(resource)
            && let Some(op) = self.innermost(Kind::AsyncOp)
            && let Some(op) = self.resources.ops.find(op)
            && let Some(task) = self.registry.current_task()
        {
            self.resources.poll_ops.add(PollOp {
                name,
                resource: resource.number(),
                op: op.number(),
                task: task.number,
                is_ready,
            });
        }
    }

    fn note_poll(&self) {
        if let Some((span, at)) = entered::note_poll(self.resources.address())
            && let Some(op) = self.resources.ops.find(span)
        {
            let task = self.registry.current_task().map(|task| task.number);
            op.of_kind.begin_poll(task, at);
            op.note_change(self.registry.tick_now());
        }
    }
}
