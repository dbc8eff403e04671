use proptest::prelude::*;
use trueup_engine::perform::OpContext;
use trueup_sandbox::{Faults, Sandbox};

use super::{AccountSettings, AccountSettingsModel, AccountSettingsOp, PasswordPolicy};
use crate::driver::Driver;
use crate::laws;

fn policies() -> impl Strategy<Value = PasswordPolicy> {
    let days = proptest::option::of(1..=1_095);
    (6..=128, any::<[bool; 6]>(), days, proptest::option::of(1..=24)).prop_map(|(length, flags, days, reuse)| {
        let [symbols, numbers, upper, lower, change, hard_expiry] = flags;
        PasswordPolicy {
            minimum_length: length,
            require_symbols: symbols,
            require_numbers: numbers,
            require_uppercase_characters: upper,
            require_lowercase_characters: lower,
            allow_users_to_change_password: change,
            max_password_age: days,
            password_reuse_prevention: reuse,
            hard_expiry,
        }
    })
}

fn models() -> impl Strategy<Value = AccountSettingsModel> {
    (proptest::option::of("[a-c]{3}"), proptest::option::of(policies()))
        .prop_filter("there is something", |(alias, policy)| alias.is_some() || policy.is_some())
        .prop_map(|(alias, password_policy)| AccountSettingsModel { alias, password_policy })
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<AccountSettings>(&one, &two);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in models(), two in models(), from in policies(), to in policies()) {
        let AccountSettingsModel { alias, password_policy } = two;
        let other = AccountSettingsModel { alias: Some(alias.unwrap_or_else(|| "abc".to_owned())), ..one.clone() };
        laws::hold_all::<AccountSettings>(&one, &other);
        let other = AccountSettingsModel { password_policy: password_policy.or(Some(to.clone())), ..one };
        laws::hold_all::<AccountSettings>(&other, &AccountSettingsModel { alias: None, ..other.clone() });
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
        } = to;
        let base = || from.clone();
        let with = |policy| AccountSettingsModel { alias: None, password_policy: Some(policy) };
        for other in [
            PasswordPolicy { minimum_length, ..base() },
            PasswordPolicy { require_symbols, ..base() },
            PasswordPolicy { require_numbers, ..base() },
            PasswordPolicy { require_uppercase_characters, ..base() },
            PasswordPolicy { require_lowercase_characters, ..base() },
            PasswordPolicy { allow_users_to_change_password, ..base() },
            PasswordPolicy { max_password_age, ..base() },
            PasswordPolicy { password_reuse_prevention, ..base() },
            PasswordPolicy { hard_expiry, ..base() },
        ] {
            laws::hold_all::<AccountSettings>(&with(base()), &with(other));
        }
    }
}

fn trip(models: Vec<AccountSettingsModel>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    laws::paused(laws::rough_trip::<AccountSettings>(&sandbox, super::NAME, models, faults));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn aws_holds_what_the_models_say(models in proptest::collection::vec(models(), 1..6)) {
        trip(models, Faults::default());
    }

    #[test]
    fn so_it_does_when_answers_are_lost(models in proptest::collection::vec(models(), 1..6), faults in laws::faults()) {
        trip(models, faults);
    }
}

#[test]
fn defaults_are_the_documented_ones() {
    let models = laws::desired::<AccountSettings>(
        "[scope]\naccount = \"tooling\"\n[account_settings.main]\npassword_policy = {}\n",
    )
    .unwrap();
    let (address, identity, model) = models.first().unwrap();
    insta::assert_snapshot!(address, @"tooling/account_settings.main");
    insta::assert_debug_snapshot!(identity);
    insta::assert_json_snapshot!(model);
}

#[test]
fn what_aws_would_refuse_is_told_at_once() {
    let shown = laws::desired::<AccountSettings>(
        r#"
        [scope]
        account = "tooling"
        [account_settings.empty]
        [account_settings.odd]
        alias = "My--Company"
        [account_settings.number]
        alias = "123456789012"
        "#,
    );
    insta::assert_snapshot!(shown.unwrap_err());
}

#[tokio::test(start_paused = true)]
async fn an_alias_of_another_account_is_told() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT, "222222222222"]);
    let aws = laws::aws(&sandbox).await;
    let (ours, theirs) = (aws.session("tooling", None).await.unwrap(), aws.session("unicorn", None).await.unwrap());
    theirs.iam().create_account_alias().account_alias("unicorns").send().await.unwrap();
    let op = AccountSettingsOp::CreateAccountAlias { alias: "unicorns".to_owned() };
    let error = AccountSettings::perform(op, &ours, OpContext::default()).await.unwrap_err();
    insta::assert_snapshot!(format!("{error}\nhelp: {}", error.help.as_deref().unwrap()));
}
