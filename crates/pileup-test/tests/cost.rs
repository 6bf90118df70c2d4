//! What a passing test costs more under guard than under `#[tokio::test]`.
//!
//! `cargo test -p pileup-test --test cost -- --ignored --nocapture costs` prints the table of
//! `docs/benchmark.md`.
#![cfg(tokio_unstable)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Pairs of tests, one guarded and one not.
const PAIRS: usize = 1000;
/// What a passing test may cost more, as the median of the pairs.
const GOAL: Duration = Duration::from_millis(5);

async fn ten_tasks() {
    for _ in 0..10 {
        tokio::spawn(tokio::task::yield_now())
            .await
            .expect("it ends");
    }
}

/// A task that is alive when the test's future is done, and ends by itself then.
fn one_that_ends_a_little_later() {
    tokio::spawn(async {
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
    });
}

macro_rules! pairs {
    ($($name:literal $plain:ident $guarded:ident ($($arguments:tt)*) $body:expr;)*) => {
        $(
            #[tokio::test($($arguments)*)]
            #[ignore = "run by the benchmark"]
            async fn $plain() {
                $body
            }

            #[pileup_test::test($($arguments)*)]
            #[ignore = "run by the benchmark"]
            async fn $guarded() {
                $body
            }
        )*

        /// What the pair is, its two tests, and their names.
        const PAIRED: &[(&str, fn(), fn(), [&str; 2])] = &[
            $(($name, $plain, $guarded, [stringify!($plain), stringify!($guarded)]),)*
        ];
    };
}

pairs! {
    "no task" plain_without_tasks guarded_without_tasks () ();
    "ten tasks, awaited" plain_with_ten guarded_with_ten () ten_tasks().await;
    "a task that ends a little later" plain_with_late guarded_with_late ()
        one_that_ends_a_little_later();
    "ten tasks, two workers" plain_on_workers guarded_on_workers
        (flavor = "multi_thread", worker_threads = 2) ten_tasks().await;
    "ten tasks, flavor local" plain_local guarded_local (flavor = "local") ten_tasks().await;
}

#[test]
#[ignore = "a benchmark, of a minute or two"]
fn costs_of_passing_tests() {
    println!("\n| the test | runs | `#[tokio::test]`, µs | guarded, µs | costs more, µs |");
    println!("|---|---|---|---|---|");
    let mut missed = Vec::new();
    for (what, plain, guarded, names) in PAIRED {
        // The first guarded test of a process prepares what all of them share.
        guarded();
        let in_one_process = measure(|is_guarded| if is_guarded { guarded() } else { plain() });
        let each_in_its_own = measure(|is_guarded| run_alone(names[usize::from(is_guarded)]));
        for (runs, costs) in [
            ("all in one process, as by `cargo test`", in_one_process),
            ("each in its own, as by cargo-nextest", each_in_its_own),
        ] {
            println!(
                "| {what} | {runs} | {} | {} | {} |",
                costs.plain, costs.guarded, costs.more
            );
            if costs.more.median > GOAL.as_secs_f64() * 1e6 {
                missed.push(format!("{what}, {runs}: {}", costs.more));
            }
        }
    }
    assert!(missed.is_empty(), "more than {GOAL:?}: {missed:?}");
}

/// What tests of a kind take, in microseconds.
struct Costs {
    plain: Quantiles,
    guarded: Quantiles,
    /// The difference in each pair.
    more: Quantiles,
}

/// Runs pairs of tests, beginning with another one of the two each time.
fn measure(mut run: impl FnMut(bool)) -> Costs {
    let mut times = [Vec::new(), Vec::new()];
    for pair in 0..PAIRS {
        let first_is_guarded = pair % 2 == 1;
        for is_guarded in [first_is_guarded, !first_is_guarded] {
            let started = Instant::now();
            run(is_guarded);
            times[usize::from(is_guarded)].push(started.elapsed().as_secs_f64() * 1e6);
        }
    }
    let [plain, guarded] = times;
    let more = guarded.iter().zip(&plain);
    Costs {
        more: Quantiles::of(more.map(|(guarded, plain)| guarded - plain).collect()),
        plain: Quantiles::of(plain),
        guarded: Quantiles::of(guarded),
    }
}

/// Runs one test in a process of its own, with what cargo-nextest sets.
fn run_alone(test: &str) {
    let status = Command::new(std::env::current_exe().expect("a test has a program"))
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env("NEXTEST", "1")
        .stdout(Stdio::null())
        .status();
    assert!(status.expect("the program can be run").success(), "{test}");
}

/// The median, and the values below and above which a twentieth lies.
struct Quantiles {
    median: f64,
    low: f64,
    high: f64,
}

impl Quantiles {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        Self {
            median: values[values.len() / 2],
            low: values[values.len() / 20],
            high: values[values.len() * 19 / 20],
        }
    }
}

impl std::fmt::Display for Quantiles {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { median, low, high } = self;
        write!(formatter, "{median:.0} ({low:.0} to {high:.0})")
    }
}
