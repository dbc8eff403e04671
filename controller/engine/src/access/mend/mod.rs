//! The smallest statements that mend a missing link, to paste.
//!
//! A mend is made of the requests that fail and nothing else: their actions, their principals, their resources, and the
//! condition keys their assertion says they have. It goes where it gives nobody else anything, as far as there is such a place,
//! and names its file. What no statement can mend is said instead.

mod family;
mod place;
mod statement;

use std::collections::BTreeSet;

use trueup_specs::policy::evaluate::{Gap, Source, decide_every};
use trueup_specs::policy::lint::is_public;
use trueup_specs::policy::{Document, Use};
use trueup_specs::resolve::partition;

use super::ask::{Answer, Context, Question, Who, verdict};
use super::offer::Itself;
use super::world::{World, document};
use crate::check::Checked;
use family::Families;
use place::{Found, Sites};
use statement::{Plea, statements};

/// The page that says where a role can be passed.
const PASS_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html";

/// The page that says that of IAM's resources roles alone have policies, which are asked for nothing but taking the role.
const IAM_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_resource-based";

/// What is said where a statement was tried and does not do.
const NOT_ENOUGH: &str = "a statement for it is not enough: something else still denies it, or may";

/// One request that fails.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lack {
    pub(super) who: Who,
    pub(super) action: String,
    pub(super) resource: String,
    pub(super) context: Context,
}

/// What is said of a missing link.
pub(super) enum Mend {
    /// Statements to paste, each lot with where it goes.
    Paste(Vec<String>),
    /// Why there is no statement.
    Never(String),
    /// Nothing to add.
    Unsaid,
}

/// Writes statements of the project.
pub(super) struct Mender<'a> {
    world: &'a World<'a>,
    families: Families<'a>,
}

impl<'a> Mender<'a> {
    /// Of all that anyone lacks.
    pub(super) fn new(checked: &'a Checked<'a>, world: &'a World<'a>, lacks: &'a BTreeSet<Lack>) -> Self {
        Self { world, families: Families::new(checked, world, lacks) }
    }

    /// Why no statement at all can make these requests possible, if that is so.
    pub(super) fn never(&self, missing: &[Gap], lacks: &BTreeSet<Lack>) -> Option<String> {
        let first = lacks.first()?;
        if missing.contains(&Gap::KmsAcrossAccounts) {
            let why = self.world.gap(Gap::KmsAcrossAccounts, &first.who, &first.resource);
            return Some(format!("{why}; let a role of the key's account do it"));
        }
        let is_across = || self.world.home_of(&first.resource) != first.who.account();
        let is_iam = first.resource.split(':').nth(2) == Some("iam") && first.action.starts_with("iam:");
        if !missing.contains(&Gap::Resource) || !is_iam || !is_across() {
            return None;
        }
        if first.action.eq_ignore_ascii_case("iam:PassRole") {
            return Some(format!("a role is passed within its own account only: {PASS_PAGE}"));
        }
        Some(format!(
            "no policy on `{}` can allow what IAM itself does with it: let a role of its account do it, which `{}` takes: {IAM_PAGE}",
            self.world.what(&first.resource),
            self.world.who(&first.who)
        ))
    }

    /// What mends one missing link of these requests.
    pub(super) fn mend(&self, gap: Gap, missing: &[Gap], lacks: &BTreeSet<Lack>) -> Mend {
        if let Some(why) = self.too_open(gap, lacks) {
            return Mend::Never(why);
        }
        let is_all_here = missing.iter().all(|gap| matches!(gap, Gap::Identity | Gap::Boundary | Gap::Resource));
        if is_all_here && !lacks.iter().all(|lack| self.is_enough(missing, lack)) {
            return Mend::Never(NOT_ENOUGH.to_owned());
        }
        let more = as_document(&lacks.iter().map(|lack| self.plea(gap, lack)).collect());
        let mut sites = Sites::new(&self.families);
        for lack in lacks {
            let found = match gap {
                Gap::Identity => sites.of_identity(lack, &more),
                Gap::Boundary => sites.of_boundary(&lack.who),
                Gap::Resource => sites.on_resource(lack),
                Gap::Session | Gap::Scp(_) | Gap::KmsAcrossAccounts => Found::Nowhere,
            };
            match found {
                Found::At(place) => sites.add(place, self.plea(gap, lack)),
                Found::ForOthersToo(item) => return Mend::Never(self.for_others_too(item)),
                // Half of what is missing would only look like a mend.
                Found::Nowhere => return Mend::Unsaid,
            }
        }
        match sites.written_out() {
            pastes if pastes.is_empty() => Mend::Unsaid,
            pastes => Mend::Paste(pastes),
        }
    }

