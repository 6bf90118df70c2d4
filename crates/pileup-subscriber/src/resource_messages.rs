//! Resources and async ops as messages.

use console_api as wire;
use console_api::async_ops::{self, AsyncOp as AsyncOpMessage};
use console_api::field::{Name, Value as WireValue};
use console_api::resources::{self, Resource as ResourceMessage, resource};
use pileup_registry::Registry;

use crate::metadata::{Callsite, MetadataIds};
use crate::resources::{AsyncOp, Attribute, NameNumber, Names, PollOp, Resource, Value};
use crate::task_messages::{duration, timestamp};

pub(crate) fn resource(
    names: &Names,
    metadata: MetadataIds,
    resource: &Resource,
) -> ResourceMessage {
    let text = |name: NameNumber| names.name(name).to_owned();
    let kind = match names.name(resource.kind) {
        "timer" => resource::kind::Kind::Known(resource::kind::Known::Timer.into()),
        other => resource::kind::Kind::Other(other.to_owned()),
    };
    let location = resource
        .location
        .map(|(file, line, column)| wire::Location {
            file: Some(text(file)),
            module_path: None,
            line: Some(line),
            column: Some(column),
        });
    ResourceMessage {
        id: Some(resource.id.into()),
        metadata: Some(metadata.of(Callsite::Resource)),
        concrete_type: text(resource.concrete_type),
        kind: Some(resource::Kind { kind: Some(kind) }),
        location,
        parent_resource_id: resource.parent.map(Into::into),
        is_internal: resource.is_internal,
    }
}

pub(crate) fn resource_stats(
    registry: &Registry,
    names: &Names,
    metadata: MetadataIds,
    resource: &Resource,
) -> resources::Stats {
    let exact = |at| timestamp(registry.exact_time(at));
    resources::Stats {
        created_at: Some(exact(resource.life.created)),
        dropped_at: resource.life.dropped.map(exact),
        attributes: attributes(names, metadata.of(Callsite::Resource), &resource.attributes),
    }
}

pub(crate) fn op(names: &Names, metadata: MetadataIds, op: &AsyncOp) -> AsyncOpMessage {
    AsyncOpMessage {
        id: Some(op.id.into()),
        metadata: Some(metadata.of(Callsite::AsyncOp)),
        source: names.name(op.source).to_owned(),
        parent_async_op_id: op.parent.map(Into::into),
        resource_id: Some(op.resource.into()),
    }
}

pub(crate) fn poll_op(names: &Names, metadata: MetadataIds, op: PollOp) -> resources::PollOp {
    resources::PollOp {
        metadata: Some(metadata.of(Callsite::PollOp)),
        resource_id: Some(op.resource.into()),
        name: names.name(op.name).to_owned(),
        task_id: Some(op.task.into()),
        async_op_id: Some(op.op.into()),
        is_ready: op.is_ready,
    }
}

pub(crate) fn op_stats(
    registry: &Registry,
    names: &Names,
    metadata: MetadataIds,
    op: &AsyncOp,
) -> async_ops::Stats {
    let exact = |at| timestamp(registry.exact_time(at));
    let polls = &op.polls;
    let some = |at| (at > 0).then(|| exact(at));
    async_ops::Stats {
        created_at: Some(exact(op.life.created)),
        dropped_at: op.life.dropped.map(exact),
        task_id: op.task.map(Into::into),
        poll_stats: Some(wire::PollStats {
            polls: polls.count,
            first_poll: None,
            last_poll_started: some(polls.began),
            last_poll_ended: some(polls.ended),
            busy_time: Some(duration(polls.busy)),
        }),
        attributes: attributes(names, metadata.of(Callsite::AsyncOp), &op.attributes),
    }
}

fn attributes(
    names: &Names,
    metadata: wire::MetaId,
    attributes: &[Attribute],
) -> Vec<wire::Attribute> {
    let attribute = |attribute: &Attribute| wire::Attribute {
        field: Some(wire::Field {
            metadata_id: Some(metadata),
            name: Some(Name::StrName(names.name(attribute.name).to_owned())),
            value: Some(match attribute.value {
                Value::Bool(value) => WireValue::BoolVal(value),
                Value::Unsigned(value) => WireValue::U64Val(value),
                Value::Signed(value) => WireValue::I64Val(value),
            }),
        }),
        unit: attribute.unit.map(|unit| names.name(unit).to_owned()),
    };
    attributes.iter().map(attribute).collect()
}
