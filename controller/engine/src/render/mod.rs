//! Plans and reports as people read them, at any width and without colour.

mod access;
mod ending;
mod fields;
mod page;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use trueup_specs::pending;
use trueup_state::facts::Unread;
use trueup_state::plan::{Action, Blocked, Cause, Change, Danger, Note, Plan, Read, Retained};

pub use ending::report;
pub use fields::show;
pub use page::{Look, Page, Tone};

use crate::execute::{IN_FLIGHT, IN_FLIGHT_PER_SERVICE, Lane, lane};

/// The least a call to AWS takes, in seconds. Control-plane calls take 50 to 500 ms from most places; no claim of speed is built on it,
/// it only tells a plan of seconds from one of minutes.
const SECONDS_PER_CALL_MIN: f64 = 0.05;

/// How many changes of each sort a plan has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Made.
    pub create: usize,
    /// Changed in place, moved, or named anew.
    pub change: usize,
    /// Taken over.
    pub adopt: usize,
    /// Removed and made again.
    pub replace: usize,
    /// Removed.
    pub remove: usize,
}

impl Counts {
    /// Counts the changes of a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let mut counts = Self::default();
        for change in &plan.changes {
            let count = match &change.action {
                Action::Create => &mut counts.create,
                Action::Update | Action::Move { .. } | Action::Follow { .. } => &mut counts.change,
                Action::Adopt => &mut counts.adopt,
                Action::Replace { .. } => &mut counts.replace,
                Action::Remove { .. } => &mut counts.remove,
            };
            *count += 1;
        }
        counts
    }
}

/// A plan as a person reads it.
#[must_use]
pub fn plan(plan: &Plan, look: Look) -> String {
    let mut page = Page::new(look);
    let mut account = None;
    let mut shown: HashMap<String, &Change> = HashMap::new();
    for change in &plan.changes {
        if account != Some(&change.scope.account) {
            account = Some(&change.scope.account);
            let id = plan.accounts.get(&change.scope.account).map(|account| &*account.id).unwrap_or_default();
            page.gap();
            let id = if pending::is_pending(id) { "not made yet" } else { id };
            page.line(0, &[(Tone::Bold, &*change.scope.account), (Tone::Faint, &format!(" ({id})"))]);
        }
        page.gap();
        heading(&mut page, change);
        match shown.entry(apart_from_account(plan, change)) {
            // What is removed is always named.
            Entry::Occupied(same) if change.after.is_some() => {
                page.line(6, &[(Tone::Faint, &format!("as in {}", same.get().scope))]);
            }
            entry => {
                entry.or_insert(change);
                self::change(&mut page, change);
            }
        }
    }
    blocked(&mut page, plan);
    retained(&mut page, plan);
    notes(&mut page, plan);
    dangers(&mut page, plan);
    access::access(&mut page, plan);
    outputs(&mut page, plan);
    page.gap();
    summary(&mut page, plan);
    page.finish()
}

/// What a change says, with its account's id and address taken out: equal texts are equal changes in several accounts of a group.
fn apart_from_account(plan: &Plan, change: &Change) -> String {
    let Change { address, scope, name, action, place, causes, before, after, outputs: _, applied: _, dangers } = change;
    let text = json!([place, scope.region, name, action, causes, before, after, dangers]).to_string();
    let id = plan.accounts.get(&scope.account).map(|account| &*account.id).unwrap_or_default();
    let mut text = text.replace(&address.to_string(), "{address}");
    for end in ['/', '@'] {
        text = text.replace(&format!("{}{}{end}", pending::OPEN, scope.account), "{account}");
    }
    if id.is_empty() { text } else { text.replace(id, "{id}") }
}

fn heading(page: &mut Page, change: &Change) {
    let (sign, tone, word) = match &change.action {
        Action::Create => ("+", Tone::Add, "create".to_owned()),
        Action::Update => ("~", Tone::Change, "change".to_owned()),
        Action::Adopt => ("~", Tone::Change, "adopt".to_owned()),
        Action::Move { from } => ("~", Tone::Change, format!("move from {from}")),
        Action::Replace { fields } => {
            ("-/+", Tone::Danger, format!("REPLACE: {} can't be changed in place", fields.join(", ")))
        }
        Action::Remove { .. } => ("-", Tone::Danger, "REMOVE".to_owned()),
        Action::Follow { .. } => ("~", Tone::Change, "name again".to_owned()),
    };
    let address = format!("{}.{}", change.address.kind, change.address.name);
    let region = change.address.region.as_deref().map(|region| format!(" @{region}")).unwrap_or_default();
    page.line(
        2,
        &[(tone, &format!("{sign} ")), (Tone::Bold, &address), (Tone::Faint, &region), (tone, &format!("  {word}"))],
    );
}

