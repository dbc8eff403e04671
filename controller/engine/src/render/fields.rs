//! Models and their differences, field by field.

use std::collections::HashSet;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};
use trueup_specs::pending;
use trueup_specs::policy::{
    Actions, Conditions, Document, ElementChange, Principals, Resources, Statement, StatementChange, difference,
};
use trueup_specs::resolve::{TAG_ADDRESS, TAG_PROJECT};
use unicode_width::UnicodeWidthStr;

use super::page::{Page, Tone};
use crate::dangers::document;

/// The tags that every resource of a project has, and that only repeat its address.
const OWNER_TAGS: [&str; 2] = [TAG_PROJECT, TAG_ADDRESS];

/// A whole model that comes or goes; what is empty is left out, and so are the tags that only repeat the address.
pub(super) fn whole(page: &mut Page, indent: usize, tone: Tone, model: &Value) {
    let fields = || model.as_object().into_iter().flatten().filter(|(_, value)| !is_nothing(value));
    // One column for all labels, but for those of policies, which have lines of their own.
    let labels = fields().filter(|(_, value)| document(value).is_none());
    let width = labels.map(|(field, _)| field.width()).max().unwrap_or(0);
    for (field, value) in fields() {
        one(page, indent, (tone, width), field, value);
    }
}

fn one(page: &mut Page, indent: usize, (tone, width): (Tone, usize), field: &str, value: &Value) {
    let label = |text: &str| format!("{text:<width$} ");
    if let Some(document) = document(value) {
        page.line(indent, &[(Tone::Plain, field)]);
        for statement in &document.statements {
            whole_statement(page, indent + 2, tone, statement);
        }
        return;
    }
    match value {
        Value::Object(members) if members.values().any(|member| member.is_object()) => {
            for (key, member) in members {
                one(page, indent, (tone, width), &format!("{field}.{key}"), member);
            }
        }
        Value::Object(members) => {
            let items: Vec<String> = members
                .iter()
                .filter(|(key, v)| !is_nothing(v) && !OWNER_TAGS.contains(&key.as_str()))
                .map(|(key, v)| format!("{key} = {}", inner(v)))
                .collect();
            if items.is_empty() {
                return;
            }
            page.list(indent, (Tone::Plain, &label(field)), Tone::Plain, &items);
        }
        Value::Array(items) => list(page, indent, &label(field), items),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            page.text(indent, (Tone::Plain, &label(field)), (Tone::Plain, &show(value)));
        }
    }
}

/// Items under one label: tables one below the other, each wrapped; all else as it fits.
fn list(page: &mut Page, indent: usize, label: &str, items: &[Value]) {
    if !items.iter().any(Value::is_object) {
        let items: Vec<String> = items.iter().map(show).collect();
        return page.list(indent, (Tone::Plain, label), Tone::Plain, &items);
    }
    let under = " ".repeat(label.width());
    for (index, item) in items.iter().enumerate() {
        let label = if index == 0 { label } else { &under };
        page.text(indent, (Tone::Plain, label), (Tone::Plain, &show(item)));
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(is_nothing),
        Value::Object(members) => members.values().all(is_nothing),
    }
}

/// A value as a person reads it; what is not known yet says so.
#[must_use]
pub fn show(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => pending::show(text),
        Value::Array(items) => items.iter().map(inner).collect::<Vec<_>>().join(", "),
        Value::Object(members) => {
            let told = members.iter().filter(|(_, member)| !is_nothing(member));
            told.map(|(key, member)| format!("{key} = {}", inner(member))).collect::<Vec<_>>().join(", ")
        }
    }
}

