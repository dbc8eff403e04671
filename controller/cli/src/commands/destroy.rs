//! `trueup destroy`

use trueup_engine::guard::Allow;
use trueup_state::facts::Facts;

use crate::args::{DestroyArgs, Format};
use crate::commands::plan::show;
use crate::commands::run::{Consent, begin, carry_out};
use crate::context::{Context, Read, knows_all, project_accounts, store_stop};
use crate::exit::{Exit, Stop};

/// Removes what is the project's, through the same rails as everything else.
pub(crate) async fn run(context: &Context, args: &DestroyArgs) -> Result<Exit, Stop> {
    if !context.common.targets.is_empty() {
        return Err(Stop::with_help(
            "destroy removes all there is, of the project or of an account",
            "to remove one resource, remove its table and apply",
        ));
    }
    let mut specs = context.specs()?;
    context.check(&specs)?;
    let name = specs.project.name.clone();
    if let Some(given) = args.confirm.as_ref().filter(|given| **given != name) {
        return Err(Stop::with_help(
            format!("this is the project `{name}`, and --confirm says `{given}`"),
            "nothing was changed",
        ));
    }
    if context.output.format == Format::Json && !args.plan && args.confirm.is_none() {
        return Err(Stop::with_help("`destroy --format json` asks nothing", format!("say --confirm {name}")));
    }
    let mut begun = begin(context, &specs, project_accounts(&specs.project), "destroy").await?;
    let ledger = begun.store.ledger().map_err(|error| store_stop(&error))?;
    let found = if knows_all(&specs.project) {
        Facts::default()
    } else {
        context.find_accounts(&mut specs, &mut begun.aws, &ledger).await?
    };
    let checked = context.check_again(&specs)?;
    let planned =
        context.destruction(&specs, &checked, &begun.aws, Read { ledger, found, findings: Vec::new() }).await?;
    if args.plan {
        show(context, &planned.plan)?;
        return Ok(if planned.plan.is_incomplete() { Exit::Incomplete } else { Exit::Done });
    }
    let consent = if args.confirm.is_some() { Consent::Given } else { Consent::Project(name) };
    carry_out(context, begun, planned, |_| Ok(()), consent, Allow { self_lockout: args.allow_self_lockout }).await
}
