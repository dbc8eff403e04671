//! What went wrong with a call, in one place: from the SDK's errors to [`OpError`] and [`Unread`].

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use trueup_engine::facts::Unread;
use trueup_engine::perform::{Effect, OpError};

/// The account a call was made in, as a message names it: `account unicorn (222222222222)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The account's name in the specs; empty for the caller before anything is known.
    pub account: Arc<str>,
    /// Twelve digits.
    pub id: Arc<str>,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {} ({})", self.account, self.id)
    }
}

/// A call that failed, without its service's own types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The call as its IAM action: `iam:CreateRole`.
    pub call: String,
    /// Whose account it was made in; `None` before that is known.
    pub who: Option<Box<Who>>,
    /// AWS's error code; `None` when AWS gave no answer.
    pub code: Option<Box<str>>,
    /// What AWS, or the connection, said; one line.
    pub message: String,
    /// AWS's request id.
    pub request_id: Option<Box<str>>,
    /// What to do, where more is known than the code tells.
    pub help: Option<String>,
    /// Whether something may have changed all the same.
    pub effect: Effect,
    /// Where the call went, for connection errors.
    reached: Reached,
}

/// How far a call got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reached {
    /// AWS answered.
    Aws,
    /// There was nothing to sign it with.
    NoCredentials,
    /// The connection did not come about, or broke.
    Wire,
}

impl Failure {
    /// What is left of an SDK error.
    pub fn new<E>(who: Option<Who>, call: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let request_id = error.raw_response().and_then(request_id);
        let reached = reached(error);
        let (code, message) = match error.as_service_error() {
            Some(service) => (service.code().map(Box::from), service.message().map(str::to_owned)),
            None => (None, None),
        };
        // S3 answers HEAD requests without a body: the status is all there is.
        let code = code.or_else(|| status.and_then(code_of_status).map(Box::from));
        let effect = effect(error, reached, status, code.as_deref());
        let message = match message {
            Some(message) => one_line(&message),
            None if reached == Reached::NoCredentials => without_credentials(&described(error)),
            None => one_line(&described(error)),
        };
        Self { call: call.to_owned(), who: who.map(Box::new), code, message, request_id, help: None, effect, reached }
    }

    /// A failure found on this side of the wire: nothing was sent.
    #[must_use]
    pub fn local(who: Option<Who>, call: &str, message: impl Into<String>, help: Option<String>) -> Self {
        Self {
            call: call.to_owned(),
            who: who.map(Box::new),
            code: None,
            message: message.into(),
            request_id: None,
            help,
            effect: Effect::None,
            reached: Reached::Aws,
        }
    }

    /// The same, with where it went: the most likely reason for an answer that does not come is a region that is none.
    #[must_use]
    pub fn in_region(mut self, region: &str) -> Self {
        if self.help.is_none() {
            self.help = match self.reached {
                Reached::Wire => Some(format!(
                    "check the network, and that {region} is a region of AWS's and enabled in the account"
                )),
                Reached::Aws if self.is_of_no_region() => Some(format!(
                    "`{region}` is no region of AWS's, or not enabled in the account: look at `region` in the specs"
                )),
                Reached::Aws | Reached::NoCredentials => None,
            };
        }
        self
    }

    /// The same, with the endpoint it went to when that was given: then it is not the network of AWS that is silent.
    #[must_use]
    pub fn at_endpoint(mut self, url: Option<&str>) -> Self {
        if let (Some(url), Reached::Wire, None) = (url, self.reached, &self.help) {
            self.help = Some(if self.effect == Effect::None {
                format!("nothing answers at {url}; is it running?")
            } else {
                format!("the connection to {url} broke; look at what runs there")
            });
        }
        self
    }

    /// A region AWS does not have is answered like a wrong signature; only the message tells them apart.
    fn is_of_no_region(&self) -> bool {
        self.is("SignatureDoesNotMatch") && self.message.contains("scoped to a valid region")
    }

