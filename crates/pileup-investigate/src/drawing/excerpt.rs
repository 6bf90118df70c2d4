//! The part of a wait-for graph that fits a picture.

use std::cmp::Reverse;

use pileup_diagnosis::{Edge, Graph, Relation};

/// Keeps the edges that say most until there are this many nodes: cycles first, then what is
/// around the resources with the most waits, who holds them before who waits.
///
/// A picture of more is hard to read, and the layout's time grows with the cube of the nodes.
pub fn excerpt(graph: &Graph, most_nodes: usize) -> Graph {
    if graph.nodes.len() <= most_nodes {
        return graph.clone();
    }
    let mut waits = vec![0; graph.nodes.len()];
    for edge in &graph.edges {
        if matches!(edge.relation, Relation::WaitsFor | Relation::Runs) {
            waits[edge.to] += edge.count;
        }
    }
    let mut edges = graph.edges.clone();
    edges.sort_by_key(|edge| {
        let (resource, held) = match edge.relation {
            Relation::WaitsFor | Relation::Runs => (edge.to, false),
            Relation::HeldBy | Relation::GrantedTo => (edge.from, true),
        };
        let key = (edge.in_cycle, waits[resource], Reverse(resource));
        Reverse((key, held, edge.count))
    });
    let mut kept = Graph::default();
    let mut places = vec![None; graph.nodes.len()];
    for edge in edges {
        let new = [edge.from, edge.to].map(|end| usize::from(places[end].is_none()));
        if kept.nodes.len() + new[0] + new[1] > most_nodes {
            continue;
        }
        let [from, to] = [edge.from, edge.to].map(|end| {
            *places[end].get_or_insert_with(|| {
                kept.nodes.push(graph.nodes[end].clone());
                kept.nodes.len() - 1
            })
        });
        kept.edges.push(Edge { from, to, ..edge });
    }
    kept
}

#[cfg(test)]
mod tests {
    use pileup_diagnosis::{Node, WaitKind};
    use pileup_model::Site;

    use super::*;

    /// Twenty sites, of which number `n` has `n` tasks that wait for a lock of its own; the
    /// lock of the first is held by that site itself.
    fn graph() -> Graph {
        let mut graph = Graph::default();
        for number in 0..20 {
            let site = Some(Site {
                file: "src/a.rs".into(),
                line: u32::try_from(number).expect("few"),
                column: 1,
            });
            let (from, to) = (number * 2, number * 2 + 1);
            graph.nodes.push(Node::Tasks {
                site: site.clone(),
                alive: number,
            });
            graph.nodes.push(Node::Resource {
                kind: WaitKind::Mutex,
                r#type: "Mutex".to_owned(),
                site,
            });
            graph.edges.push(Edge {
                from,
                to,
                relation: Relation::WaitsFor,
                count: number,
                in_cycle: number == 0,
            });
            if number == 0 {
                graph.edges.push(Edge {
                    from: to,
                    to: from,
                    relation: Relation::HeldBy,
                    count: 1,
                    in_cycle: true,
                });
            }
        }
        graph
    }

    #[test]
    fn cycles_come_first_and_then_the_most_waits() {
        let whole = graph();
        let part = excerpt(&whole, 4);
        assert_eq!(part.nodes.len(), 4);
        assert_eq!(part.edges.iter().filter(|edge| edge.in_cycle).count(), 2);
        assert!(part.nodes.contains(&whole.nodes[0]));
        assert!(part.nodes.contains(&whole.nodes[38]));
        for edge in &part.edges {
            assert!(edge.from < 4 && edge.to < 4, "{edge:?}");
        }
    }

    #[test]
    fn a_graph_that_fits_is_kept_whole() {
        let whole = graph();
        assert_eq!(excerpt(&whole, 40), whole);
    }
}
