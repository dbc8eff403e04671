//! `trueup apply`

use std::path::Path;

use tokio::time::Instant;
use trueup_engine::fresh::moved;
use trueup_engine::guard::Allow;
use trueup_kinds::lints::Finding;
use trueup_kinds::lockout::WaysIn;
use trueup_state::facts::{Facts, ReadRequest, Unread};
use trueup_state::plan::{FORMAT, Plan, SEAL, digests};
use trueup_state::store::{DOCUMENT_BYTES_MAX, read_limited};

use crate::args::{ApplyArgs, Format};
use crate::commands::access::hold_limits;
use crate::commands::plan::judge;
use crate::commands::run::{Begun, Consent, begin, carry_out};
use crate::context::{Context, Planned, Read, Specs, kinds, knows_all, plan_accounts, project_accounts, store_stop};
use crate::exit::{Exit, Stop, chain};

/// Plans, shows, asks and applies; or applies a saved plan.
pub(crate) async fn run(context: &Context, args: &ApplyArgs) -> Result<Exit, Stop> {
    refuse_flags(context, args)?;
    let mut specs = context.specs()?;
    let (checked, findings) = context.check_guarded(&specs)?;
    let allow = Allow { self_lockout: args.allow_self_lockout };
    if let Some(file) = &args.file {
        let plan = load(file)?;
        expect_project(&plan, &specs, file)?;
        let begun = begin(context, &specs, plan_accounts(&plan), &format!("apply {}", file.display())).await?;
        let planned = still_true(context, &specs, &begun, plan, findings).await?;
        let rails = |planned: &Planned| hold(context, &specs, planned, args);
        return carry_out(context, begun, planned, rails, Consent::Given, allow).await;
    }
    context.selection(&checked)?;
    let mut begun = begin(context, &specs, project_accounts(&specs.project), "apply").await?;
    let ledger = begun.store.ledger().map_err(|error| store_stop(&error))?;
    let planned = if knows_all(&specs.project) {
        let read = Read { ledger, found: Facts::default(), findings };
        context.decide(&specs, &checked, &begun.aws, read, args.decide.adopt).await?
    } else {
        context.learn_and_decide(&mut specs, &mut begun.aws, ledger, &findings, args.decide.adopt).await?
    };
    let rails = |planned: &Planned| hold(context, &specs, planned, args);
    let consent = if args.yes { Consent::Given } else { Consent::Yes };
    carry_out(context, begun, planned, rails, consent, allow).await
}

/// What the flags, the guardrails and the organization's own rules refuse.
fn hold(context: &Context, specs: &Specs, planned: &Planned, args: &ApplyArgs) -> Result<(), Stop> {
    hold_limits(&planned.plan, &args.fail_on)?;
    if planned.plan.is_empty() {
        return Ok(());
    }
    judge(context, specs, planned)?.refusal()
}

/// Flags that would be ignored are refused: a saved plan is applied as it is, and JSON is for programs, which can't be asked.
fn refuse_flags(context: &Context, args: &ApplyArgs) -> Result<(), Stop> {
    let narrows = !context.common.accounts.is_empty() || !context.common.targets.is_empty() || args.decide.adopt;
    if args.file.is_some() && narrows {
        return Err(Stop::with_help(
            "a saved plan is applied as it is: --account, --target and --adopt have no meaning for it",
            "give them to `trueup plan -o FILE`",
        ));
    }
    if context.output.format == Format::Json && args.file.is_none() && !args.yes {
        return Err(Stop::with_help(
            "`apply --format json` asks nothing",
            "say --yes, or save a plan with `trueup plan -o FILE` and apply that file",
        ));
    }
    Ok(())
}

fn expect_project(plan: &Plan, specs: &Specs, file: &Path) -> Result<(), Stop> {
    if *plan.project == *specs.project.name {
        return Ok(());
    }
    let (file, made_for, this) = (file.display(), &plan.project, &specs.project.name);
    Err(Stop::with_help(
        format!("{file} is a plan of the project `{made_for}`, and this is `{this}`"),
        "apply it in the directory it was made in",
    ))
}

/// Refuses a saved plan when the specs or the world are no longer what it was decided from.
async fn still_true(
    context: &Context,
    specs: &Specs,
    begun: &Begun,
    mut plan: Plan,
    findings: Vec<Finding>,
) -> Result<Planned, Stop> {
    let ledger = begun.store.ledger().map_err(|error| store_stop(&error))?;
    context.expect_world(&plan, &begun.aws)?;
    let others = plan.other_specs(&digests(&specs.sources));
    if !others.is_empty() {
        let lines: Vec<String> = others.iter().map(|(path, what)| format!("\n  {path} {what}")).collect();
        return Err(refused("the specs are not what this plan was made from", &lines));
    }
    let requests: Vec<ReadRequest> = plan.reads.iter().map(|read| read.request.clone()).collect();
    let facts = context.read(&begun.aws, &requests).await;
    let read_at = Instant::now();
    let moved = moved(&plan, &kinds(), &facts, &ledger).map_err(|unread| unread_stop(&unread))?;
    if !moved.is_empty() {
        let lines: Vec<String> = moved.iter().map(|moved| format!("\n  {} {}", moved.address, moved.what)).collect();
        return Err(refused("AWS is not what this plan was made for", &lines));
    }
    let ways = WaysIn::of(&begun.aws, &facts);
    ways.mark(&mut plan);
    let lacks = ways.lacks(&begun.aws, &plan).await;
    Ok(Planned { plan, ledger, findings, lacks, read_at })
}

fn refused(why: &str, lines: &[String]) -> Stop {
    Stop::Error {
        what: format!("refused: {why}:{}", lines.concat()),
        help: Some("plan again, and look at what changed".to_owned()),
        exit: Exit::Refused,
    }
}

fn unread_stop(unread: &Unread) -> Stop {
    Stop::Error {
        what: format!("what the plan touches could not be read: {}: {}", unread.call, unread.why),
        help: unread.help.clone(),
        exit: Exit::Incomplete,
    }
}

/// A saved plan.
pub(crate) fn load(file: &Path) -> Result<Plan, Stop> {
    let read = read_limited(file).map_err(|error| {
        Stop::with_help(
            format!("can't read {}: {error}", file.display()),
            "give a file that `trueup plan -o FILE` wrote",
        )
    })?;
    let damaged = |why: String| {
        Stop::with_help(
            format!("{} is no saved plan: {why}", file.display()),
            "make it again with `trueup plan -o FILE`",
        )
    };
    let bytes = read.map_err(|size| damaged(format!("it has {size} bytes, and none has over {DOCUMENT_BYTES_MAX}")))?;
    let mut value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| damaged(chain(&error)))?;
    let format = value.get("format").and_then(serde_json::Value::as_u64);
    if format != Some(u64::from(FORMAT)) {
        return Err(damaged(format!(
            "its format is {}, this trueup reads {FORMAT}",
            format.map_or("missing".to_owned(), |f| f.to_string())
        )));
    }
    let seal = value.as_object_mut().and_then(|members| members.remove(SEAL));
    let plan: Plan = serde_json::from_value(value).map_err(|error| damaged(chain(&error)))?;
    plan.verify().map_err(damaged)?;
    let sealed = plan.seal().map_err(|error| Stop::error(&error))?;
    if seal.as_ref().and_then(serde_json::Value::as_str) != Some(&*sealed) {
        return Err(damaged("it was changed since it was saved".to_owned()));
    }
    Ok(plan)
}
