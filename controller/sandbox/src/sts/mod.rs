//! STS: who calls, and AssumeRole into other accounts.
//!
//! Source: <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>.

pub(crate) mod trust;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::call::{Call, Caller, Reply};
use crate::front::parse_pairs;
use crate::front::refusal::{Refusal, query_error};
use crate::front::signature::Scope;
use crate::principals::{ADMIN_USER, ORGANIZATION_ROLE, is_account_id};
use crate::world::World;
use crate::xml::Xml;

/// The namespace of replies.
const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// What STS remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// By access key id.
    pub sessions: BTreeMap<String, Session>,
}

/// Temporary credentials that were handed out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// The account they work in.
    pub account: String,
    /// The caller's ARN they stand for.
    pub arn: String,
    /// The caller's unique id.
    pub user_id: String,
    /// The token that must come with the key.
    pub token: String,
    /// Seconds since 1970.
    pub expires_at: i64,
}

/// An error's status, code and message.
type Failure = (u16, &'static str, String);

/// The form parameters of the call.
type Form = BTreeMap<String, String>;

/// Who an access key stands for.
pub(crate) fn caller(world: &mut World, scope: &Scope, now: OffsetDateTime) -> Result<Caller, Refusal> {
    if is_account_id(&scope.access_key) {
        if world.closed && !world.accounts.contains_key(&scope.access_key) {
            return Err(Refusal::UnknownKey);
        }
        world.register_account(&scope.access_key);
        return Ok(admin(&scope.access_key));
    }
    let Some(session) = world.sts.sessions.get(&scope.access_key) else {
        return user(world, &scope.access_key).ok_or(Refusal::UnknownKey);
    };
    if scope.token.as_deref() != Some(session.token.as_str()) {
        return Err(Refusal::WrongToken);
    }
    if session.expires_at <= now.unix_timestamp() {
        return Err(Refusal::ExpiredToken);
    }
    Ok(Caller { account: session.account.clone(), arn: session.arn.clone(), user_id: session.user_id.clone() })
}

/// The user behind an access key id of twelve digits.
fn admin(account: &str) -> Caller {
    Caller {
        account: account.to_owned(),
        arn: format!("arn:aws:iam::{account}:{ADMIN_USER}"),
        user_id: format!("AIDAADMIN{account}"),
    }
}

/// The IAM user with this access key.
fn user(world: &World, access_key: &str) -> Option<Caller> {
    world.accounts.iter().find_map(|(account, holder)| {
        let (arn, user_id) = holder.iam.access_key_user(access_key)?;
        Some(Caller { account: account.clone(), arn: arn.to_owned(), user_id: user_id.to_owned() })
    })
}

/// Answers one call.
pub fn handle(world: &mut World, call: &Call) -> Reply {
    let mut form: Form = call.query.iter().cloned().collect();
    form.extend(parse_pairs(&String::from_utf8_lossy(&call.body)));
    let action = form.get("Action").cloned().unwrap_or_default();
    let result = match action.as_str() {
        "GetCallerIdentity" => Ok(get_caller_identity(call)),
        "AssumeRole" => assume_role(world, call, &form),
        "GetSessionToken" => get_session_token(world, call, &form),
        "GetAccessKeyInfo" => get_access_key_info(world, &form),
        "" => Err((400, "MissingAction", "The request must contain the parameter Action".to_owned())),
        other => Err((400, "InvalidAction", format!("Could not find operation {other} for version 2011-06-15"))),
    };
    match result {
        Ok(fill) => {
            let mut xml = Xml::new();
            xml.open_with(&format!("{action}Response"), &[("xmlns", NAMESPACE)]).open(&format!("{action}Result"));
            for (tag, leaves) in fill {
                if tag.is_empty() {
                    for (name, text) in leaves {
                        xml.leaf(name, text);
                    }
                } else {
                    xml.open(tag);
                    for (name, text) in leaves {
                        xml.leaf(name, text);
                    }
                    xml.close();
                }
            }
            xml.close().open("ResponseMetadata").leaf("RequestId", &call.request_id);
            let headers = vec![("content-type", "text/xml".to_owned())];
            Reply { status: 200, headers, body: xml.finish().into_bytes() }
        }
        Err((status, code, message)) => query_error(status, code, &message, &call.request_id),
    }
}

/// The result of an operation: groups of leaves, each under a tag or, with an empty one, at the top.
type Filling = Vec<(&'static str, Vec<(&'static str, String)>)>;

