//! The words of the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Brings AWS true to its specs.
///
/// trueup reads TOML specs of accounts, roles, buckets and keys, compares them with what AWS really has, shows the difference as a
/// plan, and applies it in order.
#[derive(Debug, Parser)]
#[command(name = "trueup", version, max_term_width = 80, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// The flags all commands share.
    #[command(flatten)]
    pub(crate) common: Common,
}

const EXIT_CODES: &str = "Exit codes: 0 done, or nothing to do; 1 error; 2 differences found (plan --detailed-exitcode); \
3 refused by a guard; 4 incomplete: something could not be read, or an operation failed.";

/// Flags of all commands.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// The project's directory.
    #[arg(short = 'C', long = "directory", value_name = "DIR", default_value = ".", global = true)]
    pub(crate) directory: PathBuf,
    /// Run against the sandbox, an AWS in the box kept in .trueup/sandbox.
    #[arg(long, global = true, conflicts_with = "endpoint_url")]
    pub(crate) sandbox: bool,
    /// Send all calls there instead of to AWS.
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) endpoint_url: Option<String>,
    /// Only this account or group; may be given several times.
    #[arg(long = "account", value_name = "NAME", global = true)]
    pub(crate) accounts: Vec<String>,
    /// Only this resource and what it needs; may be given several times.
    #[arg(long = "target", value_name = "ADDRESS", global = true)]
    pub(crate) targets: Vec<String>,
    /// How to print; `sarif` and `junit` are for check and plan.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text, global = true)]
    pub(crate) format: ReportFormat,
    /// When to colour.
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true)]
    pub(crate) color: Color,
    /// Tell more on stderr, twice for each call; with --version, what the program is made of.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
}

/// How to print, as the flag says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// What was found, as SARIF 2.1.0: for code scanning.
    Sarif,
    /// What was found, as JUnit XML: for CI servers.
    Junit,
}

impl ReportFormat {
    /// How everything is printed but the report itself.
    pub(crate) fn plain(self) -> Format {
        match self {
            Self::Json => Format::Json,
            Self::Text | Self::Sarif | Self::Junit => Format::Text,
        }
    }
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check the specs without any call.
    Check,
    /// Show what apply would do.
    Plan(PlanArgs),
    /// Bring AWS true to the specs.
    Apply(ApplyArgs),
    /// Write the specs of what the accounts have and no spec asks for yet.
    Export(ExportArgs),
    /// Ask who can do what, by the specs or in the live accounts.
    Access(AccessArgs),
    /// Remove everything that is the project's, whatever the specs say.
    Destroy(DestroyArgs),
    /// Go back to what was before a run.
    Revert(RevertArgs),
    /// Show what was done.
    History(HistoryArgs),
    /// Look after what trueup remembers.
    #[command(subcommand)]
    State(StateCommand),
    /// Draw how the resources of the specs refer to each other.
    Graph(GraphArgs),
    /// Explain a kind: its fields, their defaults and limits, its outputs; or a guardrail.
    Explain(ExplainArgs),
    /// Print the smallest IAM policy with which the project can be run.
    Permissions(PermissionsArgs),
    /// Print the JSON Schema of a project's files, for editors.
    Schema,
    /// Print the project's outputs.
    Output(OutputArgs),
    /// Serve or reset the sandbox.
    #[command(subcommand)]
    Sandbox(SandboxCommand),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Make a small working project.
    Init {
        /// Where; made if it is not there.
        #[arg(default_value = ".")]
        path: PathBuf,
    },
}

/// Flags that decide what is planned.
#[derive(Clone, Debug, Args)]
pub(crate) struct Decide {
    /// Take over what exists without an owner, even where it differs from its spec.
    #[arg(long)]
    pub(crate) adopt: bool,
}

/// What a pipeline lets no plan do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Let anyone gain anything.
    NewAccess,
    /// Open anything to everyone.
    PublicAccess,
}

/// Flags of `access`.
#[derive(Debug, Args)]
pub(crate) struct AccessArgs {
    /// The question.
    #[command(subcommand)]
    pub(crate) question: AccessQuestion,
    /// Ask the live accounts instead of the specs.
    #[arg(long, global = true, conflicts_with = "both")]
    pub(crate) live: bool,
    /// Ask the specs and the live accounts.
    #[arg(long, global = true)]
    pub(crate) both: bool,
    /// A condition key the request has; may be given several times.
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    pub(crate) context: Vec<String>,
}

/// Questions about who can do what.
#[derive(Debug, Subcommand)]
pub(crate) enum AccessQuestion {
    /// Whether someone can do something: exits with 0 if so, 1 if not, 4 if that depends on more.
    Can {
        /// A role's or user's address or ARN, an account, a service, or `*`.
        principal: String,
        /// Such as s3:GetObject.
        action: String,
        /// An address, with what is under it behind a slash, or an ARN; `*` stands for all that match.
        #[arg(default_value = "*")]
        resource: String,
    },
    /// Who can do something.
    Who {
        /// Such as s3:GetObject.
        action: String,
        /// An address, with what is under it behind a slash, or an ARN.
        #[arg(default_value = "*")]
        resource: String,
    },
    /// What someone can do.
    What {
        /// A role's or user's address or ARN, an account, a service, or `*`.
        principal: String,
    },
}

