//! `trueup`: brings AWS true to its specs.

mod args;
mod commands;
mod context;
mod exit;
mod output;
mod progress;
mod report;
mod rules;
mod select;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::args::{Cli, Color, Command, Format, ReportFormat};
use crate::context::Context;
use crate::exit::{Exit, Stop};
use crate::output::Output;

fn main() -> ExitCode {
    let Cli { command, common } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; clap's own code for a wrong line, 2, means "differences" here.
            let exit = if error.use_stderr() { Exit::Error } else { Exit::Done };
            let _ = error.print();
            if error.kind() == clap::error::ErrorKind::DisplayVersion && is_verbose() {
                let made_of = format!("catalogue of actions {}\n", trueup_specs::policy::catalogue::version());
                let _ = Output::new(Format::Text, Color::Never).result(&made_of);
            }
            return exit.into();
        }
    };
    log(common.verbose, common.color);
    let output = Output::new(common.format.plain(), common.color);
    let context = Context { common, output };
    let exit = run(&context, command).unwrap_or_else(|stop| {
        output.stop(&stop);
        stop.exit()
    });
    exit.into()
}

/// Whether the line asks for more: where clap stops at `--version` it has not read the rest.
fn is_verbose() -> bool {
    let is_short = |arg: &str| arg.starts_with('-') && !arg.starts_with("--") && arg.contains('v');
    std::env::args_os().skip(1).any(|arg| arg == "--verbose" || arg.to_str().is_some_and(is_short))
}

fn run(context: &Context, command: Command) -> Result<Exit, Stop> {
    refuse_format(context, &command)?;
    match command {
        Command::Check => commands::check::run(context),
        Command::Plan(args) => block_on(commands::plan::run(context, &args)),
        Command::Access(args) => block_on(commands::access::run(context, &args)),
        Command::Apply(args) => block_on(commands::apply::run(context, &args)),
        Command::Export(args) => block_on(commands::export::run(context, &args)),
        Command::Destroy(args) => block_on(commands::destroy::run(context, &args)),
        Command::Revert(args) => block_on(commands::revert::run(context, &args)),
        Command::History(args) => block_on(commands::history::run(context, &args)),
        Command::State(command) => block_on(commands::state::run(context, &command)),
        Command::Graph(args) => commands::graph::run(context, &args),
        Command::Explain(args) => commands::explain::run(context, &args),
        Command::Permissions(args) => block_on(commands::permissions::run(context, &args)),
        Command::Schema => commands::schema::run(context),
        Command::Output(args) => block_on(commands::output::run(context, &args)),
        Command::Sandbox(command) => block_on(commands::sandbox::run(context, &command)),
        Command::Completions { shell } => commands::completions::run(context, shell),
        Command::Init { path } => commands::init::run(context, &path),
    }
}

/// What is found is what `check` and `plan` are about.
fn refuse_format(context: &Context, command: &Command) -> Result<(), Stop> {
    let is_report = matches!(context.common.format, ReportFormat::Sarif | ReportFormat::Junit);
    if is_report && !matches!(command, Command::Check | Command::Plan(_)) {
        let what = "--format sarif and --format junit are for `trueup check` and `trueup plan`";
        return Err(Stop::with_help(what, "leave --format out, or say --format json"));
    }
    Ok(())
}

fn block_on(work: impl Future<Output = Result<Exit, Stop>>) -> Result<Exit, Stop> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| Stop::error(&error))?;
    runtime.block_on(work)
}

/// What goes on beneath, to stderr: nothing but warnings of ours unless asked.
fn log(verbose: u8, color: Color) {
    let filter = match verbose {
        0 => "warn,aws_config=error,aws_smithy_runtime=error",
        1 => "info,aws_config=warn",
        _ => "info,trueup=debug,trueup_kinds=debug,trueup_sandbox=debug,aws_smithy_runtime=debug",
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_ansi(color == Color::Always)
        .without_time()
        .init();
}