fn get_caller_identity(call: &Call) -> Filling {
    let Caller { account, arn, user_id } = call.caller.clone();
    vec![("", vec![("Arn", arn), ("UserId", user_id), ("Account", account)])]
}

fn get_access_key_info(world: &World, form: &Form) -> Result<Filling, Failure> {
    let key = form.get("AccessKeyId").map(String::as_str).unwrap_or_default();
    if !(16..=128).contains(&key.len()) && !is_account_id(key) {
        return Err(invalid("accessKeyId", key, "Member must have length greater than or equal to 16"));
    }
    let account = match world.sts.sessions.get(key) {
        Some(session) => session.account.clone(),
        None if is_account_id(key) => key.to_owned(),
        None => return Err((400, "InvalidAccessKeyId", "The access key ID provided does not exist.".to_owned())),
    };
    Ok(vec![("", vec![("Account", account)])])
}

fn get_session_token(world: &mut World, call: &Call, form: &Form) -> Result<Filling, Failure> {
    if call.caller.arn.contains(":assumed-role/") {
        let message = "Cannot call GetSessionToken with session credentials";
        return Err((403, "AccessDenied", message.to_owned()));
    }
    let seconds = duration(form, 43_200, 129_600)?;
    let Caller { account, arn, user_id } = call.caller.clone();
    Ok(vec![("Credentials", new_session(world, call.now, seconds, (account, arn, user_id)))])
}

fn assume_role(world: &mut World, call: &Call, form: &Form) -> Result<Filling, Failure> {
    let role_arn = required(form, "RoleArn", "roleArn")?;
    let session_name = required(form, "RoleSessionName", "roleSessionName")?;
    check_session_name(session_name)?;
    let chained = call.caller.arn.contains(":assumed-role/");
    let seconds = duration(form, 3_600, 43_200)?;
    if chained && seconds > 3_600 {
        let message =
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
        return Err((400, "ValidationError", message.to_owned()));
    }
    if !(20..=2048).contains(&role_arn.len()) {
        return Err(invalid("roleArn", role_arn, "Member must have length greater than or equal to 20"));
    }
    let parts: Vec<&str> = role_arn.splitn(6, ':').collect();
    let (account, path_and_name) = match parts.as_slice() {
        &["arn", "aws", "iam", "", account, resource] if is_account_id(account) => {
            (account, resource.strip_prefix("role/").filter(|rest| !rest.is_empty()))
        }
        _ => ("", None),
    };
    let Some(path_and_name) = path_and_name else {
        return Err((400, "ValidationError", format!("{role_arn} is invalid")));
    };
    let request =
        trust::Request { caller: &call.caller, session_name, external_id: form.get("ExternalId").map(String::as_str) };
    // A new account lets nobody in for a while, and a closed one no more.
    let shut = world.organizations.still_settles(account) || world.organizations.is_closed(account);
    if shut || !may_assume(world, account, path_and_name, role_arn, &request) {
        let message =
            format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {role_arn}", call.caller.arn);
        return Err((403, "AccessDenied", message));
    }
    world.register_account(account);
    let name = path_and_name.rsplit('/').next().unwrap_or(path_and_name);
    let longest = world.accounts.get(account).and_then(|a| a.iam.role_session_seconds_max(name)).unwrap_or(3_600);
    if seconds > i64::from(longest) {
        let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        return Err((400, "ValidationError", message.to_owned()));
    }
    let role_id = world.role_id(account, name).unwrap_or_else(|| format!("AROAORGAN{account}"));
    let user_id = format!("{role_id}:{session_name}");
    let arn = format!("arn:aws:sts::{account}:assumed-role/{name}/{session_name}");
    let user = vec![("AssumedRoleId", user_id.clone()), ("Arn", arn.clone())];
    let credentials = new_session(world, call.now, seconds, (account.to_owned(), arn, user_id));
    Ok(vec![("AssumedRoleUser", user), ("Credentials", credentials)])
}

