//! The command line.

pub mod workshop;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use jiff::SignedDuration;
use pileup_console::Address;
use pileup_diagnosis::Grade;
use pileup_investigate::render::{FORMATS, Format};
use pileup_investigate::watch::ProbeAddress;
use pileup_report::lifetime;
use regex::Regex;

use crate::selection::Selection;

/// Finds the tasks of a running Tokio program that pile up, where they were spawned, and on
/// what evidence.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  no finding at or above --fail-on
  1  findings
  2  wrong usage
  3  the program could not be reached, withheld its state, or could not be watched well
     enough to see a leak
  4  the program went away during the watch, and did not come back
  5  pileup itself failed, such as on a full disk
  130  interrupted: the report is about the watch until then";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a scenario, for tokio-console or `pileup diagnose` to attach to
    Run(Run),
    /// List the scenarios
    ListScenarios(ListScenarios),
    /// Run a scenario on a free port, watch it, and report
    Investigate(Investigate),
    /// Watch a running program (console-subscriber, pileup-subscriber or a probe), and report
    Diagnose(Diagnose),
    /// Say what a finding means and how to fix it, or list all kinds of findings
    Explain(Explain),
    /// Compare two reports, or two recordings, by spawn site
    Diff(Diff),
    /// Say whether a program's instrumentation is live and complete
    Doctor(Doctor),
    /// Draw who waits for what, and who holds it
    Graph(Graph),
    /// Show the places that have the most live tasks
    Top(Top),
    /// Show source with the number of live tasks beside the lines where they wait, and that spawned
    /// them
    List(List),
    /// Show the live tasks by stack, or each by itself
    Tasks(Tasks),
    /// Write the live tasks as a profile for `go tool pprof`, Pyroscope or Parca
    Profile(Profile),
    /// Learn to find leaks: exercises, one after the other, that check your fix
    Workshop(workshop::Workshop),
    /// Print what completes pileup's commands and flags in a shell
    Completions(Completions),
    /// Write a manual page for each command
    Man(Man),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Install it, for example, by:
  bash        pileup completions bash > ~/.local/share/bash-completion/completions/pileup
  zsh         pileup completions zsh > \"${fpath[1]}/_pileup\"
  fish        pileup completions fish > ~/.config/fish/completions/pileup.fish
  PowerShell  pileup completions powershell >> $PROFILE")]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

#[derive(Debug, Args)]
pub struct Man {
    /// The folder to write to, which is made if it is not there
    pub folder: PathBuf,
}

#[derive(Debug, Args)]
pub struct ListScenarios {
    /// Show what goes wrong in each as well, which gives the exercises of the workshop away
    #[arg(long)]
    pub spoilers: bool,
}

#[derive(Debug, Args)]
pub struct Run {
    /// The scenario, as `list-scenarios` names it
    pub scenario: String,
    /// The scenario's own flags, such as --variant fixed or --every 100ms; --help lists them
    #[arg(
        value_name = "FLAGS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub flags: Vec<OsString>,
}

#[derive(Debug, Args)]
pub struct Investigate {
    /// The scenario, as `list-scenarios` names it
    pub scenario: String,
    /// leaky, fixed or lookalike; without it the leaky one
    #[arg(long)]
    pub variant: Option<String>,
    /// Time between two arrivals of work in the scenario
    #[arg(long, value_name = "DURATION", default_value = "100ms")]
    pub every: String,
    /// Worker threads of the scenario's runtime
    #[arg(long, value_name = "COUNT")]
    pub worker_threads: Option<String>,
    /// Run the scenario without its probe, and use only what tokio-console's protocol shows: the
    /// report then names no lines at which tasks wait
    #[arg(long)]
    pub console_only: bool,
    #[command(flatten)]
    pub watch: Watch,
}

#[derive(Debug, Args)]
pub struct Diagnose {
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub watch: Watch,
}

