//! The wait-for graph as a picture, laid out here: no Graphviz is needed.

use layout::core::base::Orientation;
use layout::core::geometry::Point;
use layout::core::style::{LineStyleKind, StyleAttr};
use layout::std_shapes::shapes::{Arrow, Element, LineEndKind, ShapeKind};
use layout::topo::layout::VisualGraph;
use pileup_diagnosis::{Graph, Node};
use textwrap::core::display_width;

use super::canvas::{CHARACTER, Canvas, LINE};
use super::dot;
use super::excerpt::excerpt;

/// Lines of a label that are longer break after the last folder of their path.
const LONG: usize = 30;
/// A picture of more shows nothing.
const MOST_NODES: usize = 60;
/// Around the text of a node: twice the room at an end, and an ellipse takes more.
const PADDING: f64 = 24.0;
const ELLIPSE: f64 = 1.25;
/// What the layout takes for the width of a character in the label of an edge.
const EDGE_CHARACTER: usize = 8;

/// Draws the graph. One without nodes is a picture that says so, and of one with very many
/// the picture has what matters most.
pub fn write(whole: &Graph) -> String {
    let graph = &excerpt(whole, MOST_NODES);
    let mut canvas = Canvas::default();
    if graph.nodes.is_empty() {
        canvas.say("no task waits for a lock, a permit or room in a channel");
        return canvas.picture();
    }
    // Chains read like the rows of a table; a circle has more room from top to bottom.
    let direction = if graph.edges.iter().any(|edge| edge.in_cycle) {
        Orientation::TopToBottom
    } else {
        Orientation::LeftToRight
    };
    let look = StyleAttr {
        font_size: EDGE_CHARACTER,
        ..StyleAttr::simple()
    };
    let mut visual = VisualGraph::new(direction);
    let mut handles = Vec::with_capacity(graph.nodes.len());
    for (number, node) in graph.nodes.iter().enumerate() {
        let label = broken(&dot::label(node));
        let size = size(node, &label);
        let shape = match node {
            Node::Resource { .. } => ShapeKind::Circle(label),
            _ => ShapeKind::Box(label),
        };
        let mut class = "node".to_owned();
        if graph.is_in_cycle(number) {
            class.push_str(" circle");
        }
        if matches!(node, Node::Ended(_) | Node::UnknownHolder) {
            class.push_str(" ended");
        }
        let node = Element::create_with_properties(shape, look.clone(), direction, size, class);
        handles.push(visual.add_node(node));
    }
    for edge in &graph.edges {
        let arrow = Arrow::with_properties(
            LineEndKind::None,
            LineEndKind::Arrow,
            LineStyleKind::Normal,
            &dot::edge_label(edge),
            &look,
            if edge.in_cycle { "edge circle" } else { "edge" },
            &None,
            &None,
        );
        visual.add_edge(arrow, handles[edge.from], handles[edge.to]);
    }
    visual.do_it(false, false, false, &mut canvas);
    let left_out = whole.nodes.len() - graph.nodes.len();
    if left_out > 0 {
        canvas.say(&format!("and {left_out} more: pileup graph --format dot"));
    }
    canvas.picture()
}

fn size(node: &Node, label: &str) -> Point {
    let longest = label.lines().map(display_width).max().unwrap_or(0);
    let width = longest as f64 * CHARACTER + PADDING;
    let height = label.lines().count() as f64 * LINE + PADDING;
    match node {
        Node::Resource { .. } => Point::new(width * ELLIPSE, height * ELLIPSE),
        _ => Point::new(width, height),
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
    use pileup_diagnosis::{Edge, Relation, WaitKind};
    use pileup_model::Site;

    use super::*;

    fn futurelock() -> Graph {
        let site = Some(Site {
            file: "src/<b>\"&/order.rs".into(),
            line: 36,
            column: 5,
        });
        let edge = |from, to, relation| Edge {
            from,
            to,
            relation,
            count: 35,
            in_cycle: true,
        };
        Graph {
            nodes: vec![
                Node::Tasks(site.clone()),
                Node::Resource {
                    kind: WaitKind::Mutex,
                    r#type: "Mutex".to_owned(),
                    site,
                },
            ],
            edges: vec![
                edge(0, 1, Relation::WaitsFor),
                edge(1, 0, Relation::GrantedTo),
            ],
        }
    }

    #[test]
    fn a_circle_is_a_picture_of_its_own_size() {
        insta::assert_snapshot!(write(&futurelock()));
    }

    #[test]
    fn nothing_to_draw_is_said() {
        let picture = write(&Graph::default());
        assert!(picture.contains("no task waits"), "{picture}");
    }

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

    #[test]
    fn what_does_not_fit_is_counted() {
        let mut graph = futurelock();
        for line in 0..100 {
            let site = Some(Site {
                file: "src/more.rs".into(),
                line,
                column: 1,
            });
            graph.nodes.push(Node::Tasks(site));
            graph.edges.push(Edge {
                from: graph.nodes.len() - 1,
                to: 1,
                relation: Relation::WaitsFor,
                count: 1,
                in_cycle: false,
            });
        }
        let picture = write(&graph);
        assert!(picture.contains("and 42 more"), "{picture}");
        assert!(picture.contains("granted, not polled"), "{picture}");
    }
}
