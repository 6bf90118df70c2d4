//! The wait-for graph as a picture.

use pileup_diagnosis::Graph;

use super::canvas::LegendShape;
use super::dot::{self, Sample};
use super::excerpt::excerpt;
use super::picture::{Picture, PictureEdge, PictureNode};

/// A picture of more shows nothing.
const MOST_NODES: usize = 60;

/// Draws the graph under its title, with a legend. One without nodes is a picture that says so,
/// and of one with very many the picture has what matters most.
#[must_use]
pub fn write(whole: &Graph, title: &str) -> String {
    let graph = excerpt(whole, MOST_NODES);
    let nodes = graph.nodes.iter().enumerate().map(|(number, node)| {
        let mut class = "node".to_owned();
        if graph.is_in_cycle(number) {
            class.push_str(" cycle");
        }
        if dot::is_no_live_task(node) {
            class.push_str(" ended");
        }
        PictureNode {
            label: dot::label(node),
            is_round: dot::is_waited_for(node),
            class,
            font_size: None,
        }
    });
    let edges = graph.edges.iter().map(|edge| PictureEdge {
        from: edge.from,
        to: edge.to,
        label: dot::edge_label(edge),
        class: if edge.in_cycle { "edge cycle" } else { "edge" }.to_owned(),
    });
    let left_out = whole.nodes.len() - graph.nodes.len();
    let legend = dot::LEGEND.iter().filter(|entry| entry.is_in(&graph));
    Picture {
        title: title.to_owned(),
        nodes: nodes.collect(),
        edges: edges.collect(),
        // Chains read like the rows of a table; a cycle has more room from top to bottom.
        downwards: graph.edges.iter().any(|edge| edge.in_cycle),
        remark: match (graph.nodes.len(), left_out) {
            (0, _) => Some("no task waits for a lock, a permit or room in a channel".to_owned()),
            (_, 0) => None,
            _ => Some(format!("and {left_out} more: pileup graph --format dot")),
        },
        legend: legend
            .map(|entry| (class(entry.sample), entry.text))
            .collect(),
    }
    .draw()
}

/// The shape and the class of a sample in the legend.
fn class(sample: Sample) -> LegendShape {
    let (is_round, class) = match sample {
        Sample::Tasks => (false, "node"),
        Sample::Ended => (false, "node ended"),
        Sample::Waited => (true, "node"),
        Sample::Cycle => (false, "node cycle"),
    };
    LegendShape { is_round, class }
}

#[cfg(test)]
mod tests {
    use pileup_diagnosis::{Edge, Node, Relation, WaitKind};
    use pileup_model::Site;

    use super::*;

    const TITLE: &str = "Who waits for what, and who holds it";

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
                Node::Tasks {
                    site: site.clone(),
                    alive: 35,
                },
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
    fn a_cycle_is_a_picture_of_its_own_size() {
        insta::assert_snapshot!(write(&futurelock(), TITLE));
    }

    #[test]
    fn nothing_to_draw_is_said() {
        let picture = write(&Graph::default(), TITLE);
        assert!(picture.contains("no task waits"), "{picture}");
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
            graph.nodes.push(Node::Tasks { site, alive: 1 });
            graph.edges.push(Edge {
                from: graph.nodes.len() - 1,
                to: 1,
                relation: Relation::WaitsFor,
                count: 1,
                in_cycle: false,
            });
        }
        let picture = write(&graph, TITLE);
        assert!(picture.contains("and 42 more"), "{picture}");
        assert!(picture.contains("granted, not polled"), "{picture}");
    }
}
