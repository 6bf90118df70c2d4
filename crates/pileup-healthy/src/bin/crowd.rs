//! `crowd COUNT` opens this number of sessions at once, which wait for news.

use clap::Parser;
use pileup_scenario::{Arguments, Arrivals, Scenario};
use tokio::sync::watch;

/// Many tasks that wait
#[derive(Debug, Parser)]
struct CommandLine {
    /// How many
    count: usize,
    #[command(flatten)]
    arguments: Arguments,
}

fn open_session(mut news: watch::Receiver<u64>) {
    tokio::spawn(async move { while news.changed().await.is_ok() {} });
}

async fn run(count: usize, mut arrivals: Arrivals) {
    let news = watch::Sender::new(0);
    for _ in 0..count {
        open_session(news.subscribe());
    }
    loop {
        arrivals.next().await;
    }
}

fn main() -> anyhow::Result<()> {
    let CommandLine { count, arguments } = CommandLine::parse();
    Scenario::new()
        .healthy(move |arrivals| run(count, arrivals))
        .run(&arguments)
}
