//! One question to a world: may this one do this on that?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use trueup_specs::pending;
use trueup_specs::policy::evaluate::{
    ANY, Caller, Deciding, Decision, Gap, Layer, Policies, Request, Source, TooManySorts, decide, decide_every, shown,
};
use trueup_specs::policy::{Principal, Principals, Statement, catalogue};

use super::offer::Side;
use super::organization::FULL_ACCESS;
use super::unread::{self, MayDo};
use super::world::{Actor, Held, Target, UNKNOWN, World, document};

/// Someone who asks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// Someone without credentials.
    Anonymous,
    /// Someone of an account that nobody here knows, whom that account lets do anything.
    Stranger,
    /// An AWS service.
    Service(String),
    /// Someone an identity provider vouches for, by the provider.
    Federated(String),
    /// An account as such: whoever it lets do anything.
    Account(String),
    /// A role or a user, by its ARN; or a role's session, by its own.
    Identity(String),
}

/// Stands for someone of an account that no document names; what else AWS would know of such a one, [`World::add_stranger`] takes back.
const STRANGER: &str = "arn:aws:iam::000000000000:role/stranger";

impl Who {
    /// The account it is of, if it is of one.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Identity(arn) => arn.split(':').nth(4),
            Self::Account(id) => Some(id),
            Self::Anonymous | Self::Stranger | Self::Service(_) | Self::Federated(_) => None,
        }
    }
}

/// Condition keys a request has, each with its values; none says that it does not have it.
pub type Context = Vec<(String, Vec<String>)>;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question<'q> {
    /// Who asks.
    pub who: &'q Who,
    /// For what: `s3:GetObject`.
    pub action: &'q str,
    /// On what: an ARN, one with `*` for all that match, or `*` for no resource.
    pub resource: &'q str,
    /// What else is known.
    pub context: &'q Context,
}

/// The answer for all resources asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// None of it is allowed.
    Denied,
    /// Some of it is, or may be.
    Depends,
    /// All of it is allowed.
    Allowed,
}

impl Verdict {
    /// The verdict in one word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Depends => "depends",
            Self::Allowed => "allowed",
        }
    }
}

/// The statements a decision names, and what it waits for: as the person who asked can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// Statements that allow it.
    pub allowed_by: Vec<Because>,
    /// Statements that deny it.
    pub denied_by: Vec<Because>,
    /// Links that are missing.
    pub missing: Vec<Gap>,
    /// Condition keys that are not known and decide.
    pub keys: BTreeSet<String>,
    /// Policies whose text is not known and decides.
    pub unknown: BTreeSet<String>,
    /// Whether one of those would have to allow it, and not only could deny it.
    pub needs_unknown: bool,
    /// Whether nothing that is known lets the caller do it: only the policy on a resource that no model tells of could.
    pub rests_on_unread: bool,
}

/// A statement that decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// Where its document stands.
    pub layer: Layer,
    /// What the document is called: `tooling/role.x inline.artifacts`.
    pub policy: String,
    /// The item of the specs it belongs to, if it is of one.
    pub item: Option<usize>,
    /// What it says.
    pub statement: Statement,
}

impl Because {
    /// Its name within its document, or what it allows.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.statement.sid {
            Some(sid) => format!("{} ({sid})", self.policy),
            None => self.policy.clone(),
        }
    }
}

/// The answer for one sort of resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The resource, with `*` where any text may stand.
    pub resource: String,
    /// Whether it is allowed.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// Whether it is of another account than the caller, where all resources were asked about.
    pub is_elsewhere: bool,
}

impl Answer {
    /// Whether the only doubt is that a policy nobody read may deny it.
    #[must_use]
    pub fn is_allowed_unless_unknown(&self) -> bool {
        let Reason { allowed_by, keys, unknown, needs_unknown, .. } = &self.reason;
        let is_allowed = allowed_by.is_empty() && !needs_unknown;
        self.verdict == Verdict::Depends && keys.is_empty() && !unknown.is_empty() && is_allowed
    }
}

