//! Reads again what was written, and holds it against what is there.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value};
use trueup_specs::diagnostic::Problems;
use trueup_specs::export::{self, FILE, NamedFile};
use trueup_specs::pending;
use trueup_specs::project::{InstanceId, Project};
use trueup_specs::resolve::{Outputs, Resolver};
use trueup_specs::shape::{Shape, TableShape};
use trueup_specs::{ACCOUNT, ByName};

use super::files::account_tables;
use super::things::{Thing, with_meta};
use super::{Ask, Found, LeftOut};
use crate::causes::differing as differing_fields;
use crate::kind::{AnyModel, At, Identity};
use crate::matching::OWN_TAGS;

/// Things in one file of a trial: files have a greatest size.
const THINGS_A_FILE: usize = 500;

/// Before there are references nothing refers to anything.
struct Nothing;

impl Outputs for Nothing {
    fn get(&self, _: InstanceId, _: &str) -> Option<String> {
        None
    }
}

/// Keeps the things that a spec can ask for, and of each table what is not a default.
pub(super) fn hold(ask: Ask<'_>, things: &mut Vec<Thing<'_>>, left_out: &mut Vec<LeftOut>) {
    things.iter_mut().for_each(with_meta);
    call(ask, things);
    let tables: Vec<(usize, Map<String, Value>)> =
        things.iter().enumerate().map(|(index, thing)| (index, thing.fields.clone())).collect();
    let mut good = equal(ask, things, &tables);
    for index in 0..things.len() {
        // What breaks a file takes its neighbours along; alone it is judged fairly.
        if !good[index] {
            match why_not(ask, &things[index]) {
                None => good[index] = true,
                Some(why) => left_out.push(things[index].left_out(why)),
            }
        }
    }
    let mut kept = good.into_iter();
    things.retain(|_| kept.next().unwrap_or_default());
    trim(ask, things, |thing, _| {
        // Without its id an account would have to be found before anything in it could be reached.
        let stays = |key: &str| thing.kind.schema().name == ACCOUNT.name && key == "id";
        thing.fields.keys().filter(|key| !stays(key)).map(|key| vec![key.clone()]).collect()
    });
    trim(ask, things, |thing, shape| nested(&thing.fields, shape, &[]));
}

