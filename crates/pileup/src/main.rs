//! `pileup`: finds the tasks of a running Tokio program that pile up.

mod arguments;
mod commands;
mod doctor;
mod error;
mod error_chain;
mod exit;
mod help;
mod interrupt;
mod output;
mod progress;
mod prose;
mod selection;
mod watching;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::error::Error;
use crate::exit::Exit;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code,
        Err(error) => {
            let exit = error.exit();
            // Whoever read the output has seen enough of it.
            if exit != Exit::BrokenPipe {
                output::complain(&error);
            }
            exit.into()
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::Runtime)?;
    interrupt::stop_at_the_second().map_err(Error::Runtime)?;
    runtime.block_on(async {
        let command = async {
            match arguments.command {
                Command::Run(run) => commands::run::execute(run).await,
                Command::ListScenarios(list) => commands::list_scenarios::execute(&list),
                Command::Investigate(investigate) => {
                    commands::investigate::execute(investigate).await
                }
                Command::Explain(explain) => commands::explain::execute(&explain),
                Command::Diff(diff) => commands::diff::execute(&diff),
                Command::Doctor(doctor) => commands::doctor::execute(doctor).await,
                Command::Graph(graph) => commands::graph::execute(graph).await,
                Command::Top(top) => commands::top::execute(top).await,
                Command::List(list) => commands::list::execute(list).await,
                Command::Tasks(tasks) => commands::tasks::execute(tasks).await,
                Command::Profile(profile) => commands::profile::execute(profile).await,
                Command::Workshop(workshop) => commands::workshop::execute(workshop).await,
                Command::Completions(completions) => commands::completions::execute(&completions),
                Command::Man(man) => commands::man::execute(&man),
                Command::Diagnose(diagnose) => commands::diagnose::execute(diagnose).await,
            }
        };
        tokio::select! {
            result = command => result,
            () = interrupt::ends_the_command() => Err(pileup_investigate::Error::Interrupted.into()),
        }
    })
}
