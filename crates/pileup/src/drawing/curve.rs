//! The living tasks of a spawn site over the watch, as a picture for a page.

use std::fmt::Write;

use pileup::Finding;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 130.0;
/// Around the curve: for the figures of the axes.
const LEFT: f64 = 48.0;
const BOTTOM: f64 = 20.0;
const TOP: f64 = 10.0;
const RIGHT: f64 = 12.0;

/// Draws the curve of a finding's site over a watch of so many seconds; none where there are
/// fewer than two points.
pub fn write(finding: &Finding, window_seconds: f64) -> Option<String> {
    let points = &finding.alive_over_time;
    if points.len() < 2 || window_seconds <= 0.0 {
        return None;
    }
    let most = points
        .iter()
        .map(|point| point.alive)
        .max()
        .unwrap_or(0)
        .max(1);
    let right = WIDTH - RIGHT;
    let bottom = HEIGHT - BOTTOM;
    let x = |seconds: f64| LEFT + (seconds / window_seconds).clamp(0.0, 1.0) * (right - LEFT);
    let y = |alive: usize| bottom - alive as f64 / most as f64 * (bottom - TOP);
    let mut line = String::new();
    for point in points {
        // Writing to a String does not fail.
        let _ = write!(line, " {:.1},{:.1}", x(point.seconds), y(point.alive));
    }
    let (first, last) = (points.first()?, points.last()?);
    let (from, to) = (x(first.seconds), x(last.seconds));
    let label = format!(
        "living tasks over the watch: {} at first, {} at the end",
        first.alive, last.alive
    );
    Some(format!(
        "<svg class=\"curve\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{label}\">\n\
         <polygon points=\"{from:.1},{bottom}{line} {to:.1},{bottom}\"/>\n\
         <polyline points=\"{}\"/>\n\
         <path d=\"M{LEFT},{TOP} V{bottom} H{right}\"/>\n\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{most}</text>\n\
         <text x=\"{:.1}\" y=\"{bottom}\" text-anchor=\"end\">0</text>\n\
         <text x=\"{LEFT}\" y=\"{:.1}\">0 s</text>\n\
         <text x=\"{right}\" y=\"{:.1}\" text-anchor=\"end\">{window_seconds:.0} s</text>\n\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">alive</text>\n\
         </svg>",
        line.trim_start(),
        LEFT - 6.0,
        TOP + 8.0,
        LEFT - 6.0,
        HEIGHT - 5.0,
        HEIGHT - 5.0,
        f64::midpoint(LEFT, right),
        HEIGHT - 5.0,
    ))
}