fn change(page: &mut Page, change: &Change) {
    if !change.place.is_empty() {
        page.line(6, &[(Tone::Faint, &change.place)]);
    }
    if let Action::Remove { tombstone } = &change.action {
        let why = if *tombstone { "[[removed]] names it" } else { "it is in no spec any more" };
        let named = if change.name.is_empty() { String::new() } else { format!("`{}`: ", pending::show(&change.name)) };
        return page.text(6, (Tone::Plain, &named), (Tone::Plain, why));
    }
    if let Action::Follow { replaced } = &change.action {
        let why = "is made again in this plan, and AWS remembers the old one by its id";
        return page.text(6, (Tone::Plain, ""), (Tone::Plain, &format!("{replaced} {why}")));
    }
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => differences(page, change, before, after),
        (None, Some(after)) => fields::whole(page, 6, Tone::Plain, after),
        (_, None) => {}
    }
}

fn differences(page: &mut Page, change: &Change, before: &Value, after: &Value) {
    for (field, cause) in &change.causes {
        let why = match cause {
            Cause::Spec => "the spec changed",
            Cause::Drift => "drifted: changed in AWS since the last apply",
            Cause::Both => "both the spec and AWS changed since the last apply",
            Cause::Follows => "must follow what is made in this plan",
            Cause::Unrecorded => "differs; the last apply is not on record",
        };
        page.line(6, &[(Tone::Bold, field), (Tone::Faint, &format!("  {why}"))]);
        let applied = change.applied.as_ref().and_then(|applied| applied.get(field));
        let indent = match applied.filter(|_| *cause == Cause::Both) {
            Some(applied) => fields::applied(page, 8, applied, before.get(field)),
            None => 8,
        };
        fields::changed(page, indent, before.get(field), after.get(field));
    }
}

fn blocked(page: &mut Page, plan: &Plan) {
    if plan.blocked.is_empty() {
        return;
    }
    page.gap();
    page.line(0, &[(Tone::Danger, "Left alone")]);
    // What is left alone for one reason (an account that lets no one in) is told once.
    for group in plan.blocked.chunk_by(|one, next| (&one.why, &one.help) == (&next.why, &next.help)) {
        page.gap();
        for Blocked { address, place, .. } in group {
            page.line(
                2,
                &[(Tone::Danger, "! "), (Tone::Bold, &address.to_string()), (Tone::Faint, &format!("  {place}"))],
            );
        }
        let Some(Blocked { why, help, .. }) = group.first() else { continue };
        page.text(6, (Tone::Plain, ""), (Tone::Plain, &pending::show(why)));
        if let Some(help) = help {
            page.text(6, (Tone::Bold, "help: "), (Tone::Plain, help));
        }
    }
}

fn retained(page: &mut Page, plan: &Plan) {
    if plan.retained.is_empty() {
        return;
    }
    page.gap();
    page.line(0, &[(Tone::Bold, "Kept, though in no spec any more")]);
    for Retained { address, name: _, why, removal } in &plan.retained {
        page.gap();
        page.line(2, &[(Tone::Bold, &address.to_string())]);
        page.text(6, (Tone::Plain, ""), (Tone::Plain, why));
        for line in removal.iter().flat_map(|removal| removal.lines()) {
            page.line(6, &[(Tone::Plain, line)]);
        }
    }
}

/// What there is to know of what is there, one paragraph a resource.
fn notes(page: &mut Page, plan: &Plan) {
    if plan.notes.is_empty() {
        return;
    }
    page.gap();
    page.line(0, &[(Tone::Bold, "To know")]);
    for group in plan.notes.chunk_by(|one, next| one.address == next.address) {
        let texts: Vec<&str> = group.iter().map(|note| &*note.text).collect();
        let Some(Note { address, text: _ }) = group.first() else { continue };
        page.text(2, (Tone::Bold, &format!("{address} ")), (Tone::Plain, &texts.join("; ")));
    }
}

/// Everything dangerous once more, in one place at the end, where the eye is when the question comes.
fn dangers(page: &mut Page, plan: &Plan) {
    let mut lines = Vec::new();
    for change in &plan.changes {
        for danger in &change.dangers {
            let text = match danger {
                Danger::Removal => "is removed".to_owned(),
                Danger::Replacement => "is removed and made again".to_owned(),
                Danger::Contents { what } => format!("DELETES {what}"),
                Danger::Dependents { who } => {
                    format!("is still named, and no spec here says so, by {}", who.join(", "))
                }
                Danger::SelfLockout { why } => format!("locks out: {why}"),
                Danger::WiderTrust { field, who } => {
                    let who: Vec<String> = who.iter().map(|who| pending::show(who)).collect();
                    format!("{field} admits more: {}", who.join(", "))
                }
            };
            lines.push((change.address.to_string(), text));
        }
    }
    if lines.is_empty() {
        return;
    }
    page.gap();
    page.line(0, &[(Tone::Danger, "Look twice")]);
    for (address, text) in lines {
        page.text(2, (Tone::Danger, "! "), (Tone::Danger, &format!("{address} {text}")));
    }
}

