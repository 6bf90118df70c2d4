//! How much slower the target is while it is watched.

use std::time::Duration;

use console_api::instrument::InstrumentRequest;
use console_api::instrument::instrument_client::InstrumentClient;
use pileup_investigate::{Connection, History};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::figures::Figure;
use crate::target::Target;

const REPETITIONS: usize = 9;
/// For the target to come to rest after a client has come or gone.
const REST: Duration = Duration::from_millis(400);
/// A tenth: where more differs by chance, a slow-down that matters would not be seen.
const MOST_BY_CHANCE: f64 = 1.1;
/// Longer than any repetition.
const WATCH: Duration = Duration::from_secs(60);

/// The work, how often it is done, and what it is.
const WORKS: [(&str, u32, &str); 2] = [
    ("spawn", 60_000, "spawn + yield + join"),
    ("poll", 600_000, "poll"),
];

/// Who is attached.
#[derive(Clone, Copy)]
enum Client {
    Nobody,
    /// Once more, for what differs by chance.
    NobodyAgain,
    /// A client that reads all and keeps nothing, as tokio-console would read it.
    Plain,
    Pileup,
}

const CLIENTS: [Client; 4] = [
    Client::Nobody,
    Client::NobodyAgain,
    Client::Plain,
    Client::Pileup,
];

impl Client {
    fn label(self) -> &'static str {
        match self {
            Self::Nobody => "nobody attached",
            Self::NobodyAgain => "nobody, once more",
            Self::Plain => "a plain reader",
            Self::Pileup => "pileup",
        }
    }

    async fn attach(self, address: &str) -> anyhow::Result<Option<JoinHandle<()>>> {
        match self {
            Self::Nobody | Self::NobodyAgain => Ok(None),
            Self::Plain => {
                let mut client = InstrumentClient::connect(address.to_owned())
                    .await?
                    .max_decoding_message_size(usize::MAX);
                let updates = client.watch_updates(InstrumentRequest {}).await?;
                let mut updates = updates.into_inner();
                Ok(Some(tokio::spawn(async move {
                    while let Ok(Some(_)) = updates.message().await {}
                })))
            }
            Self::Pileup => {
                let mut connection = Connection::attach(address.parse()?).await?;
                Ok(Some(tokio::spawn(async move {
                    let snapshots = connection.watch(WATCH);
                    let mut history = History::default();
                    // It is aborted before it ends.
                    let _ = pileup_investigate::observe(snapshots, &mut history, |_| false).await;
                })))
            }
        }
    }
}

/// Measures the target with each client in turn, again and again, and prints the figures.
pub fn measure() -> anyhow::Result<()> {
    println!(
        "The target's own work, in one process with the real console-subscriber, with clients \
         in turn; median (least to most) of {REPETITIONS}\n"
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let rounds = runtime.block_on(rounds())?;
    for (work, (_, count, name)) in WORKS.iter().enumerate() {
        println!("{name:>20}  {:>24}  {:>24}", "µs each", "beside nobody");
        let mut by_chance = None;
        for (client, label) in CLIENTS.map(Client::label).iter().enumerate() {
            let times = rounds.iter().map(|round| round[client][work].as_secs_f64());
            let each = Figure::of(times.map(|time| time * 1e6 / f64::from(*count)));
            let ratio = Figure::of(
                rounds
                    .iter()
                    .map(|round| round[client][work].as_secs_f64() / round[0][work].as_secs_f64()),
            );
            println!("{label:>20}  {each:>24}  {ratio:>24.3}");
            match CLIENTS[client] {
                Client::NobodyAgain => by_chance = Some(ratio),
                Client::Pileup => verdict(name, ratio, by_chance),
                _ => {}
            }
        }
        println!();
    }
    Ok(())
}

/// A slow-down can be measured if it is larger than what differs by chance. Where that is
/// much, nothing can be said.
fn verdict(work: &str, ratio: Figure, by_chance: Option<Figure>) {
    let Some(by_chance) = by_chance else { return };
    let verdict = if ratio.median > by_chance.most {
        "missed"
    } else if by_chance.most > MOST_BY_CHANCE {
        "open, the machine is too busy to tell"
    } else {
        "reached"
    };
    println!(
        "goal {verdict}: {work} takes {ratio:.3} of the time with pileup attached, where \
         {by_chance:.3} is chance; wanted no measurable slow-down"
    );
}

type Round = [[Duration; WORKS.len()]; CLIENTS.len()];

async fn rounds() -> anyhow::Result<Vec<Round>> {
    let mut target = Target::start().await?;
    let mut rounds = Vec::new();
    // The first is to warm up.
    for number in 0..=REPETITIONS {
        let mut round = Round::default();
        for turn in 0..CLIENTS.len() {
            let client = (number + turn) % CLIENTS.len();
            let address = target.address.clone();
            // What the target has not taken in yet is not the next client's to pay for.
            drop(Connection::attach(address.parse()?).await?);
            sleep(REST).await;
            let attached = CLIENTS[client].attach(&address).await?;
            sleep(REST).await;
            for (work, (name, count, _)) in WORKS.iter().enumerate() {
                round[client][work] = target.ask(&format!("{name} {count}")).await?;
                sleep(REST).await;
            }
            if let Some(reader) = attached {
                reader.abort();
                // Its only end is this one.
                let _ = reader.await;
            }
            sleep(REST).await;
        }
        rounds.push(round);
    }
    Ok(rounds.split_off(1))
}
