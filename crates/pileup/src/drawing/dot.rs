//! The wait-for graph in Graphviz's language.

use std::fmt::Write;

use pileup_diagnosis::{Edge, Graph, Node, Relation, WaitKind};
use pileup_model::Site;

const IN_CYCLE: &str = "color=\"red\"";

/// Writes the graph: tasks as boxes, what they wait for as ellipses, circles in red.
pub fn write(graph: &Graph) -> String {
    let mut dot = String::from("digraph waits {\n");
    for (number, node) in graph.nodes.iter().enumerate() {
        let shape = match node {
            Node::Tasks(_) => "shape=box",
            Node::Ended(_) | Node::UnknownHolder => "shape=box, style=dashed",
            Node::Resource { .. } => "shape=ellipse",
        };
        let color = if graph.is_in_cycle(number) {
            IN_CYCLE
        } else {
            "color=\"black\""
        };
        let label = escaped(&label(node));
        // Writing to a String does not fail.
        let _ = writeln!(dot, "  n{number} [{shape}, {color}, label=\"{label}\"];");
    }
    for edge in &graph.edges {
        let color = if edge.in_cycle {
            IN_CYCLE
        } else {
            "color=\"black\""
        };
        let label = edge_label(edge);
        let _ = writeln!(
            dot,
            "  n{} -> n{} [{color}, label=\"{label}\"];",
            edge.from, edge.to
        );
    }
    dot.push_str("}\n");
    dot
}

/// What is written at an edge.
pub fn edge_label(edge: &Edge) -> String {
    match edge.relation {
        Relation::WaitsFor => format!("{} wait", edge.count),
        Relation::HeldBy => format!("{} held by", edge.count),
        Relation::GrantedTo => format!("{} granted, not polled", edge.count),
    }
}

/// What is written in a node.
pub fn label(node: &Node) -> String {
    match node {
        Node::Tasks(site) => format!("tasks of\n{}", place(site.as_ref())),
        Node::Ended(site) => format!("ended tasks of\n{}", place(site.as_ref())),
        Node::UnknownHolder => "holder unknown".to_owned(),
        Node::Resource {
            kind: WaitKind::ChannelSend,
            ..
        } => "full channels".to_owned(),
        Node::Resource { r#type, site, .. } => format!("{type} of\n{}", place(site.as_ref())),
    }
}

fn place(site: Option<&Site>) -> String {
    site.map_or_else(|| "a place that is not told".to_owned(), Site::to_string)
}

/// Text of the target as the inside of a quoted string.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => safe.push_str("\\n"),
            '"' => safe.push('\''),
            '\\' => safe.push('/'),
            character if character.is_control() => {}
            character => safe.push(character),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(file: &str) -> Site {
        Site {
            file: file.into(),
            line: 3,
            column: 5,
        }
    }

    #[test]
    fn a_circle_is_red_and_what_hangs_on_it_is_not() {
        let graph = Graph {
            nodes: vec![
                Node::Tasks(Some(site("transfer.rs"))),
                Node::Resource {
                    kind: WaitKind::Mutex,
                    r#type: "Mutex".to_owned(),
                    site: Some(site("account.rs")),
                },
                Node::Tasks(Some(site("audit.rs"))),
            ],
            edges: vec![
                Edge {
                    from: 0,
                    to: 1,
                    relation: Relation::WaitsFor,
                    count: 2,
                    in_cycle: true,
                },
                Edge {
                    from: 1,
                    to: 0,
                    relation: Relation::HeldBy,
                    count: 2,
                    in_cycle: true,
                },
                Edge {
                    from: 2,
                    to: 1,
                    relation: Relation::WaitsFor,
                    count: 40,
                    in_cycle: false,
                },
            ],
        };
        assert_eq!(
            write(&graph),
            r#"digraph waits {
  n0 [shape=box, color="red", label="tasks of\ntransfer.rs:3:5"];
  n1 [shape=ellipse, color="red", label="Mutex of\naccount.rs:3:5"];
  n2 [shape=box, color="black", label="tasks of\naudit.rs:3:5"];
  n0 -> n1 [color="red", label="2 wait"];
  n1 -> n0 [color="red", label="2 held by"];
  n2 -> n1 [color="black", label="40 wait"];
}
"#
        );
    }

    #[test]
    fn quotes_and_control_characters_of_the_target_do_not_end_a_label() {
        assert_eq!(escaped("a\"b\\\u{1b}[2J"), "a'b/[2J");
    }
}
