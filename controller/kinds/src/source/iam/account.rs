//! What an account says of itself: its alias and its password policy, asked for only where someone wants to know.

use aws_sdk_iam::types::PasswordPolicy as SdkPasswordPolicy;
use futures_util::future::try_join;
use serde::{Deserialize, Serialize};

use crate::account_settings::PasswordPolicy;
use crate::error::Failure;
use crate::session::Session;

/// The settings of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsFact {
    /// Its alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Its own password policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_policy: Option<PasswordPolicy>,
}

pub(super) async fn read_settings(session: &Session) -> Result<SettingsFact, Failure> {
    let (alias, password_policy) = try_join(alias(session), password_policy(session)).await?;
    Ok(SettingsFact { alias, password_policy })
}

async fn alias(session: &Session) -> Result<Option<String>, Failure> {
    let answer = session.iam().list_account_aliases().send().await;
    let answer = answer.map_err(|error| session.failure("iam:ListAccountAliases", &error))?;
    Ok(answer.account_aliases.into_iter().next())
}

async fn password_policy(session: &Session) -> Result<Option<PasswordPolicy>, Failure> {
    match session.iam().get_account_password_policy().send().await {
        Ok(answer) => Ok(answer.password_policy.map(fact)),
        Err(error) => {
            // Without a policy of its own there is none to be found.
            super::absent(session.failure("iam:GetAccountPasswordPolicy", &error))?;
            Ok(None)
        }
    }
}

fn fact(policy: SdkPasswordPolicy) -> PasswordPolicy {
    // AWS writes "never" and "none" as zero or not at all.
    let counted = |number: Option<i32>| number.filter(|number| *number > 0);
    PasswordPolicy {
        minimum_length: policy.minimum_password_length.unwrap_or(crate::account_settings::MINIMUM_LENGTH_DEFAULT),
        require_symbols: policy.require_symbols,
        require_numbers: policy.require_numbers,
        require_uppercase_characters: policy.require_uppercase_characters,
        require_lowercase_characters: policy.require_lowercase_characters,
        allow_users_to_change_password: policy.allow_users_to_change_password,
        max_password_age: counted(policy.max_password_age),
        password_reuse_prevention: counted(policy.password_reuse_prevention),
        hard_expiry: policy.hard_expiry.unwrap_or(false),
    }
}
