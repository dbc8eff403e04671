//! `trueup schema`

use trueup_specs::schema;

use crate::args::SchemaArgs;
use crate::context::{Context, kinds};
use crate::exit::{Exit, Stop};

/// Prints the JSON Schema of spec files or of trueup.toml.
pub(crate) fn run(context: &Context, args: &SchemaArgs) -> Result<Exit, Stop> {
    let schema = if args.settings { schema::settings_schema() } else { schema::json_schema(&kinds().schemas()) };
    context.output.json(&schema)?;
    Ok(Exit::Done)
}
