//! Accounts made on request: asked for, in progress, made or not.
//!
//! Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html> and
//! <https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccountStatus.html>.

use serde_json::{Value, json};

use super::failure::Failure;
use super::input::{Input, is_request};
use super::policies::attach_defaults;
use super::state::{ACTIVE, Account, Organization, Outcome, Request, account_id, code, managed, seconds};
use crate::call::Call;
use crate::iam::make_access_role;
use crate::principals::ORGANIZATION_ROLE;
use crate::world::World;

/// For how many calls to Organizations an account is on its way.
const CALLS_IN_PROGRESS: u32 = 2;
/// How often nobody can assume a role in a new account.
const REFUSALS_WHILE_SETTLING: u32 = 1;
const NAME_MAX: usize = 50;
/// Requests on their way at once.
/// Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>.
const IN_PROGRESS_MAX: usize = 5;

pub(super) fn create(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let email = input.required("Email")?.to_owned();
    check_email(&email)?;
    let name = input.named("AccountName", NAME_MAX)?.to_owned();
    if !name.chars().all(|c| (' '..='~').contains(&c)) {
        return Err(Failure::invalid("INVALID_PATTERN", "AccountName holds characters that are not allowed."));
    }
    let role = input.text("RoleName")?.unwrap_or(ORGANIZATION_ROLE).to_owned();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if role.is_empty() || role.len() > 64 || !role.chars().all(plain) {
        return Err(Failure::invalid("INVALID_ROLE_NAME", "You provided a role name that isn't valid."));
    }
    if input.has("IamUserAccessToBilling") {
        input.word("IamUserAccessToBilling", &["ALLOW", "DENY"])?;
    }
    let tags = input.tags()?;
    let under_way = managed(world, call)?.requests.values().filter(|one| one.outcome.is_none()).count();
    if under_way >= IN_PROGRESS_MAX {
        return Err(Failure::new(
            "TooManyRequestsException",
            "You have sent too many requests in too short a period of time.",
        ));
    }
    let id = format!("car-{}", code(world, 12));
    let request = Request {
        name,
        email,
        role,
        tags,
        requested_seconds: seconds(call),
        calls_left: CALLS_IN_PROGRESS,
        outcome: None,
    };
    let shown = shown(&id, &request);
    managed(world, call)?.requests.insert(id, request);
    Ok(json!({ "CreateAccountStatus": shown }))
}

/// Source: the rules at the parameter `Email`. What breaks the pattern is refused at once, the finer rules fail the request.
fn check_email(email: &str) -> Result<(), Failure> {
    if email.chars().count() < 6 {
        return Err(Failure::invalid("MIN_LENGTH_EXCEEDED", "Email is too short."));
    }
    if email.chars().count() > 64 {
        return Err(Failure::invalid("MAX_LENGTH_EXCEEDED", "Email is too long."));
    }
    let parts = email.split_once('@').filter(|(local, domain)| !local.is_empty() && !domain.contains('@'));
    let fits =
        parts.is_some_and(|(_, domain)| domain.split_once('.').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty()));
    if !fits || email.contains(char::is_whitespace) {
        let message = "You provided a value that does not match the required pattern.";
        return Err(Failure::invalid("INVALID_PATTERN", message));
    }
    Ok(())
}

fn is_valid_email(email: &str) -> bool {
    let Some((local, domain)) = email.split_once('@') else { return false };
    let bad = "\"'()<>[]:;,\\|%&";
    let name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    email.is_ascii()
        && !local.starts_with('.')
        && !local.contains(|c: char| bad.contains(c))
        && domain.chars().all(name)
        && !domain.starts_with(['-', '.'])
        && !domain.ends_with(['-', '.'])
}

fn shown(id: &str, request: &Request) -> Value {
    let mut status = json!({
        "Id": id,
        "AccountName": request.name,
        "State": "IN_PROGRESS",
        "RequestedTimestamp": request.requested_seconds,
    });
    if let Some(Outcome { completed_seconds, result }) = &request.outcome {
        status["CompletedTimestamp"] = json!(completed_seconds);
        match result {
            Ok(account) => {
                status["State"] = json!("SUCCEEDED");
                status["AccountId"] = json!(account);
            }
            Err(reason) => {
                status["State"] = json!("FAILED");
                status["FailureReason"] = json!(reason);
            }
        }
    }
    status
}

