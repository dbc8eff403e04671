//! `trueup permissions`

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use trueup_kinds::needs::{self, AccountNeeds, Needs};
use trueup_specs::pending;
use trueup_specs::policy::{Actions, Document, Resources, Use};

use crate::args::{Format, PermissionsArgs, Purpose};
use crate::commands::apply::load;
use crate::context::{Context, remember_accounts, store_stop};
use crate::exit::{Exit, Stop};

/// Prints the smallest policies with which the project can be run.
pub(crate) async fn run(context: &Context, args: &PermissionsArgs) -> Result<Exit, Stop> {
    let mut specs = context.specs()?;
    // What a run needs does not depend on who else can do what; `check` proves that.
    specs.project.access.clear();
    let needs = match (&args.plan, args.purpose) {
        (Some(file), _) => needs::of_plan(&load(file)?),
        (None, Purpose::Plan) => needs::of_plan(&context.plan(&mut specs, false).await?.plan),
        (None, Purpose::Specs) => {
            let ledger = context.store(&specs.project).await?.ledger().map_err(|error| store_stop(&error))?;
            remember_accounts(&mut specs.project, &ledger);
            let checked = context.check(&specs)?;
            let mut needs = needs::of_specs(&checked, args.read_only);
            let selection = context.selection(&checked)?;
            if selection.targets.is_some() {
                let help = "leave --target out, or ask for what a plan of it needs: --for plan";
                return Err(Stop::with_help("what all plans of the specs need is told by account", help));
            }
            needs.accounts.retain(|name, _| selection.has_account(name));
            needs
        }
    };
    match context.output.format {
        Format::Json => context.output.json(&as_json(&needs))?,
        Format::Text => context.output.result(&as_toml(&needs))?,
    }
    for (name, account) in &needs.accounts {
        let (size, max) = (account.policy().size(Use::Identity), Use::Identity.size_max());
        if size > max && context.output.format == Format::Json {
            context.output.note(&format!(
                "What is needed in {name} has {size} characters, and a managed policy takes {max}: a spec with `pack = true` spreads it over several."
            ));
        }
    }
    Ok(Exit::Done)
}

fn as_json(needs: &Needs) -> Value {
    let account = |account: &AccountNeeds| json!({ "id": id(account), "role": account.access_role(), "policy": account.policy() });
    let accounts: Map<String, Value> =
        needs.accounts.iter().map(|(name, needs)| (name.to_string(), account(needs))).collect();
    json!({ "caller": needs.caller(), "accounts": accounts })
}

/// The account's id, if it is known.
fn id(account: &AccountNeeds) -> Option<&str> {
    let id = &*account.account.id;
    (!pending::is_pending(id)).then_some(id)
}

/// Specs of the policies: to be pasted into a file with the account's scope.
fn as_toml(needs: &Needs) -> String {
    let mut out = String::new();
    if let Some(document) = needs.caller() {
        out.push_str("# Whoever runs trueup: to go into the accounts that are not its own.\n");
        push_policy(&mut out, "trueup-caller", &document);
    }
    for (name, account) in &needs.accounts {
        let id = id(account).unwrap_or("which is not made or not known yet");
        let who = match account.access_role() {
            Some(_) => format!("the role {}", account.account.access_role),
            None => "whom the profile leads to".to_owned(),
        };
        // Writing to a string can't fail.
        let _ = write!(out, "\n# In {name} ({id}): {who}, or the caller itself where the account is its own.\n");
        push_policy(&mut out, &format!("trueup-{name}"), &account.policy());
    }
    out
}

/// Writes a policy as specs have it.
pub(crate) fn push_policy(out: &mut String, name: &str, document: &Document) {
    if document.size(Use::Identity) > Use::Identity.size_max() {
        let _ = writeln!(out, "[policy.{name}]\npack = true\n");
    }
    for statement in &document.statements {
        let (Actions::Is(actions), Some(Resources::Is(resources))) = (&statement.action, &statement.resource) else {
            continue;
        };
        let _ = writeln!(out, "[[policy.{name}.policy]]");
        push_list(out, "allow   ", actions.iter().map(|action| action.as_str()));
        push_list(out, "resource", resources.iter().map(String::as_str));
        out.push('\n');
    }
}

fn push_list<'t>(out: &mut String, key: &str, items: impl Iterator<Item = &'t str>) {
    let items: Vec<String> = items.map(|item| trueup_specs::export::value(&serde_json::Value::from(item))).collect();
    let _ = match items.as_slice() {
        [one] => writeln!(out, "{key} = {one}"),
        several => writeln!(out, "{key} = [\n  {},\n]", several.join(",\n  ")),
    };
}
