//! The calls by which accounts are made, moved and closed.

use std::time::Duration;

use aws_sdk_organizations::types::{CreateAccountState, CreateAccountStatus, IamUserAccessToBilling};
use aws_smithy_types::retry::RetryConfig;
use trueup_engine::perform::{Effect, OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{Account, AccountCall, AccountOp, CLOSED, NewAccount};
use crate::driver::{Driver, id_output, patiently};
use crate::error::Failure;
use crate::fields::Tags;
use crate::made::{home, id_of, tag, tags_of, to_tags, untag};
use crate::session::Session;

const CREATE: &str = "organizations:CreateAccount";

/// The pauses while an account is being made: ten minutes in all. AWS says a few minutes may pass, and names no bound.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html>
const PAUSE_FIRST: Duration = Duration::from_millis(500);
const PAUSE_LONGEST: Duration = Duration::from_secs(15);
const WAIT_MAX: Duration = Duration::from_secs(600);

/// How often a request is sent of which nobody knows whether it arrived. That no account is made twice is certain all the same: AWS makes
/// none with an address that another has.
const SENDS_MAX: usize = 5;

impl Driver for Account {
    async fn perform(op: AccountOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        let session = &home(session);
        if let AccountCall::CreateAccount { email, new, tags } = &op.call {
            return Ok(create(session, &op.name, email, new, tags).await?);
        }
        Ok(patiently(cx, || send(session, &op)).await?)
    }
}

async fn send(session: &Session, op: &AccountOp) -> Result<Outputs, Failure> {
    let AccountOp { account, name: _, call } = op;
    match call {
        // Made by `create`, which waits in its own way.
        AccountCall::CreateAccount { .. } => {}
        AccountCall::MoveAccount { from, to } => move_to(session, account, from, to).await?,
        AccountCall::TagResource { tags } => tag(session, account, tags).await?,
        AccountCall::UntagResource { keys } => untag(session, account, keys).await?,
        AccountCall::CloseAccount => {
            let sent = session.organizations().close_account().account_id(account).send().await;
            match sent.map_err(|error| session.failure("organizations:CloseAccount", &error)) {
                // The answer to an earlier attempt may have been lost.
                Err(failure) if failure.is("AccountAlreadyClosedException") || failure.is("ConflictException") => {}
                other => drop(other?),
            }
        }
    }
    Ok(Outputs::new())
}

async fn move_to(session: &Session, account: &str, from: &str, to: &str) -> Result<(), Failure> {
    let (source, destination) = (id_of(session, from).await?, id_of(session, to).await?);
    let request = session.organizations().move_account().account_id(account);
    let sent = request.source_parent_id(source).destination_parent_id(destination).send().await;
    match sent.map_err(|error| session.failure("organizations:MoveAccount", &error)) {
        // It is there already: the answer to an earlier attempt may have been lost.
        Err(failure) if failure.is("DuplicateAccountException") => Ok(()),
        other => other.map(drop),
    }
}

/// Makes the account and waits until it is there.
async fn create(session: &Session, name: &str, email: &str, new: &NewAccount, tags: &Tags) -> Result<Outputs, Failure> {
    // An earlier run may have been cut off while the account was being made.
    let mut under_way = in_progress(session, name).await?.map(|status| (status, false));
    let mut sent = 0;
    loop {
        let failure = match under_way.take() {
            Some((status, is_own)) => match settled(session, status).await {
                Ok(id) if is_own || has_email(session, &id, email).await? => return Ok(id_output(&id)),
                Err(failure) if is_own => failure,
                // It was for another account of the same name: a request shows no address.
                Ok(_) | Err(_) => continue,
            },
            None => {
                sent += 1;
                match request(session, name, email, new, tags).await {
                    Ok(status) => {
                        under_way = Some((status, true));
                        continue;
                    }
                    Err(failure) => failure,
                }
            }
        };
        // It may be there all the same: made by an attempt whose answer was lost.
        if (failure.is("EMAIL_ALREADY_EXISTS") || failure.effect == Effect::Unknown)
            && let Some(id) = made_already(session, email, tags).await?
        {
            return Ok(id_output(&id));
        }
        let repeatable = failure.effect == Effect::Unknown || is_passing(&failure);
        if !repeatable || sent >= SENDS_MAX {
            return Err(failure);
        }
        under_way = in_progress(session, name).await?.map(|status| (status, false));
        if under_way.is_none() {
            tokio::time::sleep(PAUSE_FIRST).await;
        }
    }
}

/// Whether an account of the organization has this address.
async fn has_email(session: &Session, id: &str, email: &str) -> Result<bool, Failure> {
    let answer = session.organizations().describe_account().account_id(id).send().await;
    let answer = answer.map_err(|error| session.failure("organizations:DescribeAccount", &error))?;
    let account = answer.account;
    Ok(account.and_then(|account| account.email).is_some_and(|other| other.eq_ignore_ascii_case(email)))
}

/// Whether AWS asks for patience.
fn is_passing(failure: &Failure) -> bool {
    let codes = [
        "CONCURRENT_ACCOUNT_MODIFICATION",
        "ConcurrentModificationException",
        "FinalizingOrganizationException",
        "TooManyRequestsException",
        "ThrottlingException",
    ];
    codes.iter().any(|code| failure.is(code))
}

async fn request(
    session: &Session,
    name: &str,
    email: &str,
    new: &NewAccount,
    tags: &Tags,
) -> Result<CreateAccountStatus, Failure> {
    let NewAccount { role_name, iam_user_access_to_billing } = new;
    let answer = session
        .organizations()
        .create_account()
        .account_name(name)
        .email(email)
        .role_name(role_name)
        .iam_user_access_to_billing(IamUserAccessToBilling::from(iam_user_access_to_billing.as_str()))
        .set_tags(Some(to_tags(tags)))
        .customize()
        .config_override(aws_sdk_organizations::config::Builder::new().retry_config(RetryConfig::disabled()))
        .send()
        .await
        .map_err(|error| session.failure(CREATE, &error))?;
    let status = answer.create_account_status;
    status.ok_or_else(|| Failure::local(Some(session.who().clone()), CREATE, "the answer tells of no request", None))
}

/// Waits until the account is made or AWS gives up. The id of the account.
async fn settled(session: &Session, mut status: CreateAccountStatus) -> Result<String, Failure> {
    let call = "organizations:DescribeCreateAccountStatus";
    let (mut waited, mut pause) = (Duration::ZERO, PAUSE_FIRST);
    let local =
        |message: String, help: Option<String>| Failure::local(Some(session.who().clone()), CREATE, message, help);
    loop {
        match (&status.state, &status.account_id) {
            (Some(CreateAccountState::Succeeded), Some(id)) => return Ok(id.clone()),
            (Some(CreateAccountState::Failed), _) => {
                let reason = status.failure_reason.as_ref().map_or("INTERNAL_FAILURE", |reason| reason.as_str());
                let mut failure = local("AWS could not make the account".to_owned(), None);
                failure.code = Some(Box::from(reason));
                return Err(failure);
            }
            _ => {}
        }
        if waited >= WAIT_MAX {
            let help = "run the same command again in a while: the account is found once it is there".to_owned();
            return Err(local(format!("the account is still being made after {} s", waited.as_secs()), Some(help)));
        }
        tokio::time::sleep(pause).await;
        waited += pause;
        pause = PAUSE_LONGEST.min(pause * 2);
        let id = status.id.clone().unwrap_or_default();
        let answer =
            session.organizations().describe_create_account_status().create_account_request_id(id).send().await;
        let answer = answer.map_err(|error| session.failure(call, &error))?;
        if let Some(now) = answer.create_account_status {
            status = now;
        }
    }
}

/// A request for an account of this name that is on its way.
async fn in_progress(session: &Session, name: &str) -> Result<Option<CreateAccountStatus>, Failure> {
    let mut token = None;
    loop {
        let request = session.organizations().list_create_account_status().states(CreateAccountState::InProgress);
        let page = request.set_next_token(token).send().await;
        let page = page.map_err(|error| session.failure("organizations:ListCreateAccountStatus", &error))?;
        let mut statuses = page.create_account_statuses.unwrap_or_default().into_iter();
        if let Some(found) = statuses.find(|status| status.account_name() == Some(name)) {
            return Ok(Some(found));
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(None);
        }
    }
}

/// The id of the organization's account with this address, if it carries just these tags: then an earlier attempt made it.
async fn made_already(session: &Session, email: &str, tags: &Tags) -> Result<Option<String>, Failure> {
    let mut token = None;
    loop {
        let page = session.organizations().list_accounts().set_next_token(token).send().await;
        let page = page.map_err(|error| session.failure("organizations:ListAccounts", &error))?;
        let is_open = |account: &aws_sdk_organizations::types::Account| {
            account.state.as_ref().is_none_or(|state| !CLOSED.contains(&state.as_str()))
        };
        let is_it = |account: &aws_sdk_organizations::types::Account| {
            account.email().is_some_and(|other| other.eq_ignore_ascii_case(email)) && is_open(account)
        };
        if let Some(id) = page.accounts.unwrap_or_default().into_iter().find(is_it).and_then(|account| account.id) {
            return Ok((tags_of(session, &id).await? == *tags).then_some(id));
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(None);
        }
    }
}