fn outputs(page: &mut Page, plan: &Plan) {
    if plan.outputs.is_empty() || plan.is_empty() {
        return;
    }
    page.gap();
    page.line(0, &[(Tone::Bold, "Outputs")]);
    for (name, value) in &plan.outputs {
        page.text(2, (Tone::Plain, &format!("{name} = ")), (Tone::Plain, &show(value)));
    }
}

fn summary(page: &mut Page, plan: &Plan) {
    let objects: u64 = plan.reads.iter().map(|read| read.cost.objects).fold(0, u64::saturating_add);
    let read = format!("Read {} with {}.", counted(objects, "object"), counted(plan.calls(), "API call"));
    unread(page, plan);
    let truth = match plan.unchanged {
        0 => String::new(),
        1 => " 1 resource is as its spec says.".to_owned(),
        count => format!(" {count} resources are as their specs say."),
    };
    if plan.is_empty() {
        let head = if plan.is_incomplete() { "Nothing to do for what could be decided." } else { "Nothing to do." };
        page.line(0, &[(Tone::Bold, head)]);
        return page.text(0, (Tone::Plain, ""), (Tone::Plain, format!("{truth} {read}").trim_start()));
    }
    let Counts { create, change, adopt, replace, remove } = Counts::of(plan);
    let mut parts = vec![format!("{create} to create"), format!("{change} to change")];
    for (count, word) in [(adopt, "to adopt"), (replace, "to REPLACE")] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    parts.push(if remove == 0 { "0 to remove".to_owned() } else { format!("{remove} to REMOVE") });
    if !plan.blocked.is_empty() {
        parts.push(format!("{} left alone", plan.blocked.len()));
    }
    page.text(0, (Tone::Bold, "Plan: "), (Tone::Bold, &format!("{}.{truth}", parts.join(", "))));
    let chain = longest_chain(plan);
    let seconds = least_rounds(plan) as f64 * SECONDS_PER_CALL_MIN;
    let apply = format!(
        "{read} Applying takes {}, at most {chain} one after another: at least {seconds:.2} s.",
        counted(plan.ops.len() as u64, "more")
    );
    page.text(0, (Tone::Plain, ""), (Tone::Plain, &apply));
}

/// What could not be read, one line for each reason.
fn unread(page: &mut Page, plan: &Plan) {
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Read { request, unread, .. } in &plan.reads {
        if let Some(Unread { call, why, help: _ }) = unread {
            reasons
                .entry(format!("{call} failed: {why}"))
                .or_default()
                .push(format!("{} in {}", request.source, request.scope));
        }
    }
    for (reason, reads) in &reasons {
        // The reason stands above where it kept a resource from being read.
        let told = plan.blocked.iter().any(|blocked| blocked.why == *reason);
        let reason = if told { String::new() } else { format!(": {reason}") };
        page.text(0, (Tone::Danger, ""), (Tone::Danger, &format!("Could not read {}{reason}.", reads.join(", "))));
    }
}

/// `1 call`, `2 calls`; `more` stays as it is.
#[must_use]
pub fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 || what == "more" { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// The fewest rounds of calls a plan takes: as long as its longest chain, and no more at once than the walk allows.
fn least_rounds(plan: &Plan) -> usize {
    let mut lanes: HashMap<Lane<'_>, usize> = HashMap::new();
    for op in &plan.ops {
        *lanes.entry(lane(plan, op)).or_default() += 1;
    }
    let fullest = lanes.into_values().max().unwrap_or(0).div_ceil(IN_FLIGHT_PER_SERVICE);
    longest_chain(plan).max(fullest).max(plan.ops.len().div_ceil(IN_FLIGHT))
}

/// The most operations that must follow one another.
#[must_use]
pub fn longest_chain(plan: &Plan) -> usize {
    let mut depth = vec![0; plan.ops.len()];
    for (index, op) in plan.ops.iter().enumerate() {
        depth[index] = 1 + op.after.iter().map(|before| depth[*before]).max().unwrap_or(0);
    }
    depth.into_iter().max().unwrap_or(0)
}

/// A plan for programs: the plan itself and its counts. Values not known yet are shown as people see them.
#[must_use]
pub fn plan_json(plan: &Plan) -> Value {
    let Counts { create, change, adopt, replace, remove } = Counts::of(plan);
    let plan_value = serde_json::to_value(plan).unwrap_or_default();
    json!({
        "summary": {
            "create": create, "change": change, "adopt": adopt, "replace": replace, "remove": remove,
            "unchanged": plan.unchanged, "blocked": plan.blocked.len(), "retained": plan.retained.len(),
            "read_calls": plan.calls(), "apply_calls": plan.ops.len(), "longest_chain": longest_chain(plan),
        },
        "plan": known_after_apply(&plan_value),
    })
}

fn known_after_apply(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::String(text) => Value::String(pending::show(text)),
        Value::Array(items) => Value::Array(items.iter().map(known_after_apply).collect()),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(key, member)| (pending::show(key), known_after_apply(member))).collect())
        }
    }
}
