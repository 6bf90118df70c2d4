//! Figures that were measured several times.

use std::fmt;

/// The median of a figure, with the least and the most.
#[derive(Clone, Copy)]
pub struct Figure {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Figure {
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        Self {
            median: at(values.len() / 2),
            least: at(0),
            most: at(values.len().saturating_sub(1)),
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            median,
            least,
            most,
        } = self;
        let digits = formatter.precision().unwrap_or(2);
        let width = formatter.width().unwrap_or_default();
        let text = format!("{median:.digits$} ({least:.digits$} to {most:.digits$})");
        // `pad` would take the precision for the longest that the text may be.
        write!(formatter, "{text:>width$}")
    }
}

/// Prints a figure beside its goal.
pub fn goal(what: &str, reached: Figure, unit: &str, most: f64) {
    let verdict = if reached.median <= most {
        "reached"
    } else {
        "missed"
    };
    println!("goal {verdict}: {what} {reached} {unit}, wanted at most {most} {unit}");
}
