//! `pileup graph`: who waits for what, and who holds it, as a picture; or the functions that
//! spawn, and what their tasks wait in.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use pileup_diagnosis::{Node, figures, graph};

use crate::arguments::{Graph, GraphFormat};
use crate::error::Error;
use crate::output::{print, remark};
use crate::watching::{ended, observe, open};
use pileup_investigate::drawing::{Stacks, dot, svg};
use pileup_investigate::sources::Sources;
use pileup_investigate::views::profile::profile;
use pileup_investigate::watch::Watched;

/// Tasks take and give back most locks within such a time, and a holder is known once it has
/// been seen to take its lock.
const LONG_ENOUGH: Duration = Duration::from_secs(20);

pub async fn execute(arguments: Graph) -> Result<ExitCode, Error> {
    let mut sources = Sources::below(&arguments.view.sources.folders)?;
    let source = open(arguments.view.target, arguments.view.duration).await?;
    let watched = observe(source, None, |_, _| false).await?;
    let snapshot = watched.latest()?;
    // Where waits are not seen, a picture of them would say that nobody waits.
    let of_stacks = snapshot.coverage.waits_unseen || arguments.stacks;
    let drawn = if of_stacks {
        let profile = profile(snapshot, &mut sources);
        let stacks = Stacks::of(&profile, title("Where live tasks stand", &watched));
        match arguments.format {
            GraphFormat::Dot => stacks.dot(),
            GraphFormat::Svg => stacks.svg(),
        }
    } else {
        let graph = graph(&watched.history);
        let hint = hint(&graph, watched.history.window());
        hint.iter().for_each(remark);
        let title = title("Who waits for what, and who holds it", &watched);
        match arguments.format {
            GraphFormat::Dot => dot(&graph, &title),
            GraphFormat::Svg => svg(&graph, &title),
        }
    };
    print(|out| write!(out, "{drawn}"))?;
    ended(watched)
}

/// What is drawn, of which target, and after which time.
fn title(what: &str, watched: &Watched) -> String {
    let window = figures::duration(watched.history.window());
    format!("{what} · {} · watched {window}", watched.target)
}

/// What a longer watch would show.
fn hint(graph: &pileup_diagnosis::Graph, window: Duration) -> Option<String> {
    let is_unknown = |node: &&Node| matches!(node, Node::UnknownHolder);
    let unknown = graph.nodes.iter().find(is_unknown);
    unknown.filter(|_| window < LONG_ENOUGH).map(|_| {
        format!(
            "after {}, not every holder is known: a holder shows when it takes its lock, and a \
             longer watch (--for 20s) sees more of them",
            figures::duration(window)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_watch_that_does_not_know_a_holder_says_that_a_longer_one_shows_more() {
        let graph = |nodes| pileup_diagnosis::Graph {
            nodes,
            edges: Vec::new(),
        };
        let unknown = graph(vec![Node::UnknownHolder]);
        let said = hint(&unknown, Duration::from_secs(3)).expect("a hint");
        assert!(
            said.starts_with("after 3") && said.contains("--for 20s"),
            "{said}"
        );
        assert_eq!(hint(&unknown, Duration::from_secs(20)), None);
        let known = graph(vec![Node::Tasks {
            site: None,
            alive: 2,
        }]);
        assert_eq!(hint(&known, Duration::from_secs(3)), None);
    }
}