impl World<'_> {
    /// Answers a question: once for each sort of resource that a pattern stands for. Of an action that is on resources, `*` stands for
    /// all of them, in whatever account; those of other accounts that it is denied on are left out.
    ///
    /// # Errors
    /// When the policies tell too many sorts apart.
    pub fn ask(&self, question: &Question<'_>) -> Result<Vec<Answer>, TooManySorts> {
        if question.resource == "*"
            && let Some(answers) = self.ask_everything(question)?
        {
            return Ok(answers);
        }
        let (request, policies) = self.request(question);
        let decisions = decide_every(&request, &policies)?;
        let mut answers: Vec<Answer> = Vec::with_capacity(decisions.len());
        for (resource, decision) in decisions {
            let one = Request { resource, ..request.clone() };
            let answer = self.answer(question.who, &one, &policies, decision);
            // A `*` is asked about as short and as long text, which people need not know.
            if !answers.contains(&answer) {
                answers.push(answer);
            }
        }
        Ok(answers)
    }

    /// The verdict alone, for all sorts of resources together; where nothing but a policy that nobody read could allow something of all
    /// there is, that is left out.
    ///
    /// # Errors
    /// When the policies tell too many sorts apart.
    pub fn verdict(&self, question: &Question<'_>) -> Result<Verdict, TooManySorts> {
        let one = |mut verdicts: Box<dyn Iterator<Item = Verdict> + '_>| {
            let first = verdicts.next().unwrap_or(Verdict::Denied);
            if verdicts.all(|other| other == first) { first } else { Verdict::Depends }
        };
        if question.resource == "*"
            && let Some(answers) = self.ask_everything(question)?
        {
            let known = answers.iter().filter(|answer| !answer.reason.rests_on_unread);
            return Ok(one(Box::new(known.map(|answer| answer.verdict))));
        }
        let (request, policies) = self.request(question);
        let decisions = decide_every(&request, &policies)?;
        Ok(one(Box::new(decisions.iter().map(|(_, decision)| verdict(decision)))))
    }

    /// What a decision says of a request.
    pub(super) fn answer(
        &self,
        who: &Who,
        request: &Request,
        policies: &Policies<'_>,
        decision: Decision<'_>,
    ) -> Answer {
        let verdict = verdict(&decision);
        let mut reason = self.reason(decision);
        if reason.needs_unknown {
            let is_known = |source: &Source<'_>| !self.held_by(source.name).is_some_and(|held| held.is_unknown);
            let resource = policies.resource.iter().copied().filter(is_known).collect();
            let known = Policies { resource, ..policies.clone() };
            // What is missing as far as is known can be mended.
            if let Decision::DeniedImplicitly { missing } = decide(request, &known) {
                reason.missing = missing;
                reason.rests_on_unread = !is_let_by_its_own(who, request, &known);
            }
        }
        Answer { resource: shown(&request.resource), verdict, reason, is_elsewhere: false }
    }

    pub(super) fn reason(&self, decision: Decision<'_>) -> Reason {
        let because = |deciding: Vec<Deciding<'_>>| -> Vec<Because> {
            deciding.into_iter().filter_map(|deciding| self.because(deciding)).collect()
        };
        match decision {
            Decision::Allowed { by } => Reason { allowed_by: because(by), ..Reason::default() },
            Decision::DeniedExplicitly { by } => Reason { denied_by: because(by), ..Reason::default() },
            Decision::DeniedImplicitly { missing } => Reason { missing, ..Reason::default() },
            Decision::Conditional { when, unless, keys } => {
                let (unknown, keys) = keys
                    .iter()
                    .map(|key| key.as_str().to_owned())
                    .partition::<BTreeSet<_>, _>(|key: &String| key.starts_with(UNKNOWN));
                let unknown = unknown.iter().map(|key| key.trim_start_matches(UNKNOWN).to_owned()).collect();
                let is_unknown =
                    |deciding: &Deciding<'_>| self.held_by(deciding.policy).is_some_and(|held| held.is_unknown);
                let needs_unknown = when.iter().any(is_unknown);
                let (allowed_by, denied_by) = (because(when), because(unless));
                Reason { allowed_by, denied_by, keys, unknown, needs_unknown, ..Reason::default() }
            }
        }
    }

    /// A statement for people; nothing for one that only stands for an unknown text.
    fn because(&self, deciding: Deciding<'_>) -> Option<Because> {
        let held = self.held_by(deciding.policy)?;
        // That AWS's own control lets everything through is no news.
        if held.is_unknown || deciding.policy == FULL_ACCESS {
            return None;
        }
        let item = held.thing.and_then(|thing| self.thing(thing)).and_then(|thing| thing.item);
        let statement = deciding.statement.clone();
        Some(Because { layer: deciding.layer, policy: held.name.clone(), item, statement })
    }

    /// The request AWS would see, and the policies it would ask.
    pub(super) fn request(&self, question: &Question<'_>) -> (Request, Policies<'_>) {
        let Question { who, action, resource, context } = *question;
        let actor = self.actor(who);
        let under = self.under(resource).map(|(target, _)| target);
        let mut request = Request::new(self.caller(who), action, resource);
        if let Some(account) = under.and_then(|target| self.thing(target.thing)).map(|thing| &thing.account_id) {
            request = request.in_account(account);
        }
        self.add_context(&mut request, actor);
        if let Some(target) = under.filter(|target| self.is_itself(target, resource)) {
            self.add_resource_tags(&mut request, target);
        }
        if *who == Who::Stranger {
            self.add_stranger(&mut request);
        }
        for (key, values) in context {
            request = request.with(key, values.iter().cloned());
        }
        let policies = self.policies(who, actor, &request, under);
        (request, policies)
    }

    /// The caller that AWS would see.
    fn caller(&self, who: &Who) -> Caller {
        match who {
            Who::Anonymous => Caller::Anonymous,
            Who::Stranger => Caller::role(STRANGER),
            Who::Service(name) => Caller::Service(name.clone()),
            Who::Federated(provider) => Caller::Federated(provider.clone()),
            Who::Account(id) => Caller::Root(id.clone()),
            Who::Identity(arn) if arn.contains(":user/") => Caller::User(arn.clone()),
            Who::Identity(arn) => match self.session(arn) {
                Some((arn, session)) => Caller::Role { arn, session: Some(session.to_owned()) },
                None => Caller::role(arn),
            },
        }
    }

    /// The role and the name of a session, by its ARN. A session's ARN leaves the path of its role out: a role's name is alone in its
    /// account, so that it is the one a model tells of, or else one that some document names.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns>
    fn session<'a>(&self, arn: &'a str) -> Option<(String, &'a str)> {
        let (front, resource) = arn.split_once(":assumed-role/")?;
        let (name, session) = resource.split_once('/')?;
        let mut parts = front.split(':').skip(1);
        let (partition, account) = (parts.next()?, parts.nth(2)?);
        let front = format!("arn:{partition}:iam::{account}:role/");
        let is_it =
            |arn: &&str| arn.strip_prefix(front.as_str()).and_then(|path| path.rsplit('/').next()) == Some(name);
        let of_account = self.by_account.get(account).into_iter().flatten();
        let actors = of_account.filter_map(|index| self.actors.get(*index)).map(|actor| actor.arn.as_str());
        let statements = || self.held.iter().flat_map(|held| &held.document.statements);
        let named = || {
            let principals = statements().filter_map(|statement| statement.principal.as_ref());
            principals.flat_map(Principals::named).find_map(|principal| match principal {
                Principal::Aws(name) => Some(name.as_str()).filter(is_it),
                _ => None,
            })
        };
        let role = actors.into_iter().find(is_it).or_else(named).map(str::to_owned);
        Some((role.unwrap_or_else(|| format!("{front}{name}")), session))
    }

    pub(super) fn actor(&self, who: &Who) -> Option<&Actor<'_>> {
        match who {
            Who::Identity(arn) => {
                let role = self.session(arn).map(|(role, _)| role);
                self.actors_by_arn.get(role.as_deref().unwrap_or(arn)).and_then(|index| self.actors.get(*index))
            }
            Who::Anonymous | Who::Stranger | Who::Service(_) | Who::Federated(_) | Who::Account(_) => None,
        }
    }

    /// What is known of a request besides who asks what.
    fn add_context(&self, request: &mut Request, actor: Option<&Actor<'_>>) {
        // The CLI and the SDKs call over TLS; who means other requests says so in the context.
        // https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
        request.context.set("aws:SecureTransport", ["true"]);
        // The region a call goes to is that of what it is on.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion
        let is_region = |region: &&str| !region.is_empty() && !region.contains(['*', '?', ANY]);
        if let Some(region) = request.resource.split(':').nth(3).filter(is_region) {
            let region = region.to_owned();
            request.context.set("aws:RequestedRegion", [region]);
        }
        for (key, value) in actor.iter().flat_map(|actor| actor.tags) {
            request.context.set(&format!("aws:PrincipalTag/{key}"), [value.clone()]);
        }
        let organization = request.principal.account().and_then(|account| self.organization_of(account));
        if let Some(id) = organization {
            request.context.set("aws:PrincipalOrgID", [id]);
        }
        let organization = request.resource_account.as_deref().and_then(|account| self.organization_of(account));
        if let Some(id) = organization {
            request.context.set("aws:ResourceOrgID", [id]);
        }
    }

    /// Takes back what is not known of someone outside, which is only who it is not: nobody of the accounts that are known, nor of their
    /// organization.
    fn add_stranger(&self, request: &mut Request) {
        // Where nothing is named by its account, it is something of the accounts that are known, and not of its own.
        request.resource_account.get_or_insert_with(String::new);
        let context = &mut request.context;
        context.set_unlike("aws:PrincipalArn", Arc::clone(&self.arns_within), true);
        context.set_unlike("aws:PrincipalAccount", Arc::clone(&self.ids_within), true);
        context.set_unlike("kms:CallerAccount", Arc::clone(&self.ids_within), true);
        context.set_unlike("aws:PrincipalType", ["Anonymous".to_owned()], true);
        context.set_unlike("aws:username", [], false);
        if let Some(id) = &self.organization.id {
            context.set_unlike("aws:PrincipalOrgID", [id.clone()], false);
            context.set_unlike("aws:PrincipalOrgPaths", [format!("{id}/*")], false);
        }
        if let Some(id) = &self.organization.management_account {
            context.set_unlike("aws:PrincipalOrgMasterAccountId", [id.clone()], false);
        }
    }

    /// Whether the resource is the thing, and not what is under it.
    fn is_itself(&self, target: &Target, resource: &str) -> bool {
        self.targets.get(resource).is_some_and(|other| std::ptr::eq(other, target))
    }

    /// The tags of the resource, under the keys that AWS says requests of the action have them by. Those that it does not have are left
    /// open. S3 looks at a bucket's tags only where that was switched on, which no model tells:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/buckets-tagging-enable-abac.html>
    fn add_resource_tags(&self, request: &mut Request, target: &Target) {
        let Some(tags) = self.tags.get(target.thing).copied().flatten() else { return };
        let service = request.resource.split(':').nth(2).unwrap_or_default();
        if service == "s3" {
            return;
        }
        for key in ["aws:ResourceTag".to_owned(), format!("{service}:ResourceTag")] {
            if !catalogue::actions(&request.action).any(|action| action.has_key(&format!("{key}/x"))) {
                continue;
            }
            for (tag, value) in tags {
                request.context.set(&format!("{key}/{tag}"), [value.clone()]);
            }
        }
    }

    fn policies(
        &self,
        who: &Who,
        actor: Option<&Actor<'_>>,
        request: &Request,
        under: Option<&Target>,
    ) -> Policies<'_> {
        let sources = |papers: &[usize]| papers.iter().filter_map(|paper| self.source(*paper)).collect::<Vec<_>>();
        let identity = match (who, actor) {
            (_, Some(actor)) => sources(&actor.papers),
            // Of whom no model tells, nothing is known.
            (Who::Identity(_), None) => sources(&[self.unread_identity]),
            (Who::Stranger, None) => sources(&[self.anything]),
            (Who::Anonymous | Who::Service(_) | Who::Federated(_) | Who::Account(_), None) => Vec::new(),
        };
        let levels = |account: Option<&str>, side| {
            account
                .map(|account| self.levels(account, side))
                .unwrap_or_default()
                .iter()
                .map(|level| sources(level))
                .collect()
        };
        Policies {
            identity,
            boundary: actor.and_then(|actor| actor.boundary).and_then(|paper| self.source(paper)),
            session: Vec::new(),
            scps: levels(request.principal.account(), Side::Service),
            management_account: self.management_account(),
            resource: self.resource_policies(request, under),
            grants: under.map(|target| sources(&target.grants)).unwrap_or_default(),
            rcps: levels(request.resource_account.as_deref(), Side::Resource),
        }
    }

    fn source(&self, paper: usize) -> Option<Source<'_>> {
        self.held.get(paper).map(|Held { name, document, .. }| Source { name, document })
    }

    fn resource_policies(&self, request: &Request, under: Option<&Target>) -> Vec<Source<'_>> {
        let service = request.action.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let of_role = request.resource.split(':').nth(2) == Some("iam");
        // A trust policy is asked for nothing but taking the role on.
        if of_role && service != "sts" {
            return Vec::new();
        }
        let mut papers: Vec<usize> = match under {
            Some(target) => target.paper.into_iter().chain(self.limits_of(target)).collect(),
            None => match unread::may_do(request) {
                MayDo::AllowOrDeny => vec![self.unread],
                MayDo::Allow => vec![self.unread_allowing],
                MayDo::Nothing => Vec::new(),
            },
        };
        papers.extend(self.registry_of(&request.resource));
        papers.into_iter().filter_map(|paper| self.source(paper)).collect()
    }

    /// The policies of someone that nobody read.
    #[must_use]
    pub fn unread_policies(&self, who: &Who) -> Vec<&str> {
        let papers = match (who, self.actor(who)) {
            (_, Some(actor)) => actor.papers.as_slice(),
            (Who::Identity(_), None) => std::slice::from_ref(&self.unread_identity),
            (_, None) => &[],
        };
        let held = papers.iter().filter_map(|paper| self.held.get(*paper));
        held.filter(|held| held.is_unknown).map(|held| held.name.as_str()).collect()
    }

    /// What people call someone.
    #[must_use]
    pub fn who(&self, who: &Who) -> String {
        match who {
            Who::Anonymous => "anyone without credentials".to_owned(),
            Who::Stranger => "anyone with an AWS account".to_owned(),
            Who::Service(name) => name.clone(),
            Who::Federated(provider) => format!("someone of {}", self.what(provider)),
            Who::Account(id) => match self.accounts.get(id) {
                Some(name) => format!("account {name} ({})", pending::show(id)),
                None => format!("account {id}"),
            },
            Who::Identity(arn) => self.what(arn),
        }
    }

    /// What people call what an ARN stands for: the address of a thing, with what is under it.
    #[must_use]
    pub fn what(&self, arn: &str) -> String {
        if let Some((label, rest)) = self.label(arn) {
            return format!("{label}{rest}");
        }
        pending::show(arn)
    }

    /// The address of the thing an ARN is of or under, and the rest of the ARN.
    pub(super) fn label<'a>(&self, arn: &'a str) -> Option<(&str, &'a str)> {
        if let Some((target, rest)) = self.under(arn) {
            return self.thing(target.thing).map(|thing| (thing.label.as_str(), rest));
        }
        let actor = self.actors_by_arn.get(arn).and_then(|index| self.actors.get(*index))?;
        self.thing(actor.thing).map(|thing| (thing.label.as_str(), ""))
    }

    /// Everyone whose policies the world holds, by account.
    pub fn identities(&self) -> BTreeMap<&str, Vec<Who>> {
        let mut all: BTreeMap<&str, Vec<Who>> = BTreeMap::new();
        for actor in &self.actors {
            let account = self.thing(actor.thing).map_or("", |thing| thing.account_id.as_str());
            all.entry(account).or_default().push(Who::Identity(actor.arn.clone()));
        }
        all
    }
}

/// Whether the caller's own side lets it do what another's policy would have to let it do, too. Someone outside is let do anything by
/// whoever they are of, which says nothing.
fn is_let_by_its_own(who: &Who, request: &Request, known: &Policies<'_>) -> bool {
    let Some(account) = who.account() else { return false };
    // A resource that leaves it to the caller's account.
    let statement = format!(r#"{{"Effect":"Allow","Principal":{{"AWS":"{account}"}},"Action":"*","Resource":"*"}}"#);
    let document = document(&statement);
    let resource = vec![Source { name: "", document: &document }];
    let policies = Policies { resource, grants: Vec::new(), ..known.clone() };
    verdict(&decide(request, &policies)) != Verdict::Denied
}

/// The verdict of one decision.
pub(super) fn verdict(decision: &Decision<'_>) -> Verdict {
    match decision {
        Decision::Allowed { .. } => Verdict::Allowed,
        Decision::Conditional { .. } => Verdict::Depends,
        Decision::DeniedExplicitly { .. } | Decision::DeniedImplicitly { .. } => Verdict::Denied,
    }
}