/// A value inside of another, held together as TOML does.
fn inner(value: &Value) -> String {
    match value {
        Value::Array(_) => format!("[{}]", show(value)),
        Value::Object(_) => format!("{{ {} }}", show(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => show(value),
    }
}

/// What was last applied where both the spec and AWS moved: a plain value as it was; of what has parts, those that moved in AWS since.
/// What the plan does about them is a difference of its own, below. How far that is indented.
pub(super) fn applied(page: &mut Page, indent: usize, applied: &Value, before: Option<&Value>) -> usize {
    let has_parts =
        |value: &Value| value.is_object() || value.as_array().is_some_and(|all| all.iter().any(Value::is_object));
    if !has_parts(applied) && !before.is_some_and(has_parts) {
        page.text(indent, (Tone::Faint, "last applied "), (Tone::Faint, &show(applied)));
        return indent;
    }
    page.line(indent, &[(Tone::Faint, "in AWS since the last apply")]);
    changed(page, indent + 2, Some(applied), before);
    page.line(indent, &[(Tone::Faint, "in this plan")]);
    indent + 2
}

/// What differs inside one field.
pub(super) fn changed(page: &mut Page, indent: usize, before: Option<&Value>, after: Option<&Value>) {
    let (old, new) = (before.and_then(document), after.and_then(document));
    if old.is_some() || new.is_some() {
        return changed_document(page, indent, old.as_ref(), new.as_ref());
    }
    let nothing = Value::Null;
    match (before.unwrap_or(&nothing), after.unwrap_or(&nothing)) {
        (Value::Object(old), Value::Object(new)) => changed_members(page, indent, old, new),
        (Value::Array(old), Value::Array(new)) => changed_items(page, indent, old, new),
        (Value::Null, Value::Array(new)) => changed_items(page, indent, &[], new),
        (Value::Array(old), Value::Null) => changed_items(page, indent, old, &[]),
        (old, new) if is_nothing(old) => page.text(indent, (Tone::Add, "+ "), (Tone::Add, &show(new))),
        (old, new) if is_nothing(new) => page.text(indent, (Tone::Remove, "- "), (Tone::Remove, &show(old))),
        (old, new) => {
            page.text(indent, (Tone::Remove, "- "), (Tone::Remove, &show(old)));
            page.text(indent, (Tone::Add, "+ "), (Tone::Add, &show(new)));
        }
    }
}

/// What tells the tables of a list apart, where they have it.
const NAMES: [&str; 3] = ["id", "name", "priority"];

/// Items that come, go, or, where they have a name of their own, change.
fn changed_items(page: &mut Page, indent: usize, old: &[Value], new: &[Value]) {
    let name = |item: &Value| NAMES.into_iter().find_map(|key| Some((key, item.get(key)?.clone())));
    let names = |items: &[Value]| -> HashSet<String> {
        items.iter().filter_map(name).map(|(key, name)| format!("{key} = {}", show(&name))).collect()
    };
    // A name that stands twice names nothing.
    let named = |items: &[Value]| names(items).len() == items.len();
    let other = |item: &Value, items: &[Value]| -> Option<Value> {
        let (key, name) = name(item).filter(|_| named(old) && named(new))?;
        items.iter().find(|other| other.get(key) == Some(&name)).cloned()
    };
    let only = |items: &[Value], others: &[Value]| -> Vec<Value> {
        items.iter().filter(|item| !others.contains(item) && other(item, others).is_none()).cloned().collect()
    };
    let (gone, come) = (only(old, new), only(new, old));
    moved(page, indent, (Tone::Remove, "- "), &gone);
    for item in new.iter().filter(|item| !old.contains(item)) {
        let Some(Value::Object(before)) = other(item, old) else { continue };
        let (Value::Object(after), Some((key, name))) = (item, name(item)) else { continue };
        page.line(indent, &[(Tone::Change, &format!("~ {key} = {}", show(&name)))]);
        changed_members(page, indent + 2, &before, after);
    }
    moved(page, indent, (Tone::Add, "+ "), &come);
}

/// Items that all come or all go: tables with a sign each, all else side by side.
fn moved(page: &mut Page, indent: usize, (tone, sign): (Tone, &str), items: &[Value]) {
    if items.iter().any(Value::is_object) {
        for item in items {
            page.text(indent, (tone, sign), (tone, &show(item)));
        }
    } else if !items.is_empty() {
        let items: Vec<String> = items.iter().map(show).collect();
        page.list(indent, (tone, sign), tone, &items);
    }
}

fn changed_members(
    page: &mut Page,
    indent: usize,
    old: &serde_json::Map<String, Value>,
    new: &serde_json::Map<String, Value>,
) {
    let keys = new.keys().chain(old.keys().filter(|key| !new.contains_key(*key)));
    for key in keys {
        let (before, after) = (old.get(key).unwrap_or(&Value::Null), new.get(key).unwrap_or(&Value::Null));
        if before == after {
            continue;
        }
        let is_plain = |value: &Value| !value.is_object() && !value.is_array();
        match (before, after) {
            (Value::Null, after) if is_plain(after) => {
                page.text(indent, (Tone::Add, &format!("+ {key} = ")), (Tone::Add, &show(after)));
            }
            (before, Value::Null) if is_plain(before) => {
                page.text(indent, (Tone::Remove, &format!("- {key} = ")), (Tone::Remove, &show(before)));
            }
            (before, after) if is_plain(before) && is_plain(after) => {
                page.text(
                    indent,
                    (Tone::Change, &format!("~ {key} = ")),
                    (Tone::Plain, &format!("{} -> {}", show(before), show(after))),
                );
            }
            (Value::Null, after) => {
                page.line(indent, &[(Tone::Add, &format!("+ {key}"))]);
                changed(page, indent + 2, None, Some(after));
            }
            (before, Value::Null) => {
                page.line(indent, &[(Tone::Remove, &format!("- {key}"))]);
                changed(page, indent + 2, Some(before), None);
            }
            (before, after) => {
                page.line(indent, &[(Tone::Change, &format!("~ {key}"))]);
                changed(page, indent + 2, Some(before), Some(after));
            }
        }
    }
}

fn members(page: &mut Page, indent: usize, name: &str, gone: &[String], come: &[String]) {
    for (sign, tone, items) in [("-", Tone::Remove, gone), ("+", Tone::Add, come)] {
        if !items.is_empty() {
            page.list(indent, (tone, &format!("{sign} {name}")), tone, items);
        }
    }
}

fn changed_document(page: &mut Page, indent: usize, old: Option<&Document>, new: Option<&Document>) {
    // A document that comes or goes is told by its statements; its version says nothing more.
    let both = old.is_some() && new.is_some();
    for change in difference(old, new) {
        match change {
            StatementChange::Header { .. } if !both => {}
            StatementChange::Header { elements } => {
                for element in &elements {
                    changed_element(page, indent, element);
                }
            }
            StatementChange::Removed(statement) => {
                page.line(indent, &[(Tone::Remove, &format!("- {}", title(statement)))]);
                whole_statement_body(page, indent + 2, Tone::Remove, statement);
            }
            StatementChange::Added(statement) => {
                page.line(indent, &[(Tone::Add, &format!("+ {}", title(statement)))]);
                whole_statement_body(page, indent + 2, Tone::Add, statement);
            }
            StatementChange::Changed { after, elements, .. } => {
                page.line(indent, &[(Tone::Change, &format!("~ {}", title(after)))]);
                for element in &elements {
                    changed_element(page, indent + 2, element);
                }
            }
        }
    }
}

fn changed_element(page: &mut Page, indent: usize, element: &ElementChange) {
    let ElementChange { element: name, added, removed } = element;
    let shown =
        |items: &[String]| -> Vec<String> { items.iter().map(|item| spelt(name, &pending::show(item))).collect() };
    let (removed, added) = (shown(removed), shown(added));
    let name = words(name);
    if let ([old], [new]) = (&*removed, &*added)
        && old.width() + new.width() > 40
    {
        return respelt(page, indent, name, old, new);
    }
    members(page, indent, &format!("{name:<9} "), &removed, &added);
}

/// Two long values that differ a little: where they differ is marked under each, so that the eye finds one letter in an ARN.
fn respelt(page: &mut Page, indent: usize, name: &str, old: &str, new: &str) {
    let diff = TextDiff::from_chars(old, new);
    let marks = |side: ChangeTag| -> String {
        let mut marks = String::new();
        for change in diff.iter_all_changes() {
            let sign = if change.tag() == side { "^" } else { " " };
            if change.tag() == side || change.tag() == ChangeTag::Equal {
                marks.push_str(&sign.repeat(change.value().width()));
            }
        }
        marks
    };
    for (sign, tone, text, side) in
        [("-", Tone::Remove, old, ChangeTag::Delete), ("+", Tone::Add, new, ChangeTag::Insert)]
    {
        let head = format!("{sign} {name:<9} ");
        page.line(indent, &[(tone, &head), (tone, text)]);
        let fits = indent + head.width() + text.width() <= page.width();
        let marks = marks(side);
        if fits && marks.contains('^') && diff.ratio() > 0.5 {
            page.line(indent + head.width(), &[(Tone::Faint, &marks)]);
        }
    }
}

fn whole_statement(page: &mut Page, indent: usize, tone: Tone, statement: &Statement) {
    page.line(indent, &[(tone, &title(statement))]);
    whole_statement_body(page, indent + 2, tone, statement);
}

/// What a statement is called: its effect and its name.
fn title(statement: &Statement) -> String {
    let effect = statement.effect.as_str().to_lowercase();
    match &statement.sid {
        Some(sid) => format!("{effect} \"{sid}\""),
        None => effect,
    }
}

fn whole_statement_body(page: &mut Page, indent: usize, tone: Tone, statement: &Statement) {
    let Statement { sid: _, effect: _, principal, action, resource, condition } = statement;
    let mut list = |name: &str, items: Vec<String>| page.list(indent, (tone, &format!("{name:<9} ")), tone, &items);
    let (name, actions) = match action {
        Actions::Is(actions) => ("action", actions),
        Actions::Not(actions) => ("not_action", actions),
    };
    list(name, actions.iter().map(|action| pending::show(action.as_str())).collect());
    if let Some(principal) = principal {
        let name = match principal {
            Principals::Is(_) => "principal",
            Principals::Not(_) => "not_principal",
        };
        let who = principal.named().iter().map(|principal| {
            let (key, value) = principal.parts();
            spelt("Principal", &format!("{key} {}", pending::show(value)))
        });
        list(name, who.collect());
    }
    if let Some(resource) = resource {
        let (name, resources) = match resource {
            Resources::Is(resources) => ("resource", resources),
            Resources::Not(resources) => ("not_resource", resources),
        };
        list(name, resources.iter().map(|resource| pending::show(resource)).collect());
    }
    for line in conditions(condition) {
        page.text(indent, (tone, "condition "), (tone, &line));
    }
}

fn conditions(conditions: &Conditions) -> Vec<String> {
    let mut lines = Vec::new();
    for (operator, keys) in conditions {
        for (key, values) in keys {
            let values: Vec<String> = values.iter().map(|value| pending::show(value)).collect();
            lines.push(format!("{} {} = {}", operator.as_str(), key.as_str(), values.join(", ")));
        }
    }
    lines
}

/// A member of an element in the words of the specs: of principals, those of AWS itself go without saying so.
fn spelt(element: &str, member: &str) -> String {
    match member.split_once(' ') {
        Some(("AWS", who)) if element.ends_with("Principal") => who.to_owned(),
        Some((key, who)) if element.ends_with("Principal") => format!("{} {who}", key.to_lowercase()),
        Some(_) | None => member.to_owned(),
    }
}

/// The elements in the words of the specs.
fn words(element: &str) -> &str {
    match element {
        "Action" => "action",
        "NotAction" => "not_action",
        "Principal" => "principal",
        "NotPrincipal" => "not_principal",
        "Resource" => "resource",
        "NotResource" => "not_resource",
        "Condition" => "condition",
        "Effect" => "effect",
        "Sid" => "sid",
        "Id" => "id",
        "Version" => "version",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::page::Look;
    use super::*;

    #[test]
    fn tables_in_a_list_come_go_and_change_by_their_names() {
        let before = json!([
            { "id": "old", "days": 30, "filter": { "prefix": "" } },
            { "id": "logs", "days": 30, "transitions": [{ "days": 10, "to": "GLACIER" }] },
            { "id": "same", "days": 1 },
        ]);
        let after = json!([
            { "id": "same", "days": 1 },
            { "id": "logs", "days": 60, "transitions": [] },
            { "id": "new", "days": 7, "filter": { "tags": ["one", "two"], "prefix": "somewhere/deep/down/in/the/bucket/" } },
        ]);
        let mut page = Page::new(Look { width: 60, color: false });
        changed(&mut page, 2, Some(&before), Some(&after));
        whole(&mut page, 2, Tone::Plain, &json!({ "lifecycle": after, "empty": [{ "nothing": null }] }));
        insta::assert_snapshot!(page.finish());
    }
}
