//! What the caller lacks for a plan, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};
use trueup_kinds::lockout::Lack;

use crate::commands::permissions::push_policy;
use crate::context::Context;
use crate::exit::{Exit, Stop};

/// How many things of an account are named; the policy names them all.
const NAMED_MAX: usize = 12;

/// Refuses to begin what would fail in the middle.
pub(crate) fn refuse(context: &Context, lacks: &[Lack]) -> Result<(), Stop> {
    if lacks.is_empty() {
        return Ok(());
    }
    context.output.note(&format!("\n{}", policies(lacks)));
    Err(Stop::Error {
        what: format!("refused: the plan calls what the caller may not:{}", listed(lacks)),
        help: Some(
            "allow it with the policy above, or all that `trueup permissions` prints; nothing was changed".to_owned(),
        ),
        exit: Exit::Refused,
    })
}

/// Tells of it where nothing is about to be changed.
pub(crate) fn warn(context: &Context, lacks: &[Lack]) {
    if !lacks.is_empty() {
        context
            .output
            .note(&format!("warning: apply will be refused, the plan calls what the caller may not:{}", listed(lacks)));
    }
}

/// For programs.
pub(crate) fn as_json(lacks: &[Lack]) -> Value {
    let lack = |lack: &Lack| {
        let pairs = lack.pairs.iter().map(|(action, resource)| json!({ "action": action, "resource": resource }));
        json!({ "account": &*lack.account, "who": lack.who, "calls": pairs.collect::<Vec<_>>(), "policy": lack.policy() })
    };
    Value::from(lacks.iter().map(lack).collect::<Vec<_>>())
}

fn listed(lacks: &[Lack]) -> String {
    let mut out = String::new();
    for Lack { account, who, pairs } in lacks {
        // Writing to a string can't fail.
        let name = who.splitn(6, ':').nth(5).unwrap_or(who);
        let _ = write!(out, "\n  {account}, as {name}");
        for (action, resource) in pairs.iter().take(NAMED_MAX) {
            let _ = write!(out, "\n    {action} on {resource}");
        }
        if let Some(more) = pairs.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
            let _ = write!(out, "\n    and {more} more");
        }
    }
    out
}

/// What to add, as specs.
fn policies(lacks: &[Lack]) -> String {
    let mut out = String::new();
    for lack in lacks {
        // Writing to a string can't fail.
        let _ = writeln!(out, "# In {}, for {}:", lack.account, lack.who);
        push_policy(&mut out, &format!("trueup-{}-more", lack.account), &lack.policy());
    }
    out.trim_end().to_owned()
}
