//! The wait-for graph in Graphviz's language.

use std::fmt::Write;

use pileup_diagnosis::figures::count;
use pileup_diagnosis::{Edge, Graph, Node, Relation, WaitKind};
use pileup_model::Site;

use crate::views::profile::short_file;

const IN_CYCLE: &str = "color=\"red\"";

/// Writes the graph with its title and its legend: tasks as boxes, what they wait for as
/// ellipses, cycles in red.
#[must_use]
pub fn write(graph: &Graph, title: &str) -> String {
    let mut dot = format!(
        "digraph waits {{\n  graph [rankdir=LR, labelloc=t, label=\"{}\"];\n",
        escaped(title)
    );
    for (number, node) in graph.nodes.iter().enumerate() {
        let color = if graph.is_in_cycle(number) {
            IN_CYCLE
        } else {
            "color=\"black\""
        };
        let label = escaped(&label(node));
        // Writing to a String does not fail.
        let _ = writeln!(
            dot,
            "  n{number} [{}, {color}, label=\"{label}\"];",
            shape(node)
        );
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
    write_legend(graph, &mut dot);
    dot.push_str("}\n");
    dot
}

fn write_legend(graph: &Graph, dot: &mut String) {
    dot.push_str("  subgraph cluster_legend {\n    label=\"legend\";\n");
    for (number, entry) in LEGEND.iter().filter(|entry| entry.is_in(graph)).enumerate() {
        let shape = match entry.sample {
            Sample::Tasks => "shape=box",
            Sample::Ended => "shape=box, style=dashed",
            Sample::Waited => "shape=ellipse",
            Sample::Cycle => "shape=box, color=\"red\"",
        };
        // Writing to a String does not fail.
        let _ = writeln!(
            dot,
            "    legend{number} [{shape}, label=\"{}\"];",
            entry.text
        );
    }
    dot.push_str("  }\n");
}

fn shape(node: &Node) -> &'static str {
    match node {
        Node::Tasks { .. } => "shape=box",
        Node::Ended(_) | Node::UnknownHolder => "shape=box, style=dashed",
        _ => "shape=ellipse",
    }
}

/// What a shape of the picture stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    Tasks,
    Ended,
    Waited,
    Cycle,
}

/// A line of the legend.
#[derive(Debug)]
pub struct LegendEntry {
    pub sample: Sample,
    pub text: &'static str,
}

/// The legend: each line where the picture has what it explains.
pub const LEGEND: [LegendEntry; 4] = [
    LegendEntry {
        sample: Sample::Tasks,
        text: "live tasks, by the line that spawned them",
    },
    LegendEntry {
        sample: Sample::Waited,
        text: "what they wait for; the arrow from there leads to who holds it",
    },
    LegendEntry {
        sample: Sample::Ended,
        text: "a holder that has ended, or is not known",
    },
    LegendEntry {
        sample: Sample::Cycle,
        text: "a cycle: each waits for the next, and none can go on",
    },
];

impl LegendEntry {
    /// Whether a graph has what the line explains.
    pub fn is_in(&self, graph: &Graph) -> bool {
        let any = |is: fn(&Node) -> bool| graph.nodes.iter().any(is);
        match self.sample {
            Sample::Tasks => any(|node| matches!(node, Node::Tasks { .. })),
            Sample::Ended => any(is_no_live_task),
            Sample::Waited => any(is_waited_for),
            Sample::Cycle => graph.edges.iter().any(|edge| edge.in_cycle),
        }
    }
}

/// Whether a node stands for no live tasks: a holder that has ended, or is not known.
pub fn is_no_live_task(node: &Node) -> bool {
    matches!(node, Node::Ended(_) | Node::UnknownHolder)
}

/// Whether a node stands for what tasks wait for.
pub fn is_waited_for(node: &Node) -> bool {
    !matches!(node, Node::Tasks { .. }) && !is_no_live_task(node)
}

/// What is written at an edge.
pub fn edge_label(edge: &Edge) -> String {
    let Edge { count, .. } = edge;
    match edge.relation {
        Relation::WaitsFor if *count == 1 => "1 waits".to_owned(),
        Relation::WaitsFor => format!("{count} wait"),
        Relation::Runs if *count == 1 => "1 runs".to_owned(),
        Relation::Runs => format!("{count} run"),
        Relation::HeldBy => format!("{count} held by"),
        Relation::GrantedTo => format!("{count} granted, not polled"),
    }
}

/// What is written in a node.
pub fn label(node: &Node) -> String {
    match node {
        Node::Tasks { site, alive } => {
            let tasks = count(*alive as u64, "task");
            format!("{tasks} of\n{}", place(site.as_ref()))
        }
        Node::Ended(site) => format!("ended tasks of\n{}", place(site.as_ref())),
        Node::UnknownHolder => "holder unknown".to_owned(),
        Node::Resource {
            kind: WaitKind::ChannelSend,
            ..
        } => "full channels".to_owned(),
        Node::Resource { kind, r#type, site } => {
            let what = match kind {
                WaitKind::Other => r#type,
                kind => kind.noun(),
            };
            format!("{what} of\n{}", place(site.as_ref()))
        }
        Node::Await {
            kind,
            place: Some((file, line)),
        } => format!("{kind} at\n{}:{line}", short_file(file)),
        Node::Await { kind, .. } => kind.clone(),
        Node::Unseen => "a wait that Tokio\ndoes not report".to_owned(),
        Node::NoWaker => "nothing: no waker\nis left".to_owned(),
        Node::FirstPoll => "their first poll".to_owned(),
        Node::Running => "a poll that has\nnot returned".to_owned(),
    }
}

fn place(site: Option<&Site>) -> String {
    site.map_or_else(
        || "a place that is not reported".to_owned(),
        Site::to_string,
    )
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
    fn a_cycle_is_red_and_what_hangs_on_it_is_not() {
        let graph = Graph {
            nodes: vec![
                Node::Tasks {
                    site: Some(site("transfer.rs")),
                    alive: 2,
                },
                Node::Resource {
                    kind: WaitKind::Mutex,
                    r#type: "Mutex".to_owned(),
                    site: Some(site("account.rs")),
                },
                Node::Tasks {
                    site: Some(site("audit.rs")),
                    alive: 41,
                },
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
            write(&graph, "who waits for \"what\""),
            r#"digraph waits {
  graph [rankdir=LR, labelloc=t, label="who waits for 'what'"];
  n0 [shape=box, color="red", label="2 tasks of\ntransfer.rs:3:5"];
  n1 [shape=ellipse, color="red", label="Mutex of\naccount.rs:3:5"];
  n2 [shape=box, color="black", label="41 tasks of\naudit.rs:3:5"];
  n0 -> n1 [color="red", label="2 wait"];
  n1 -> n0 [color="red", label="2 held by"];
  n2 -> n1 [color="black", label="40 wait"];
  subgraph cluster_legend {
    label="legend";
    legend0 [shape=box, label="live tasks, by the line that spawned them"];
    legend1 [shape=ellipse, label="what they wait for; the arrow from there leads to who holds it"];
    legend2 [shape=box, color="red", label="a cycle: each waits for the next, and none can go on"];
  }
}
"#
        );
    }

    #[test]
    fn quotes_and_control_characters_of_the_target_do_not_end_a_label() {
        assert_eq!(escaped("a\"b\\\u{1b}[2J"), "a'b/[2J");
    }
}
