//! What exists, whose it is, and what it will be called.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};
use trueup_specs::ACCOUNT;
use trueup_specs::address::Address;
use trueup_specs::export;
use trueup_specs::project::{Project, account_address};
use trueup_specs::resolve::{TAG_PROTECT, partition};

use super::{Ask, Exported, Found, LeftOut};
use crate::facts::Scope;
use crate::kind::{AnyKind, AnyModel, At, Export, Live};
use crate::matching::{OWN_TAGS, Owner, Records, owner};

/// The longest name that is made of AWS's; the language allows 128 letters.
const NAME_MAX: usize = 100;

/// One thing on its way into a file.
pub(super) struct Thing<'f> {
    pub(super) kind: &'static dyn AnyKind,
    /// Where it is, and its address.
    pub(super) at: At,
    /// The last part of its address.
    pub(super) name: Arc<str>,
    pub(super) live: &'f Live<AnyModel>,
    /// What its table says, with ARNs as they are.
    pub(super) fields: Map<String, Value>,
    /// Whether it is written without references.
    pub(super) literal: bool,
    /// What a spec without references would call it, once that was looked at: some names are made of references.
    pub(super) called: Option<String>,
}

impl Thing<'_> {
    pub(super) fn left_out(&self, why: impl Into<String>) -> LeftOut {
        left_out(self.kind, &self.at.scope, self.live, why)
    }

    pub(super) fn address(&self) -> Address {
        let Scope { account, region } = self.at.scope.clone();
        Address { account, region, kind: Arc::from(self.kind.schema().name), name: self.name.clone() }
    }

    /// Its tags but trueup's own.
    pub(super) fn tags(&self) -> BTreeMap<String, String> {
        let tags = self.kind.tags(&self.live.model).into_iter().flatten();
        tags.filter(|(key, _)| !key.starts_with(OWN_TAGS)).map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

fn left_out(kind: &dyn AnyKind, scope: &Scope, live: &Live<AnyModel>, why: impl Into<String>) -> LeftOut {
    let name = if live.name.is_empty() { live.outputs.get("arn").unwrap_or(&live.name) } else { &live.name };
    LeftOut { scope: scope.clone(), kind: kind.schema().name, name: name.clone(), why: why.into() }
}

/// Everything that gets a table, by address; the rest is counted or left out.
pub(super) fn collect<'f>(ask: Ask<'_>, found: &'f [Found], exported: &mut Exported) -> Vec<Thing<'f>> {
    let project = ask.checked.project;
    let in_specs: HashSet<(&str, &Scope, &str)> = ask
        .checked
        .items
        .iter()
        .map(|item| (item.kind.schema().name, &item.at.scope, item.identity.name.as_str()))
        .collect();
    let mut names = taken(project);
    let mut things = Vec::new();
    for Found { kind, scope, live, unchecked } in found {
        let schema = kind.schema();
        let records = Records::of(schema.name, ask.ledger, scope);
        for live in live {
            let owner = owner(*kind, live, &project.name, &records);
            let owned = match &owner {
                Owner::Ours(address) => address.parse::<Address>().ok(),
                Owner::Nobody | Owner::Other(_) => None,
            };
            let is_declared = schema.name == ACCOUNT.name
                && project.accounts.values().any(|account| Some(&account.id) == live.outputs.get("id"));
            let has_spec = is_declared || owned.as_ref().is_some_and(|address| project.find(address).is_some());
            let is_named = !live.name.is_empty() && in_specs.contains(&(schema.name, scope, live.name.as_str()));
            if has_spec || is_named {
                exported.known += 1;
                continue;
            }
            let mut leave = |why: String| exported.left_out.push(left_out(*kind, scope, live, why));
            if let Owner::Other(other) = owner {
                leave(format!("it belongs to the project `{other}`"));
                continue;
            }
            if let Some(why) = unchecked.get(&live.name) {
                leave(why.clone());
                continue;
            }
            let Some(place) = place(ask, scope) else { continue };
            if is_way_in(ask, &place, live) {
                leave("trueup enters accounts by it, and could shut itself out".to_owned());
                continue;
            }
            let fields = match kind.export(&place, live) {
                Export::Spec(model) => export::fields(&model, &(schema.shape)(), place.partition),
                Export::Aws => {
                    exported.aws += 1;
                    continue;
                }
                Export::Not(why) => {
                    leave(why);
                    continue;
                }
            };
            let given = fields.get("name").and_then(Value::as_str).unwrap_or(&live.name);
            let address = name(*kind, [given, &live.name], &place, owned.clone(), &mut names);
            // What has no name is found by its tag, under just this address.
            if live.name.is_empty() && owned.as_ref() != Some(&address) {
                leave("it has no name by which a spec could find it".to_owned());
                continue;
            }
            let at = At { address: Arc::from(address.to_string()), ..place };
            things.push(Thing { kind: *kind, at, name: address.name, live, fields, literal: false, called: None });
        }
    }
    things.sort_by_cached_key(Thing::address);
    things
}

/// The addresses that the specs have.
fn taken(project: &Project) -> HashSet<Address> {
    let mut names: HashSet<Address> = project.instances.iter().map(|instance| instance.address.clone()).collect();
    // An account that is declared by its id alone is no resource, and has its name nevertheless.
    let of_account = |name| project.management.as_ref().map(|management| account_address(management, name));
    names.extend(project.accounts.keys().filter_map(of_account));
    names
}

/// Whether it is the role by which trueup enters the account.
fn is_way_in(ask: Ask<'_>, at: &At, live: &Live<AnyModel>) -> bool {
    let project = ask.checked.project;
    let account = project.accounts.get(&at.scope.account).filter(|account| account.profile.is_none());
    account.is_some_and(|account| {
        let role = account.access_role.as_ref().unwrap_or(&project.settings.access_role);
        live.outputs.get("arn") == Some(&at.arn("iam", &format!("role/{role}")))
    })
}

/// Where something in a scope is; the address is still to be found.
fn place(ask: Ask<'_>, scope: &Scope) -> Option<At> {
    let account = ask.checked.project.accounts.get(&scope.account)?;
    Some(At {
        scope: scope.clone(),
        account_id: Arc::from(account.id.as_str()),
        partition: partition(scope.region.as_deref().or(ask.region()).unwrap_or_default()),
        address: Arc::from(""),
    })
}

/// An address that nothing has yet: the one in its tag, else one made of its name.
///
/// `names` are the thing's own and the one in full: a name within another one's (a group's in its application) is enough as long as
/// there is no second.
fn name(
    kind: &dyn AnyKind,
    names: [&str; 2],
    at: &At,
    owned: Option<Address>,
    taken: &mut HashSet<Address>,
) -> Address {
    let kind_name: Arc<str> = Arc::from(kind.schema().name);
    let address = |name: &str| Address {
        account: at.scope.account.clone(),
        region: at.scope.region.clone(),
        kind: kind_name.clone(),
        name: Arc::from(name),
    };
    let former = owned.map(|owned| plain(&owned.name, at));
    let [short, long] = names.map(|name| plain(name, at));
    let numbered = (2_u32..).map(|number| format!("{long}-{number}"));
    let candidates = former.into_iter().chain([short, long.clone()]).chain(numbered);
    for candidate in candidates {
        let address = address(&candidate);
        if taken.insert(address.clone()) {
            return address;
        }
    }
    address(&long)
}

/// A name of AWS's as one of the language's: without account and region, which differ from place to place.
fn plain(name: &str, at: &At) -> String {
    let name = name.strip_prefix("alias/").unwrap_or(name);
    let mut plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    for place in [&*at.account_id, at.region()].into_iter().filter(|place| !place.is_empty()) {
        plain = without(&plain, place);
    }
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    let plain: String = words.join("-").chars().take(NAME_MAX).collect();
    let plain = plain.trim_end_matches('-');
    if plain.is_empty() { "unnamed".to_owned() } else { plain.to_owned() }
}

/// Takes the words of a place out of words with `-` between them.
fn without(words: &str, place: &str) -> String {
    format!("-{words}-").replace(&format!("-{place}-"), "-")
}

/// The tags that all things have which can have any; at least two of them, else nothing is shared.
pub(super) fn shared_tags(things: &mut [Thing<'_>]) -> BTreeMap<String, String> {
    let taggable: Vec<BTreeMap<String, String>> =
        things.iter().filter(|thing| thing.kind.schema().taggable).map(Thing::tags).collect();
    let [first, second, rest @ ..] = taggable.as_slice() else { return BTreeMap::new() };
    let in_all =
        |key: &String, value: &String| [second].into_iter().chain(rest).all(|tags| tags.get(key) == Some(value));
    let shared: BTreeMap<String, String> =
        first.iter().filter(|(key, value)| in_all(key, value)).map(|(k, v)| (k.clone(), v.clone())).collect();
    for thing in things {
        let Some(Value::Object(tags)) = thing.fields.get_mut("tags") else { continue };
        tags.retain(|key, _| !shared.contains_key(key));
        if tags.is_empty() {
            thing.fields.shift_remove("tags");
        }
    }
    shared
}

/// Takes the project's tags off the things that have them, and tells which lack one.
pub(super) fn put_tags(ask: Ask<'_>, things: &mut [Thing<'_>], untagged: &mut Vec<String>) {
    let project: BTreeMap<&str, &str> =
        ask.checked.project.tags.iter().filter_map(|(key, text)| Some((key.as_str(), text.as_literal()?))).collect();
    for thing in things.iter_mut().filter(|thing| thing.kind.schema().taggable) {
        let has = thing.tags();
        if ask.checked.project.tags.keys().any(|key| !has.contains_key(key)) {
            untagged.push(thing.at.address.to_string());
        }
        let Some(Value::Object(tags)) = thing.fields.get_mut("tags") else { continue };
        tags.retain(|key, value| project.get(key.as_str()).copied() != value.as_str());
        if tags.is_empty() {
            thing.fields.shift_remove("tags");
        }
    }
}

/// The table's own fields, and those that every kind has.
pub(super) fn with_meta(thing: &mut Thing<'_>) {
    let tags = thing.tags();
    if !tags.is_empty() {
        let tags: Map<String, Value> = tags.into_iter().map(|(key, value)| (key, Value::from(value))).collect();
        thing.fields.insert("tags".to_owned(), Value::Object(tags));
    }
    let own = thing.kind.tags(&thing.live.model);
    if own.is_some_and(|tags| tags.get(TAG_PROTECT).is_some_and(|value| value == "true")) {
        thing.fields.insert("protect".to_owned(), Value::from(true));
    }
}

/// The names of all accounts that things are in.
pub(super) fn accounts<'t>(things: &'t [Thing<'_>]) -> BTreeSet<&'t Arc<str>> {
    things.iter().map(|thing| &thing.at.scope.account).collect()
}
