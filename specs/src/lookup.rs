//! Finds what a spec mentions, as seen from where it stands.

use std::sync::Arc;

use crate::address::Address;
use crate::diagnostic::Diagnostic;
use crate::kind::{KindSchema, KindScope};
use crate::project::{Declared, DeclaredState, Instance, InstanceId, Project, Scope};
use crate::span::Span;
use crate::suggest;
use crate::text::Name;

/// Where a mention stands: what it may leave out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standpoint<'a> {
    /// An account, or for an output a group.
    pub(crate) account: Option<&'a Arc<str>>,
    pub(crate) region: Option<&'a Arc<str>>,
    pub(crate) use_name: Option<&'a Arc<str>>,
}

impl<'a> Standpoint<'a> {
    pub(crate) fn of_instance(instance: &'a Instance) -> Self {
        let block = &instance.block;
        Self { account: Some(&instance.account), region: block.region.as_ref(), use_name: block.use_name.as_ref() }
    }

    pub(crate) fn of_scope(scope: &'a Scope) -> Self {
        Self { account: scope.account.as_ref(), region: scope.region.as_ref(), use_name: scope.use_name.as_ref() }
    }
}

/// A resource that was found; without a number where its spec has problems of its own.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) address: Address,
    pub(crate) id: Option<InstanceId>,
}

/// What a mention stands for.
#[derive(Debug, Clone)]
pub(crate) enum Sighted<T> {
    One(T),
    /// One for each account of the group.
    Many(Arc<str>, Vec<T>),
}

/// Why nothing was found.
#[derive(Debug)]
pub(crate) struct Miss {
    summary: String,
    label: String,
    also: Vec<(Span, String)>,
    help: Option<String>,
}

impl Miss {
    fn new(summary: String) -> Box<Self> {
        Box::new(Self { summary, label: String::new(), also: Vec::new(), help: None })
    }

    fn label(mut self: Box<Self>, label: impl Into<String>) -> Box<Self> {
        self.label = label.into();
        self
    }

    fn also(mut self: Box<Self>, span: Span, text: impl Into<String>) -> Box<Self> {
        self.also.push((span, text.into()));
        self
    }

    fn help(mut self: Box<Self>, help: Option<String>) -> Box<Self> {
        self.help = help;
        self
    }

    pub(crate) fn diagnostic(self, span: Span) -> Diagnostic {
        let Self { summary, label, also, help } = self;
        let diagnostic = Diagnostic::error(summary).at(span, label).maybe_help(help);
        also.into_iter().fold(diagnostic, |diagnostic, (span, text)| diagnostic.also(span, text))
    }
}

/// Looks things up in a project.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lookup<'a> {
    pub(crate) project: &'a Project,
    pub(crate) from: Standpoint<'a>,
    /// Whether to search for what was probably meant: costs a pass over everything.
    pub(crate) suggest: bool,
}

impl<'a> Lookup<'a> {
    /// The accounts a mention means: one, or those of a group.
    pub(crate) fn accounts(&self, named: Option<&'a Arc<str>>) -> Result<Sighted<&'a Arc<str>>, Box<Miss>> {
        let Some(name) = named.or(self.from.account) else {
            let miss = Miss::new("an account is missing".to_owned()).label("which account's?");
            let help = "name the account in front, as in `tooling/…`, or give the file a `[scope]` with an `account`";
            return Err(miss.help(Some(help.to_owned())));
        };
        if let Some((name, _)) = self.project.accounts.get_key_value(name) {
            return Ok(Sighted::One(name));
        }
        if let Some((group, members)) = self.project.groups.get_key_value(name) {
            return Ok(Sighted::Many(Arc::clone(group), members.iter().collect()));
        }
        Err(unknown_account(self.project, name))
    }

    /// The same for a resource of a kind: what belongs to the organization is in its management account, wherever it is mentioned.
    pub(crate) fn accounts_for(
        &self,
        kind: &KindSchema,
        named: Option<&'a Arc<str>>,
    ) -> Result<Sighted<&'a Arc<str>>, Box<Miss>> {
        match (kind.scope, named) {
            (KindScope::Organization, None) => {
                self.project.management.as_ref().map(Sighted::One).ok_or_else(no_management)
            }
            (KindScope::Organization, Some(_)) | (KindScope::Account | KindScope::Region, _) => self.accounts(named),
        }
    }

