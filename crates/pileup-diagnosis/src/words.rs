//! Figures as people read them.

use std::time::Duration;

/// A length of time, such as `40 ms`, `11.8 s` or `3.0 min`.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        ..1.0 => format!("{:.0} ms", seconds * 1e3),
        1.0..120.0 => format!("{seconds:.1} s"),
        120.0..7200.0 => format!("{:.1} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

/// A count with its noun, such as `1 task` or `5 tasks`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// So many tasks wait, as the start of a sentence.
pub(crate) fn tasks_wait(number: usize) -> String {
    match number {
        1 => "1 task waits".to_owned(),
        _ => format!("{number} tasks wait"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_the_unit_that_fits() {
        assert_eq!(span(Duration::from_millis(40)), "40 ms");
        assert_eq!(span(Duration::from_millis(11_830)), "11.8 s");
        assert_eq!(span(Duration::from_secs(180)), "3.0 min");
        assert_eq!(span(Duration::from_secs(7200)), "2.0 h");
    }
}