/// Flags of `plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// What is planned.
    #[command(flatten)]
    pub(crate) decide: Decide,
    /// Save the plan, to be applied as it is by `apply FILE`.
    #[arg(short, long = "out", value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Exit with 2 when there are differences.
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// Refuse a plan by which someone gains access; may be given several times.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) fail_on: Vec<FailOn>,
}

/// Flags of `apply`.
#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    /// A plan saved by `plan -o FILE`; without it, apply plans first.
    pub(crate) file: Option<PathBuf>,
    /// What is planned.
    #[command(flatten)]
    pub(crate) decide: Decide,
    /// Do not ask.
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Refuse a plan by which someone gains access; may be given several times.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) fail_on: Vec<FailOn>,
    /// Apply even what takes away trueup's own way in, or leaves a key that nobody can administer.
    #[arg(long)]
    pub(crate) allow_self_lockout: bool,
}

/// Flags of `destroy`.
#[derive(Debug, Args)]
pub(crate) struct DestroyArgs {
    /// The project's name, instead of being asked for it.
    #[arg(long, value_name = "PROJECT")]
    pub(crate) confirm: Option<String>,
    /// Only show what would be removed.
    #[arg(long)]
    pub(crate) plan: bool,
    /// Remove even trueup's own way in.
    #[arg(long)]
    pub(crate) allow_self_lockout: bool,
}

/// Flags of `revert`.
#[derive(Debug, Args)]
pub(crate) struct RevertArgs {
    /// The run, as `trueup history` lists it.
    pub(crate) run: String,
    /// Save the plan instead of applying it; `apply FILE` then does.
    #[arg(short, long = "out", value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Do not ask.
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Go back even where that takes away trueup's own way in.
    #[arg(long)]
    pub(crate) allow_self_lockout: bool,
}

/// What of the history.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct HistoryArgs {
    /// One run; without it, all are listed.
    #[command(subcommand)]
    pub(crate) command: Option<HistoryCommand>,
}

/// Commands of the history.
#[derive(Debug, Subcommand)]
pub(crate) enum HistoryCommand {
    /// Show one run: who did what, from which specs, and how each operation ended.
    Show {
        /// The run.
        run: String,
    },
}

/// Commands of the state.
#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// List what is on record.
    List,
    /// Show what was last applied of one resource.
    Show {
        /// Its address, as `trueup state list` shows it.
        address: String,
    },
    /// Find everything again by its tags, and put that on record.
    Rebuild,
    /// Show who holds which account, since when, and what for.
    Locks,
}

/// Flags of `export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Look in this region; may be given several times. Without it, in the project's.
    #[arg(long = "region", value_name = "REGION")]
    pub(crate) regions: Vec<String>,
    /// Only this kind; may be given several times.
    #[arg(long = "kind", value_name = "KIND")]
    pub(crate) kinds: Vec<String>,
    /// The folder for the files, inside of the project; `-` prints them. Without it, exported/, in a new project its directory.
    #[arg(short, long = "out", value_name = "DIR")]
    pub(crate) out: Option<String>,
    /// Write anew the files of an earlier export, all of them; what is in the folder only then does not count as specs.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Begin a new project with this account, entered by the project's access role; may be given several times. Without it and
    /// --profile, with the caller's own.
    #[arg(long = "account-id", value_name = "ID")]
    pub(crate) account_ids: Vec<String>,
    /// Begin a new project with the account that this profile of the AWS configuration leads into; may be given several times.
    #[arg(long = "profile", value_name = "NAME")]
    pub(crate) profiles: Vec<String>,
    /// Begin a new project with the account that manages an organization, and write the organization's accounts, units and policies too.
    #[arg(long)]
    pub(crate) organization: bool,
    /// The name of the new project. Without it, the directory's.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// Flags of `graph`.
#[derive(Debug, Args)]
pub(crate) struct GraphArgs {
    /// The language of the drawing.
    #[arg(long, value_enum, default_value_t = Drawing::Dot)]
    pub(crate) drawing: Drawing,
}

/// Languages for drawings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drawing {
    /// Graphviz.
    Dot,
    /// Mermaid, as Markdown shows it.
    Mermaid,
}

/// Flags of `explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The kind, `lints` for all guardrails, or the id of one; without it, all kinds are listed.
    pub(crate) kind: Option<String>,
    /// As Markdown.
    #[arg(long)]
    pub(crate) markdown: bool,
}

/// Flags of `permissions`.
#[derive(Debug, Args)]
pub(crate) struct PermissionsArgs {
    /// For exactly this plan, saved by `plan -o FILE`.
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
    /// For all plans that the specs as they are can lead to, or for the plan of today.
    #[arg(long = "for", value_enum, default_value_t = Purpose::Specs, conflicts_with = "plan")]
    pub(crate) purpose: Purpose,
    /// For reading alone.
    #[arg(long, conflicts_with_all = ["plan", "purpose"])]
    pub(crate) read_only: bool,
}

/// What permissions are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Purpose {
    /// Whatever the specs as they are can lead to.
    Specs,
    /// What apply would do now.
    Plan,
}

/// Flags of `output`.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// Only this one, and nothing else on the line.
    pub(crate) name: Option<String>,
}

/// Commands of the sandbox.
#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Put the sandbox on a port of this machine, for the AWS CLI and others.
    Serve {
        /// The port; 0 takes a free one.
        #[arg(long, default_value_t = 4566)]
        port: u16,
    },
    /// Forget everything in the sandbox.
    Reset,
}
