//! `trueup explain`

use trueup_specs::{ACCOUNT, reference};

use crate::args::ExplainArgs;
use crate::context::{Context, kinds};
use crate::exit::{Exit, Stop};

/// Explains a kind, or lists the kinds.
pub(crate) fn run(context: &Context, args: &ExplainArgs) -> Result<Exit, Stop> {
    let mut schemas = vec![&ACCOUNT];
    schemas.extend(kinds().schemas());
    let Some(name) = &args.kind else {
        let text = if args.markdown {
            reference::markdown_list(&schemas)
        } else {
            reference::list(&schemas, context.output.look().width)
        };
        context.output.result(&text)?;
        return Ok(Exit::Done);
    };
    let Some(schema) = schemas.iter().find(|schema| schema.name == name) else {
        let names: Vec<&str> = schemas.iter().map(|schema| schema.name).collect();
        return Err(Stop::with_help(
            format!("there is no kind `{name}`"),
            format!("the kinds are: {}", names.join(", ")),
        ));
    };
    let text = if args.markdown {
        reference::markdown(schema)
    } else {
        reference::explain(schema, context.output.look().width)
    };
    context.output.result(&text)?;
    Ok(Exit::Done)
}
