//! Which table goes into which file.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use trueup_specs::export::{self, NamedFile};
use trueup_specs::kind::KindScope;
use trueup_specs::project::Project;

use super::mentions::{Mentions, Reader, View};
use super::things::{Thing, accounts};
use super::trial::place_files;
use super::{Ask, Found, LeftOut};
use crate::facts::Scope;

/// With more tables than these, each kind of a scope gets a file of its own.
const BLOCKS_A_FILE: usize = 60;

/// The file of what the organization has, unless an account or a group is called so.
const ORGANIZATION: &str = "organization";

/// Where a table stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// In no account but of the organization as a whole.
    Organization,
    /// In an account or a group, and the region where it is not the project's.
    Scope { name: Arc<str>, region: Option<Arc<str>> },
}

impl Place {
    fn new(ask: Ask<'_>, kind: &str, name: &Arc<str>, region: Option<&Arc<str>>) -> Self {
        let of_organization =
            ask.checked.kinds.get(kind).is_some_and(|kind| kind.schema().scope == KindScope::Organization);
        if of_organization {
            return Self::Organization;
        }
        let region = region.filter(|region| Some(&***region) != ask.region()).cloned();
        Self::Scope { name: name.clone(), region }
    }

    /// What its files are called.
    fn stem(&self, ask: Ask<'_>) -> String {
        match self {
            Self::Organization => {
                let Project { accounts, groups, .. } = ask.checked.project;
                let is_taken = |name: &str| accounts.contains_key(name) || groups.contains_key(name);
                let mut stem = ORGANIZATION.to_owned();
                while is_taken(&stem) {
                    stem.insert_str(0, "the-");
                }
                stem
            }
            Self::Scope { name, region: Some(region) } => format!("{name}-{region}"),
            Self::Scope { name, region: None } => name.to_string(),
        }
    }

    /// What its files begin with.
    fn head(&self) -> String {
        let Self::Scope { name, region } = self else { return String::new() };
        let region = region.as_ref().map(|region| format!("region  = {}\n", Value::from(&**region)));
        format!("[scope]\naccount = {}\n{}", Value::from(&**name), region.unwrap_or_default())
    }
}

/// A table as it will be written.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Block {
    kind: &'static str,
    text: String,
    /// The files it names, by their path relative to the table's.
    files: BTreeMap<String, String>,
}

/// The files, relative to the folder they are for.
pub(super) fn write(
    ask: Ask<'_>,
    found: &[Found],
    things: &[Thing<'_>],
    left_out: &[LeftOut],
) -> BTreeMap<PathBuf, String> {
    let mentions = Mentions::new(ask, found, things);
    let mut places: BTreeMap<Place, Vec<Block>> = BTreeMap::new();
    let place = |name: &Arc<str>, thing: &Thing<'_>| {
        Place::new(ask, thing.kind.schema().name, name, thing.at.scope.region.as_ref())
    };
    let (folded, in_groups) = fold(ask, &mentions, things);
    for Folded { group, thing, block } in folded {
        places.entry(place(&group, thing)).or_default().push(block);
    }
    for (index, thing) in things.iter().enumerate().filter(|(index, _)| !in_groups.contains(index)) {
        let account = &things[index].at.scope.account;
        places.entry(place(account, thing)).or_default().push(block(ask, &mentions, thing, account, Reader::Account));
    }
    let mut notes: BTreeMap<Place, Vec<&LeftOut>> = BTreeMap::new();
    for left in left_out {
        let LeftOut { scope: Scope { account, region }, kind, name: _, why: _ } = left;
        notes.entry(Place::new(ask, kind, account, region.as_ref())).or_default().push(left);
    }
    let mut files = BTreeMap::new();
    for (place, blocks) in places {
        // Where there is no table there is no file for a note either.
        let notes = notes.remove(&place).unwrap_or_default();
        put(&mut files, &place.stem(ask), &place.head(), blocks, &notes);
    }
    files
}

/// A table that is the same in all accounts of a group.
struct Folded<'t, 'f> {
    group: Arc<str>,
    /// The first of the things it stands for.
    thing: &'t Thing<'f>,
    block: Block,
}