    /// Whether AWS refused the time of the request; that of most services is answered like a wrong signature.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>
    fn is_of_another_time(&self) -> bool {
        let is_expired =
            || ["Signature expired", "Signature not yet current"].iter().any(|f| self.message.starts_with(f));
        let is_signature = self.is("SignatureDoesNotMatch") || self.is("InvalidSignatureException");
        self.is("RequestTimeTooSkewed") || is_signature && is_expired()
    }

    /// Whether AWS answered with this error code.
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Whether AWS refused the call for want of a permission.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.code.as_deref().is_some_and(|code| {
            matches!(code, "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "AuthorizationError")
        })
    }

    /// The account, the error code and the message, on one line.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        if let Some(who) = &self.who {
            text.push_str(&format!("{who}: "));
        }
        if let Some(code) = &self.code {
            text.push_str(&format!("{code}: "));
        }
        text.push_str(&self.message);
        text
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        if self.help.is_some() {
            return self.help.clone();
        }
        let account = self.who.as_ref().map_or_else(|| "the account".to_owned(), ToString::to_string);
        match (self.reached, self.code.as_deref()) {
            (Reached::NoCredentials, _) => Some(
                "give credentials: AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `aws sso login`"
                    .to_owned(),
            ),
            (Reached::Wire, _) => {
                Some("check the network, and that the region is one of AWS's and enabled in the account".to_owned())
            }
            (Reached::Aws, Some(_)) if self.is_of_no_region() => Some(
                "the region is none of AWS's, or not enabled in the account: look at `region` in the specs".to_owned(),
            ),
            (Reached::Aws, Some(_)) if self.is_of_another_time() => {
                Some("the clock of this machine is wrong: set it, then run the same command again".to_owned())
            }
            (Reached::Aws, Some(code)) => advice(code, &self.call, &account),
            (Reached::Aws, None) => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.call, self.text())
    }
}

impl Error for Failure {}

impl From<Failure> for OpError {
    fn from(failure: Failure) -> Self {
        let help = failure.advice();
        let message = match &failure.who {
            Some(who) => format!("{who}: {}", failure.message),
            None => failure.message.clone(),
        };
        Self {
            call: failure.call,
            code: failure.code.map(String::from),
            message,
            request_id: failure.request_id.map(String::from),
            help,
            effect: failure.effect,
        }
    }
}

impl From<Failure> for Unread {
    fn from(failure: Failure) -> Self {
        Self { why: failure.text(), help: failure.advice(), call: failure.call }
    }
}

