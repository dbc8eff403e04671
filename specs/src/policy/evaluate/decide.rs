//! The decision: which documents are asked, and what follows from their answers.

use std::collections::BTreeSet;

use super::super::caseless::Caseless;
use super::super::model::{Effect, Statement, Version};
use super::policies::{Deciding, Decision, Gap, Layer, Policies, Source};
use super::principal::{Named, named, open_names};
use super::request::{Caller, Request};
use super::service;
use super::statement;
use super::truth::Truth;

/// What stands among the keys of a decision for what AWS doesn't say of grants.
///
/// A boundary limits identity policies and what a resource's policy gives a role, and not what it gives a user, says
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>. A grant is neither. KMS says of policies of other types
/// that they may limit what a grant gives, and names no boundary:
/// <https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html>
const GRANT_LIMITS: &str = "whether boundary and session policies limit grants, which AWS does not say";

/// What AWS would answer to the request under these policies.
///
/// The logic is that of
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
/// and the pages it leads to.
#[must_use]
pub fn decide<'a>(request: &Request, policies: &Policies<'a>) -> Decision<'a> {
    let found = Found::of(request, policies);
    let denials = found.deciding(Effect::Deny, Truth::Yes, |_| true);
    if !denials.is_empty() {
        return Decision::DeniedExplicitly { by: denials };
    }
    let answer = Answer::of(request, &found);
    let is_used = |hit: &Hit<'a>| answer.uses(hit);
    if answer.allowed == Truth::No {
        return Decision::DeniedImplicitly { missing: answer.missing };
    }
    let unless = found.deciding(Effect::Deny, Truth::Open, |_| true);
    if answer.allowed == Truth::Yes && unless.is_empty() {
        return Decision::Allowed { by: found.deciding(Effect::Allow, Truth::Yes, is_used) };
    }
    let mut when = if answer.allowed == Truth::Open {
        found.deciding(Effect::Allow, Truth::Open, |hit| answer.uses(hit) && found.is_open(hit.layer))
    } else {
        Vec::new()
    };
    let mut keys = BTreeSet::new();
    if answer.is_grant_in_doubt {
        when.extend(found.deciding(Effect::Allow, Truth::Yes, |hit| hit.layer == Layer::Grant));
        keys.insert(Caseless::from(GRANT_LIMITS));
    }
    for hit in &found.hits {
        let is_shown = |shown: &Deciding<'_>| std::ptr::eq(shown.statement, hit.statement);
        if hit.truth == Truth::Open && when.iter().chain(&unless).any(is_shown) {
            hit.open_keys(request, &mut keys);
        }
    }
    Decision::Conditional { when, unless, keys }
}

/// A statement that is, or may be, about the request.
struct Hit<'a> {
    layer: Layer,
    policy: &'a str,
    version: Version,
    statement: &'a Statement,
    named: Named,
    truth: Truth,
}

impl Hit<'_> {
    fn open_keys(&self, request: &Request, keys: &mut BTreeSet<Caseless>) {
        statement::open_keys(self.statement, self.version, &request.context, keys);
        if let Some(principals) = &self.statement.principal
            && self.named.any() == Truth::Open
        {
            keys.extend(open_names(principals, &request.principal).map(Caseless::from));
        }
    }
}

/// What the documents say to a request.
struct Found<'a> {
    hits: Vec<Hit<'a>>,
    identity: Truth,
    /// Yes if there is none.
    boundary: Truth,
    /// Yes if there are none.
    session: Truth,
    /// One for each level that counts.
    scps: Vec<Truth>,
    resource: Named,
    /// How the key's grants name the caller.
    granted: Named,
}

impl<'a> Found<'a> {
    fn of(request: &Request, policies: &Policies<'a>) -> Self {
        let Policies { identity, boundary, session, scps, management_account, resource, grants, rcps } = policies;
        let mut found = Self {
            hits: Vec::new(),
            identity: Truth::No,
            boundary: Truth::Yes,
            session: Truth::Yes,
            scps: Vec::new(),
            resource: Named::NOT,
            granted: Named::NOT,
        };
        let caller = &request.principal;
        // Services, providers and strangers have no policies of their own.
        if let Some(account) = caller.account() {
            found.identity = found.ask(request, Layer::Identity, identity);
            if let Caller::Root(_) = caller {
                // "with the exception of the AWS account root user, which has full access", the page of `decide`.
                found.identity = Truth::Yes;
            } else {
                if let Some(boundary) = boundary {
                    found.boundary = found.ask(request, Layer::Boundary, std::slice::from_ref(boundary));
                }
                if !session.is_empty() {
                    found.session = found.ask(request, Layer::Session, session);
                }
            }
            // https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html,
            // "Tasks and entities not restricted by SCPs".
            if !caller.is_service_linked() && *management_account != Some(account) {
                for (level, scps) in scps.iter().enumerate() {
                    let truth = found.ask(request, Layer::Scp(level), scps);
                    found.scps.push(truth);
                }
            }
        }
        for resource in resource {
            let named = found.ask_resource(request, Layer::Resource, *resource, boundary.is_some());
            found.resource = found.resource.or(named);
        }
        for grant in grants {
            let named = found.ask_resource(request, Layer::Grant, *grant, boundary.is_some());
            found.granted = found.granted.or(named);
        }
        if service::is_under_rcps(request, *management_account) {
            for (level, rcps) in rcps.iter().enumerate() {
                for rcp in rcps {
                    // Their one `Allow` is `RCPFullAWSAccess`, which can't be detached: they only deny.
                    found.ask_resource(request, Layer::Rcp(level), *rcp, false);
                }
            }
        }
        found
    }

