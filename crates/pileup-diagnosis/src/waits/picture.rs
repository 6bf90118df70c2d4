//! The wait-for graph as a person wants to see it: by spawn site and by resource, with
//! counts, rather than task by task.

use std::collections::{BTreeMap, HashSet};

use pileup_model::{Site, Snapshot, Task, TaskId, TaskKind, TaskState, WaitKind};
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
    /// Whether the node of this index is a part of a cycle.
    #[must_use]
    pub fn is_in_cycle(&self, node: usize) -> bool {
        let touches = |edge: &Edge| edge.from == node || edge.to == node;
        self.edges.iter().any(|edge| edge.in_cycle && touches(edge))
    }
}

/// Tasks of a site, or what tasks wait for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// Live tasks that were spawned at a site.
    Tasks {
        /// The site; none where the target does not report it.
        site: Option<Site>,
        /// All live tasks of the site, also those that do not wait.
        alive: usize,
    },
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
    /// A wait that Tokio does not report, and an await stack shows.
    Await {
        /// The kind of wait, such as `mpsc::Receiver::recv`.
        kind: String,
        /// The file and the line of the `.await`, where they are known.
        place: Option<(String, u32)>,
    },
    /// A wait that Tokio does not report, and no await stack shows.
    Unseen,
    /// Nothing: no waker of the tasks is left.
    NoWaker,
    /// The first poll, which has not come.
    FirstPoll,
    /// A poll, or a blocking closure, that has not returned.
    Running,
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
    /// Whether it is a part of a cycle in which everybody waits for the next.
    pub in_cycle: bool,
}

/// What an edge says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Tasks wait for something.
    WaitsFor,
    /// Tasks do not wait: they run.
    Runs,
    /// A resource is held by tasks.
    HeldBy,
    /// A resource was granted to a future that its task does not poll.
    GrantedTo,
}

/// The wait-for graph of the latest snapshot: every wait that Tokio reports, and what else the
/// tasks of a spawn site do where several of them do the same.
#[must_use]
pub fn graph(history: &History) -> Graph {
    let Some(latest) = history.latest() else {
        return Graph::default();
    };
    let waits = WaitGraph::of(history);
    let mut relations = Relations::default();
    add_waits(&mut relations, &waits, history, latest);
    add_others(&mut relations, &waits, history);
    relations.graph()
}

/// Adds every wait that Tokio reports.
fn add_waits(relations: &mut Relations, waits: &WaitGraph, history: &History, latest: &Snapshot) {
    let in_cycle: HashSet<TaskId> = waits.cycles().iter().flatten().copied().collect();
    let mut resources_seen = HashSet::new();
    for wait in waits.waits() {
        let holder = waits.holder(wait.resource);
        let cyclic = in_cycle.contains(&wait.task.id)
            && holder
                .tasks()
                .iter()
                .any(|task| in_cycle.contains(&task.id));
        let resource = resource(wait);
        let waiting = tasks(wait.task.site.as_ref(), history);
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
            let held_by = if task.lives(latest) {
                tasks(task.site.as_ref(), history)
            } else {
                Node::Ended(task.site.clone())
            };
            relations.add(resource.clone(), held_by, relation, cyclic);
        }
        if holder.tasks().is_empty() {
            relations.add(resource, Node::UnknownHolder, relation, false);
        }
    }
}

/// Adds what the tasks of a spawn site do that are in no wait that Tokio reports, where several
/// do the same.
fn add_others(relations: &mut Relations, waits: &WaitGraph, history: &History) {
    for (site, seen) in history.sites() {
        let mut counts: BTreeMap<(Node, Relation), usize> = BTreeMap::new();
        for task in &seen.live {
            if waits.waits_of(task.id).is_empty()
                && let Some(does) = does(task)
            {
                *counts.entry(does).or_default() += 1;
            }
        }
        // Of the youngest tasks the await stacks may not be there yet.
        let has_stacks = counts
            .keys()
            .any(|(node, _)| matches!(node, Node::Await { .. }));
        counts.retain(|(node, _), tasks| *tasks > 1 && !(has_stacks && *node == Node::Unseen));
        for ((node, relation), count) in counts {
            relations.add_many(tasks(site, history), node, relation, count);
        }
    }
}

/// What a task does that is in no wait that Tokio reports; none of the runtime's own threads, and
/// of a task that was woken and waits for a worker.
fn does(task: &Task) -> Option<(Node, Relation)> {
    if task.kind == TaskKind::BlockOn || task.is_worker() {
        return None;
    }
    let waits_for = match task.state()? {
        TaskState::Running => return Some((Node::Running, Relation::Runs)),
        TaskState::Scheduled => return None,
        TaskState::Idle if task.polls.count == 0 => Node::FirstPoll,
        TaskState::Idle => match task.waits.as_deref() {
            Some([newest, ..]) => Node::Await {
                kind: newest.kind.to_string(),
                place: newest.place.as_ref().and_then(|place| {
                    let file = place.file.as_ref()?.to_string();
                    Some((file, place.line?))
                }),
            },
            Some([]) => Node::NoWaker,
            None if task.has_no_waker() => Node::NoWaker,
            None => Node::Unseen,
        },
    };
    Some((waits_for, Relation::WaitsFor))
}

/// The live tasks of a site.
fn tasks(site: Option<&Site>, history: &History) -> Node {
    Node::Tasks {
        site: site.cloned(),
        alive: history.site(site).map_or(0, |seen| seen.live.len()),
    }
}

/// Counts the edges: how many of each, and whether one is in a cycle.
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

    fn add_many(&mut self, from: Node, to: Node, relation: Relation, tasks: usize) {
        self.counts.entry((from, to, relation)).or_default().0 += tasks;
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