/// A role that does not exist and one that does not trust the caller get the same answer, as in AWS.
fn may_assume(world: &World, account: &str, path_and_name: &str, role_arn: &str, request: &trust::Request<'_>) -> bool {
    let name = path_and_name.rsplit('/').next().unwrap_or(path_and_name);
    let holder = world.accounts.get(account);
    match holder.and_then(|a| a.iam.role_trust(name).map(|trust| (a, trust))) {
        Some((holder, trust)) => {
            let shown = serde_json::from_str(trust).map(|policy| world.show_principals(&policy));
            holder.iam.has_principal(role_arn) && shown.is_ok_and(|policy| trust::allows(&policy, request))
        }
        None => path_and_name == ORGANIZATION_ROLE && (holder.is_some() || !world.closed),
    }
}

/// Makes a session, and forgets those that are over.
fn new_session(
    world: &mut World,
    now: OffsetDateTime,
    seconds: i64,
    (account, arn, user_id): (String, String, String),
) -> Vec<(&'static str, String)> {
    let serial = world.next_serial();
    let access_key = format!("ASIA{}", base32(serial, 16));
    let token = format!("TrueupSandboxSessionToken{}", base32(serial.wrapping_mul(0x9E37_79B9_7F4A_7C15), 13));
    let expires_at = now.unix_timestamp() + seconds;
    let expiration =
        OffsetDateTime::from_unix_timestamp(expires_at).unwrap_or(now).format(&Rfc3339).unwrap_or_default();
    world.sts.sessions.retain(|_, session| session.expires_at > now.unix_timestamp());
    let session = Session { account, arn, user_id, token: token.clone(), expires_at };
    world.sts.sessions.insert(access_key.clone(), session);
    vec![
        ("AccessKeyId", access_key),
        ("SecretAccessKey", format!("sandbox/{}", base32(serial, 32))),
        ("SessionToken", token),
        ("Expiration", expiration),
    ]
}

/// A number in the alphabet of AWS's ids, to a width.
fn base32(mut number: u64, width: usize) -> String {
    const ALPHABET: [char; 32] = [
        'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V',
        'W', 'X', 'Y', 'Z', '2', '3', '4', '5', '6', '7',
    ];
    let mut digits = Vec::with_capacity(width);
    for _ in 0..width {
        let digit = usize::try_from(number % 32).unwrap_or(0);
        digits.push(ALPHABET.get(digit).copied().unwrap_or('A'));
        number /= 32;
    }
    digits.iter().rev().collect()
}

fn required<'a>(form: &'a Form, name: &str, member: &str) -> Result<&'a str, Failure> {
    form.get(name).map(String::as_str).filter(|value| !value.is_empty()).ok_or_else(|| {
        let message =
            format!("1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null");
        (400, "ValidationError", message)
    })
}

fn invalid(member: &str, value: &str, constraint: &str) -> Failure {
    let message = format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    );
    (400, "ValidationError", message)
}

/// Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.
fn check_session_name(name: &str) -> Result<(), Failure> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if !name.chars().all(fits) {
        return Err(invalid("roleSessionName", name, r"Member must satisfy regular expression pattern: [\w+=,.@-]*"));
    }
    if name.len() < 2 {
        return Err(invalid("roleSessionName", name, "Member must have length greater than or equal to 2"));
    }
    if name.len() > 64 {
        return Err(invalid("roleSessionName", name, "Member must have length less than or equal to 64"));
    }
    Ok(())
}

fn duration(form: &Form, default: i64, max: i64) -> Result<i64, Failure> {
    let Some(text) = form.get("DurationSeconds") else { return Ok(default) };
    match text.parse::<i64>() {
        Ok(seconds) if seconds < 900 => {
            Err(invalid("durationSeconds", text, "Member must have value greater than or equal to 900"))
        }
        Ok(seconds) if seconds > max => {
            Err(invalid("durationSeconds", text, &format!("Member must have value less than or equal to {max}")))
        }
        Ok(seconds) => Ok(seconds),
        Err(_) => Err((400, "MalformedInput", format!("'{text}' is not an integer"))),
    }
}
