//! `trueup check`

use serde_json::json;

use crate::args::Format;
use crate::context::Context;
use crate::exit::{Exit, Stop};

/// Checks the specs without any call.
pub(crate) fn run(context: &Context) -> Result<Exit, Stop> {
    let specs = context.specs()?;
    let checked = context.check(&specs)?;
    let (resources, accounts) = (checked.items.len(), specs.project.accounts.len());
    match context.output.format {
        Format::Json => {
            context.output.json(&json!({ "diagnostics": [], "resources": resources, "accounts": accounts }))?
        }
        Format::Text => {
            context.output.result(&format!("The specs are sound: {resources} resources in {accounts} accounts.\n"))?;
        }
    }
    Ok(Exit::Done)
}
