//! What the tasks of a finding wait for.

use pileup_model::WaitKind;
use serde::{Deserialize, Serialize};

use super::wait_graph::Wait;

/// What tasks wait for.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WaitsOn {
    /// The kind of wait.
    pub kind: WaitKind,
    /// The resource, where user code made it: the inner parts of a channel have no place.
    pub resource: Option<WaitedFor>,
}

impl WaitsOn {
    pub(crate) fn of(wait: &Wait) -> Self {
        Self {
            kind: wait.kind,
            resource: wait.resource.site.as_ref().map(|site| WaitedFor {
                r#type: wait.resource.concrete_type.to_string(),
                file: site.file.to_string(),
                line: site.line,
                column: site.column,
            }),
        }
    }
}

/// A resource that tasks wait for.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WaitedFor {
    /// Its type, such as `Mutex`.
    pub r#type: String,
    /// Where it was made: the file.
    pub file: String,
    /// Where it was made: the line, counted from 1.
    pub line: u32,
    /// Where it was made: the column, counted from 1. 0 in reports of version 1.
    #[serde(default)]
    pub column: u32,
}