/// Finds out what specs without references would call the things.
fn call(ask: Ask<'_>, things: &mut [Thing<'_>]) {
    let entries: Vec<(&Thing<'_>, &Map<String, Value>)> = things.iter().map(|thing| (thing, &thing.fields)).collect();
    let called: Vec<Option<String>> = match load(ask, &entries) {
        Some(project) => things.iter().map(|thing| Some(read(thing, &project, &Nothing)?.identity.name)).collect(),
        None => Vec::new(),
    };
    for (thing, called) in things.iter_mut().zip(called) {
        thing.called = called;
    }
}

/// Tries each table without one field after the other; in each round one field of every table.
fn trim(ask: Ask<'_>, things: &mut [Thing<'_>], paths: fn(&Thing<'_>, &TableShape) -> Vec<Vec<String>>) {
    let of_thing = |thing: &Thing<'_>| paths(thing, &(thing.kind.schema().shape)()).into_iter();
    let mut open: Vec<_> = things.iter().map(of_thing).collect();
    loop {
        let next: Vec<(usize, Vec<String>)> =
            open.iter_mut().enumerate().filter_map(|(index, paths)| Some((index, paths.next()?))).collect();
        if next.is_empty() {
            return;
        }
        let tables: Vec<(usize, Map<String, Value>)> = next
            .into_iter()
            .filter(|(index, path)| !is_last(&things[*index].fields, path))
            .map(|(index, path)| {
                let mut fields = things[index].fields.clone();
                remove(&mut fields, &path);
                (index, fields)
            })
            .collect();
        let same = equal(ask, things, &tables);
        for ((index, fields), same) in tables.into_iter().zip(same) {
            if same {
                things[index].fields = fields;
            }
        }
    }
}

/// Whether without this field a table within the table would be empty: `rotation = { days = 365 }` says more than `rotation = {}`.
fn is_last(fields: &Map<String, Value>, path: &[String]) -> bool {
    let Some((_, [first, rest @ ..])) = path.split_last() else { return false };
    let table = rest.iter().try_fold(fields.get(first), |value, key| match value {
        Some(Value::Array(items)) => Some(key.parse().ok().and_then(|number: usize| items.get(number))),
        Some(other) => Some(other.get(key)),
        None => None,
    });
    table.flatten().and_then(Value::as_object).is_some_and(|members| members.len() == 1)
}

fn remove(fields: &mut Map<String, Value>, path: &[String]) {
    match path {
        [] => {}
        [key] => {
            fields.shift_remove(key);
        }
        [key, rest @ ..] => match fields.get_mut(key) {
            Some(Value::Object(inner)) => remove(inner, rest),
            Some(Value::Array(items)) => {
                let number = rest.first().and_then(|number| number.parse::<usize>().ok());
                if let Some(Value::Object(inner)) = number.and_then(|number| items.get_mut(number)) {
                    remove(inner, rest.get(1..).unwrap_or_default());
                }
            }
            Some(_) | None => {}
        },
    }
}

/// The fields of tables within the table, and of tables in its lists, which go by their number.
fn nested(fields: &Map<String, Value>, shape: &TableShape, above: &[String]) -> Vec<Vec<String>> {
    let below = |above: &[String], more: String| above.iter().cloned().chain([more]).collect::<Vec<String>>();
    let mut found = Vec::new();
    for field in &shape.fields {
        let above = below(above, field.name.to_owned());
        let item = match &field.shape {
            Shape::OneOrMany(item) | Shape::List(item) => item,
            shape => shape,
        };
        let Shape::Table(inner) = item else { continue };
        let tables: Vec<(Vec<String>, &Map<String, Value>)> = match fields.get(field.name) {
            Some(Value::Object(members)) => vec![(above, members)],
            Some(Value::Array(items)) => {
                let tables = items.iter().enumerate().filter_map(|(number, item)| Some((number, item.as_object()?)));
                tables.map(|(number, members)| (below(&above, number.to_string()), members)).collect()
            }
            Some(_) | None => Vec::new(),
        };
        for (above, members) in tables {
            found.extend(members.keys().map(|key| below(&above, key.clone())));
            found.extend(nested(members, inner, &above));
        }
    }
    found
}

/// Whether each of these tables asks for just the thing that is there.
fn equal(ask: Ask<'_>, things: &[Thing<'_>], tables: &[(usize, Map<String, Value>)]) -> Vec<bool> {
    let entries: Vec<(&Thing<'_>, &Map<String, Value>)> =
        tables.iter().map(|(index, fields)| (&things[*index], fields)).collect();
    let loaded = load(ask, &entries);
    let judge = |(thing, _): &(&Thing<'_>, _)| {
        loaded.as_ref().is_some_and(|project| fault(thing, project, &Nothing, Asked::Alone).is_none())
    };
    entries.iter().map(judge).collect()
}

/// Why the thing's table does not ask for it; `None` if it does.
fn why_not(ask: Ask<'_>, thing: &Thing<'_>) -> Option<String> {
    let files = trial_files(ask, &[(thing, &thing.fields)]);
    let loaded = trueup_specs::load_from(files, &ask.checked.kinds.schemas());
    let first = loaded.problems.iter().next().map(|problem| problem.summary.clone());
    match &loaded.project {
        Some(project) if !loaded.problems.has_errors() => fault(thing, project, &Nothing, Asked::Alone),
        Some(_) | None => Some(first.unwrap_or_else(|| "it can't be read again".to_owned())),
    }
}

fn load(ask: Ask<'_>, entries: &[(&Thing<'_>, &Map<String, Value>)]) -> Option<Project> {
    trueup_specs::load_from(trial_files(ask, entries), &ask.checked.kinds.schemas()).project
}

