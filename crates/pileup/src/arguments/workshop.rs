//! The command line of the workshop.

use clap::{Args, Subcommand, ValueEnum};
use pileup_investigate::WaitKind;

#[derive(Debug, Args)]
pub struct Workshop {
    #[command(subcommand)]
    pub command: Option<WorkshopCommand>,
}

#[derive(Debug, Subcommand)]
pub enum WorkshopCommand {
    /// Build all that the workshop needs, so that it runs without a network
    Prepare,
    /// List the exercises, and how they stand
    List,
    /// Begin an exercise, or show its page again: the first that is not solved, unless named
    Start(Chosen),
    /// Go on to the next exercise that is not solved
    Next,
    /// Say what you expect before you look at the code, and hear whether it is so
    Answer(Answer),
    /// Show one more hint
    Hint(Chosen),
    /// Build and run your program: does it leak no more, and does it still do its work?
    Check(Check),
    /// Show how we have fixed it, and why that helps
    Solution(Chosen),
    /// Put the original program back; yours is kept, and so is your progress
    Reset(Chosen),
    /// Print a plan for a class, with the time that each exercise takes
    Timetable,
}

#[derive(Debug, Args)]
pub struct Chosen {
    /// The exercise, by name or number; without it, the current one
    pub exercise: Option<String>,
}

#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    pub chosen: Chosen,
    /// Check again each time that the program is saved, until it is fixed
    #[arg(long)]
    pub watch: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true, args = ["site", "waits_for", "held_by"])]
pub struct Answer {
    /// Where the tasks are spawned that never finish: a function, a line, or a file and a line such as
    /// `leaky.rs:17`
    pub site: Option<String>,
    /// What they wait for
    #[arg(long, value_enum, value_name = "KIND")]
    pub waits_for: Option<Waited>,
    /// Where those are spawned who hold what they wait for
    #[arg(long, value_name = "SITE")]
    pub held_by: Option<String>,
    /// The exercise, by name or number; without it, the current one
    #[arg(long)]
    pub exercise: Option<String>,
}

/// What a task waits for, as far as Tokio shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Waited {
    Mutex,
    RwLock,
    /// A permit
    Semaphore,
    OnceCell,
    /// Room in a bounded channel
    ChannelSend,
    /// The answer in a oneshot channel
    Oneshot,
    Barrier,
    /// Tokio does not show it: a channel's recv, a `Notify`, a `JoinHandle`, I/O
    #[value(alias = "recv")]
    NotShown,
}

impl Waited {
    /// The kind of wait in a report; none for what no report shows.
    pub fn kind(self) -> Option<WaitKind> {
        match self {
            Self::Mutex => Some(WaitKind::Mutex),
            Self::RwLock => Some(WaitKind::RwLock),
            Self::Semaphore => Some(WaitKind::Semaphore),
            Self::OnceCell => Some(WaitKind::OnceCell),
            Self::ChannelSend => Some(WaitKind::ChannelSend),
            Self::Oneshot => Some(WaitKind::Oneshot),
            Self::Barrier => Some(WaitKind::Barrier),
            Self::NotShown => None,
        }
    }
}
