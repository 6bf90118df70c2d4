//! The live tasks of a spawn site over the watch, as one word for a terminal.

use crate::AliveAt;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// How many bars there are at most.
const MOST: usize = 8;

/// Draws the points, evenly over the watch; empty where there are fewer than two.
pub fn write(points: &[AliveAt]) -> String {
    let Some(most) = points.iter().map(|point| point.alive).max() else {
        return String::new();
    };
    if points.len() < 2 {
        return String::new();
    }
    let bars = points.len().min(MOST);
    let picked = (0..bars).map(|bar| points[bar * (points.len() - 1) / (bars - 1)].alive);
    picked
        .map(|alive| BARS[alive * (BARS.len() - 1) / most.max(1)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(alive: &[usize]) -> String {
        let points = alive.iter().map(|alive| AliveAt {
            seconds: 0.0,
            alive: *alive,
        });
        write(&points.collect::<Vec<_>>())
    }

    #[test]
    fn a_pile_grows_from_the_lowest_bar_to_the_highest() {
        assert_eq!(drawn(&[0, 10, 20, 30, 40, 50, 60, 70]), "▁▂▃▄▅▆▇█");
        assert_eq!(drawn(&(0..61).collect::<Vec<_>>()), "▁▁▂▃▄▅▆█");
        assert_eq!(drawn(&[0, 0]), "▁▁");
        assert_eq!(drawn(&[3]), "");
        assert_eq!(drawn(&[]), "");
    }
}
