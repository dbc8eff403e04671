//! What an account says of itself in IAM: its alias and its password policy.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html>

use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;
use trueup_specs::{Text, Within, spec};

use crate::fields::{self, Tags};
use crate::source::iam::account::SettingsFact;
use crate::source::iam::{self, IamFacts};

mod perform;
#[cfg(test)]
mod tests;

/// The name of every account's settings: there is one in each.
const NAME: &str = "settings";

/// The rules of an alias.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccountAlias.html>
const ALIAS_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccountAlias.html";

/// Characters of a password where a policy says nothing.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html>
pub(crate) const MINIMUM_LENGTH_DEFAULT: i32 = 6;

spec! {
    /// The alias and the password policy of an account: one for each, and at least one of both.
    ///
    /// AWS can't tag them, so that whose they are stands in the record of the last apply.
    pub struct AccountSettingsSpec {
        /// The name that stands for the account's number in the address of its sign-in page.
        /// Default: none; one made by hand is removed. 3 to 63 lower-case letters, digits and single hyphens, unique in all of AWS.
        pub alias: Option<Text>,
        /// What the passwords of the account's users must be like.
        /// Default: no policy of the account's own; AWS's applies: 8 characters of three sorts.
        pub password_policy: Option<PasswordPolicySpec>,
    }
}

spec! {
    /// What the passwords of an account's users must be like.
    pub struct PasswordPolicySpec {
        /// How many characters a password has at least.
        /// Default: 6. From 6 to 128.
        pub minimum_length: Option<Within<6, 128>>,
        /// Whether it must hold one of `!@#$%^&*()_+-=[]{}|'`.
        /// Default: false.
        pub require_symbols: Option<bool>,
        /// Whether it must hold a digit.
        /// Default: false.
        pub require_numbers: Option<bool>,
        /// Whether it must hold an upper-case letter.
        /// Default: false.
        pub require_uppercase_characters: Option<bool>,
        /// Whether it must hold a lower-case letter.
        /// Default: false.
        pub require_lowercase_characters: Option<bool>,
        /// Whether users may change their own password in the console.
        /// Default: false.
        pub allow_users_to_change_password: Option<bool>,
        /// After how many days a password expires.
        /// Default: never. From 1 to 1095.
        pub max_password_age: Option<Within<1, 1_095>>,
        /// How many of a user's last passwords it may not use again.
        /// Default: none. From 1 to 24.
        pub password_reuse_prevention: Option<Within<1, 24>>,
        /// Whether an administrator must set a new password once one has expired.
        /// Default: false.
        pub hard_expiry: Option<bool>,
    }
}

/// The settings of an account; never both `None`, since then there is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSettingsModel {
    /// The account's alias.
    pub alias: Option<String>,
    /// Its password policy.
    pub password_policy: Option<PasswordPolicy>,
}

/// What passwords must be like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordPolicy {
    /// Characters.
    pub minimum_length: i32,
    /// Whether one must hold a sign.
    pub require_symbols: bool,
    /// Whether one must hold a digit.
    pub require_numbers: bool,
    /// Whether one must hold an upper-case letter.
    pub require_uppercase_characters: bool,
    /// Whether one must hold a lower-case letter.
    pub require_lowercase_characters: bool,
    /// Whether users may change their own.
    pub allow_users_to_change_password: bool,
    /// Days; none for ever.
    pub max_password_age: Option<i32>,
    /// How many of the last ones can't be used again.
    pub password_reuse_prevention: Option<i32>,
    /// Whether an expired one can only be renewed by an administrator.
    pub hard_expiry: bool,
}

/// One call on an account's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum AccountSettingsOp {
    /// `CreateAccountAlias`: it takes the place of the one there is.
    CreateAccountAlias {
        /// The alias.
        alias: String,
    },
    /// `DeleteAccountAlias`.
    DeleteAccountAlias {
        /// The alias there is.
        alias: String,
    },
    /// `UpdateAccountPasswordPolicy`: all of it, since AWS gives what is left out its default.
    UpdateAccountPasswordPolicy {
        /// The policy.
        policy: PasswordPolicy,
    },
    /// `DeleteAccountPasswordPolicy`.
    DeleteAccountPasswordPolicy,
}

