//! `trueup output`

use serde_json::Value;
use trueup_engine::render::show;
use trueup_specs::pending;

use crate::args::{Format, OutputArgs};
use crate::context::{Context, remember_accounts, store_stop};
use crate::exit::{Exit, Stop};

/// Prints the project's outputs, from what follows from the specs and what was last applied.
pub(crate) async fn run(context: &Context, args: &OutputArgs) -> Result<Exit, Stop> {
    let mut specs = context.specs()?;
    let ledger = context.store(&specs.project).await?.ledger().map_err(|error| store_stop(&error))?;
    remember_accounts(&mut specs.project, &ledger);
    let checked = context.check(&specs)?;
    let outputs = trueup_engine::check::outputs(&checked, &ledger);
    let Some(name) = &args.name else {
        match context.output.format {
            Format::Json => {
                let value: serde_json::Map<String, Value> = outputs
                    .into_iter()
                    .map(|(name, value)| (name, if is_known(&value) { value } else { Value::Null }))
                    .collect();
                context.output.json(&Value::Object(value))?;
            }
            Format::Text => {
                for (name, value) in &outputs {
                    context.output.result(&format!("{name} = {}\n", show(value)))?;
                }
            }
        }
        return Ok(Exit::Done);
    };
    let Some(value) = outputs.get(name) else {
        let names: Vec<&str> = outputs.keys().map(String::as_str).collect();
        let help = if names.is_empty() {
            "the specs have no [output]".to_owned()
        } else {
            format!("the outputs are: {}", names.join(", "))
        };
        return Err(Stop::with_help(format!("there is no output `{name}`"), help));
    };
    if !is_known(value) {
        return Err(Stop::with_help(format!("`{name}` is not known: {}", show(value)), "apply first"));
    }
    match (context.output.format, value) {
        (Format::Json, value) => context.output.json(value)?,
        (Format::Text, Value::Array(items)) => {
            for item in items {
                context.output.result(&format!("{}\n", show(item)))?;
            }
        }
        (Format::Text, value) => context.output.result(&format!("{}\n", show(value)))?,
    }
    Ok(Exit::Done)
}

fn is_known(value: &Value) -> bool {
    match value {
        Value::String(text) => !pending::is_pending(text),
        Value::Array(items) => items.iter().all(is_known),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => true,
    }
}