/// Where snapshots come from.
#[derive(Debug, Args)]
pub struct Target {
    /// The program's console: `http://HOST:PORT`, or `file:///PATH` for a Unix socket;
    /// without it, `http://127.0.0.1:6669`
    #[arg(value_name = "ADDR")]
    pub address: Option<Address>,
    /// The program's probe, such as `http://127.0.0.1:6060`: instead of its console, or
    /// beside it where ADDR is given
    #[arg(long, value_name = "URL")]
    pub probe: Option<ProbeAddress>,
    /// The token that the probe asks for
    #[arg(
        long,
        value_name = "TOKEN",
        env = "PILEUP_PROBE_TOKEN",
        hide_env_values = true
    )]
    pub probe_token: Option<String>,
    /// Use only what tokio-console's protocol shows: ask neither a probe nor pileup-subscriber for
    /// await stacks. The report then names no lines at which tasks wait
    #[arg(long, conflicts_with_all = ["probe", "from"])]
    pub console_only: bool,
    /// A recording to read, instead of a running program
    #[arg(long, value_name = "FILE", conflicts_with_all = ["address", "probe", "duration"])]
    pub from: Option<PathBuf>,
}

/// A look at the live tasks of a program.
#[derive(Debug, Args)]
pub struct View {
    #[command(flatten)]
    pub target: Target,
    /// How long to watch before the look
    #[arg(long = "for", value_name = "DURATION", default_value = "5s", value_parser = watch_duration)]
    pub duration: Duration,
    #[command(flatten)]
    pub sources: SourceRoots,
}

/// Where source files are read.
#[derive(Debug, Args)]
pub struct SourceRoots {
    /// Read source files below this folder as well as below the working directory, may be
    /// repeated: the folder in which cargo built the program
    #[arg(long = "source-root", value_name = "DIR")]
    pub folders: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Top {
    #[command(flatten)]
    pub view: View,
    /// How many places to show
    #[arg(long, value_name = "PLACES", default_value = "20")]
    pub count: usize,
}

#[derive(Debug, Args)]
pub struct List {
    /// Which functions or files to show: a regular expression
    #[arg(value_name = "REGEX")]
    pub pattern: Regex,
    #[command(flatten)]
    pub view: View,
}

#[derive(Debug, Args)]
pub struct Tasks {
    #[command(flatten)]
    pub view: View,
    /// Every task by itself, with its age, its polls and the time since the last one
    #[arg(long)]
    pub each: bool,
    /// How to print them
    #[arg(long, value_enum, default_value_t = TasksFormat::Text)]
    pub format: TasksFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum TasksFormat {
    /// For people
    Text,
    /// For programs, with the await stack of each task where its program shows it
    Json,
}

#[derive(Debug, Args)]
pub struct Profile {
    #[command(flatten)]
    pub view: View,
    /// The file to write, which must not be there yet
    #[arg(short, long, value_name = "FILE", default_value = "tasks.pb.gz")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
pub struct Explain {
    /// The code or the pattern of a finding, such as PU05 or futurelock; without it, all are
    /// listed
    pub code: Option<String>,
}

#[derive(Debug, Args)]
pub struct Diff {
    /// The earlier one: a recording, or a report as JSON
    pub before: PathBuf,
    /// The later one
    pub after: PathBuf,
    /// How to print the difference
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub format: DiffFormat,
    /// From which grade on a finding that is new or worse makes the exit code 1: surer, or
    /// with a pile that grows at least 1.5 times as fast
    #[arg(long, value_enum, default_value_t = FailOn::Probable)]
    pub fail_on: FailOn,
    /// How long healthy tasks live at most, on average: for recordings, as for `diagnose`
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = lifetime)]
    pub max_lifetime: Duration,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum DiffFormat {
    /// For people
    Text,
    /// For programs
    Json,
    /// For a comment on a pull request: a table, with what is new or worse folded below it
    Markdown,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum PlainFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Args)]
pub struct Doctor {
    /// The program's console: `http://HOST:PORT`, or `file:///PATH` for a Unix socket
    #[arg(value_name = "ADDR", default_value_t)]
    pub address: Address,
    /// How long to look
    #[arg(long = "for", value_name = "DURATION", default_value = "5s", value_parser = watch_duration)]
    pub duration: Duration,
    /// How to print what was seen
    #[arg(long, value_enum, default_value_t = PlainFormat::Text)]
    pub format: PlainFormat,
}

#[derive(Debug, Args)]
pub struct Graph {
    #[command(flatten)]
    pub view: View,
    /// Draw the functions that spawn, with their live tasks and what those wait in, as is
    /// done of a probe, which sees no resources
    #[arg(long)]
    pub stacks: bool,
    /// As what to print it
    #[arg(long, value_enum, default_value_t = GraphFormat::Dot)]
    pub format: GraphFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum GraphFormat {
    /// For Graphviz
    Dot,
    /// A picture
    Svg,
}

/// How a target is watched, and how it is reported.
#[derive(Debug, Args)]
pub struct Watch {
    /// How long to watch
    #[arg(long = "for", value_name = "DURATION", default_value = "30s", value_parser = watch_duration)]
    pub duration: Duration,
    /// End the watch as soon as a finding that counts is certain; --for is then the upper limit
    #[arg(long)]
    pub until_certain: bool,
    /// End the watch as soon as every spawn site either piles up or is clear; --for is then
    /// the upper limit
    #[arg(long)]
    pub until_decided: bool,
    /// How long healthy tasks live on average, at the spawn site where they live longest: a
    /// shorter time finds leaks sooner
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = lifetime)]
    pub max_lifetime: Duration,
    /// The program was told to shut down: report the tasks that are left, for which it may wait
    #[arg(long)]
    pub shutdown: bool,
    /// How to print the report
    #[arg(long, default_value = FORMATS[0].name, value_parser = format())]
    pub format: &'static Format,
    /// From which grade on a finding makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Probable)]
    pub fail_on: FailOn,
    /// Record the watch, for `diagnose --from`; a file that is there already must be empty
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    #[command(flatten)]
    pub selection: Selection,
    #[command(flatten)]
    pub sources: SourceRoots,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum FailOn {
    /// Tasks that cannot wake any more
    Certain,
    /// Also spawn sites whose live tasks grow in number while the old ones do not finish
    Probable,
    /// Also what is unusual, but not proven
    Suspicious,
    /// No finding at all
    Never,
}

impl FailOn {
    /// Whether a finding of this grade makes the exit code 1.
    pub fn fails(self, grade: Grade) -> bool {
        match self {
            Self::Certain => grade >= Grade::Certain,
            Self::Probable => grade >= Grade::Probable,
            Self::Suspicious => grade >= Grade::Suspicious,
            Self::Never => false,
        }
    }
}

/// Reads the name of a format.
fn format() -> impl TypedValueParser<Value = &'static Format> {
    let names = FORMATS
        .iter()
        .map(|format| PossibleValue::new(format.name).help(format.about));
    PossibleValuesParser::new(names)
        .try_map(|name| Format::named(&name).ok_or("there is no such format"))
}