    /// The region it stands in.
    pub(crate) fn region(&self) -> Result<&'a Arc<str>, Box<Miss>> {
        self.from.region.ok_or_else(|| {
            let help = "give the file's `[scope]` a `region`, or the `[project]` of trueup.toml";
            Miss::new("there is no region here".to_owned()).help(Some(help.to_owned()))
        })
    }

    /// The resources a name means.
    pub(crate) fn resource(&self, name: &'a Name) -> Result<Sighted<Found>, Box<Miss>> {
        let kind = self.kind(&name.kind)?;
        if name.region.is_some() && kind.scope != KindScope::Region {
            return Err(self.too_much_region(kind, name));
        }
        match self.accounts_for(kind, name.account.as_ref())? {
            Sighted::One(account) => self.in_account(account, name).map(Sighted::One),
            Sighted::Many(group, accounts) => {
                let found: Result<Vec<Found>, Box<Miss>> =
                    accounts.into_iter().map(|account| self.in_account(account, name)).collect();
                found.map(|found| Sighted::Many(group, found))
            }
        }
    }

    /// Checks that a kind has an attribute.
    pub(crate) fn attribute(&self, name: &Name, attribute: &str) -> Result<(), Box<Miss>> {
        let kind = self.kind(&name.kind)?;
        if kind.attributes.iter().any(|(known, _)| *known == attribute) {
            return Ok(());
        }
        let help = suggest::help(attribute, kind.attributes.iter().map(|(known, _)| *known));
        Err(Miss::new(format!("a {} has no attribute `{attribute}`", kind.name)).help(help))
    }

    /// Reports a region where the kind has none.
    pub(crate) fn too_much_region(&self, kind: &KindSchema, name: &Name) -> Box<Miss> {
        let region = name.region.as_deref().unwrap_or_default();
        let plain = Name { region: None, ..name.clone() };
        let miss = Miss::new(format!("a {} has no region", kind.name)).label(format!("`@{region}` is too much"));
        miss.help(Some(format!("write `{plain}`")))
    }

    pub(crate) fn kind(&self, kind: &str) -> Result<&'static KindSchema, Box<Miss>> {
        let kinds = &self.project.index.kinds;
        kinds.iter().find(|known| known.name == kind).copied().ok_or_else(|| {
            let help = suggest::help(kind, kinds.iter().map(|known| known.name));
            Miss::new(format!("there is no kind `{kind}`")).help(help)
        })
    }

    fn in_account(&self, account: &Arc<str>, name: &Name) -> Result<Found, Box<Miss>> {
        let own = self.from.use_name.map(|use_name| format!("{use_name}.{}", name.name));
        let index = &self.project.index;
        let own = own.map_or(&[][..], |own| index.get(account, &name.kind, &own));
        let declared = if own.is_empty() { index.get(account, &name.kind, &name.name) } else { own };
        let chosen = self.choose(declared, name)?;
        let Some(chosen) = chosen else { return Err(self.not_found(account, name, declared)) };
        match chosen.state {
            DeclaredState::Live(id) => {
                let address = self.project.instance(id).map(|instance| instance.address.clone());
                Ok(Found { address: address.unwrap_or_else(|| plain(account, name)), id: Some(id) })
            }
            DeclaredState::Broken => Ok(Found { address: plain(account, name), id: None }),
            DeclaredState::Off => {
                let miss = Miss::new(format!("`{}.{}` is switched off", name.kind, name.name));
                let help = "leave the mention out as well, or switch both with one parameter";
                Err(miss.also(chosen.span, "`enabled` is false here").help(Some(help.to_owned())))
            }
        }
    }

    /// Of the regions that have it: the one that is named, the scope's, or the only one.
    fn choose<'d>(&self, declared: &'d [Declared], name: &Name) -> Result<Option<&'d Declared>, Box<Miss>> {
        if let Some(region) = &name.region {
            return Ok(declared.iter().find(|one| one.region.as_ref() == Some(region)));
        }
        match declared {
            [] => Ok(None),
            [only] => Ok(Some(only)),
            several => match several.iter().find(|one| one.region.as_ref() == self.from.region) {
                Some(one) => Ok(Some(one)),
                None => Err(self.ambiguous(several, name)),
            },
        }
    }

    fn ambiguous(&self, declared: &[Declared], name: &Name) -> Box<Miss> {
        let summary = format!("`{}.{}` is in several regions", name.kind, name.name);
        let regions: Vec<String> = declared
            .iter()
            .map(|one| Name { region: one.region.clone(), ..name.clone() })
            .map(|name| format!("`{name}`"))
            .collect();
        let miss = Miss::new(summary).label("which one?").help(Some(format!("write {}", regions.join(" or "))));
        declared.iter().fold(miss, |miss, one| {
            let region = one.region.as_deref().unwrap_or("no region");
            miss.also(one.span, format!("in {region}"))
        })
    }

    fn not_found(&self, account: &str, name: &Name, elsewhere: &[Declared]) -> Box<Miss> {
        let mut miss = Miss::new(format!("there is no {} `{}`", name.kind, name.name));
        miss.label = format!("not in the account `{account}`");
        if let (Some(region), Some(first)) = (&name.region, elsewhere.first()) {
            miss.label = format!("not in {region}");
            let there = Name { region: first.region.clone(), ..name.clone() };
            return miss.help(Some(format!("did you mean `{there}`?")));
        }
        let help = if self.suggest { self.probably(account, name) } else { None };
        miss.help(help)
    }

    /// The resource of the same name in another account, or one of a like name in this one.
    fn probably(&self, account: &str, name: &Name) -> Option<String> {
        let places = || self.project.index.places.keys().filter(|place| place.kind == &*name.kind);
        let same: Vec<&Arc<str>> =
            places().filter(|place| place.name == name.name).map(|place| &place.account).collect();
        if let Some(first) = same.first() {
            let named = |account: &Arc<str>| Name { account: Some(Arc::clone(account)), ..name.clone() };
            let mut groups = self.project.groups.iter();
            let group = groups.find(|(_, members)| members.iter().all(|member| same.contains(&member)));
            let all = group.map_or(String::new(), |(group, _)| format!(", or for the whole group `{}`", named(group)));
            return Some(format!("did you mean `{}`{all}?", named(first)));
        }
        let here = places().filter(|place| &*place.account == account).map(|place| &*place.name);
        let near = suggest::nearest(&name.name, here);
        if let Some(near) = near {
            return Some(format!("did you mean `{}`?", Name { name: Arc::from(near), ..name.clone() }));
        }
        let other = self.project.index.places.keys();
        let mut other = other.filter(|place| *place.account == *account && place.name == name.name);
        other.next().map(|place| format!("there is a {} of that name: `{}.{}`", place.kind, place.kind, place.name))
    }
}

fn plain(account: &Arc<str>, name: &Name) -> Address {
    let Name { account: _, region, kind, name } = name;
    Address { account: Arc::clone(account), region: region.clone(), kind: Arc::clone(kind), name: Arc::clone(name) }
}

/// Reports that nobody knows who manages the organization.
pub(crate) fn no_management() -> Box<Miss> {
    let miss = Miss::new("no account is said to manage the organization".to_owned());
    miss.help(Some("add `management = true` to the account that manages it, with its `id`".to_owned()))
}

/// Reports a name that is neither an account's nor a group's.
pub(crate) fn unknown_account(project: &Project, name: &str) -> Box<Miss> {
    let known = || project.accounts.keys().chain(project.groups.keys()).map(|name| &**name);
    let help = match suggest::nearest(name, known()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if project.accounts.is_empty() => Some(format!("declare it: [account.{name}] with its `id`")),
        None => suggest::help(name, known().collect::<Vec<_>>()),
    };
    Miss::new(format!("there is no account or group `{name}`")).help(help)
}
