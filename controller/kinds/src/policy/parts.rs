//! The policies that one spec is spread over.
//!
//! The first has the spec's name, the others its name with a number: `artifacts`, `artifacts-2`. All have the same tags, and the others one
//! more that says which part each is; by it, and by the address in the tags, what is read becomes one again.

use std::borrow::Cow;
use std::collections::BTreeMap;

use trueup_engine::kind::Live;
use trueup_specs::policy::{Document, pack as packing};
use trueup_specs::{TAG_ADDRESS, TAG_PROJECT};
use trueup_state::outputs::Outputs;

use super::{PolicyModel, pack};
use crate::fields::{PolicyDocument, Tags};
use crate::source::iam::PolicyFact;

/// The tag that says which part of a policy it is, from 2 on.
pub(crate) const TAG_PART: &str = "trueup:part";

/// One policy in AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The version in effect.
    pub document: PolicyDocument,
    /// All tags but AWS's own, and without the one that says which part it is.
    pub tags: Tags,
    /// Ids of versions that are not in effect, oldest first: removing and renewing a policy must delete some.
    pub spare: Vec<String>,
}

impl Part {
    fn view(&self) -> PartView<'_> {
        let Self { document, tags, spare } = self;
        PartView { document: Cow::Borrowed(document), tags, spare }
    }
}

/// The same, seen in a model.
#[derive(Clone, Debug)]
pub struct PartView<'m> {
    /// See [`Part::document`].
    pub document: Cow<'m, PolicyDocument>,
    /// See [`Part::tags`].
    pub tags: &'m Tags,
    /// See [`Part::spare`].
    pub spare: &'m [String],
}

/// What is in AWS beside what a model says. Any two are equal.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// See [`Part::spare`], of a policy in one part.
    pub spare: Vec<String>,
    /// The parts by name, where there are several.
    pub parts: BTreeMap<String, Part>,
}

impl PartialEq for Held {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Held {}

/// The name of a part.
#[must_use]
pub(crate) fn name(base: &str, number: usize) -> String {
    if number == 1 { base.to_owned() } else { format!("{base}-{number}") }
}

/// What the name of a part begins with, and which part it is, if it is one's from 2 on.
pub(crate) fn base(name: &str) -> Option<(&str, usize)> {
    let (base, number) = name.rsplit_once('-')?;
    let number: usize = number.parse().ok().filter(|number| *number >= 2)?;
    (self::name(base, number) == name).then_some((base, number))
}

/// The parts with these documents.
pub(super) fn named(base: &str, documents: Vec<Document>, tags: &Tags) -> BTreeMap<String, Part> {
    let part = |(index, document): (usize, Document)| {
        let document = PolicyDocument::Document(document);
        (name(base, index + 1), Part { document, tags: tags.clone(), spare: Vec::new() })
    };
    documents.into_iter().enumerate().map(part).collect()
}

impl PolicyModel {
    /// The model of a policy of these parts.
    #[must_use]
    pub fn of_parts(name: String, path: String, description: String, mut parts: BTreeMap<String, Part>) -> Self {
        if parts.len() == 1
            && let Some(Part { document, tags, spare }) = parts.remove(&name)
        {
            let held = Held { spare, parts };
            return Self { name, path, description, policy: document, parts: [].into(), tags, held };
        }
        let documents: Option<Vec<&Document>> = parts.values().map(|part| part.document.document()).collect();
        let policy = match documents.and_then(packing::union) {
            Some(document) => PolicyDocument::Document(document),
            None => PolicyDocument::Unreadable(
                parts.values().map(|part| part.document.to_json()).collect::<Vec<_>>().join("\n"),
            ),
        };
        let first =
            parts.get(&name).or_else(|| parts.values().next()).map(|part| part.tags.clone()).unwrap_or_default();
        let other = parts.values().find(|part| part.tags != first).map(|part| part.tags.clone());
        let names = parts.keys().cloned().collect();
        let held = Held { spare: Vec::new(), parts };
        Self { name, path, description, policy, parts: names, tags: other.unwrap_or(first), held }
    }

