//! Programs, of which the command line chooses one to run.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;

use anyhow::Context;
use clap::Parser;
use pileup_probe::{Probe, Sampling};
use tokio::runtime::Builder;

use crate::{Arguments, Arrivals, Variant, clock, guarded, instrumentation};

type Program = Box<dyn FnOnce(Arrivals) -> Pin<Box<dyn Future<Output = ()>>>>;

/// A leaky program, the same program with the leak fixed, and a healthy look-alike; or a
/// healthy one alone.
#[derive(Default)]
pub struct Scenario {
    leaky: Option<Program>,
    fixed: Option<Program>,
    lookalike: Option<Program>,
    healthy: Option<Program>,
}

impl Scenario {
    /// A scenario that has no programs yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The program under investigation.
    #[must_use]
    pub fn leaky<F, P>(mut self, program: P) -> Self
    where
        P: FnOnce(Arrivals) -> F + 'static,
        F: Future<Output = ()> + 'static,
    {
        self.leaky = Some(boxed(program));
        self
    }

    /// The same program with the leak fixed.
    #[must_use]
    pub fn fixed<F, P>(mut self, program: P) -> Self
    where
        P: FnOnce(Arrivals) -> F + 'static,
        F: Future<Output = ()> + 'static,
    {
        self.fixed = Some(boxed(program));
        self
    }

    /// A healthy program that differs from the leaky one in one fact.
    #[must_use]
    pub fn lookalike<F, P>(mut self, program: P) -> Self
    where
        P: FnOnce(Arrivals) -> F + 'static,
        F: Future<Output = ()> + 'static,
    {
        self.lookalike = Some(boxed(program));
        self
    }

    /// A program with which nothing is wrong.
    #[must_use]
    pub fn healthy<F, P>(mut self, program: P) -> Self
    where
        P: FnOnce(Arrivals) -> F + 'static,
        F: Future<Output = ()> + 'static,
    {
        self.healthy = Some(boxed(program));
        self
    }

    /// Reads the command line and runs the program that it names, until `--for` or Ctrl-C.
    pub fn main(self) -> anyhow::Result<()> {
        self.run(&Arguments::parse())
    }

    /// Runs the program that the arguments name, until their `--for` or Ctrl-C.
    ///
    /// # Panics
    ///
    /// As a test, if the program leaves tasks.
    pub fn run(self, arguments: &Arguments) -> anyhow::Result<()> {
        let program = match arguments.variant {
            None => self.leaky.or(self.healthy),
            Some(Variant::Leaky) => self.leaky,
            Some(Variant::Fixed) => self.fixed,
            Some(Variant::Lookalike) => self.lookalike,
            Some(Variant::Healthy) => self.healthy,
        }
        .context("this scenario has no such variant")?;
        if arguments.as_test {
            let name = std::env::current_exe().context("this program has no file")?;
            let name = name.file_name().unwrap_or_default().to_string_lossy();
            guarded::test(&name, arguments.worker_threads, program);
            return Ok(());
        }

        let probe = match &*arguments.probe {
            "none" => None,
            _ => Some(Probe::start().context("failed to start the thread of the probe")?),
        };
        let console =
            instrumentation::start(arguments.instrument, &arguments.console, probe.as_ref())?;
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder
            .worker_threads(arguments.worker_threads.get())
            .enable_all();
        let probe = match &probe {
            None => None,
            Some(probe) => Some(serve_probe(probe, &arguments.probe, &mut builder)?),
        };
        let runtime = builder.build().context("failed to build the runtime")?;
        clock::start(runtime.handle(), arguments.duration)?;
        eprintln!("console: http://{console}");
        if let Some(address) = probe {
            eprintln!("probe: http://{address}/debug/pprof/");
        }

        runtime.block_on(program(Arrivals::new(arguments.every)));
        Ok(())
    }
}

/// Has a probe see every task of the runtime, and gives where it is served.
fn serve_probe(probe: &Probe, address: &str, builder: &mut Builder) -> anyhow::Result<SocketAddr> {
    // Scenarios are small: every task is shown where it waits.
    probe.set_sampling(Sampling::ALL);
    probe.instrument("main", builder);
    probe
        .serve(address)
        .context("failed to serve the probe; --probe chooses another address, such as --probe 127.0.0.1:0 for a free port, and --probe none leaves it out")
}

fn boxed<F, P>(program: P) -> Program
where
    P: FnOnce(Arrivals) -> F + 'static,
    F: Future<Output = ()> + 'static,
{
    Box::new(|arrivals| Box::pin(program(arrivals)))
}
