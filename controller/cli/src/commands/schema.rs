//! `trueup schema`

use trueup_specs::schema;

use crate::context::{Context, kinds};
use crate::exit::{Exit, Stop};

/// Prints the JSON Schema of all files of a project.
pub(crate) fn run(context: &Context) -> Result<Exit, Stop> {
    let schema = schema::json_schema(&kinds().schemas());
    context.output.json(&schema)?;
    Ok(Exit::Done)
}