pub(super) fn describe(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let id = input.id("CreateAccountRequestId", is_request)?;
    let request = managed(world, call)?.requests.get(id).ok_or_else(|| {
        let message = "We can't find an create account request with the CreateAccountRequestId that you specified.";
        Failure::new("CreateAccountStatusNotFoundException", message)
    })?;
    Ok(json!({ "CreateAccountStatus": shown(id, request) }))
}

pub(super) fn list(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let wanted = input.texts("States")?;
    if wanted.iter().any(|state| !["IN_PROGRESS", "SUCCEEDED", "FAILED"].contains(state)) {
        return Err(Failure::invalid("INVALID_ENUM", "You specified an invalid value."));
    }
    let all = managed(world, call)?.requests.iter().map(|(id, request)| (id.clone(), shown(id, request)));
    let fits = |status: &Value| wanted.is_empty() || wanted.iter().any(|state| status["State"] == *state);
    input.page("CreateAccountStatuses", all.filter(|(_, status)| fits(status)).collect())
}

/// Each call brings what is on its way a step further.
pub(super) fn go_on(world: &mut World, call: &Call) {
    let Some(organization) = world.organizations.organizations.get_mut(&call.caller.account) else { return };
    for account in organization.accounts.values_mut().filter(|account| account.state == "PENDING_CLOSURE") {
        "SUSPENDED".clone_into(&mut account.state);
    }
    let mut due = Vec::new();
    for (id, request) in organization.requests.iter_mut().filter(|(_, request)| request.outcome.is_none()) {
        request.calls_left = request.calls_left.saturating_sub(1);
        if request.calls_left == 0 {
            due.push(id.clone());
        }
    }
    for id in due {
        let result = make(world, call, &id);
        if let Some(request) = own(world, call).and_then(|organization| organization.requests.get_mut(&id)) {
            request.outcome = Some(Outcome { completed_seconds: seconds(call), result });
        }
    }
}

fn own<'w>(world: &'w mut World, call: &Call) -> Option<&'w mut Organization> {
    world.organizations.organizations.get_mut(&call.caller.account)
}

/// Makes the account of a request, or says why it can't be.
fn make(world: &mut World, call: &Call, id: &str) -> Result<String, String> {
    let failed = || "INTERNAL_FAILURE".to_owned();
    let request = own(world, call).and_then(|organization| organization.requests.get(id)).ok_or_else(failed)?.clone();
    let Request { name, email, role, tags, requested_seconds: _, calls_left: _, outcome: _ } = request;
    if !is_valid_email(&email) {
        return Err("INVALID_EMAIL".to_owned());
    }
    let same = |other: &str| other.eq_ignore_ascii_case(&email);
    let everywhere = world.organizations.organizations.values();
    if everywhere.flat_map(|organization| organization.accounts.values()).any(|account| same(&account.email)) {
        return Err("EMAIL_ALREADY_EXISTS".to_owned());
    }
    let max = world.organizations.accounts_max();
    if own(world, call).ok_or_else(failed)?.accounts.len() >= max {
        return Err("ACCOUNT_LIMIT_EXCEEDED".to_owned());
    }
    let account = account_id(world);
    world.register_account(&account);
    world.organizations.settling.insert(account.clone(), REFUSALS_WHILE_SETTLING);
    make_access_role(world, &account, &role, call);
    let organization = own(world, call).ok_or_else(failed)?;
    let parent = organization.root.clone();
    let joined_seconds = seconds(call);
    let state = ACTIVE.to_owned();
    let made = Account { name, email, parent, state, created_here: true, joined_seconds, tags };
    organization.accounts.insert(account.clone(), made);
    attach_defaults(organization, &account);
    Ok(account)
}
