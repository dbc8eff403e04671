//! A project as it was understood: accounts, resources, tombstones, outputs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::{Equivalent, IndexMap};

use crate::access_spec::AccessSpec;
use crate::address::Address;
use crate::kind::{AnySpec, KindSchema};
use crate::lint::{Level, Suppression};
use crate::span::{FileId, Span};
use crate::text::Text;

/// The number of an [`Instance`] in its project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(pub u32);

impl InstanceId {
    /// The index in [`Project::instances`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Everything a project's folder says.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// The project's name: the value of the tag `trueup:project`.
    pub name: String,
    /// Tags on everything that can carry tags.
    pub tags: Arc<IndexMap<String, Text>>,
    /// How trueup works on this project.
    pub settings: Settings,
    /// The accounts, by name, in the order of their names.
    pub accounts: IndexMap<Arc<str>, Account>,
    /// The name of the account that manages the organization, where the specs say which one does.
    pub management: Option<Arc<str>>,
    /// The groups with their accounts, in the order of the accounts' names.
    pub groups: IndexMap<Arc<str>, Vec<Arc<str>>>,
    /// Every resource there should be, in file order.
    pub instances: Vec<Instance>,
    /// What may be removed although it is stateful.
    pub removed: Vec<Tombstone>,
    /// What is called something else now.
    pub moved: Vec<Moved>,
    /// What must be possible, and what must not.
    pub access: Vec<AccessSpec>,
    /// What `trueup output` tells.
    pub outputs: Vec<OutputSpec>,
    pub(crate) index: Index,
    /// The paths of the files, by their numbers.
    pub(crate) paths: Vec<PathBuf>,
}

/// How trueup works on a project: `trueup.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The region of what names none.
    pub region: Option<Arc<str>>,
    /// The role that is assumed in the other accounts.
    pub access_role: String,
    /// A plan that removes more is refused.
    pub deletions: Option<DeletionsMax>,
    /// Where the state is.
    pub state: StateSettings,
    /// What is done about findings of guardrails, where it is not what they say themselves; in file order.
    pub lints: Vec<LintLevel>,
    /// The folder with the organization's own rules, relative to the project's.
    pub rules: Option<String>,
}

/// What a project does about findings of one guardrail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintLevel {
    /// The guardrail's id; whether there is one of it, the language doesn't know.
    pub lint: String,
    /// What is done.
    pub level: Level,
    /// The place of the id.
    pub span: Span,
}

impl Default for Settings {
    fn default() -> Self {
        // The role AWS Organizations makes in every account it creates.
        // https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access.html
        let access_role = "OrganizationAccountAccessRole".to_owned();
        Self {
            region: None,
            access_role,
            deletions: None,
            state: StateSettings::default(),
            lints: Vec::new(),
            rules: None,
        }
    }
}

/// How much a plan may remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionsMax {
    /// So many resources.
    Count(u64),
    /// So many of a hundred that there are.
    Percent(u64),
}

impl DeletionsMax {
    /// The count, of so many resources that there are; of a part of one, none.
    #[must_use]
    pub fn of(self, existing: u64) -> u64 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => existing.saturating_mul(percent) / 100,
        }
    }
}

/// Where the state is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateSettings {
    /// The folder, relative to the project's. The sandbox is always there, and its state.
    pub path: String,
    /// The bucket, if the state is in one.
    pub s3: Option<StateBucket>,
}

impl Default for StateSettings {
    fn default() -> Self {
        Self { path: ".trueup".to_owned(), s3: None }
    }
}

/// A bucket that keeps a project's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateBucket {
    /// Its name.
    pub bucket: String,
    /// What the keys begin with; empty, or without a slash at its end.
    pub prefix: String,
    /// Its region; nothing for the project's.
    pub region: Option<Arc<str>>,
    /// The KMS key that documents are encrypted with; nothing for the bucket's own default.
    pub kms_key: Option<String>,
}

/// An AWS account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name in the project.
    pub name: Arc<str>,
    /// Its id: twelve digits. Of an account that is known by its e-mail alone, the [`token`](crate::pending::token) of the attribute `id`
    /// of its own resource, until someone finds it in the organization or makes it there.
    pub id: String,
    /// Its e-mail address, in lower case: that of an account the organization's management account makes and moves.
    pub email: Option<String>,
    /// The account through which its role is assumed: the role of an account that Organizations made trusts the management account.
    pub through: Option<Arc<str>>,
    /// The groups it is in.
    pub groups: Vec<Arc<str>>,
    /// The AWS profile by which it is reached, instead of a role.
    pub profile: Option<String>,
    /// The role by which it is reached, instead of the project's.
    pub access_role: Option<String>,
    /// The place of its name.
    pub span: Span,
}

/// A resource there should be, in one account and, where its kind has regions, one region.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Its address.
    pub address: Address,
    /// What is written of it; the same for every account of a group.
    pub block: Arc<Block>,
    /// Its account's name.
    pub account: Arc<str>,
    /// Its region, where its kind has regions.
    pub region: Option<Arc<str>>,
}

