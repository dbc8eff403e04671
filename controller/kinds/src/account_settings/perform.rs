//! The calls by which an account's settings change.

use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{AccountSettings, AccountSettingsOp, PasswordPolicy};
use crate::driver::{Driver, gone, patiently};
use crate::error::Failure;
use crate::session::Session;

impl Driver for AccountSettings {
    async fn perform(op: AccountSettingsOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        patiently(cx, || send(session, &op)).await?;
        Ok(Outputs::new())
    }
}

async fn send(session: &Session, op: &AccountSettingsOp) -> Result<(), Failure> {
    let iam = session.iam();
    match op {
        AccountSettingsOp::CreateAccountAlias { alias } => {
            let Err(error) = iam.create_account_alias().account_alias(alias).send().await else { return Ok(()) };
            let mut failure = session.failure("iam:CreateAccountAlias", &error);
            if failure.is("EntityAlreadyExists") {
                // The answer to an earlier attempt may have been lost: then the alias is this account's.
                if has_alias(session, alias).await {
                    return Ok(());
                }
                failure.help = Some(format!("another account has the alias {alias}: choose one that is free"));
            }
            Err(failure)
        }
        AccountSettingsOp::DeleteAccountAlias { alias } => {
            let sent = iam.delete_account_alias().account_alias(alias).send().await;
            gone(sent.map_err(|error| session.failure("iam:DeleteAccountAlias", &error)))
        }
        AccountSettingsOp::UpdateAccountPasswordPolicy { policy } => {
            let PasswordPolicy {
                minimum_length,
                require_symbols,
                require_numbers,
                require_uppercase_characters,
                require_lowercase_characters,
                allow_users_to_change_password,
                max_password_age,
                password_reuse_prevention,
                hard_expiry,
            } = policy;
            let request = iam
                .update_account_password_policy()
                .minimum_password_length(*minimum_length)
                .require_symbols(*require_symbols)
                .require_numbers(*require_numbers)
                .require_uppercase_characters(*require_uppercase_characters)
                .require_lowercase_characters(*require_lowercase_characters)
                .allow_users_to_change_password(*allow_users_to_change_password)
                .set_max_password_age(*max_password_age)
                .set_password_reuse_prevention(*password_reuse_prevention)
                .hard_expiry(*hard_expiry);
            let sent = request.send().await;
            sent.map(drop).map_err(|error| session.failure("iam:UpdateAccountPasswordPolicy", &error))
        }
        AccountSettingsOp::DeleteAccountPasswordPolicy => {
            let sent = iam.delete_account_password_policy().send().await;
            gone(sent.map_err(|error| session.failure("iam:DeleteAccountPasswordPolicy", &error)))
        }
    }
}

/// Whether the alias is the account's own.
async fn has_alias(session: &Session, alias: &str) -> bool {
    let answer = session.iam().list_account_aliases().send().await;
    answer.is_ok_and(|answer| answer.account_aliases.iter().any(|one| one == alias))
}
