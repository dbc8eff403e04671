//! Resources that are written in the same lines: one for each account of a group, and for each use of a template.

use std::collections::{BTreeSet, HashMap};

use trueup_specs::address::Address;
use trueup_specs::project::{Instance, InstanceId};
use trueup_specs::span::Span;

use super::Lack;
use super::statement::may_have;
use crate::access::Verdict;
use crate::access::ask::{Context, Question, Who};
use crate::access::world::World;
use crate::check::{Checked, Item};
use crate::export::mentions::Reach;

/// Knows who is written where, and who else would get what is written there.
pub(super) struct Families<'a> {
    pub(super) checked: &'a Checked<'a>,
    pub(super) world: &'a World<'a>,
    /// Everything that anyone lacks.
    pub(super) lacks: &'a BTreeSet<Lack>,
    /// Everything that has an ARN, by it.
    arns: HashMap<&'a str, usize>,
    /// The items that are written in the same lines, by these.
    by_span: HashMap<Span, BTreeSet<usize>>,
    /// The ARNs of items.
    by_item: HashMap<usize, &'a str>,
}

impl<'a> Families<'a> {
    pub(super) fn new(checked: &'a Checked<'a>, world: &'a World<'a>, lacks: &'a BTreeSet<Lack>) -> Self {
        let has_arn = |item: &Item| item.kind.schema().attributes.iter().any(|(name, _)| *name == "arn");
        let items = checked.items.iter().enumerate().filter(|(_, item)| has_arn(item));
        let predicted = items.filter_map(|(index, item)| Some((item.identity.outputs.get("arn")?.as_str(), index)));
        let things = world.targets.iter().map(|(arn, target)| (arn.as_str(), target.thing));
        let known = things.filter_map(|(arn, thing)| Some((arn, world.thing(thing)?.item?)));
        let known = known.filter(|(_, index)| checked.items.get(*index).is_some_and(has_arn));
        let arns: HashMap<&str, usize> = known.chain(predicted).collect();
        let by_item = arns.iter().map(|(arn, item)| (*item, *arn)).collect();
        let mut by_span: HashMap<Span, BTreeSet<usize>> = HashMap::new();
        for (index, instance) in checked.project.instances.iter().enumerate() {
            by_span.entry(instance.block.span).or_default().insert(index);
        }
        Self { checked, world, lacks, arns, by_span, by_item }
    }

