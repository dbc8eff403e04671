//! What is asked: who wants to do what, on what, and what is known besides.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::caseless::Caseless;
use super::arn;

/// Who makes a request.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// An account's root user, by the account's id.
    Root(String),
    /// An IAM user, by its ARN.
    User(String),
    /// Someone with a role's credentials.
    Role {
        /// The role's ARN, with its path.
        arn: String,
        /// The session's name, if it is known.
        session: Option<String>,
    },
    /// A session a user has from `GetFederationToken`.
    FederatedUser {
        /// The ARN of the user that asked for it.
        user: String,
        /// The name it was asked for.
        name: String,
    },
    /// Someone an identity provider vouches for, by the provider as policies name it, before a role is assumed.
    Federated(String),
    /// An AWS service that acts for itself, such as `codepipeline.amazonaws.com`.
    Service(String),
    /// Someone without credentials.
    Anonymous,
}

impl Caller {
    /// A role, by its ARN, in a session of any name.
    #[must_use]
    pub fn role(arn: &str) -> Self {
        Self::Role { arn: arn.to_owned(), session: None }
    }

    /// The account the caller belongs to, whose policies for identities and whose SCPs count.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Root(account) => Some(account),
            Self::User(arn) | Self::Role { arn, .. } | Self::FederatedUser { user: arn, .. } => arn::account(arn),
            Self::Federated(_) | Self::Service(_) | Self::Anonymous => None,
        }
    }

    /// Whether it is a role that a service made for itself, outside of SCPs and RCPs.
    ///
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
    #[must_use]
    pub fn is_service_linked(&self) -> bool {
        match self {
            Self::Role { arn, .. } => resource_part(arn).starts_with("role/aws-service-role/"),
            Self::Root(_)
            | Self::User(_)
            | Self::FederatedUser { .. }
            | Self::Federated(_)
            | Self::Service(_)
            | Self::Anonymous => false,
        }
    }

    /// What AWS itself puts into the context because of who asks: key, and value or nothing.
    ///
    /// Of callers without an account it says only what the pages say; the rest stays unknown.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principal-properties>,
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable>
    fn context(&self) -> Vec<(&'static str, Option<String>)> {
        let of = |kind: &str, arn: String| (Some(kind.to_owned()), Some(arn));
        let (kind, arn) = match self {
            Self::Root(account) => of("Account", format!("arn:aws:iam::{account}:root")),
            Self::User(arn) => of("User", arn.clone()),
            Self::Role { arn, .. } => of("AssumedRole", arn.clone()),
            Self::FederatedUser { user, name } => of("FederatedUser", federated_user_arn(user, name)),
            Self::Anonymous => (Some("Anonymous".to_owned()), None),
            Self::Federated(_) | Self::Service(_) => (None, None),
        };
        let user_name = if let Self::User(arn) = self { Some(last_of_path(arn).to_owned()) } else { None };
        let service = if let Self::Service(name) = self { Some(name.clone()) } else { None };
        // Only signed requests say whether a service made them, and who comes with a provider's word alone signs nothing:
        // https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
        let is_signed = !matches!(self, Self::Anonymous | Self::Federated(_));
        let mut context = vec![
            ("aws:username", user_name),
            ("aws:PrincipalIsAWSService", is_signed.then(|| service.is_some().to_string())),
            ("aws:PrincipalServiceName", service),
        ];
        if !matches!(self, Self::Service(_)) {
            context.extend(OF_SERVICES.map(|key| (key, None)));
        }
        if let Some(account) = self.account() {
            context.push(("aws:PrincipalAccount", Some(account.to_owned())));
            context.push(("kms:CallerAccount", Some(account.to_owned())));
        }
        if *self == Self::Anonymous {
            // "For anonymous requests, the request context returns anonymous", and they come from no organization.
            context.push(("aws:PrincipalAccount", Some("anonymous".to_owned())));
            context.push(("aws:PrincipalOrgID", None));
            context.push(("aws:PrincipalOrgPaths", None));
        }
        if arn.is_some() || *self == Self::Anonymous {
            context.push(("aws:PrincipalArn", arn));
        }
        if kind.is_some() {
            context.push(("aws:PrincipalType", kind));
        }
        context
    }
}

/// The keys of whom a service acts for, and of the service: a request has them only if a service made it itself.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>, and for the one that is SNS's own,
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html#source-account-versus-source-owner>.
const OF_SERVICES: [&str; 6] = [
    "aws:PrincipalServiceNamesList",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceOwner",
];

/// The part of an ARN behind its account.
pub(super) fn resource_part(arn: &str) -> &str {
    arn::parts(arn).map_or("", |[_, _, _, _, _, resource]| resource)
}