    /// Why a statement on the resource would let in more than anyone asked for.
    fn too_open(&self, gap: Gap, lacks: &BTreeSet<Lack>) -> Option<String> {
        if gap != Gap::Resource {
            return None;
        }
        lacks.iter().find_map(|lack| match &lack.who {
            Who::Anonymous | Who::Stranger if is_public(&as_document(&BTreeSet::from([self.plea(gap, lack)]))) => Some(
                "a statement for everyone makes it public, which is not proposed here; write it, and say why in a `suppress`"
                    .to_owned(),
            ),
            Who::Federated(provider) => {
                let issuer = provider.split_once(":oidc-provider/").map(|(_, issuer)| issuer)?;
                let sub = format!("{issuer}:sub");
                let is_said = lack.context.iter().any(|(key, values)| key.eq_ignore_ascii_case(&sub) && !values.is_empty());
                (!is_said).then(|| {
                    format!("without `{sub}` in the `context` of the assertion it would let in everyone whom the provider knows: say whose tokens are meant")
                })
            }
            Who::Anonymous | Who::Stranger | Who::Service(_) | Who::Account(_) | Who::Identity(_) => None,
        })
    }

    fn for_others_too(&self, item: usize) -> String {
        let label = self.families.instance(item).map(|one| one.address.to_string()).unwrap_or_default();
        format!(
            "`{label}` is written by a template, and a statement there would let the other uses do it too: say by a parameter which of them it is for"
        )
    }

    /// What is to be written for one request.
    fn plea(&self, gap: Gap, lack: &Lack) -> Plea {
        let itself = self.world.under(&lack.resource).map(|(target, _)| target.itself);
        let resource = match (gap, itself) {
            (Gap::Resource, Some(Itself::Unsaid)) => None,
            (Gap::Resource, Some(Itself::Star)) => Some("*".to_owned()),
            _ => Some(lack.resource.clone()),
        };
        Plea::of(lack, resource, gap == Gap::Resource, partition_of(lack))
    }

    /// Whether the request goes through with a statement for each missing link.
    fn is_enough(&self, missing: &[Gap], lack: &Lack) -> bool {
        let Lack { who, action, resource, context } = lack;
        let made = |gap: Gap| as_document(&BTreeSet::from([self.plea(gap, lack)]));
        let (identity, on_resource) = (made(Gap::Identity), made(Gap::Resource));
        let (request, mut policies) = self.world.request(&Question { who, action, resource, context });
        let bound = policies.boundary.map(|source| Document {
            statements: source.document.statements.iter().chain(&made(Gap::Boundary).statements).cloned().collect(),
            ..source.document.clone()
        });
        let name = "mend";
        for gap in missing {
            match gap {
                Gap::Identity => policies.identity.push(Source { name, document: &identity }),
                Gap::Resource => policies.resource.push(Source { name, document: &on_resource }),
                Gap::Boundary => policies.boundary = bound.as_ref().map(|document| Source { name, document }),
                Gap::Session | Gap::Scp(_) | Gap::KmsAcrossAccounts => {}
            }
        }
        let Ok(decisions) = decide_every(&request, &policies) else { return false };
        decisions.into_iter().all(|(resource, decision)| {
            let verdict = verdict(&decision);
            let answer = Answer { resource, verdict, reason: self.world.reason(decision), is_elsewhere: false };
            answer.verdict == super::Verdict::Allowed || answer.is_allowed_unless_unknown()
        })
    }
}

/// The partition the request is in: the second member of its resource's ARN.
fn partition_of(lack: &Lack) -> &str {
    let in_arn = lack.resource.split(':').nth(1).filter(|partition| !partition.is_empty());
    in_arn.unwrap_or_else(|| partition(""))
}

fn as_document(pleas: &BTreeSet<Plea>) -> Document {
    let written: Vec<String> = statements(pleas).iter().map(ToString::to_string).collect();
    document(&written.join(","))
}

/// Whether a document can take more; values not known before apply count nothing.
fn has_room(document: &Document, more: &Document, use_: Use) -> bool {
    document.size(use_) + more.size(use_) <= use_.size_max()
}
