//! One question to a world: may this one do this on that?

use std::collections::{BTreeMap, BTreeSet};

use trueup_specs::pending;
use trueup_specs::policy::Statement;
use trueup_specs::policy::evaluate::{
    Caller, Deciding, Decision, Gap, Layer, Policies, Request, Source, TooManySorts, decide_every, shown,
};

use super::offer::Side;
use super::organization::FULL_ACCESS;
use super::world::{Actor, Held, Target, UNKNOWN, World};

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
    /// A role or a user, by its ARN.
    Identity(String),
}

/// Someone of an account that no document names.
const STRANGER: &str = "arn:aws:iam::000000000000:role/stranger";

impl Who {
    /// The caller that AWS would see.
    fn caller(&self) -> Caller {
        match self {
            Self::Anonymous => Caller::Anonymous,
            Self::Stranger => Caller::role(STRANGER),
            Self::Service(name) => Caller::Service(name.clone()),
            Self::Federated(provider) => Caller::Federated(provider.clone()),
            Self::Account(id) => Caller::Root(id.clone()),
            Self::Identity(arn) if arn.contains(":user/") => Caller::User(arn.clone()),
            Self::Identity(arn) => Caller::role(arn),
        }
    }

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
    /// Answers a question: once for each sort of resource that a pattern stands for.
    ///
    /// # Errors
    /// When the policies tell too many sorts apart.
    pub fn ask(&self, question: &Question<'_>) -> Result<Vec<Answer>, TooManySorts> {
        let (request, policies) = self.request(question);
        let decisions = decide_every(&request, &policies)?;
        let mut answers: Vec<Answer> = Vec::with_capacity(decisions.len());
        for (resource, decision) in decisions {
            let verdict = verdict(&decision);
            let answer = Answer { resource: shown(&resource), verdict, reason: self.reason(decision) };
            // A `*` is asked about as short and as long text, which people need not know.
            if !answers.contains(&answer) {
                answers.push(answer);
            }
        }
        Ok(answers)
    }

    /// The verdict alone, for all sorts of resources together.
    ///
    /// # Errors
    /// When the policies tell too many sorts apart.
    pub fn verdict(&self, question: &Question<'_>) -> Result<Verdict, TooManySorts> {
        let (request, policies) = self.request(question);
        let decisions = decide_every(&request, &policies)?;
        let mut verdicts = decisions.iter().map(|(_, decision)| verdict(decision));
        let first = verdicts.next().unwrap_or(Verdict::Denied);
        Ok(if verdicts.all(|other| other == first) { first } else { Verdict::Depends })
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
                Reason { allowed_by, denied_by, missing: Vec::new(), keys, unknown, needs_unknown }
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
        let mut request = Request::new(who.caller(), action, resource);
        if let Some(account) = under.and_then(|target| self.thing(target.thing)).map(|thing| &thing.account_id) {
            request = request.in_account(account);
        }
        self.add_context(&mut request, actor);
        for (key, values) in context {
            request = request.with(key, values.iter().cloned());
        }
        let policies = self.policies(who, actor, &request, under);
        (request, policies)
    }

    fn actor(&self, who: &Who) -> Option<&Actor<'_>> {
        match who {
            Who::Identity(arn) => self.actors_by_arn.get(arn).and_then(|index| self.actors.get(*index)),
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
        if let Some(region) = request.resource.split(':').nth(3).filter(|region| !region.is_empty()) {
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
            None if may_have_policy(request) => vec![self.unread],
            None => Vec::new(),
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

/// Whether a resource that no model is of may have a policy that decides, so that its answer is open.
///
/// Across accounts such a policy must allow; in one account it could deny, which people write where data lies and where AWS
/// gives every new thing a policy. Of the services delivery planes use:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>
fn may_have_policy(request: &Request) -> bool {
    const IN_ONE_ACCOUNT: [&str; 6] = ["ecr", "kms", "s3", "secretsmanager", "sns", "sqs"];
    const ACROSS: [&str; 6] = ["codeartifact", "codebuild", "dynamodb", "events", "iam", "lambda"];
    let service = request.resource.split(':').nth(2).unwrap_or_default();
    let caller = request.principal.account();
    let is_across = caller.is_none() || request.resource_account.as_deref() != caller;
    let is_trust = service == "iam" && request.action.to_ascii_lowercase().starts_with("sts:");
    IN_ONE_ACCOUNT.contains(&service) || is_trust || (is_across && ACROSS.contains(&service))
}

/// The verdict of one decision.
pub(super) fn verdict(decision: &Decision<'_>) -> Verdict {
    match decision {
        Decision::Allowed { .. } => Verdict::Allowed,
        Decision::Conditional { .. } => Verdict::Depends,
        Decision::DeniedExplicitly { .. } | Decision::DeniedImplicitly { .. } => Verdict::Denied,
    }
}