/// A project of these tables, with ARNs as they are.
fn trial_files(ask: Ask<'_>, entries: &[(&Thing<'_>, &Map<String, Value>)]) -> Vec<(PathBuf, Vec<u8>)> {
    let project = ask.checked.project;
    let quoted = |text: &str| Value::from(text).to_string();
    let region = ask.region().map(|region| format!("region = {}\n", quoted(region))).unwrap_or_default();
    let settings = format!("[project]\nname = {}\n{region}", quoted(&project.name));
    let mut files = vec![
        (PathBuf::from("trueup.toml"), settings.into_bytes()),
        (PathBuf::from("accounts.toml"), account_tables(project).into_bytes()),
    ];
    let mut by_scope: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (number, (thing, fields)) in entries.iter().enumerate() {
        let schema = thing.kind.schema();
        let mut fields = (*fields).clone();
        place_files(&mut fields, &mut |NamedFile { extension, text }| {
            let path = format!("files/{}.{extension}", files.len());
            files.push((PathBuf::from(&path), text.into_bytes()));
            path
        });
        let text = export::block(schema.name, &thing.name, &fields, &(schema.shape)());
        by_scope.entry((&thing.at.scope, number / THINGS_A_FILE)).or_default().push(text);
    }
    for (number, ((scope, _), blocks)) in by_scope.into_iter().enumerate() {
        let region = scope.region.as_ref().map(|region| format!("region = {}\n", quoted(region))).unwrap_or_default();
        let head = format!("[scope]\naccount = {}\n{region}\n", quoted(&scope.account));
        files.push((PathBuf::from(format!("{number}.toml")), (head + &blocks.join("\n")).into_bytes()));
    }
    files
}

/// Gives a path to each file that the fields name.
pub(super) fn place_files(fields: &mut Map<String, Value>, path: &mut dyn FnMut(NamedFile) -> String) {
    for (key, value) in fields.iter_mut() {
        match value {
            Value::Object(_) if key == FILE => *value = Value::from(path(NamedFile::of(value))),
            Value::Object(members) => place_files(members, path),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {}
        }
    }
}

/// Under which conditions a table is held against its thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// Without references, with the thing's own tags.
    Alone,
    /// In its place; the tags of the project may not be on the thing yet.
    InPlace,
}

/// What a project asks for under a thing's address.
struct Read {
    identity: Identity,
    /// `None` where there are errors, of which this is the first.
    desired: Result<AnyModel, String>,
}

const NOT_UNDERSTOOD: &str = "it can't be read again";

/// `None` if there is no such address.
fn read(thing: &Thing<'_>, project: &Project, outputs: &dyn Outputs) -> Option<Read> {
    let id = project.find(&thing.address())?;
    let instance = project.instance(id)?;
    let spec = &*instance.block.spec;
    let at = At { address: instance.address.to_string().into(), ..thing.at.clone() };
    let mut problems = Problems::new();
    let identity = |outputs: &dyn Outputs, problems: &mut Problems| {
        thing.kind.identity(spec, &at, &mut Resolver::new(project, id, outputs, problems))
    };
    // As when a project is checked: a name follows from the specs, and only where it is made of others' names, from those.
    let mut identified = identity(&Nothing, &mut Problems::new());
    if pending::is_pending(&pending::with_digits(&identified.name)) {
        identified = identity(outputs, &mut problems);
    }
    let desired = thing.kind.desired(spec, &at, &mut Resolver::new(project, id, outputs, &mut problems));
    let error = problems.iter().find(|problem| problem.severity == trueup_specs::Severity::Error);
    let desired = match (error, desired) {
        (Some(problem), _) => Err(problem.summary.clone()),
        (None, Some(desired)) => Ok(desired),
        (None, None) => Err(NOT_UNDERSTOOD.to_owned()),
    };
    Some(Read { identity: identified, desired })
}

