//! From what exists to the specs that ask for it.
//!
//! Each live thing becomes a table by its kind's [`Kind::export`](crate::kind::Kind::export), with ARNs as they are. It is read
//! again like any spec, and its desired model held against the live one: what is not equal is left out, with the reason. Then
//! each field is tried without: what changes nothing is a default, and goes (`trial`). What remains gets addresses in place of
//! ARNs (`mentions`), and what is equal in all accounts of a group is written once (`files`). The whole is read once more,
//! together with the project's own files: a thing that is another one with its references is written without them.
//!
//! So "export, then plan: nothing to change" is not hoped for but looked at, for each thing, before a file is written.

mod files;
pub(crate) mod mentions;
mod things;
mod trial;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use trueup_specs::kind::KindScope;
use trueup_state::facts::{Facts, ReadRequest, Scope, Unread, Wanted};
use trueup_state::ledger::Ledger;

use crate::check::Checked;
use crate::kind::{AnyKind, AnyModel, Live};

/// What is to be exported, and into what.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// The project as it is: its accounts, and what its specs have already.
    pub checked: &'a Checked<'a>,
    /// The files of the project.
    pub base: &'a [(PathBuf, Vec<u8>)],
    /// Only these accounts; `None` is all.
    pub accounts: Option<&'a BTreeSet<Arc<str>>>,
    /// The regions that are looked at, for kinds that have regions.
    pub regions: &'a BTreeSet<Arc<str>>,
    /// Only these kinds; `None` is all.
    pub kinds: Option<&'a BTreeSet<String>>,
    /// What was last applied.
    pub ledger: &'a Ledger,
    /// Where the files will be, relative to the project.
    pub folder: &'a Path,
    /// Whether tags that all things have shall be the project's.
    pub share_tags: bool,
}

impl Ask<'_> {
    fn kinds(&self) -> impl Iterator<Item = &'static dyn AnyKind> {
        let asked = |kind: &&'static dyn AnyKind| self.kinds.is_none_or(|kinds| kinds.contains(kind.schema().name));
        self.checked.kinds.rows.iter().copied().filter(asked)
    }

    fn has_account(&self, account: &str) -> bool {
        self.accounts.is_none_or(|accounts| accounts.contains(account))
    }

    /// Where a kind or a source is looked at.
    fn scopes(&self, reach: KindScope) -> Vec<Scope> {
        let project = self.checked.project;
        // Only the management account tells what its organization has.
        let is_reached = |account: &&Arc<str>| match reach {
            KindScope::Organization => project.management.as_ref() == Some(*account),
            KindScope::Account | KindScope::Region => true,
        };
        let accounts = project.accounts.keys().filter(|account| self.has_account(account)).filter(is_reached);
        let in_account = |account: &Arc<str>| match reach {
            KindScope::Organization | KindScope::Account => vec![Scope { account: account.clone(), region: None }],
            KindScope::Region => {
                let scope = |region: &Arc<str>| Scope { account: account.clone(), region: Some(region.clone()) };
                self.regions.iter().map(scope).collect()
            }
        };
        accounts.flat_map(in_account).collect()
    }

    /// The region of what has none, and of files that name none.
    fn region(&self) -> Option<&str> {
        self.checked.project.settings.region.as_deref()
    }
}

/// What was found, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// The files, relative to [`Ask::folder`], with their text.
    pub files: BTreeMap<PathBuf, String>,
    /// Tags of all things, which stand in no file: they are for the project's settings.
    pub tags: BTreeMap<String, String>,
    /// The addresses of what is in the files.
    pub written: Vec<String>,
    /// Of these, the ones whose next plan adds the project's tags to them.
    pub untagged: Vec<String>,
    /// What exists and is in no file, and why.
    pub left_out: Vec<LeftOut>,
    /// How many things the project's specs have already.
    pub known: u64,
    /// How many things are AWS's own.
    pub aws: u64,
}

