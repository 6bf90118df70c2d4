//! Live tasks as counted stacks, in the forms that the tools around pprof read: the
//! protobuf of `go tool pprof`, Pyroscope, Parca and Alloy, and the two texts that
//! `net/http/pprof` gives with `debug=1` and `debug=2`.
//!
//! It writes to what it is given, and opens nothing.

mod age_class;
mod difference;
mod grouped;
mod pprof;
mod profile;
mod task_line;
mod waits;

pub use age_class::{AGE_CLASSES, age_class};
pub use profile::{CountedStack, Frame, Labels, Profile, ProfileKind};
pub use task_line::TaskLine;
pub use waits::{WITHOUT_WAKER, Waiting, other_waits};