    /// Whether one of these documents, which name no principals, allows the request.
    fn ask(&mut self, request: &Request, layer: Layer, sources: &[Source<'a>]) -> Truth {
        let mut allowed = Truth::No;
        for source in sources {
            for statement in &source.document.statements {
                let version = source.document.version;
                // A principal has no place here; AWS refuses such a document.
                if statement.principal.is_some() {
                    continue;
                }
                let truth = statement::fits(statement, version, request);
                if truth == Truth::No {
                    continue;
                }
                if statement.effect == Effect::Allow {
                    allowed = allowed.max(truth);
                }
                self.hits.push(Hit { layer, policy: source.name, version, statement, named: Named::NOT, truth });
            }
        }
        allowed
    }

    /// How a document on a resource allows the request.
    fn ask_resource(&mut self, request: &Request, layer: Layer, source: Source<'a>, has_boundary: bool) -> Named {
        let mut allowed = Named::NOT;
        for statement in &source.document.statements {
            let version = source.document.version;
            let Some(principals) = &statement.principal else {
                continue;
            };
            let truth = statement::fits(statement, version, request);
            if truth == Truth::No {
                continue;
            }
            let named = named(principals, statement.effect, &request.principal, has_boundary);
            let truth = truth.min(named.any());
            if truth == Truth::No {
                continue;
            }
            if statement.effect == Effect::Allow {
                allowed = allowed.or(named.and(truth));
            }
            self.hits.push(Hit { layer, policy: source.name, version, statement, named, truth });
        }
        allowed
    }

    fn deciding(&self, effect: Effect, truth: Truth, is_used: impl Fn(&Hit<'a>) -> bool) -> Vec<Deciding<'a>> {
        let wanted = |hit: &&Hit<'a>| hit.statement.effect == effect && hit.truth == truth && is_used(hit);
        let deciding = |hit: &Hit<'a>| Deciding { layer: hit.layer, policy: hit.policy, statement: hit.statement };
        self.hits.iter().filter(wanted).map(deciding).collect()
    }

    /// Whether it is open if the layer allows the request.
    fn is_open(&self, layer: Layer) -> bool {
        let truth = match layer {
            Layer::Identity => self.identity,
            Layer::Boundary => self.boundary,
            Layer::Session => self.session,
            Layer::Scp(level) => self.scps.get(level).copied().unwrap_or(Truth::Yes),
            Layer::Resource | Layer::Grant => {
                // One way of naming may be sure and still not be enough.
                return true;
            }
            Layer::Rcp(_) => Truth::Yes,
        };
        truth == Truth::Open
    }
}

/// What must allow a request, and whether it does.
struct Answer {
    allowed: Truth,
    missing: Vec<Gap>,
    /// Whether the caller's own policies had a say, or the resource's policy was enough.
    uses_identity: bool,
    /// Whether boundary and session policies had a say.
    uses_limits: bool,
    /// Whether naming the caller's account counts.
    uses_delegation: bool,
    /// Whether it rests on a grant that boundary or session policies leave out.
    is_grant_in_doubt: bool,
}

impl Answer {
    fn of(request: &Request, found: &Found<'_>) -> Self {
        if request.principal.account().is_none() {
            Self::to_outsider(found)
        } else if request.is_across_accounts() {
            Self::across_accounts(request, found)
        } else if service::needs_resource_policy(request) {
            Self::where_the_resource_decides(found)
        } else {
            Self::in_one_account(found)
        }
    }

    fn uses(&self, hit: &Hit<'_>) -> bool {
        match hit.layer {
            Layer::Identity => self.uses_identity,
            Layer::Boundary | Layer::Session => self.uses_limits,
            Layer::Scp(_) => true,
            Layer::Resource | Layer::Grant => {
                let Named { account: _, role, user, itself } = hit.named;
                self.uses_delegation || role.max(user).max(itself) > Truth::No
            }
            Layer::Rcp(_) => false,
        }
    }

    /// Someone without account has what the resource's policy gives.
    fn to_outsider(found: &Found<'_>) -> Self {
        let allowed = found.resource.or(found.granted).any();
        let missing = if allowed == Truth::No { vec![Gap::Resource] } else { Vec::new() };
        Self {
            allowed,
            missing,
            uses_identity: false,
            uses_limits: false,
            uses_delegation: true,
            is_grant_in_doubt: false,
        }
    }

    /// Both sides must allow: the caller's account as it does anything, and the policy on the resource.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>
    ///
    /// A grant to the caller itself is enough without a policy of its own: so a service-linked role, whose policies say nothing of
    /// keys, uses another account's key.
    /// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html#policy-example-cmk-cross-account-access>
    fn across_accounts(request: &Request, found: &Found<'_>) -> Self {
        let mut missing = scps_missing(found);
        let granted = granted(found);
        if granted == Truth::No {
            missing.extend((found.boundary == Truth::No).then_some(Gap::Boundary));
            missing.extend((found.session == Truth::No).then_some(Gap::Session));
        }
        let has_operation = service::works_across_accounts(request);
        if !has_operation {
            missing.push(Gap::KmsAcrossAccounts);
        }
        let identity = found.identity.max(granted);
        if identity == Truth::No {
            missing.push(Gap::Identity);
        }
        let resource = found.resource.or(found.granted).any();
        if resource == Truth::No {
            missing.push(Gap::Resource);
        }
        let limits = limits(found).max(granted.min(Truth::Open));
        let allowed = [Truth::from(has_operation), identity, resource, limits, scps(found)];
        let allowed = allowed.into_iter().min().unwrap_or(Truth::No);
        Self {
            allowed,
            is_grant_in_doubt: is_grant_in_doubt(found, allowed),
            missing: sorted(missing),
            uses_identity: true,
            uses_limits: true,
            uses_delegation: true,
        }
    }

    /// Either side is enough; how the resource's policy names the caller says what limits it.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html>
    fn in_one_account(found: &Found<'_>) -> Self {
        Self::of_either(found, found.identity, Gap::Identity, false)
    }

    /// Keys and roles: their policy must allow the caller, or its account, which then lets identity policies count.
    ///
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#key-policy-default-allow-root-enable-iam>,
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_permissions-to-switch.html>
    fn where_the_resource_decides(found: &Found<'_>) -> Self {
        let account = found.resource.or(found.granted).account;
        let gap = if account == Truth::No { Gap::Resource } else { Gap::Identity };
        Self::of_either(found, account.min(found.identity), gap, true)
    }

    /// Allowed by the resource's policy as it names the caller, or by the caller's own as far as they count.
    fn of_either(found: &Found<'_>, own: Truth, gap: Gap, uses_delegation: bool) -> Self {
        let Named { account: _, role, user, itself } = found.resource;
        let granted = granted(found);
        let free = itself.max(user.min(found.session));
        let limited = own.max(role);
        let by_grant = granted.min(limits(found).max(Truth::Open));
        let allowed = free.max(limited.min(limits(found))).max(by_grant).min(scps(found));
        let mut missing = Vec::new();
        if allowed == Truth::No {
            missing = scps_missing(found);
            if free == Truth::No && granted == Truth::No {
                let is_bound = user == Truth::No && found.boundary == Truth::No;
                missing.extend(is_bound.then_some(Gap::Boundary));
                missing.extend((found.session == Truth::No).then_some(Gap::Session));
            }
            if limited.max(user).max(itself).max(granted) == Truth::No {
                missing.push(gap);
            }
        }
        // What is free of limits needs no other leave.
        let is_limited = free < Truth::Yes;
        Self {
            allowed,
            missing: sorted(missing),
            uses_identity: is_limited || own.min(limits(found)) == Truth::Yes,
            uses_limits: is_limited,
            uses_delegation: uses_delegation && is_limited,
            is_grant_in_doubt: is_grant_in_doubt(found, allowed),
        }
    }
}

/// Whether a grant names the caller in another way than by its account.
fn granted(found: &Found<'_>) -> Truth {
    let Named { account: _, role, user, itself } = found.granted;
    role.max(user).max(itself)
}

/// Whether an open answer rests on a grant that boundary or session policies leave out.
fn is_grant_in_doubt(found: &Found<'_>, allowed: Truth) -> bool {
    allowed == Truth::Open && granted(found) > Truth::No && limits(found) < Truth::Yes
}

fn limits(found: &Found<'_>) -> Truth {
    found.boundary.min(found.session)
}

fn scps(found: &Found<'_>) -> Truth {
    found.scps.iter().copied().min().unwrap_or(Truth::Yes)
}

fn scps_missing(found: &Found<'_>) -> Vec<Gap> {
    let levels = found.scps.iter().enumerate();
    levels.filter(|(_, truth)| **truth == Truth::No).map(|(level, _)| Gap::Scp(level)).collect()
}

fn sorted(mut missing: Vec<Gap>) -> Vec<Gap> {
    missing.sort_unstable();
    missing
}
