//! What a benchmark is asked for.

use std::env;

/// The arguments, without the one that Cargo adds.
pub fn asked() -> Vec<String> {
    let arguments = env::args().skip(1);
    arguments.filter(|asked| asked != "--bench").collect()
}