/// Why what the project asks for under the thing's address is not the thing; `None` if it is.
fn fault(thing: &Thing<'_>, project: &Project, outputs: &dyn Outputs, asked: Asked) -> Option<String> {
    let Some(Read { identity, desired }) = read(thing, project, outputs) else {
        return Some(NOT_UNDERSTOOD.to_owned());
    };
    let desired = match desired {
        Ok(desired) => desired,
        Err(why) => return Some(why),
    };
    let name = match (asked, &thing.called) {
        (Asked::Alone, Some(called)) => called,
        (Asked::Alone | Asked::InPlace, _) => &thing.live.name,
    };
    if identity.name != *name {
        return Some(format!("a spec can't name it: it would be `{}`", identity.name));
    }
    let wanted = thing.kind.tags(&desired).cloned().unwrap_or_default();
    let tags = match asked {
        Asked::Alone => {
            let own = wanted.iter().filter(|(key, _)| key.starts_with(OWN_TAGS));
            thing.tags().into_iter().chain(own.map(|(key, value)| (key.clone(), value.clone()))).collect()
        }
        Asked::InPlace => wanted,
    };
    let there = thing.kind.with_tags(&thing.live.model, tags);
    if thing.kind.equal(&there, &desired) {
        return None;
    }
    let fields = differing_fields(&thing.kind.to_value(&there), &thing.kind.to_value(&desired));
    Some(format!("no spec can say what it has in {}", fields.join(", ")))
}

/// The things that are others when the files are read together with the project's own, and why.
pub(super) fn differing(
    ask: Ask<'_>,
    found: &[Found],
    things: &[Thing<'_>],
    files: &BTreeMap<PathBuf, String>,
) -> Vec<(usize, String)> {
    let written = files.iter().map(|(path, text)| (ask.folder.join(path), text.clone().into_bytes()));
    let all: Vec<_> = ask.base.iter().cloned().chain(written).collect();
    let Some(mut project) = trueup_specs::load_from(all, &ask.checked.kinds.schemas()).project else {
        return (0..things.len()).map(|index| (index, NOT_UNDERSTOOD.to_owned())).collect();
    };
    for account in project.accounts.values_mut() {
        // The id of one that is declared by its e-mail address alone was found in the organization.
        if let Some(found) = ask.checked.project.accounts.get(&account.name) {
            account.id.clone_from(&found.id);
        }
    }
    let project = &project;
    let outputs = There { outputs: outputs(ask, found, things, project) };
    let wrong = |(index, thing): (usize, &Thing<'_>)| Some((index, fault(thing, project, &outputs, Asked::InPlace)?));
    things.iter().enumerate().filter_map(wrong).collect()
}

/// What is there, by instance.
struct There<'f> {
    outputs: Vec<Option<&'f ByName<String>>>,
}

impl Outputs for There<'_> {
    fn get(&self, instance: InstanceId, attribute: &str) -> Option<String> {
        (*self.outputs.get(instance.index())?)?.get(attribute).cloned()
    }
}

fn outputs<'f>(
    ask: Ask<'f>,
    found: &'f [Found],
    things: &[Thing<'f>],
    project: &Project,
) -> Vec<Option<&'f ByName<String>>> {
    let mut outputs = vec![None; project.instances.len()];
    let mut put = |address: &trueup_specs::address::Address, of: &'f ByName<String>| {
        if let Some(slot) = project.find(address).and_then(|id| outputs.get_mut(id.index())) {
            *slot = Some(of);
        }
    };
    for (address, _, live) in super::mentions::in_specs(ask, found) {
        put(address, live);
    }
    for thing in things {
        put(&thing.address(), &thing.live.outputs);
    }
    outputs
}
