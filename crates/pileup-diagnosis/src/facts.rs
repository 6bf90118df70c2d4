//! What was seen and what speaks against a claim, each as a value with its figures and as a
//! sentence. It knows nothing of how a fact is found.

mod doubt;
mod evidence;
mod grade;
mod in_common;
mod seconds;
mod sentences;
mod wait_for;

pub use self::doubt::Doubt;
pub(crate) use self::doubt::grade;
pub use self::evidence::{CountedWait, Evidence, OtherSide, ThreadsAlike, Unseen, WakersNow};
pub use self::grade::Grade;
pub use self::in_common::InCommon;
pub use self::seconds::Seconds;
pub use self::wait_for::WaitFor;
