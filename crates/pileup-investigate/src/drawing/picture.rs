//! Labelled nodes and arrows as a picture, laid out here: no Graphviz is needed.

use layout::core::base::Orientation;
use layout::core::geometry::Point;
use layout::core::style::{LineStyleKind, StyleAttr};
use layout::std_shapes::shapes::{Arrow, Element, LineEndKind, ShapeKind};
use layout::topo::layout::VisualGraph;
use textwrap::core::display_width;

use super::canvas::{CHARACTER, Canvas, EDGE_CHARACTER, LINE, LegendShape, TEXT};

/// Lines of a label that are longer break after the last folder of their path.
const LONG: usize = 30;
/// Around the text of a node: twice the room at an end, and an ellipse takes more.
const PADDING: f64 = 24.0;
const ELLIPSE: f64 = 1.25;

/// What is to be drawn.
#[derive(Debug)]
pub struct Picture {
    /// What it shows: written above it, and read to those who cannot see it.
    pub title: String,
    pub nodes: Vec<PictureNode>,
    pub edges: Vec<PictureEdge>,
    /// Whether arrows go down rather than to the right.
    pub downwards: bool,
    /// A line below it.
    pub remark: Option<String>,
    /// What the shapes stand for, below all that.
    pub legend: Vec<(LegendShape, &'static str)>,
}

#[derive(Debug)]
pub struct PictureNode {
    pub label: String,
    pub is_round: bool,
    /// As the style sheet names it.
    pub class: String,
    /// The size of its text, where that shows its weight.
    pub font_size: Option<usize>,
}

#[derive(Debug)]
pub struct PictureEdge {
    pub from: usize,
    pub to: usize,
    pub label: String,
    pub class: String,
}

impl Picture {
    /// Draws it as SVG.
    pub fn draw(self) -> String {
        let mut canvas = Canvas::default();
        if !self.nodes.is_empty() {
            self.lay_out(&mut canvas);
        }
        if let Some(remark) = &self.remark {
            canvas.say(remark);
        }
        canvas.legend(&self.legend);
        canvas.picture(&self.title)
    }

    fn lay_out(&self, canvas: &mut Canvas) {
        let direction = if self.downwards {
            Orientation::TopToBottom
        } else {
            Orientation::LeftToRight
        };
        let look = StyleAttr {
            font_size: EDGE_CHARACTER,
            ..StyleAttr::simple()
        };
        let mut visual = VisualGraph::new(direction);
        let mut handles = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let label = broken(&node.label);
            let size = size(node, &label);
            let shape = if node.is_round {
                ShapeKind::Circle(label)
            } else {
                ShapeKind::Box(label)
            };
            let class = node.class.clone();
            let look = StyleAttr {
                font_size: node.font_size.unwrap_or(TEXT),
                ..StyleAttr::simple()
            };
            let node = Element::create_with_properties(shape, look, direction, size, class);
            handles.push(visual.add_node(node));
        }
        for edge in &self.edges {
            let arrow = Arrow::with_properties(
                LineEndKind::None,
                LineEndKind::Arrow,
                LineStyleKind::Normal,
                &edge.label,
                &look,
                edge.class.clone(),
                &None,
                &None,
            );
            visual.add_edge(arrow, handles[edge.from], handles[edge.to]);
        }
        visual.do_it(false, false, false, canvas);
    }
}

fn size(node: &PictureNode, label: &str) -> Point {
    let longest = label.lines().map(display_width).max().unwrap_or(0);
    let scale = node.font_size.unwrap_or(TEXT) as f64 / TEXT as f64;
    let width = longest as f64 * CHARACTER * scale + PADDING;
    let height = label.lines().count() as f64 * LINE * scale + PADDING;
    if node.is_round {
        Point::new(width * ELLIPSE, height * ELLIPSE)
    } else {
        Point::new(width, height)
    }
}

fn broken(label: &str) -> String {
    let lines = label.lines().map(|line| match line.rfind('/') {
        Some(folder) if display_width(line) > LONG => {
            let (folder, file) = line.split_at(folder + 1);
            format!("{folder}\n{file}")
        }
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_breaks_before_its_file() {
        assert_eq!(
            broken("tasks of\nscenarios/lock-order/src/leaky.rs:40:5"),
            "tasks of\nscenarios/lock-order/src/\nleaky.rs:40:5"
        );
        assert_eq!(
            broken("Mutex of\nsrc/bank.rs:4:5"),
            "Mutex of\nsrc/bank.rs:4:5"
        );
    }
}
