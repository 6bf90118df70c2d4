//! How sure a finding is.

use serde::{Deserialize, Serialize};

/// How sure a finding is.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Unusual, and not proven.
    Suspicious,
    /// The live tasks of a spawn site grow, and its old ones do not finish.
    Probable,
    /// The tasks cannot wake any more.
    Certain,
}