/// What to do about an error code of AWS's.
fn advice(code: &str, call: &str, account: &str) -> Option<String> {
    let text = match code {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
            format!(
                "allow {call} to the role trueup uses in {account}, or look for a service control policy that denies it"
            )
        }
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            "the credentials have expired: log in again (`aws sso login`), then run the same command".to_owned()
        }
        "InvalidClientTokenId" | "UnrecognizedClientException" | "InvalidAccessKeyId" | "AuthFailure" => {
            "AWS does not know these credentials: check AWS_PROFILE and AWS_ACCESS_KEY_ID".to_owned()
        }
        "SignatureDoesNotMatch" => "the secret access key does not belong to the access key id".to_owned(),
        "OptInRequired" | "InvalidRegion" | "RegionDisabledException" => {
            format!("enable the region in {account}, or use another one")
        }
        "Throttling" | "ThrottlingException" | "TooManyRequestsException" | "RequestLimitExceeded" | "SlowDown" => {
            "AWS asks to go slower: run the same command again in a minute".to_owned()
        }
        "DeleteConflict" => {
            "something outside these specs still uses it: detach it there, then run the same command again".to_owned()
        }
        "LimitExceeded" | "LimitExceededException" | "TooManyBuckets" => {
            format!("a quota of {account} is reached: ask for more in Service Quotas, or remove what is not needed")
        }
        "EntityAlreadyExists" if matches!(call, "iam:CreateRole" | "iam:CreatePolicy" | "iam:CreateInstanceProfile") => {
            "IAM names ignore case: one whose name differs in case only may exist; give the spec that spelling, or another \
             name; if it was made since the plan, plan again"
                .to_owned()
        }
        "EntityAlreadyExists" => {
            "something made it since the plan: plan again; it is then adopted if it is meant to be ours".to_owned()
        }
        "NoSuchEntity" | "NotFoundException" | "NoSuchBucket" => {
            "something removed it since the plan: plan again".to_owned()
        }
        "MalformedPolicyDocument" | "MalformedPolicy" | "MalformedPolicyDocumentException" => {
            "AWS refuses the policy: look at the part it names; a principal must exist and be spelt as AWS spells it"
                .to_owned()
        }
        "ConcurrentModification" | "EntityTemporarilyUnmodifiable" | "OperationAborted" => {
            "another change to it is going on: run the same command again".to_owned()
        }
        "InvalidRoleException" => {
            "the service role must be a role of the same account that trusts codedeploy.amazonaws.com".to_owned()
        }
        "InstanceNameAlreadyRegisteredException" => {
            "the name is taken, or was deregistered less than 24 hours ago: wait, or give the instance another name".to_owned()
        }
        "IamUserArnAlreadyRegisteredException" | "IamSessionArnAlreadyRegisteredException" => {
            "each instance needs an IAM user or session of its own".to_owned()
        }
        "DeploymentConfigInUseException" => {
            "a deployment group outside these specs still uses it: give that group another, then run the same command again".to_owned()
        }
        "AWSOrganizationsNotInUseException" => {
            format!("{account} is in no organization: let the specs make one, with [organization.main] in them")
        }
        "EMAIL_ALREADY_EXISTS" => {
            "an account outside of this organization has this e-mail address, or a closed one still has it: give the account another one, \
             or invite the one there is"
                .to_owned()
        }
        "ACCOUNT_LIMIT_EXCEEDED" | "ACCOUNT_NUMBER_LIMIT_EXCEEDED" => {
            "the organization has as many accounts as it may, closed ones included: ask for more in Service Quotas (us-east-1)".to_owned()
        }
        "INVALID_EMAIL" => "AWS takes no mail at this address: give the account another `email`".to_owned(),
        "CONCURRENT_ACCOUNT_MODIFICATION" => {
            "the same account is being made already: run the same command again in a few minutes, and it is found".to_owned()
        }
        "INTERNAL_FAILURE" => "try again later; if it stays so, ask AWS Support".to_owned(),
        "MISSING_PAYMENT_INSTRUMENT" | "INVALID_PAYMENT_INSTRUMENT" => {
            "give the management account a payment method that works".to_owned()
        }
        "OrganizationalUnitNotEmptyException" => {
            "accounts or units outside these specs are still in it: move them elsewhere, then run the same command again".to_owned()
        }
        "PolicyInUseException" => {
            "something outside these specs still has it attached: detach it there, then run the same command again".to_owned()
        }
        "PolicyTypeNotEnabledException" => {
            "enable the type: add it to `policy_types` of [organization.NAME]".to_owned()
        }
        "DuplicateOrganizationalUnitException" | "DuplicatePolicyException" => {
            "something made it since the plan: plan again; it is then adopted if it is meant to be ours".to_owned()
        }
        "UnmodifiableEntity" => "the role belongs to an AWS service: only that service may change it".to_owned(),
        "RepositoryNotEmptyException" => "delete its images first: trueup never removes images".to_owned(),
        "RepositoryAlreadyExistsException" => {
            "something made it since the plan: plan again; it is then adopted if it is meant to be ours".to_owned()
        }
        "RepositoryNotFoundException" => "something removed it since the plan: plan again".to_owned(),
        "BucketAlreadyExists" => "bucket names are shared by all of AWS: choose another".to_owned(),
        "BucketNotEmpty" => "empty it first, with all its versions: trueup never removes objects".to_owned(),
        _ => return None,
    };
    Some(text)
}

