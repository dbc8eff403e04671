//! `trueup plan`

use std::path::Path;

use trueup_engine::render;
use trueup_state::plan::Plan;
use trueup_state::store::write_atomically;

use crate::args::{Format, PlanArgs};
use crate::commands::access::hold_limits;
use crate::context::{Context, store_stop};
use crate::exit::{Exit, Stop};

/// Shows what apply would do.
pub(crate) async fn run(context: &Context, args: &PlanArgs) -> Result<Exit, Stop> {
    let mut specs = context.specs()?;
    let planned = context.plan(&mut specs, args.decide.adopt).await?;
    show(context, &planned.plan)?;
    hold_limits(&planned.plan, &args.fail_on)?;
    if let Some(file) = &args.out {
        save(&planned.plan, file)?;
        context.output.note(&format!("Saved. To apply exactly this: trueup apply {}", file.display()));
    }
    Ok(if planned.plan.is_incomplete() {
        Exit::Incomplete
    } else if args.detailed_exitcode && !planned.plan.is_empty() {
        Exit::Differences
    } else {
        Exit::Done
    })
}

/// Prints a plan as the flags say.
pub(crate) fn show(context: &Context, plan: &Plan) -> Result<(), Stop> {
    match context.output.format {
        Format::Json => context.output.json(&render::plan_json(plan)),
        Format::Text => context.output.result(&render::plan(plan, context.output.look())),
    }
}

/// Saves a plan, to be applied as it is.
pub(crate) fn save(plan: &Plan, file: &Path) -> Result<(), Stop> {
    let text = serde_json::to_string_pretty(plan).map_err(|error| Stop::error(&error))?;
    write_atomically(file, text.as_bytes()).map_err(|error| store_stop(&error))
}
