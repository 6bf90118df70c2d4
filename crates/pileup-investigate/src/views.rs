//! The views that pprof users know, of the latest snapshot of a watch.

pub mod profile;
pub mod tasks;
pub mod tasks_json;
pub mod top;