/// Codes by which AWS refuses a call before doing anything, whatever their HTTP status.
fn is_refusal(code: &str) -> bool {
    matches!(
        code,
        "SlowDown" | "Throttling" | "ThrottlingException" | "RequestLimitExceeded" | "TooManyRequestsException"
    )
}

fn effect<E>(error: &SdkError<E, HttpResponse>, reached: Reached, status: Option<u16>, code: Option<&str>) -> Effect {
    match error {
        SdkError::ConstructionFailure(_) => Effect::None,
        SdkError::DispatchFailure(failure) => {
            if failure.is_user() || reached == Reached::NoCredentials || never_connected(error) {
                Effect::None
            } else {
                Effect::Unknown
            }
        }
        SdkError::ServiceError(_) => {
            if status.is_some_and(|status| status >= 500) && !code.is_some_and(is_refusal) {
                Effect::Unknown
            } else {
                Effect::None
            }
        }
        // A time-out or an answer that makes no sense says nothing about what was done; a later SDK's variants neither.
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) | _ => Effect::Unknown,
    }
}

fn reached<E>(error: &SdkError<E, HttpResponse>) -> Reached {
    match error {
        SdkError::DispatchFailure(failure) => {
            let credentials = failure
                .as_connector_error()
                .is_some_and(|error| causes(error).any(|cause| cause.is::<CredentialsError>()));
            if credentials { Reached::NoCredentials } else { Reached::Wire }
        }
        SdkError::TimeoutError(_) => Reached::Wire,
        _ => Reached::Aws,
    }
}

/// The error and what caused it, outermost first.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| (*error).source())
}

/// Whether the connection never came about. The SDK keeps that to itself, so the causes' words must do.
fn never_connected<E>(error: &SdkError<E, HttpResponse>) -> bool {
    let SdkError::DispatchFailure(failure) = error else { return false };
    failure.as_connector_error().is_some_and(|error| {
        says(error, &["dns error", "connection refused", "failed to lookup address", "no http client"])
    })
}

/// Whether there was a host, and it refused the connection.
pub(crate) fn is_refused_connection(error: &ConnectorError) -> bool {
    says(error, &["connection refused"])
}

fn says(error: &ConnectorError, signs: &[&str]) -> bool {
    causes(error).any(|cause| {
        let text = cause.to_string().to_lowercase();
        signs.iter().any(|sign| text.contains(sign))
    })
}

/// The causes of an error without a service's answer, each once, outermost first.
fn described<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: Error + 'static,
{
    let mut parts: Vec<String> = Vec::new();
    for cause in causes(error) {
        let text = cause.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}

/// The SDK lists every place it looked in; that there are none is the news, and anything else is told as it is.
fn without_credentials(described: &str) -> String {
    if let Some(profile) = undefined_profile(described) {
        format!("there is no profile `{profile}` in the AWS configuration")
    } else if described.contains("no credentials found in chain") {
        "there are no AWS credentials".to_owned()
    } else {
        one_line(described)
    }
}

/// The SDK has a type for this, but keeps it inside a text.
fn undefined_profile(described: &str) -> Option<&str> {
    let (before, _) = described.split_once("` was not defined")?;
    before.rsplit_once("profile `").map(|(_, name)| name)
}

fn request_id(response: &HttpResponse) -> Option<Box<str>> {
    ["x-amzn-requestid", "x-amz-request-id"]
        .into_iter()
        .find_map(|header| response.headers().get(header))
        .map(Box::from)
}

fn code_of_status(status: u16) -> Option<&'static str> {
    match status {
        301 => Some("PermanentRedirect"),
        403 => Some("AccessDenied"),
        404 => Some("NotFound"),
        _ => None,
    }
}

