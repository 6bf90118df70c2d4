//! The wait-for graph as a person wants to see it: by spawn site and by resource, with
//! counts, rather than task by task.

use std::collections::{BTreeMap, HashSet};

use pileup_model::{Site, TaskId, WaitKind};
use serde::{Deserialize, Serialize};

use super::wait_graph::{Wait, WaitGraph};
use crate::history::{History, Holder};

/// Who waits for what, and who holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graph {
    /// Tasks of a site, and resources made at a place.
    pub nodes: Vec<Node>,
    /// From whoever waits to what it waits for, and from there to whoever holds it.
    pub edges: Vec<Edge>,
}

impl Graph {
    /// Whether the node of this index is a part of a circle.
    #[must_use]
    pub fn is_in_cycle(&self, node: usize) -> bool {
        let touches = |edge: &Edge| edge.from == node || edge.to == node;
        self.edges.iter().any(|edge| edge.in_cycle && touches(edge))
    }
}

/// Tasks of a site, or resources made at a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// Living tasks that were spawned at a site.
    Tasks(Option<Site>),
    /// Tasks that have ended, and were spawned at a site.
    Ended(Option<Site>),
    /// Resources of one kind, made at a place.
    Resource {
        /// The kind of wait for them.
        kind: WaitKind,
        /// Their type, such as `Mutex`.
        r#type: String,
        /// Where they were made.
        site: Option<Site>,
    },
    /// A holder that is not known.
    UnknownHolder,
}

/// A relation between two nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// The index of the node where it starts.
    pub from: usize,
    /// The index of the node where it ends.
    pub to: usize,
    /// What it says.
    pub relation: Relation,
    /// How many waits, or how many resources, it stands for.
    pub count: usize,
    /// Whether it is a part of a circle in which everybody waits for the next.
    pub in_cycle: bool,
}

/// What an edge says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Tasks wait for a resource.
    WaitsFor,
    /// A resource is held by tasks.
    HeldBy,
    /// A resource was granted to a future that its task does not poll.
    GrantedTo,
}

/// The wait-for graph of the latest snapshot.
#[must_use]
pub fn graph(history: &History) -> Graph {
    let Some(latest) = history.latest() else {
        return Graph::default();
    };
    let waits = WaitGraph::of(history);
    let in_cycle: HashSet<TaskId> = waits.cycles().iter().flatten().copied().collect();
    let mut relations = Relations::default();
    let mut resources_seen = HashSet::new();
    for wait in waits.waits() {
        let holder = waits.holder(wait.resource);
        let cyclic = in_cycle.contains(&wait.task.id)
            && holder
                .tasks()
                .iter()
                .any(|task| in_cycle.contains(&task.id));
        let resource = resource(wait);
        let waiting = Node::Tasks(wait.task.site.clone());
        relations.add(waiting, resource.clone(), Relation::WaitsFor, cyclic);
        let first = resources_seen.insert((wait.resource.id, cyclic));
        if !first || !wait.kind.is_lock() {
            continue;
        }
        let relation = match holder {
            Holder::Granted(..) => Relation::GrantedTo,
            _ => Relation::HeldBy,
        };
        for task in holder.tasks() {
            let site = task.site.clone();
            let held_by = if task.lives(latest) {
                Node::Tasks(site)
            } else {
                Node::Ended(site)
            };
            relations.add(resource.clone(), held_by, relation, cyclic);
        }
        if holder.tasks().is_empty() {
            relations.add(resource, Node::UnknownHolder, relation, false);
        }
    }
    relations.graph()
}

/// Edges in the making: how many of each, and of those how many in a circle.
#[derive(Default)]
struct Relations {
    counts: BTreeMap<(Node, Node, Relation), (usize, bool)>,
}

impl Relations {
    fn add(&mut self, from: Node, to: Node, relation: Relation, in_cycle: bool) {
        let (count, cyclic) = self.counts.entry((from, to, relation)).or_default();
        *count += 1;
        *cyclic |= in_cycle;
    }

    fn graph(self) -> Graph {
        let mut graph = Graph::default();
        let mut index = BTreeMap::new();
        for ((from, to, relation), (count, in_cycle)) in self.counts {
            let mut at = |node: Node| {
                *index.entry(node).or_insert_with_key(|node| {
                    graph.nodes.push(node.clone());
                    graph.nodes.len() - 1
                })
            };
            let (from, to) = (at(from), at(to));
            graph.edges.push(Edge {
                from,
                to,
                relation,
                count,
                in_cycle,
            });
        }
        graph
    }
}

fn resource(wait: &Wait) -> Node {
    Node::Resource {
        kind: wait.kind,
        r#type: wait.resource.concrete_type.to_string(),
        site: wait.resource.site.clone(),
    }
}
