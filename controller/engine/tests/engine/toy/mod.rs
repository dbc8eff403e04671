//! Three kinds that behave as AWS's do where it matters to the engine, and a world in which they exist.
//!
//! A `node` is named and follows from its name, like a role; a `vault` has a made-up id, is stateful and regional, like a key; a `badge`
//! can't be tagged, like an IAM group.

use trueup_engine::check::Kinds;
use trueup_engine::kind::Erased;
use trueup_specs::{KindScope, Target};

pub(crate) mod badge;
pub(crate) mod node;
pub(crate) mod vault;
pub(crate) mod world;

/// Tags by key.
pub(crate) type Tags = trueup_specs::ByName<String>;

/// What can be named: by address, or by ARN.
#[derive(Debug)]
pub(crate) struct Thing;

impl Target for Thing {
    const KINDS: &'static [&'static str] = &["node", "vault"];
    const ATTRIBUTE: &'static str = "arn";
    const LITERAL: &'static str = "an ARN";

    fn is_literal(text: &str) -> bool {
        text.starts_with("arn:")
    }
}

/// The toy kinds.
pub(crate) fn kinds() -> Kinds {
    static BADGE: Erased<badge::Badge> = Erased::new();
    static NODE: Erased<node::Node> = Erased::new();
    static VAULT: Erased<vault::Vault> = Erased::new();
    let source_scope = |source: &str| if source == vault::SOURCE { KindScope::Region } else { KindScope::Account };
    Kinds { rows: vec![&BADGE, &NODE, &VAULT], source_scope }
}

/// The tags to put and the keys to remove.
pub(crate) fn tag_change(before: &Tags, after: &Tags) -> (Tags, Vec<String>) {
    let put = after.iter().filter(|(key, value)| before.get(key) != Some(*value));
    let gone = before.keys().filter(|key| !after.contains_key(key));
    (put.map(|(key, value)| (key.clone(), value.clone())).collect(), gone.cloned().collect())
}