/// Newlines and runs of white space as one space: reports are read line by line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use aws_sdk_iam::operation::get_role::GetRoleError;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    fn who() -> Option<Who> {
        Some(Who { account: Arc::from("unicorn"), id: Arc::from("222222222222") })
    }

    fn answered(status: u16, code: &str, message: &str) -> Failure {
        let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        response.headers_mut().insert("x-amzn-requestid", "id-1");
        let service = GetRoleError::generic(ErrorMetadata::builder().code(code).message(message).build());
        Failure::new(who(), "iam:GetRole", &SdkError::service_error(service, response))
    }

    fn unanswered(error: ConnectorError) -> Failure {
        let error: SdkError<GetRoleError, HttpResponse> = SdkError::dispatch_failure(error);
        Failure::new(who(), "iam:GetRole", &error).in_region("eu-nowhere-1")
    }

    #[test]
    fn a_refusal_changed_nothing_and_a_fault_may_have() {
        assert_eq!(answered(403, "AccessDenied", "no").effect, Effect::None);
        assert_eq!(answered(503, "SlowDown", "no").effect, Effect::None);
        assert_eq!(answered(500, "ServiceFailure", "oh").effect, Effect::Unknown);
        assert_eq!(unanswered(ConnectorError::io("connection reset".into())).effect, Effect::Unknown);
        assert_eq!(unanswered(ConnectorError::io("dns error: no such host".into())).effect, Effect::None);
    }

    #[test]
    fn a_message_says_who_and_what_to_do() {
        let denied = OpError::from(answered(403, "AccessDenied", "User x is not\n authorized"));
        assert_eq!(
            denied.to_string(),
            "iam:GetRole: AccessDenied: account unicorn (222222222222): User x is not authorized"
        );
        assert_eq!(denied.request_id.as_deref(), Some("id-1"));
        assert!(denied.help.unwrap().starts_with("allow iam:GetRole to the role trueup uses in account unicorn"));
        let lost = Unread::from(unanswered(ConnectorError::io("dns error: no such host".into())));
        assert!(lost.why.contains("dns error: no such host"), "{}", lost.why);
        assert!(lost.help.unwrap().contains("eu-nowhere-1"));
    }

    #[test]
    fn an_unknown_region_is_no_wrong_key() {
        let message = "Credential should be scoped to a valid region. ";
        let failure = answered(403, "SignatureDoesNotMatch", message);
        assert!(failure.advice().unwrap().contains("look at `region`"));
        let help = failure.in_region("eu-wst-1").advice().unwrap();
        assert!(help.starts_with("`eu-wst-1` is no region of AWS's"), "{help}");
        let wrong = answered(403, "SignatureDoesNotMatch", "it does not match").in_region("eu-west-1");
        assert!(wrong.advice().unwrap().contains("secret access key"));
    }

    #[test]
    fn a_name_in_another_case_is_thought_of() {
        let response = HttpResponse::new(409.try_into().unwrap(), SdkBody::empty());
        let service = GetRoleError::generic(ErrorMetadata::builder().code("EntityAlreadyExists").build());
        let failure = Failure::new(who(), "iam:CreateRole", &SdkError::service_error(service, response));
        assert!(failure.advice().unwrap().starts_with("IAM names ignore case"));
    }

    #[test]
    fn an_undefined_profile_is_named() {
        let source = CredentialsError::not_loaded("profile `x` was not defined: could not find source profile x");
        let failure = unanswered(ConnectorError::other(source.into(), None));
        assert_eq!(failure.message, "there is no profile `x` in the AWS configuration");
    }

    #[test]
    fn missing_credentials_are_told_from_a_broken_wire() {
        let source = CredentialsError::not_loaded("no providers in chain provided credentials");
        let failure = unanswered(ConnectorError::other(source.into(), None));
        assert!(failure.advice().unwrap().starts_with("give credentials"), "{failure:?}");
        assert_eq!(failure.effect, Effect::None);
    }
}
