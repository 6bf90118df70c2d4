//! The layer that sees Tokio's spans and events of resources.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use pileup_registry::Registry;
use tracing_core::span::{Attributes as SpanAttributes, Id};
use tracing_core::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::entered::{self, Entered};
use super::visit::{PollFields, SpanFields, UpdateFields};
use super::{AsyncOp, Attributes, Life, PollOp, Resource, Resources};

const RESOURCE: &str = "runtime.resource";
const ASYNC_OP: &str = "runtime.resource.async_op";
const POLL_OP: &str = "runtime::resource::poll_op";
const RESOURCE_STATE: &str = "runtime::resource::state_update";
const OP_STATE: &str = "runtime::resource::async_op::state_update";

/// Takes Tokio's resources and async ops into the table of them.
pub(crate) struct ResourceLayer {
    pub(crate) registry: Arc<Registry>,
    pub(crate) resources: Arc<Resources>,
}

/// Which spans and events it needs. The span of each poll is not among them: an event says as much.
pub(crate) fn is_of_resources(metadata: &Metadata<'_>) -> bool {
    if metadata.is_span() {
        matches!(metadata.name(), RESOURCE | ASYNC_OP)
    } else {
        matches!(metadata.target(), POLL_OP | RESOURCE_STATE | OP_STATE)
    }
}

impl ResourceLayer {
    fn life(&self) -> Life {
        Life::new(self.registry.tick_now(), self.registry.now())
    }

    fn resource(&self, mut fields: SpanFields) -> Option<Arc<Resource>> {
        let resource = Arc::new(Resource {
            id: self.resources.next_id(),
            location: fields.location(),
            concrete_type: fields.concrete_type?,
            kind: fields.kind?,
            is_internal: fields.is_internal,
            parent: entered::resource(),
            life: self.life(),
            attributes: Attributes::default(),
            inherits: fields.inherits,
        });
        self.resources.add_resource(&resource);
        Some(resource)
    }

    fn op(&self, fields: SpanFields, resource: Arc<Resource>) -> Option<Arc<AsyncOp>> {
        let op = Arc::new(AsyncOp {
            id: self.resources.next_id(),
            resource,
            source: fields.source?,
            parent: entered::op(),
            life: self.life(),
            attributes: Attributes::default(),
            task: AtomicU64::new(0),
            polls: AtomicU64::new(0),
            poll_began: AtomicU64::new(0),
            poll_ended: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            inherits: fields.inherits,
        });
        self.resources.add_op(&op);
        Some(op)
    }

    /// An event changes an attribute of the innermost resource.
    fn update_resource(&self, event: &Event<'_>) {
        let mut fields = UpdateFields::default();
        event.record(&mut fields);
        let (Some(update), Some(resource)) = (fields.update(), entered::resource()) else {
            return;
        };
        let now = self.registry.tick_now();
        resource.attributes.update(resource.id, &update);
        resource.life.note_change(now);
        if let Some(parent) = resource.parent.as_ref().filter(|parent| parent.inherits) {
            parent.attributes.update(resource.id, &update);
            parent.life.note_change(now);
        }
    }

    /// An event changes an attribute of the innermost async op.
    fn update_op(&self, event: &Event<'_>) {
        let mut fields = UpdateFields::default();
        event.record(&mut fields);
        let (Some(update), Some(op)) = (fields.update(), entered::op()) else {
            return;
        };
        let now = self.registry.tick_now();
        op.attributes.update(op.id, &update);
        op.life.note_change(now);
        if let Some(parent) = op.parent.as_ref().filter(|parent| parent.inherits) {
            parent.attributes.update(op.id, &update);
            parent.life.note_change(now);
        }
    }

    /// Keeps a poll op, where clients want them.
    fn keep_poll_op(&self, event: &Event<'_>) {
        let poll_ops = &self.resources.poll_ops;
        let mut fields = PollFields::new(&poll_ops.names);
        event.record(&mut fields);
        if let (Some(name), Some(is_ready)) = (fields.name, fields.is_ready)
            && let Some((resource, op)) = entered::ids()
            && let Some(task) = self.registry.current_task()
        {
            poll_ops.add(PollOp {
                name,
                resource,
                op,
                task: task.number,
                is_ready,
            });
        }
    }

    fn note_poll(&self) {
        if let Some((op, at)) = entered::note_poll() {
            let task = self.registry.current_task().map(|task| task.number);
            op.begin_poll(task, at);
            op.life.note_change(self.registry.tick_now());
        }
    }
}

impl<S> Layer<S> for ResourceLayer
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_new_span(&self, attributes: &SpanAttributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = SpanFields::default();
        attributes.record(&mut fields);
        if attributes.metadata().name() == RESOURCE {
            if let Some(resource) = self.resource(fields) {
                span.extensions_mut().insert(resource);
            }
            return;
        }
        // The op of a `Sleep` names its resource as its parent; the others are made in it.
        let parent = attributes.parent().and_then(|parent| context.span(parent));
        let named = parent.and_then(|parent| parent.extensions().get::<Arc<Resource>>().cloned());
        if let Some(resource) = named.or_else(entered::resource)
            && let Some(op) = self.op(fields, resource)
        {
            span.extensions_mut().insert(op);
        }
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        match event.metadata().target() {
            POLL_OP => {
                self.note_poll();
                if self.resources.poll_ops.are_kept() {
                    self.keep_poll_op(event);
                }
            }
            RESOURCE_STATE => self.update_resource(event),
            OP_STATE => self.update_op(event),
            _ => {}
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let extensions = span.extensions();
        if let Some(resource) = extensions.get::<Arc<Resource>>() {
            entered::push(Entered::Resource(Arc::clone(resource)));
        } else if let Some(op) = extensions.get::<Arc<AsyncOp>>() {
            entered::push(Entered::Op {
                op: Arc::clone(op),
                is_polled: false,
                at: self.registry.now(),
            });
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let extensions = span.extensions();
        if let Some(resource) = extensions.get::<Arc<Resource>>() {
            entered::pop_resource(resource);
        } else if let Some(op) = extensions.get::<Arc<AsyncOp>>()
            && entered::pop_op(op)
        {
            op.end_poll(self.registry.now());
            op.life.note_change(self.registry.tick_now());
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else {
            return;
        };
        let extensions = span.extensions();
        let (at, now) = (self.registry.now(), self.registry.tick_now());
        if let Some(resource) = extensions.get::<Arc<Resource>>() {
            self.resources.drop_resource(resource, at, now);
        } else if let Some(op) = extensions.get::<Arc<AsyncOp>>() {
            self.resources.drop_op(op, at, now);
        }
    }
}
