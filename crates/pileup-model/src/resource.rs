//! Resources: what tasks share and wait for.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Site;

/// Names a resource among the live ones of one program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResourceId(pub u64);

/// A mutex, a semaphore, a oneshot channel, a timer: whatever Tokio instruments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Its id in the console protocol.
    pub id: ResourceId,
    /// The resource that it is a part of, such as the `Mutex` of an inner `Semaphore`.
    pub parent: Option<ResourceId>,
    /// Its type, such as `Mutex` or `Sender|Receiver`.
    pub concrete_type: Arc<str>,
    /// Whether it is a part of another one rather than something that user code made.
    pub is_internal: bool,
    /// Where it was made.
    pub site: Option<Site>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was dropped.
    pub dropped_at: Option<Timestamp>,
    /// Its state, such as `locked` or `permits`: the last value of each.
    pub attributes: Vec<Attribute>,
}

/// One named value of a resource or an async op.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// The name, such as `permits`.
    pub name: Arc<str>,
    /// The value.
    pub value: AttributeValue,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AttributeValue {
    /// Yes or no.
    Bool(bool),
    /// A count.
    Unsigned(u64),
    /// A number that may be negative.
    Signed(i64),
    /// Anything else, as text.
    Text(Arc<str>),
}

impl Resource {
    /// The value of an attribute, if the resource has it.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&AttributeValue> {
        find(&self.attributes, name)
    }
}

pub(crate) fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a AttributeValue> {
    let found = attributes.iter().find(|attribute| &*attribute.name == name);
    found.map(|attribute| &attribute.value)
}
