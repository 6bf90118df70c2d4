//! The live tasks of a spawn site over the watch, as a picture for a page.

use std::fmt::Write;

use crate::Finding;

use pileup_report::words;

/// The picture is stretched to its place on the page; what is written at it is not.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 100.0;

/// Draws the curve of a finding's site over a watch of `window_seconds`; none where there are
/// fewer than two points.
pub fn write(finding: &Finding, window_seconds: f64) -> Option<String> {
    let points = &finding.alive_over_time;
    let (first, last) = (points.first()?, points.last()?);
    if points.len() < 2 || window_seconds <= 0.0 {
        return None;
    }
    let most = points.iter().map(|point| point.alive).max()?.max(1);
    let x = |seconds: f64| (seconds / window_seconds).clamp(0.0, 1.0) * WIDTH;
    let y = |alive: usize| (1.0 - alive as f64 / most as f64) * HEIGHT;
    let mut line = String::new();
    for point in points {
        // Writing to a String does not fail.
        let _ = write!(line, " {:.1},{:.1}", x(point.seconds), y(point.alive));
    }
    let (from, to) = (x(first.seconds), x(last.seconds));
    Some(format!(
        "<figure class=\"curve\" role=\"img\" aria-label=\"live tasks over the watch: {} at \
         first, {} at the end\">\n\
         <div><span>{most} alive</span><span>0</span></div>\n\
         <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\">\n\
         <polygon points=\"{from:.1},{HEIGHT}{line} {to:.1},{HEIGHT}\"/>\n\
         <polyline points=\"{}\"/>\n</svg>\n\
         <div><span>0 s</span><span>{}</span></div>\n</figure>",
        first.alive,
        last.alive,
        line.trim_start(),
        words::seconds(window_seconds),
    ))
}
