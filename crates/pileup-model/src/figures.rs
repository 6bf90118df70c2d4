//! Figures as people read them: the one place where durations, rates, sizes and plurals are
//! made.

use std::time::Duration;

/// The units of rates, in minutes.
const UNITS: [(f64, &str); 3] = [(1.0, "a minute"), (60.0, "an hour"), (1440.0, "a day")];

/// A length of time in one unit, or in the two largest: `40 ms`, `11.8 s`, `30 s`, `3 min 5 s`,
/// `1 d 2 h`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        return format!("{} ms", duration.as_millis());
    }
    let tenths = (duration.as_millis() + 50) / 100;
    if tenths < 1200 {
        return match (tenths / 10, tenths % 10) {
            (seconds, 0) => format!("{seconds} s"),
            (seconds, tenth) => format!("{seconds}.{tenth} s"),
        };
    }
    let whole = duration.as_secs();
    let (larger, smaller) = match whole {
        ..3600 => ((whole / 60, "min"), (whole % 60, "s")),
        3600..86_400 => ((whole / 3600, "h"), (whole % 3600 / 60, "min")),
        _ => ((whole / 86_400, "d"), (whole % 86_400 / 3600, "h")),
    };
    match smaller {
        (0, _) => format!("{} {}", larger.0, larger.1),
        _ => format!("{} {} {} {}", larger.0, larger.1, smaller.0, smaller.1),
    }
}

/// A count with its noun, such as `1 task`, `5 tasks` or `5 Mutexes`.
#[must_use]
pub fn count(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ if noun.ends_with('x') => format!("{number} {noun}es"),
        _ => format!("{number} {noun}s"),
    }
}

/// How often something happened.
#[must_use]
pub fn times(number: u64) -> String {
    match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{number} times"),
    }
}

/// How fast something grows, with its sign, such as `+143/min`, `-2/h` or `0/min`: in the
/// smallest unit of minutes, hours and days in which it is at least 1.
#[must_use]
pub fn rate(per_minute: f64) -> String {
    let (amount, unit) = in_unit(per_minute);
    let short = ["/min", "/h", "/d"][unit];
    if amount == 0.0 {
        return format!("0{short}");
    }
    format!("{amount:+.0}{short}")
}

/// How often something happens, such as `53 a minute` or `2 an hour`.
#[must_use]
pub fn per(per_minute: f64) -> String {
    let (amount, unit) = in_unit(per_minute);
    format!("{amount:.0} {}", UNITS[unit].1)
}

/// How fast a number of bytes grows, such as `9.1 KiB a minute` or `40 B an hour`.
#[must_use]
pub fn size_per(bytes_per_minute: f64) -> String {
    let (_, unit) = in_unit(bytes_per_minute);
    let (minutes, name) = UNITS[unit];
    format!("{} {name}", size(bytes_per_minute * minutes))
}

/// A rate as a rounded number, and the number of its unit: minute, hour or day.
fn in_unit(per_minute: f64) -> (f64, usize) {
    let amounts = UNITS.map(|(minutes, _)| (per_minute * minutes).round());
    let fits = amounts.iter().position(|amount| amount.abs() >= 1.0);
    match fits {
        Some(unit) => (amounts[unit], unit),
        None => (0.0, 0),
    }
}

/// A number of bytes, such as `512 B`, `9.1 KiB` or `3.0 MiB`.
#[must_use]
pub fn size(bytes: f64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024.0 {
        return format!("{bytes:.0} B");
    }
    let mut amount = bytes / 1024.0;
    let mut unit = units[0];
    for larger in &units[1..] {
        if amount < 1024.0 {
            break;
        }
        amount /= 1024.0;
        unit = larger;
    }
    format!("{amount:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_the_units_that_fit() {
        for (seconds, text) in [
            (0.0, "0 ms"),
            (0.04, "40 ms"),
            (0.9999, "999 ms"),
            (1.0, "1 s"),
            (11.83, "11.8 s"),
            (30.04, "30 s"),
            (3.96, "4 s"),
            (119.9, "119.9 s"),
            (119.99, "1 min 59 s"),
            (120.0, "2 min"),
            (185.0, "3 min 5 s"),
            (7200.0, "2 h"),
            (86_400.0, "1 d"),
            (93_600.0, "1 d 2 h"),
            (40.0 * 86_400.0, "40 d"),
        ] {
            assert_eq!(duration(Duration::from_secs_f64(seconds)), text);
        }
    }

    #[test]
    fn sizes_have_the_unit_that_fits() {
        for (bytes, text) in [
            (512.0, "512 B"),
            (9318.0, "9.1 KiB"),
            (3.0 * 1024.0 * 1024.0, "3.0 MiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn a_slow_rate_has_a_unit_of_its_own() {
        for (per_minute, short, long) in [
            (142.6, "+143/min", "143 a minute"),
            (0.05, "+3/h", "3 an hour"),
            (0.001, "+1/d", "1 a day"),
            (-4.0, "-4/min", "-4 a minute"),
            (0.0, "0/min", "0 a minute"),
        ] {
            assert_eq!(rate(per_minute), short);
            assert_eq!(per(per_minute), long);
        }
        assert_eq!(size_per(9318.0), "9.1 KiB a minute");
        assert_eq!(size_per(0.25), "15 B an hour");
    }
}