/// The tables that are the same in all accounts of a group, and the numbers of the things they stand for.
fn fold<'t, 'f>(ask: Ask<'_>, mentions: &Mentions, things: &'t [Thing<'f>]) -> (Vec<Folded<'t, 'f>>, HashSet<usize>) {
    let mut folded = Vec::new();
    let mut taken = HashSet::new();
    let present = accounts(things);
    for (group, members) in mentions.groups() {
        if !members.iter().all(|member| present.contains(member)) {
            continue;
        }
        let mut alike: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (index, thing) in things.iter().enumerate() {
            if members.contains(&thing.at.scope.account) && !taken.contains(&index) {
                let key = (thing.kind.schema().name, &thing.at.scope.region, &thing.name);
                alike.entry(key).or_default().push(index);
            }
        }
        for indices in alike.into_values().filter(|indices| indices.len() == members.len()) {
            let same = |reader| {
                let mut blocks = indices.iter().map(|index| block(ask, mentions, &things[*index], group, reader));
                let first = blocks.next()?;
                blocks.all(|block| block == first).then_some(first)
            };
            if let (Some(block), Some(index)) = (same(Reader::Each).or_else(|| same(Reader::All)), indices.first()) {
                folded.push(Folded { group: group.clone(), thing: &things[*index], block });
                taken.extend(indices);
            }
        }
    }
    (folded, taken)
}

/// A thing's table. `owner` is the account or the group of the file it is for.
fn block(ask: Ask<'_>, mentions: &Mentions, thing: &Thing<'_>, owner: &str, reader: Reader) -> Block {
    let schema = thing.kind.schema();
    let shape = (schema.shape)();
    let region = thing.at.scope.region.as_deref().or(ask.region());
    let view = View { account: &thing.at.scope.account, reader, region };
    let mut fields = if thing.literal { thing.fields.clone() } else { mentions.rewrite(&thing.fields, &shape, view) };
    let mut files = BTreeMap::new();
    place_files(&mut fields, &mut |NamedFile { extension, text }| {
        // Policies may be many, and are no specs; what others give out (a provider's metadata) lies beside the table.
        let folder = if extension == NamedFile::JSON { "policies/" } else { "" };
        let number = if files.is_empty() { String::new() } else { format!("-{}", files.len() + 1) };
        let path = format!("{folder}{owner}-{}-{}{number}.{extension}", schema.name, thing.name);
        files.insert(path.clone(), text);
        path
    });
    Block { kind: schema.name, text: export::block(schema.name, &thing.name, &fields, &shape), files }
}

fn put(files: &mut BTreeMap<PathBuf, String>, stem: &str, head: &str, blocks: Vec<Block>, notes: &[&LeftOut]) {
    let mut by_file: BTreeMap<PathBuf, Vec<Block>> = BTreeMap::new();
    let is_long = blocks.len() > BLOCKS_A_FILE;
    for block in blocks {
        let path = if is_long { format!("{stem}/{}.toml", block.kind) } else { format!("{stem}.toml") };
        by_file.entry(PathBuf::from(path)).or_default().push(block);
    }
    for (path, blocks) in by_file {
        let mut text = head.to_owned();
        for Block { kind: _, text: table, files: named } in blocks {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&table);
            let folder = path.parent().unwrap_or(Path::new(""));
            files.extend(named.into_iter().map(|(path, text)| (folder.join(path), text)));
        }
        files.insert(path, text);
    }
    if notes.is_empty() {
        return;
    }
    let path = PathBuf::from(if is_long { format!("{stem}/left-out.toml") } else { format!("{stem}.toml") });
    let text = files.entry(path).or_insert_with(|| head.to_owned());
    text.push_str("\n# Left out, and why:\n");
    for LeftOut { scope: _, kind, name, why } in notes {
        // What AWS's names hold must not end the comment.
        let line = format!("{kind} {name}: {why}").replace(|c: char| c.is_control(), " ");
        let _ = writeln!(text, "# - {line}");
    }
}

/// The accounts of a project as tables.
pub(super) fn account_tables(project: &Project) -> String {
    let mut text = String::new();
    for account in project.accounts.values() {
        let groups: Value = account.groups.iter().map(|group| Value::from(&**group)).collect();
        let known_by = match &account.email {
            Some(email) if account.is_unknown() => format!("email = {}", Value::from(email.as_str())),
            Some(_) | None => format!("id = {}", Value::from(&*account.id)),
        };
        let is_management = project.management.as_ref() == Some(&account.name);
        let management = if is_management { "management = true\n" } else { "" };
        // Names are letters, digits, `_` and `-`: what a key may be without quotation marks.
        let _ = writeln!(text, "[account.{}]\n{known_by}\n{management}groups = {groups}", account.name);
    }
    text
}