const SHORTEST_WATCH: Duration = Duration::from_secs(2);

fn watch_duration(text: &str) -> Result<Duration, String> {
    let duration: SignedDuration = text
        .parse()
        .map_err(|error| format!("{error}; write it like 30s or 2m"))?;
    match Duration::try_from(duration) {
        Ok(duration) if duration >= SHORTEST_WATCH => Ok(duration),
        _ => Err("a watch shorter than 2s shows nothing grow".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_scenarios_own_flags_are_left_to_it() {
        let arguments = Arguments::parse_from(["pileup", "run", "full-channel", "--every", "1s"]);
        let Command::Run(run) = arguments.command else {
            panic!("not a run: {arguments:?}");
        };
        assert_eq!(run.flags, ["--every", "1s"]);
    }

    #[test]
    fn an_answer_may_name_recv_or_say_that_it_is_not_shown() {
        for word in ["recv", "not-shown"] {
            let arguments = ["pileup", "workshop", "answer", "--waits-for", word];
            assert!(Arguments::try_parse_from(arguments).is_ok(), "{word}");
        }
    }

    #[test]
    fn a_watch_too_short_to_show_growth_is_refused() {
        assert!(watch_duration("1s").is_err());
        assert_eq!(watch_duration("12s"), Ok(Duration::from_secs(12)));
    }
}