/// The name at the end of an IAM ARN, without its path.
fn last_of_path(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The ARN of a session a user has from `GetFederationToken`.
pub(super) fn federated_user_arn(user: &str, name: &str) -> String {
    match arn::parts(user) {
        Some([_, partition, _, _, account, _]) => format!("arn:{partition}:sts::{account}:federated-user/{name}"),
        None => String::new(),
    }
}

/// The ARN of a role's session.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-role-session>
pub(super) fn session_arn(role: &str, session: &str) -> String {
    match arn::parts(role) {
        Some([_, partition, _, _, account, _]) => {
            format!("arn:{partition}:sts::{account}:assumed-role/{}/{session}", last_of_path(role))
        }
        None => String::new(),
    }
}

/// Whether the ARN is that of a session of the role, of whatever name.
pub(super) fn is_session_of(arn: &str, role: &str) -> bool {
    let front = session_arn(role, "");
    // What is no ARN has no sessions, and every text begins with none.
    !front.is_empty() && arn.strip_prefix(&front).is_some_and(|name| !name.is_empty())
}

/// What is known of one condition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot<'a> {
    /// The request may have it or not.
    Unknown,
    /// The request doesn't have it.
    Absent,
    /// The request has these values, at least one.
    Values(&'a [String]),
    /// The request has some value that none of these patterns matches; or it may not have the key at all.
    Unlike { patterns: &'a [String], is_there: bool },
}

/// What is known of a key that is not unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Known {
    /// None says that the request doesn't have it.
    Values(Vec<String>),
    Unlike {
        patterns: Arc<[String]>,
        is_there: bool,
    },
}

/// The condition keys of a request, as far as they are known.
///
/// A key is known with its values, known to be absent, known by what its value is not, or unknown; all start unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    known: BTreeMap<Caseless, Known>,
    is_closed: bool,
}

impl Slot<'_> {
    /// Whether more would have to be known to tell its value.
    pub(super) fn is_open(self) -> bool {
        match self {
            Self::Unknown | Self::Unlike { .. } => true,
            Self::Absent | Self::Values(_) => false,
        }
    }
}

impl Context {
    /// Sets a key's values; none at all says that the request doesn't have it.
    ///
    /// Values of a binary key are given in base64.
    pub fn set<V: Into<String>>(&mut self, key: &str, values: impl IntoIterator<Item = V>) {
        let values = values.into_iter().map(Into::into).collect();
        self.known.insert(Caseless::from(key), Known::Values(values));
    }

    /// Says of a key that its value, which is not known, is none that one of these patterns matches, and whether it is sure that the
    /// request has the key.
    ///
    /// `*` in a pattern is any text. Without patterns all that is known is that the key may be there, or is.
    pub fn set_unlike(&mut self, key: &str, patterns: impl Into<Arc<[String]>>, is_there: bool) {
        self.known.insert(Caseless::from(key), Known::Unlike { patterns: patterns.into(), is_there });
    }

    /// Says that the request has no other keys than those that were set.
    pub fn close(&mut self) {
        self.is_closed = true;
    }

    pub(super) fn get(&self, key: &Caseless) -> Slot<'_> {
        match self.known.get(key) {
            Some(Known::Values(values)) if values.is_empty() => Slot::Absent,
            Some(Known::Values(values)) => Slot::Values(values),
            Some(Known::Unlike { patterns, is_there }) => Slot::Unlike { patterns, is_there: *is_there },
            None if self.is_closed => Slot::Absent,
            None => Slot::Unknown,
        }
    }
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub principal: Caller,
    /// What for, such as `s3:GetObject`.
    pub action: String,
    /// On what: an ARN, or `*` for an action that is on no resource.
    pub resource: String,
    /// The account the resource is in; nothing if it is unknown, and then it counts as the caller's.
    pub resource_account: Option<String>,
    /// What else is known.
    pub context: Context,
}

impl Request {
    /// A request, with what AWS puts into its context because of who asks and what for.
    ///
    /// The resource's account is read from its ARN; for one that doesn't tell, such as a bucket's, use
    /// [`in_account`](Self::in_account).
    #[must_use]
    pub fn new(principal: Caller, action: &str, resource: &str) -> Self {
        let mut context = Context::default();
        for (key, value) in principal.context() {
            context.set(key, value);
        }
        let request = Self {
            principal,
            action: action.to_owned(),
            resource: resource.to_owned(),
            resource_account: None,
            context,
        };
        match arn::account(resource) {
            Some(account) => request.in_account(account),
            None => request,
        }
    }

    /// The same, on a resource in this account.
    #[must_use]
    pub fn in_account(mut self, account: &str) -> Self {
        self.context.set("aws:ResourceAccount", [account]);
        self.resource_account = Some(account.to_owned());
        self
    }

    /// The same, with the values of a condition key; none at all says that it is absent.
    #[must_use]
    pub fn with<V: Into<String>>(mut self, key: &str, values: impl IntoIterator<Item = V>) -> Self {
        self.context.set(key, values);
        self
    }

    /// The same, without any condition key that was not set.
    #[must_use]
    pub fn closed(mut self) -> Self {
        self.context.close();
        self
    }

    /// Whether caller and resource are in different accounts.
    pub(super) fn is_across_accounts(&self) -> bool {
        match (self.principal.account(), self.resource_account.as_deref()) {
            (Some(caller), Some(resource)) => caller != resource,
            (None, _) | (_, None) => false,
        }
    }
}
