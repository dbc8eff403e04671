//! `trueup check`

use serde_json::json;
use trueup_engine::render::counted;

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
            let (resources, accounts) = (counted(resources as u64, "resource"), counted(accounts as u64, "account"));
            context.output.result(&format!("The specs are sound: {resources} in {accounts}.\n"))?;
        }
    }
    Ok(Exit::Done)
}
