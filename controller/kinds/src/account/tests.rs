use proptest::prelude::*;
use trueup_engine::kind::Kind;
use trueup_engine::perform::{Effect, OpContext};
use trueup_sandbox::{Cut, Faults, Sandbox, Then, When};

use super::{Account, AccountCall, AccountModel, AccountOp, NewAccount};
use crate::driver::Driver;
use crate::laws;
use crate::made::Made;

fn model(email: &str) -> AccountModel {
    AccountModel {
        email: email.to_owned(),
        name: "gnome".to_owned(),
        parent: "root".to_owned(),
        tags: [("trueup:project", "laws"), ("trueup:address", laws::ADDRESS)]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        id: Made::default(),
        new: NewAccount {
            role_name: "OrganizationAccountAccessRole".to_owned(),
            iam_user_access_to_billing: "ALLOW".to_owned(),
        },
    }
}

fn models() -> impl Strategy<Value = AccountModel> {
    laws::tags().prop_map(|tags| AccountModel { tags, ..model("gnome@example.com") })
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<Account>(&one, &two);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in models(), two in models()) {
        let AccountModel { email: _, name: _, parent: _, tags, id: _, new: _ } = two;
        let base = || one.clone();
        for other in [
            AccountModel { email: "other@example.com".to_owned(), ..base() },
            AccountModel { name: "other".to_owned(), ..base() },
            AccountModel { parent: "ou-abcd-12345678".to_owned(), ..base() },
            AccountModel { tags, ..base() },
        ] {
            laws::hold_all::<Account>(&one, &other);
        }
    }
}

/// Changed in place and closed. A closed account keeps its address, so that each trip has one of its own.
fn trip(models: Vec<AccountModel>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    laws::paused(async {
        laws::organize(&sandbox).await;
        laws::rough_trip::<Account>(&sandbox, "gnome@example.com", models, faults).await;
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn aws_holds_what_the_models_say(models in proptest::collection::vec(models(), 1..5)) {
        trip(models, Faults::default());
    }

    #[test]
    fn so_it_does_when_answers_are_lost(models in proptest::collection::vec(models(), 1..5), faults in laws::faults()) {
        trip(models, faults);
    }
}

fn creation(email: &str) -> AccountOp {
    let at = laws::at::<Account>();
    let ops = Account::ops(&at, None, Some(&model(email))).unwrap().ops;
    ops.into_iter().next().unwrap()
}

/// Cut off before or after the effect, and for good or not: there is one account in the end, and one request.
#[test]
fn a_lost_answer_makes_no_second_account() {
    for (when, then) in [
        (When::AfterEffect, Then::Recover),
        (When::BeforeEffect, Then::Recover),
        (When::AfterEffect, Then::StayDown),
        (When::BeforeEffect, Then::StayDown),
    ] {
        let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
        laws::paused(async {
            laws::organize(&sandbox).await;
            let aws = laws::aws(&sandbox).await;
            let session = aws.session("tooling", None).await.unwrap();
            sandbox.set_faults(Faults { cut: Some(Cut { nth: 1, when, then }), ..Faults::default() });
            let first = Account::perform(creation("gnome@example.com"), &session, OpContext::default()).await;
            assert_eq!(first.is_ok(), then == Then::Recover, "{first:?}");
            // As after a crash: another run, which looks again.
            sandbox.set_faults(Faults::default());
            let aws = laws::aws(&sandbox).await;
            let session = aws.session("tooling", None).await.unwrap();
            let second = Account::perform(creation("gnome@example.com"), &session, OpContext::default()).await.unwrap();
            let (live, _) = laws::read::<Account>(&aws, "gnome@example.com").await;
            let found: Vec<_> = live.unwrap().into_iter().filter(|live| live.name == "gnome@example.com").collect();
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].outputs["id"], second["id"]);
        });
    }
}

/// A request on its way shows a name and no address: one that is for another account is not taken for ours.
#[test]
fn another_account_of_the_same_name_is_not_ours() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    laws::paused(async {
        laws::organize(&sandbox).await;
        let aws = laws::aws(&sandbox).await;
        let session = aws.session("tooling", None).await.unwrap();
        let other = session.organizations().create_account().account_name("gnome").email("other@example.com");
        other.send().await.unwrap();
        let made = Account::perform(creation("gnome@example.com"), &session, OpContext::default()).await.unwrap();
        let (live, _) = laws::read::<Account>(&aws, "gnome@example.com").await;
        let found: Vec<_> = live.unwrap().into_iter().filter(|live| live.name == "gnome@example.com").collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].outputs["id"], made["id"]);
    });
}

#[test]
fn what_makes_no_account_is_a_clear_error() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    laws::paused(async {
        laws::organize(&sandbox).await;
        let aws = laws::aws(&sandbox).await;
        let session = aws.session("tooling", None).await.unwrap();
        // The address of the management account itself.
        let taken = creation(&format!("root+{}@example.com", laws::ACCOUNT));
        let error = Account::perform(taken, &session, OpContext::default()).await.unwrap_err();
        assert_eq!(error.code.as_deref(), Some("EMAIL_ALREADY_EXISTS"));
        assert_eq!(error.effect, Effect::None);
        assert!(error.help.as_deref().unwrap().contains("give the account another one"), "{error:?}");
        sandbox.with_world(|world| world.organizations.set_accounts_max(1)).unwrap();
        let error = Account::perform(creation("more@example.com"), &session, OpContext::default()).await.unwrap_err();
        assert_eq!(error.code.as_deref(), Some("ACCOUNT_LIMIT_EXCEEDED"));
        assert!(error.help.as_deref().unwrap().contains("Service Quotas"), "{error:?}");
    });
}

#[test]
fn what_organizations_would_refuse_is_told_with_its_place() {
    let toml = r#"
        [account.twice]
        email = "one@example.com"
        [account.again]
        email = "ONE@example.com"
        [account.nowhere]
        email = "nobody"
        [account.named]
        email = "named@example.com"
        name = "a name with more than fifty characters is one too long"
        parent = "role.x"
        [account.used]
        id = "444444444444"
        parent = "root"
        [account.nothing]
        [account.second]
        id = "555555555555"
        management = true
        [[removed]]
        address = "account.gone"
    "#;
    insta::assert_snapshot!(laws::desired::<Account>(toml).unwrap_err());
}

#[test]
fn an_account_without_an_id_has_a_token_for_it() {
    let toml = r#"
        [organizational_unit.tenants]
        [account.gnome2]
        email = "Gnome@Example.com"
        parent = "organizational_unit.tenants"
    "#;
    let models = laws::desired::<Account>(toml).unwrap_or_else(|problems| panic!("{problems}"));
    let (address, identity, model) = &models[0];
    assert_eq!((address.as_str(), identity.name.as_str()), ("tooling/account.gnome2", "gnome@example.com"));
    let creates = Account::ops(&laws::at::<Account>(), None, Some(model)).unwrap().ops;
    let calls: Vec<&AccountCall> = creates.iter().map(|op| &op.call).collect();
    assert!(matches!(calls[..], [AccountCall::CreateAccount { .. }, AccountCall::MoveAccount { .. }]), "{calls:?}");
    assert!(trueup_specs::pending::is_pending(&model.parent), "the unit is not made yet");
}