/// A resource as it is written.
#[derive(Debug)]
pub struct Block {
    /// Its kind.
    pub kind: &'static KindSchema,
    /// The place of its name.
    pub span: Span,
    /// The kind's own spec.
    pub spec: AnySpec,
    /// The project's tags and its own; none where the kind can't be tagged.
    pub tags: Arc<IndexMap<String, Text>>,
    /// Whether a live thing that differs may be taken over.
    pub adopt: bool,
    /// Whether it is never removed or replaced.
    pub protect: bool,
    /// Findings of guardrails that are right here.
    pub suppress: Vec<Suppression>,
    /// The place of the `[[use]]` it comes from.
    pub used_at: Option<Span>,
    /// The name of that use, which its own template's resources carry in front.
    pub use_name: Option<Arc<str>>,
    /// The region of its scope or of the project: what `${region}` is, also where the kind has no regions.
    pub region: Option<Arc<str>>,
}

impl Block {
    /// The kind's own spec, in its type.
    #[must_use]
    pub fn spec<T: 'static>(&self) -> Option<&T> {
        self.spec.downcast_ref()
    }
}

/// Leave to remove a stateful resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// What may be removed; one for each account of a group.
    pub addresses: Vec<Address>,
    /// Whether all that it holds is deleted before it.
    pub contents: bool,
    /// The place of the address.
    pub span: Span,
}

/// A resource that has another address now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// What it was.
    pub from: Address,
    /// What it is.
    pub to: Address,
    /// The place of the `[[moved]]`.
    pub span: Span,
}

/// Something `trueup output` tells.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputSpec {
    /// Its name.
    pub name: Arc<str>,
    /// Its value.
    pub value: OutputValue,
    /// What it is.
    pub description: Option<String>,
    /// The place of its name.
    pub span: Span,
    pub(crate) scope: Scope,
}

/// The value of an output.
#[derive(Debug, Clone, PartialEq)]
pub enum OutputValue {
    /// A string.
    One(Text),
    /// A list; groups grow it.
    Many(Vec<Text>),
}

/// Where a file, or a template's use, stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Scope {
    /// The account's or the group's name.
    pub(crate) account: Option<Arc<str>>,
    pub(crate) region: Option<Arc<str>>,
    /// The name of the template's use.
    pub(crate) use_name: Option<Arc<str>>,
    /// The place of the account's name.
    pub(crate) account_span: Option<Span>,
}

/// Finds what is declared by account, kind and name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    pub(crate) kinds: Vec<&'static KindSchema>,
    pub(crate) places: IndexMap<Place, Vec<Declared>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) account: Arc<str>,
    pub(crate) kind: &'static str,
    pub(crate) name: Arc<str>,
}

#[derive(Hash)]
struct PlaceRef<'a> {
    account: &'a str,
    kind: &'a str,
    name: &'a str,
}

impl Equivalent<Place> for PlaceRef<'_> {
    fn equivalent(&self, place: &Place) -> bool {
        self.account == &*place.account && self.kind == place.kind && self.name == &*place.name
    }
}

/// A resource that is declared, usable or not.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    pub(crate) region: Option<Arc<str>>,
    pub(crate) span: Span,
    pub(crate) state: DeclaredState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeclaredState {
    Live(InstanceId),
    /// `enabled = false`.
    Off,
    /// Its spec has problems of its own.
    Broken,
}

/// The address of an account as a resource of its organization.
#[must_use]
pub fn account_address(management: &Arc<str>, name: &Arc<str>) -> Address {
    Address {
        account: Arc::clone(management),
        region: None,
        kind: Arc::from(crate::ACCOUNT.name),
        name: Arc::clone(name),
    }
}

impl Index {
    pub(crate) fn get(&self, account: &str, kind: &str, name: &str) -> &[Declared] {
        self.places.get(&PlaceRef { account, kind, name }).map_or(&[], Vec::as_slice)
    }
}

impl Account {
    /// Whether its id is not known yet.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        crate::pending::is_pending(&self.id)
    }

    /// Whether this is its name, or that of a group it is in.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        *self.name == *name || self.groups.iter().any(|group| **group == *name)
    }
}

impl Project {
    /// The resource that makes an account known, where its id is not known yet.
    #[must_use]
    pub fn maker_of(&self, account: &str) -> Option<InstanceId> {
        let account = self.accounts.get(account).filter(|account| account.is_unknown())?;
        let address = account_address(self.management.as_ref()?, &account.name);
        self.find(&address)
    }

    /// The path of one of its files, relative to its folder.
    #[must_use]
    pub fn path(&self, file: FileId) -> Option<&Path> {
        self.paths.get(file.0 as usize).map(PathBuf::as_path)
    }

    /// The resource of a number.
    #[must_use]
    pub fn instance(&self, id: InstanceId) -> Option<&Instance> {
        self.instances.get(id.index())
    }

    /// The number of the resource with an address.
    #[must_use]
    pub fn find(&self, address: &Address) -> Option<InstanceId> {
        let declared = self.index.get(&address.account, &address.kind, &address.name);
        declared.iter().find(|one| one.region == address.region).and_then(|one| match one.state {
            DeclaredState::Live(id) => Some(id),
            DeclaredState::Off | DeclaredState::Broken => None,
        })
    }

    /// All resources with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (InstanceId, &Instance)> {
        self.instances.iter().zip(0..).map(|(instance, id)| (InstanceId(id), instance))
    }

    /// The accounts of a name: of a group all, in the order of their names.
    pub(crate) fn members<'a>(&'a self, name: &'a Arc<str>) -> Option<&'a [Arc<str>]> {
        if self.accounts.contains_key(name) {
            return Some(std::slice::from_ref(name));
        }
        self.groups.get(name).map(Vec::as_slice)
    }
}