/// The kind `account_settings`.
#[derive(Clone, Copy, Debug)]
pub struct AccountSettings;

static SCHEMA: KindSchema = KindSchema {
    name: "account_settings",
    summary: "The alias and the password policy of an account.",
    scope: KindScope::Account,
    stateful: false,
    taggable: false,
    attributes: &[],
    shape: shape_of::<AccountSettingsSpec>,
    decode: decode_any::<AccountSettingsSpec>,
};

impl Kind for AccountSettings {
    type Spec = AccountSettingsSpec;
    type Model = AccountSettingsModel;
    type Op = AccountSettingsOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[iam::NAME]
    }

    fn identity(_: &AccountSettingsSpec, at: &At, _: &mut Resolver<'_>) -> Identity {
        let claim = Some(format!("iam {} account settings", at.account_id));
        Identity { name: NAME.to_owned(), claim, ..Identity::default() }
    }

    fn desired(spec: &AccountSettingsSpec, _: &At, cx: &mut Resolver<'_>) -> Option<AccountSettingsModel> {
        let AccountSettingsSpec { alias, password_policy } = spec;
        if alias.is_none() && password_policy.is_none() {
            let problem = Diagnostic::error("these settings say nothing").at(cx.span(), "");
            cx.problem(problem.help("give an `alias` or a `password_policy`, or leave the whole table out"));
            return None;
        }
        Some(AccountSettingsModel {
            alias: alias.as_ref().map(|alias| desired_alias(alias, cx)),
            password_policy: password_policy.as_ref().map(desired_password_policy),
        })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<AccountSettingsModel>>, Unread> {
        let facts: &IamFacts = facts.get(iam::NAME, scope)?;
        Ok(facts.settings.iter().filter_map(live).collect())
    }

    fn tags(_: &AccountSettingsModel) -> Option<&Tags> {
        None
    }

    fn tags_mut(_: &mut AccountSettingsModel) -> Option<&mut Tags> {
        None
    }

    fn ops(
        _: &At,
        before: Option<&AccountSettingsModel>,
        after: Option<&AccountSettingsModel>,
    ) -> Result<Steps<AccountSettingsOp>, Refusal> {
        let none = AccountSettingsModel::default();
        let ops = change(before.unwrap_or(&none), after.unwrap_or(&none));
        Ok(Steps { ops, replaces: Vec::new() })
    }

    fn split(_: &At, _: &AccountSettingsOp) -> Option<Vec<AccountSettingsOp>> {
        None
    }

    fn follow(_: &At, _: &AccountSettingsModel, _: &str) -> Vec<AccountSettingsOp> {
        Vec::new()
    }

    fn info(_: &At, op: &AccountSettingsOp) -> OpInfo {
        let (call, title) = match op {
            AccountSettingsOp::CreateAccountAlias { alias } => {
                ("iam:CreateAccountAlias", format!("set the account's alias {alias}"))
            }
            AccountSettingsOp::DeleteAccountAlias { alias } => {
                ("iam:DeleteAccountAlias", format!("delete the account's alias {alias}"))
            }
            AccountSettingsOp::UpdateAccountPasswordPolicy { policy: _ } => {
                ("iam:UpdateAccountPasswordPolicy", "set the account's password policy".to_owned())
            }
            AccountSettingsOp::DeleteAccountPasswordPolicy => {
                ("iam:DeleteAccountPasswordPolicy", "delete the account's password policy".to_owned())
            }
        };
        OpInfo { call, resource: "*".to_owned(), title, ..OpInfo::default() }
    }

    fn export(_: &At, live: &Live<AccountSettingsModel>) -> Export {
        Export::same(&live.model)
    }

    fn simulate(model: &mut Option<AccountSettingsModel>, op: &AccountSettingsOp) {
        let mut settings = model.take().unwrap_or_default();
        match op.clone() {
            AccountSettingsOp::CreateAccountAlias { alias } => settings.alias = Some(alias),
            AccountSettingsOp::DeleteAccountAlias { alias: _ } => settings.alias = None,
            AccountSettingsOp::UpdateAccountPasswordPolicy { policy } => settings.password_policy = Some(policy),
            AccountSettingsOp::DeleteAccountPasswordPolicy => settings.password_policy = None,
        }
        *model = Some(settings).filter(|settings| *settings != AccountSettingsModel::default());
    }
}