/// Something that exists and is in no file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// Where it is.
    pub scope: Scope,
    /// Its kind.
    pub kind: &'static str,
    /// Its name, or AWS's id where it has none.
    pub name: String,
    /// Why, on one line.
    pub why: String,
}

/// The reads that show everything there is.
#[must_use]
pub fn requests(ask: Ask<'_>) -> Vec<ReadRequest> {
    let mut wanted: BTreeMap<&'static str, Vec<Wanted>> = BTreeMap::new();
    for kind in ask.kinds() {
        for source in kind.sources() {
            wanted.entry(source).or_default().push(Wanted::everything(kind.schema().name));
        }
    }
    let of_source = |(source, wanted): (&str, Vec<Wanted>)| {
        let scopes = ask.scopes((ask.checked.kinds.source_scope)(source));
        let request = |scope| ReadRequest { source: Arc::from(source), scope, wanted: wanted.as_slice().into() };
        scopes.into_iter().map(request).collect::<Vec<_>>()
    };
    wanted.into_iter().flat_map(of_source).collect()
}

/// What exists of one kind in one scope.
pub struct Found {
    /// The kind.
    pub kind: &'static dyn AnyKind,
    /// Where.
    pub scope: Scope,
    /// What there is.
    pub live: Vec<Live<AnyModel>>,
    /// By name, the things of which some fields could not be read, and why.
    pub unchecked: BTreeMap<String, String>,
}

/// What a kind could not be read for, and where.
pub type NotFound = (Scope, Unread);

/// Turns facts into models; what could not be read is told once.
#[must_use]
pub fn observe(ask: Ask<'_>, facts: &Facts) -> (Vec<Found>, Vec<NotFound>) {
    let mut found = Vec::new();
    let mut unread: Vec<NotFound> = Vec::new();
    for kind in ask.kinds() {
        for scope in ask.scopes(kind.schema().scope) {
            match kind.observe(facts, &scope) {
                Ok(live) => {
                    let unchecked = live.iter().filter_map(|live| {
                        let why = unchecked(&kind.unchecked(facts, &scope, &live.name))?;
                        Some((live.name.clone(), why))
                    });
                    let unchecked = unchecked.collect();
                    found.push(Found { kind, scope, live, unchecked });
                }
                Err(why) => {
                    let told = unread.iter().any(|(place, other)| place.account == scope.account && *other == why);
                    if !told {
                        unread.push((scope, why));
                    }
                }
            }
        }
    }
    (found, unread)
}

/// Why a thing can't be written down whole; `None` where all its fields could be read.
fn unchecked(fields: &BTreeMap<String, Unread>) -> Option<String> {
    let told: Vec<String> = fields.iter().map(|(field, unread)| format!("{field} ({})", unread.why)).collect();
    (!told.is_empty()).then(|| format!("not all of it could be read: {}", told.join(", ")))
}

/// Writes the specs of all that was found and that nobody has in a spec yet.
#[must_use]
pub fn export(ask: Ask<'_>, found: &[Found]) -> Exported {
    let mut exported = Exported::default();
    let mut things = things::collect(ask, found, &mut exported);
    trial::hold(ask, &mut things, &mut exported.left_out);
    if ask.share_tags {
        exported.tags = things::shared_tags(&mut things);
    }
    things::put_tags(ask, &mut things, &mut exported.untagged);
    loop {
        let files = files::write(ask, found, &things, &exported.left_out);
        let wrong = trial::differing(ask, found, &things, &files);
        if wrong.is_empty() {
            exported.files = files;
            break;
        }
        for (index, why) in wrong.into_iter().rev() {
            if !things[index].literal {
                things[index].literal = true;
                continue;
            }
            let thing = things.remove(index);
            exported.left_out.push(thing.left_out(why));
        }
    }
    exported.written = things.iter().map(|thing| thing.at.address.to_string()).collect();
    exported.left_out.sort();
    exported
}