    pub(super) fn instance(&self, item: usize) -> Option<&'a Instance> {
        self.checked.project.instances.get(item)
    }

    /// Every item that is written in the same lines.
    pub(super) fn family(&self, item: usize) -> &BTreeSet<usize> {
        static NONE: BTreeSet<usize> = BTreeSet::new();
        self.instance(item).and_then(|one| self.by_span.get(&one.block.span)).unwrap_or(&NONE)
    }

    /// Whether they are so by several uses of a template, which differ by its parameters.
    pub(super) fn has_uses(&self, family: &BTreeSet<usize>) -> bool {
        let uses: BTreeSet<_> =
            family.iter().filter_map(|item| self.instance(*item)).map(|one| one.block.used_at).collect();
        uses.len() > 1
    }

    /// The thing an ARN is of or under, and its ARN.
    pub(super) fn thing(&self, text: &str) -> Option<(&'a str, usize)> {
        let ends = text.char_indices().rev().filter(|(_, c)| matches!(c, '/' | ':')).map(|(at, _)| at);
        let mut fronts = [text.len()].into_iter().chain(ends);
        fronts.find_map(|end| self.arns.get_key_value(text.get(..end)?)).map(|(arn, item)| (*arn, *item))
    }

    /// The name of a resource as it is written in a use of a template, where it is of the same use.
    fn stripped(other: &'a Instance, here: &Instance) -> Option<&'a str> {
        let own = here.block.use_name.as_deref().filter(|_| other.block.used_at == here.block.used_at)?;
        other.address.name.strip_prefix(own)?.strip_prefix('.')
    }

    /// What the words that stand for one thing here stand for there.
    fn sibling(&self, other: &'a Instance, here: &Instance, there: &Instance) -> Option<InstanceId> {
        let name = match (Self::stripped(other, here), there.block.use_name.as_deref()) {
            (Some(name), Some(own)) => format!("{own}.{name}"),
            (Some(_) | None, _) => other.address.name.to_string(),
        };
        let account = if other.account == here.account { &there.account } else { &other.account };
        let is_regional = other.region.is_some() && other.region == here.block.region;
        let region = if is_regional { there.block.region.clone() } else { other.region.clone() };
        let kind = other.address.kind.clone();
        self.checked.project.find(&Address { account: account.clone(), region, kind, name: name.into() })
    }

    /// What a thing is called where another is written, and whether the same words do for all who are written there.
    pub(super) fn as_seen(&self, other: usize, here: &Instance, family: &BTreeSet<usize>) -> Option<(String, Reach)> {
        let other = self.instance(other)?;
        let name = Self::stripped(other, here).unwrap_or(&other.address.name).to_owned();
        let mut members = family.iter().filter_map(|member| self.instance(*member));
        let is_everywhere = family.len() < 2 || members.all(|there| self.sibling(other, here, there).is_some());
        let mut members = family.iter().filter_map(|member| self.instance(*member));
        let reach = match is_everywhere {
            true => Reach::Relative,
            false if members.all(|there| there.block.region == here.block.region) => Reach::WithAccount,
            false => Reach::WithRegion,
        };
        Some((name, reach))
    }

    /// What the words that stand for an ARN here stand for there.
    fn counterpart(&self, text: &str, here: &'a Instance, there: &'a Instance) -> String {
        if let Some((arn, item)) = self.thing(text) {
            let other = self.instance(item).and_then(|other| self.sibling(other, here, there));
            let of_other = other.and_then(|other| self.by_item.get(&other.index()));
            return format!("{}{}", of_other.unwrap_or(&arn), text.strip_prefix(arn).unwrap_or_default());
        }
        let id = |instance: &Instance| {
            self.checked.project.accounts.get(&instance.account).map_or("", |account| account.id.as_str()).to_owned()
        };
        let (ids, regions) = ((id(here), id(there)), (here.block.region.as_deref(), there.block.region.as_deref()));
        let field = |(at, field): (usize, &str)| match (at, regions) {
            (3, (Some(own), Some(other))) if field == own => other.to_owned(),
            (4, _) if field == ids.0 => ids.1.clone(),
            _ if !text.starts_with("arn:") && field == ids.0 => ids.1.clone(),
            _ => field.to_owned(),
        };
        text.split(':').enumerate().map(field).collect::<Vec<_>>().join(":")
    }

    /// Whether everyone who is written in the same lines as `item` lacks the same, or has it: then it gives nobody else anything.
    pub(super) fn is_for_all(&self, item: usize, lack: &Lack, holders: impl Fn(usize) -> Option<Vec<Who>>) -> bool {
        let Some(here) = self.instance(item) else { return false };
        self.family(item).iter().all(|member| {
            let member = *member;
            let (Some(there), Some(whos)) = (self.instance(member), holders(member)) else { return false };
            let resource = self.counterpart(&lack.resource, here, there);
            let values = |values: &[String]| values.iter().map(|one| self.counterpart(one, here, there)).collect();
            let context: Context = lack.context.iter().map(|(key, of)| (key.clone(), values(of))).collect();
            whos.into_iter().all(|who| {
                let other =
                    Lack { who, action: lack.action.clone(), resource: resource.clone(), context: context.clone() };
                self.is_lacking(&other.possible())
            })
        })
    }

    /// The same one as seen from elsewhere: of the role that is written here, the one that is written there.
    pub(super) fn who(&self, who: &Who, here: usize, there: usize) -> Option<Who> {
        let (here, there) = (self.instance(here)?, self.instance(there)?);
        Some(match who {
            Who::Identity(arn) => Who::Identity(self.counterpart(arn, here, there)),
            Who::Account(id) => Who::Account(self.counterpart(id, here, there)),
            Who::Federated(arn) => Who::Federated(self.counterpart(arn, here, there)),
            Who::Anonymous | Who::Stranger | Who::Service(_) => who.clone(),
        })
    }

    fn is_lacking(&self, lack: &Lack) -> bool {
        let Lack { who, action, resource, context } = lack;
        let is_allowed = || self.world.verdict(&Question { who, action, resource, context }) == Ok(Verdict::Allowed);
        self.lacks.contains(lack) || is_allowed()
    }
}

impl Lack {
    /// The request with the condition keys that it can have at AWS: an assertion gives its context to every step of it.
    pub(in crate::access) fn possible(mut self) -> Self {
        let context = std::mem::take(&mut self.context);
        self.context = context.into_iter().filter(|(key, _)| may_have(&self, key)).collect();
        self
    }
}
