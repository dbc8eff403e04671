//! `trueup revert`

use tokio::time::Instant;
use trueup_engine::guard::Allow;
use trueup_engine::matching::tombstones;
use trueup_engine::revert::{Inputs, revert, with_known};
use trueup_kinds::lockout::WaysIn;
use trueup_state::facts::ReadRequest;

use crate::args::{Format, RevertArgs};
use crate::commands::plan::{save, show};
use crate::commands::run::{Consent, begin, carry_out};
use crate::context::{Context, Planned, kinds, plan_accounts, store_stop};
use crate::exit::{Exit, Stop};

/// Plans the way back to what was before a run, shows it, asks and applies; or saves it.
pub(crate) async fn run(context: &Context, args: &RevertArgs) -> Result<Exit, Stop> {
    if !context.common.targets.is_empty() || !context.common.accounts.is_empty() {
        return Err(Stop::with_help(
            "a run is reverted as a whole: --account and --target have no meaning here",
            "save the plan with -o, and look at what it does",
        ));
    }
    if context.output.format == Format::Json && args.out.is_none() && !args.yes {
        return Err(Stop::with_help("`revert --format json` asks nothing", "say --yes, or save the plan with -o FILE"));
    }
    let specs = context.specs()?;
    let checked = context.check(&specs)?;
    let store = context.store(&specs.project).await?;
    let mut record = store.run(&args.run).map_err(|error| store_stop(&error))?;
    let journal = store.journal(&args.run).map_err(|error| store_stop(&error))?;
    let (outcomes, outputs) = record.outcomes(&journal);
    let known = store.ledger().map_err(|error| store_stop(&error))?;
    record.plan = with_known(&record.plan, &outputs, &known).map_err(|error| Stop::error(&error))?;
    let begun = begin(context, &specs, plan_accounts(&record.plan), &format!("revert {}", args.run)).await?;
    context.expect_world(&record.plan, &begun.aws)?;
    let ledger = begun.store.ledger().map_err(|error| store_stop(&error))?;
    let requests: Vec<ReadRequest> = record.plan.reads.iter().map(|read| read.request.clone()).collect();
    let facts = context.read(&begun.aws, &requests).await;
    let read_at = Instant::now();
    let inputs = Inputs {
        run: &args.run,
        plan: &record.plan,
        outcomes: &outcomes,
        outputs: &outputs,
        kinds: &kinds(),
        ledger: &ledger,
        deletions: specs.project.settings.deletions,
        tombstones: &tombstones(&checked),
    };
    let mut plan = revert(inputs, &facts).map_err(|why| Stop::Error {
        what: why.to_string(),
        help: Some("look at the run with `trueup history show`, and change the specs instead".to_owned()),
        exit: Exit::Incomplete,
    })?;
    let ways = WaysIn::of(&begun.aws, &facts);
    ways.mark(&mut plan);
    context.output.note("The specs still say what they said: change them too, or the next apply does it again.");
    if let Some(file) = &args.out {
        show(context, &plan)?;
        save(&plan, file)?;
        context.output.note(&format!("Saved. To apply exactly this: trueup apply {}", file.display()));
        return Ok(if plan.is_incomplete() { Exit::Incomplete } else { Exit::Done });
    }
    let consent = if args.yes { Consent::Given } else { Consent::Yes };
    let allow = Allow { self_lockout: args.allow_self_lockout };
    let lacks = ways.lacks(&begun.aws, &plan).await;
    let planned = Planned { plan, ledger, findings: Vec::new(), lacks, read_at };
    carry_out(context, begun, planned, |_| Ok(()), consent, allow).await
}