fn change(before: &AccountSettingsModel, after: &AccountSettingsModel) -> Vec<AccountSettingsOp> {
    let AccountSettingsModel { alias, password_policy } = after.clone();
    let mut ops = Vec::new();
    if alias != before.alias {
        let delete = |alias| AccountSettingsOp::DeleteAccountAlias { alias };
        let create = alias.map(|alias| AccountSettingsOp::CreateAccountAlias { alias });
        ops.extend(create.or_else(|| before.alias.clone().map(delete)));
    }
    if password_policy != before.password_policy {
        let update = password_policy.map(|policy| AccountSettingsOp::UpdateAccountPasswordPolicy { policy });
        ops.push(update.unwrap_or(AccountSettingsOp::DeleteAccountPasswordPolicy));
    }
    ops
}

fn desired_alias(text: &Text, cx: &mut Resolver<'_>) -> String {
    let alias = cx.text(text);
    if fields::is_pending(&alias) {
        return alias;
    }
    let signs = alias.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let hyphens = !alias.starts_with('-') && !alias.ends_with('-') && !alias.contains("--");
    let is_number = alias.len() == 12 && alias.chars().all(|c| c.is_ascii_digit());
    if !signs || !hyphens || is_number || !(3..=63).contains(&alias.len()) {
        let problem = Diagnostic::error(format!("`{alias}` is no alias of an account")).at(text.span(), "");
        let rule = "3 to 63 lower-case letters, digits and single hyphens between them, and no account's number";
        cx.problem(problem.note(format!("{rule}: {ALIAS_PAGE}")));
    }
    alias
}

fn desired_password_policy(spec: &PasswordPolicySpec) -> PasswordPolicy {
    let PasswordPolicySpec {
        minimum_length,
        require_symbols,
        require_numbers,
        require_uppercase_characters,
        require_lowercase_characters,
        allow_users_to_change_password,
        max_password_age,
        password_reuse_prevention,
        hard_expiry,
    } = spec;
    let number = |number: i64| i32::try_from(number).ok();
    PasswordPolicy {
        minimum_length: minimum_length.and_then(|length| number(length.get())).unwrap_or(MINIMUM_LENGTH_DEFAULT),
        require_symbols: require_symbols.unwrap_or(false),
        require_numbers: require_numbers.unwrap_or(false),
        require_uppercase_characters: require_uppercase_characters.unwrap_or(false),
        require_lowercase_characters: require_lowercase_characters.unwrap_or(false),
        allow_users_to_change_password: allow_users_to_change_password.unwrap_or(false),
        max_password_age: max_password_age.and_then(|days| number(days.get())),
        password_reuse_prevention: password_reuse_prevention.and_then(|count| number(count.get())),
        hard_expiry: hard_expiry.unwrap_or(false),
    }
}

fn live(fact: &SettingsFact) -> Option<Live<AccountSettingsModel>> {
    let SettingsFact { alias, password_policy } = fact;
    let model = AccountSettingsModel { alias: alias.clone(), password_policy: password_policy.clone() };
    let is_something = model != AccountSettingsModel::default();
    is_something.then(|| Live { name: NAME.to_owned(), model, outputs: [].into() })
}
