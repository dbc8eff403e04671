//! `trueup destroy`

use trueup_engine::guard::Allow;

use crate::args::{DestroyArgs, Format};
use crate::commands::plan::show;
use crate::commands::run::{Consent, begin, carry_out};
use crate::context::{Context, project_accounts, store_stop};
use crate::exit::{Exit, Stop};

/// Removes what is the project's, through the same rails as everything else.
pub(crate) async fn run(context: &Context, args: &DestroyArgs) -> Result<Exit, Stop> {
    if !context.common.targets.is_empty() {
        return Err(Stop::with_help(
            "destroy removes all there is, of the project or of an account",
            "to remove one resource, remove its table and apply",
        ));
    }
    let specs = context.specs()?;
    let checked = context.check(&specs)?;
    let name = &specs.project.name;
    if let Some(given) = args.confirm.as_ref().filter(|given| *given != name) {
        return Err(Stop::with_help(
            format!("this is the project `{name}`, and --confirm says `{given}`"),
            "nothing was changed",
        ));
    }
    if context.output.format == Format::Json && !args.plan && args.confirm.is_none() {
        return Err(Stop::with_help("`destroy --format json` asks nothing", format!("say --confirm {name}")));
    }
    let begun = begin(context, &specs, project_accounts(&specs.project), "destroy").await?;
    let ledger = begun.store.ledger().map_err(|error| store_stop(&error))?;
    let planned = context.destruction(&specs, &checked, &begun.aws, ledger).await?;
    if args.plan {
        show(context, &planned.plan)?;
        return Ok(if planned.plan.is_incomplete() { Exit::Incomplete } else { Exit::Done });
    }
    let consent = if args.confirm.is_some() { Consent::Given } else { Consent::Project(name.clone()) };
    carry_out(context, begun, planned, consent, Allow { self_lockout: args.allow_self_lockout }).await
}
