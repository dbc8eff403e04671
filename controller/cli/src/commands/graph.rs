//! `trueup graph`

use std::fmt::Write as _;

use serde_json::json;

use crate::args::{Drawing, Format, GraphArgs};
use crate::context::Context;
use crate::exit::{Exit, Stop};

/// Draws how the resources of the specs refer to each other.
pub(crate) fn run(context: &Context, args: &GraphArgs) -> Result<Exit, Stop> {
    let specs = context.specs()?;
    let checked = context.check(&specs)?;
    let selection = context.selection(&checked)?;
    let reach = trueup_engine::observe::reach(&checked, &selection);
    let drawn: Vec<usize> = (0..checked.items.len()).filter(|index| reach.needed[*index]).collect();
    let name = |index: usize| &*checked.items[index].at.address;
    let edges: Vec<(usize, usize)> =
        drawn.iter().flat_map(|index| checked.items[*index].uses.iter().map(|used| (*index, used.index()))).collect();
    if context.output.format == Format::Json {
        let nodes: Vec<&str> = drawn.iter().map(|index| name(*index)).collect();
        let edges: Vec<_> = edges.iter().map(|(from, to)| json!({ "from": name(*from), "to": name(*to) })).collect();
        context.output.json(&json!({ "nodes": nodes, "edges": edges }))?;
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    // Writing to a string can't fail.
    let _ = match args.drawing {
        Drawing::Dot => dot(&mut text, &drawn, &edges, name),
        Drawing::Mermaid => mermaid(&mut text, &drawn, &edges, name),
    };
    context.output.result(&text)?;
    Ok(Exit::Done)
}

fn dot<'n>(
    text: &mut String,
    drawn: &[usize],
    edges: &[(usize, usize)],
    name: impl Fn(usize) -> &'n str,
) -> std::fmt::Result {
    writeln!(text, "digraph specs {{\n  rankdir = LR;\n  node [shape = box];")?;
    for index in drawn {
        writeln!(text, "  \"{}\";", name(*index))?;
    }
    for (from, to) in edges {
        writeln!(text, "  \"{}\" -> \"{}\";", name(*from), name(*to))?;
    }
    writeln!(text, "}}")
}

fn mermaid<'n>(
    text: &mut String,
    drawn: &[usize],
    edges: &[(usize, usize)],
    name: impl Fn(usize) -> &'n str,
) -> std::fmt::Result {
    writeln!(text, "graph LR")?;
    for index in drawn {
        writeln!(text, "  n{index}[\"{}\"]", name(*index))?;
    }
    for (from, to) in edges {
        writeln!(text, "  n{from} --> n{to}")?;
    }
    Ok(())
}