    /// Its parts by name; of a model that was on record they are as they would be made. Nothing if there are others than would be made.
    #[must_use]
    pub fn in_parts(&self) -> Option<BTreeMap<String, PartView<'_>>> {
        if self.parts.is_empty() {
            let document = Cow::Borrowed(&self.policy);
            let only = PartView { document, tags: &self.tags, spare: &self.held.spare };
            return Some([(self.name.clone(), only)].into());
        }
        if !self.held.parts.is_empty() {
            let parts = self.held.parts.iter();
            return Some(parts.map(|(name, part)| (name.clone(), part.view())).collect());
        }
        let documents = packing::spread(self.policy.document()?, pack::ROOM).ok()?;
        let view = |(index, document): (usize, Document)| {
            let document = Cow::Owned(PolicyDocument::Document(document));
            (name(&self.name, index + 1), PartView { document, tags: &self.tags, spare: &[] })
        };
        let parts: BTreeMap<String, PartView<'_>> = documents.into_iter().enumerate().map(view).collect();
        parts.keys().eq(&self.parts).then_some(parts)
    }
}

/// The policies of an account, parts of one put together.
pub(super) fn observed(facts: &[PolicyFact]) -> Vec<Live<PolicyModel>> {
    let first_of = |fact: &PolicyFact| (fact.path.clone(), fact.name.clone());
    let mut all: BTreeMap<(String, String), Vec<&PolicyFact>> = BTreeMap::new();
    let mut parts = Vec::new();
    for fact in facts {
        match part_of(fact) {
            Some(base) => parts.push((base, fact)),
            None => all.entry(first_of(fact)).or_default().push(fact),
        }
    }
    for (base, part) in parts {
        let owner = |fact: &PolicyFact| [TAG_PROJECT, TAG_ADDRESS].map(|key| fact.tags.get(key).cloned());
        let key = (part.path.clone(), base.to_owned());
        // Without its first, what is left of a policy is still that policy.
        let is_of = all.get(&key).and_then(|facts| facts.first()).is_none_or(|first| owner(first) == owner(part));
        all.entry(if is_of { key } else { first_of(part) }).or_default().push(part);
    }
    all.into_iter().map(|((path, name), facts)| live(name, path, &facts)).collect()
}

/// The name of the first of the parts that it is one of, as its tags and its name say.
fn part_of(fact: &PolicyFact) -> Option<&str> {
    let (base, number) = base(&fact.name)?;
    let is_ours = fact.tags.contains_key(TAG_PROJECT) && fact.tags.contains_key(TAG_ADDRESS);
    (is_ours && fact.tags.get(TAG_PART)? == &number.to_string()).then_some(base)
}

fn live(name: String, path: String, facts: &[&PolicyFact]) -> Live<PolicyModel> {
    let part = |fact: &PolicyFact| {
        let PolicyFact { name, path: _, id: _, arn: _, description: _, default_version, versions, document, tags } =
            fact;
        let mut tags = tags.clone();
        if part_of(fact).is_some() {
            tags.remove(TAG_PART);
        }
        let spare = versions.iter().filter(|version| *version != default_version).cloned().collect();
        (name.clone(), Part { document: PolicyDocument::from_live(document), tags, spare })
    };
    let parts = facts.iter().map(|fact| part(fact)).collect();
    let first = facts.iter().find(|fact| fact.name == name);
    // IAM can't change a description, so that the parts have that of the first.
    let description = first.or(facts.first()).map(|fact| fact.description.clone()).unwrap_or_default();
    let mut outputs = Outputs::from([("name".to_owned(), name.clone())]);
    if let Some(PolicyFact { id, arn, .. }) = first {
        outputs.extend([("arn", arn), ("id", id)].map(|(attribute, value)| (attribute.to_owned(), value.clone())));
    }
    Live { name: name.clone(), model: PolicyModel::of_parts(name, path, description, parts), outputs }
}
