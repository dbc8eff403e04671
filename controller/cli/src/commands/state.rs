//! `trueup state`

use serde_json::{Value, json};
use trueup_engine::observe;
use trueup_engine::rebuild::{Rebuilt, rebuild};
use trueup_engine::render::{Page, Tone};
use trueup_specs::address::Address;
use trueup_state::ledger::Ledger;
use trueup_state::store::{LockState, Store};

use crate::args::{Format, StateCommand};
use crate::commands::run::{Begun, begin};
use crate::context::{Context, Specs, project_accounts, store_stop};
use crate::exit::{Exit, Stop};

/// Looks after what trueup remembers.
pub(crate) async fn run(context: &Context, command: &StateCommand) -> Result<Exit, Stop> {
    let specs = context.specs()?;
    if let StateCommand::Rebuild = command {
        return rebuilt(context, &specs).await;
    }
    let store = context.store(&specs.project).await?;
    match command {
        StateCommand::List => list(context, &ledger(&store)?),
        StateCommand::Show { address } => show(context, &ledger(&store)?, address),
        StateCommand::Locks => locks(context, &store.locks().map_err(|error| store_stop(&error))?),
        StateCommand::Rebuild => Ok(Exit::Done),
    }
}

fn ledger(store: &Store) -> Result<Ledger, Stop> {
    store.ledger().map_err(|error| store_stop(&error))
}

fn list(context: &Context, ledger: &Ledger) -> Result<Exit, Stop> {
    let entries = ledger.documents.values().flat_map(|document| &document.entries);
    if context.output.format == Format::Json {
        let rows: Vec<Value> = entries
            .map(|(address, entry)| json!({ "address": address, "name": entry.name, "outputs": entry.outputs }))
            .collect();
        context.output.json(&Value::Array(rows))?;
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    for (address, entry) in entries {
        let id = entry.outputs.get("arn").unwrap_or(&entry.name);
        text.push_str(&format!("{address}  {id}\n"));
    }
    if text.is_empty() {
        text.push_str("Nothing is on record.\n");
    }
    context.output.result(&text)?;
    Ok(Exit::Done)
}

fn show(context: &Context, ledger: &Ledger, address: &str) -> Result<Exit, Stop> {
    let all = || ledger.documents.values().flat_map(|document| &document.entries);
    let Some((address, entry)) = all().find(|(known, _)| known.to_string() == address) else {
        let known: Vec<String> = all().map(|(address, _)| address.to_string()).collect();
        let near = trueup_specs::suggest::nearest(address, known.iter().map(String::as_str));
        let help = near
            .map_or_else(|| "`trueup state list` shows what is".to_owned(), |near| format!("did you mean `{near}`?"));
        return Err(Stop::with_help(format!("`{address}` is not on record"), help));
    };
    context.output.json(&json!({
        "address": address, "name": entry.name, "outputs": entry.outputs, "model": entry.model.value(),
    }))?;
    Ok(Exit::Done)
}

fn locks(context: &Context, locks: &[LockState]) -> Result<Exit, Stop> {
    if context.output.format == Format::Json {
        let rows: Vec<Value> = locks
            .iter()
            .map(|lock| json!({ "account": lock.account, "fence": lock.fence, "holder": lock.holder }))
            .collect();
        context.output.json(&Value::Array(rows))?;
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    for LockState { account, fence: _, holder } in locks {
        text.push_str(&format!("{account}  {holder}\n"));
    }
    if text.is_empty() {
        text.push_str("No account is held.\n");
    }
    context.output.result(&text)?;
    Ok(Exit::Done)
}

async fn rebuilt(context: &Context, specs: &Specs) -> Result<Exit, Stop> {
    let checked = context.check(specs)?;
    if !context.common.targets.is_empty() {
        return Err(Stop::with_help("the state is rebuilt of whole accounts", "say --account, or neither"));
    }
    let selection = context.selection(&checked)?;
    let Begun { store, hold, aws } = begin(context, specs, project_accounts(&specs.project), "state rebuild").await?;
    let ledger = ledger(&store)?;
    let reach = observe::reach(&checked, &selection);
    let requests = observe::requests(&checked, &selection, &reach, &ledger);
    let facts = context.read(&aws, &requests).await;
    let snapshot = observe::observe(&checked, &selection, &reach, &ledger, &facts);
    let mut rebuilt = rebuild(&checked, &snapshot, &ledger);
    let scopes: Vec<_> = rebuilt.ledger.documents.keys().cloned().collect();
    store.prepare(&mut rebuilt.ledger, &scopes, &hold).map_err(|error| store_stop(&error))?;
    store.save(&mut rebuilt.ledger, &hold).map_err(|error| store_stop(&error))?;
    tell(context, &rebuilt)?;
    Ok(if rebuilt.unread.is_empty() { Exit::Done } else { Exit::Incomplete })
}

fn tell(context: &Context, rebuilt: &Rebuilt) -> Result<(), Stop> {
    let Rebuilt { ledger: _, found, gone, unsure, untaggable, misplaced, unread } = rebuilt;
    if context.output.format == Format::Json {
        let unread: Vec<Value> = unread
            .iter()
            .map(|(scope, unread)| json!({ "scope": scope.to_string(), "call": unread.call, "why": unread.why }))
            .collect();
        return context.output.json(&json!({
            "found": found, "gone": gone, "unsure": unsure, "untaggable": untaggable, "misplaced": misplaced,
            "unread": unread,
        }));
    }
    let mut page = Page::new(context.output.look());
    let addresses = |list: &[Address]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut part = |what: &str, items: &[String]| {
        if items.is_empty() {
            return;
        }
        page.text(0, (Tone::Plain, ""), (Tone::Bold, what));
        for item in items {
            page.line(2, &[(Tone::Plain, item)]);
        }
        page.gap();
    };
    part("Found by its tags:", &addresses(found));
    part("Was on record, and carries our tag no more or is gone:", &addresses(gone));
    part("Exists by the name its spec gives, but AWS can't tag it; `trueup apply` adopts it:", &addresses(unsure));
    part("Carries our tag with an address that is not its own; take the tags off:", misplaced);
    let unread: Vec<String> =
        unread.iter().map(|(scope, unread)| format!("{scope}: {}: {}", unread.call, unread.why)).collect();
    part("Could not be read; what is on record of it stays:", &unread);
    let kinds: Vec<&str> = untaggable.iter().copied().collect();
    if !kinds.is_empty() {
        let text = format!(
            "AWS can't tag these kinds, so what is of them in no spec was not looked for: {}.",
            kinds.join(", ")
        );
        page.text(0, (Tone::Plain, ""), (Tone::Plain, &text));
    }
    context.output.result(&page.finish())
}
