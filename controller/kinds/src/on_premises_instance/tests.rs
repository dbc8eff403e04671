use proptest::prelude::*;
use serde_json::json;
use trueup_engine::kind::Kind;
use trueup_engine::perform::OpContext;
use trueup_sandbox::{Cut, Faults, Sandbox, Then, When};

use super::{OnPremisesInstance, OnPremisesInstanceModel};
use crate::driver::Driver;
use crate::laws;

const USER: &str = "arn:aws:iam::111111111111:user/pi";
const SESSION: &str = "arn:aws:sts::111111111111:assumed-role/servers/one";

fn models() -> impl Strategy<Value = OnPremisesInstanceModel> {
    (any::<bool>(), laws::tags()).prop_map(|(user, tags)| OnPremisesInstanceModel {
        name: "pi".to_owned(),
        iam_user: user.then(|| USER.to_owned()),
        iam_session: (!user).then(|| SESSION.to_owned()),
        tags,
    })
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models(), name in "pi|renamed") {
        laws::hold_all::<OnPremisesInstance>(&one, &OnPremisesInstanceModel { name, ..two });
    }
}

/// Who an instance is can't change, so that the models of a trip are of one identity.
fn trip(mut models: Vec<OnPremisesInstanceModel>, faults: Faults) {
    let OnPremisesInstanceModel { name: _, iam_user, iam_session, tags: _ } = models[0].clone();
    for model in &mut models {
        (model.iam_user, model.iam_session) = (iam_user.clone(), iam_session.clone());
    }
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    laws::paused(laws::rough_trip::<OnPremisesInstance>(&sandbox, "pi", models, faults));
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

fn plain() -> OnPremisesInstanceModel {
    OnPremisesInstanceModel {
        name: "pi".to_owned(),
        iam_user: Some(USER.to_owned()),
        iam_session: None,
        tags: [("trueup:project".to_owned(), "laws".to_owned())].into(),
    }
}

#[test]
fn another_identity_is_refused_with_the_reason() {
    let other = OnPremisesInstanceModel { iam_user: None, iam_session: Some(SESSION.to_owned()), ..plain() };
    let refusal = OnPremisesInstance::ops(&laws::at::<OnPremisesInstance>(), Some(&plain()), Some(&other)).unwrap_err();
    assert_eq!(refusal.field, "iam_user");
    assert!(refusal.why.contains("24 hours"), "{}", refusal.why);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_not_free_yet_says_so() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let session = laws::aws(&sandbox).await.session("tooling", Some(laws::REGION)).await.unwrap();
    let at = laws::at::<OnPremisesInstance>();
    for (before, after) in [(None, Some(plain())), (Some(plain()), None)] {
        for op in OnPremisesInstance::ops(&at, before.as_ref(), after.as_ref()).unwrap().ops {
            OnPremisesInstance::perform(op, &session, OpContext::default()).await.unwrap();
        }
    }
    let again = OnPremisesInstance::ops(&at, None, Some(&plain())).unwrap().ops.remove(0);
    let error = OnPremisesInstance::perform(again, &session, OpContext::default()).await.unwrap_err();
    assert!(error.help.as_deref().unwrap_or_default().contains("24 hours"), "{error:?}");
}

/// A registration whose answer is lost is looked for by its name, and sent again only if it is not there.
#[tokio::test(start_paused = true)]
async fn a_registration_is_never_sent_again_blindly() {
    for (when, registrations) in [(When::AfterEffect, 1), (When::BeforeEffect, 2)] {
        let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
        let session = laws::aws(&sandbox).await.session("tooling", Some(laws::REGION)).await.unwrap();
        sandbox.set_faults(Faults { cut: Some(Cut { nth: 1, when, then: Then::Recover }), ..Faults::default() });
        let mut ops = OnPremisesInstance::ops(&laws::at::<OnPremisesInstance>(), None, Some(&plain())).unwrap().ops;
        let outputs = OnPremisesInstance::perform(ops.remove(0), &session, OpContext::default()).await.unwrap();
        assert!(outputs["arn"].contains(":instance"), "{outputs:?}");
        let sent = |operation: &str| sandbox.calls()[&("codedeploy".to_owned(), operation.to_owned())];
        // Each attempt is followed by a look.
        assert_eq!(sent("RegisterOnPremisesInstance"), registrations);
        assert_eq!(sent("GetOnPremisesInstance"), registrations);
    }
}

/// What was refused for haste registered nothing, and is sent again.
#[tokio::test(start_paused = true)]
async fn throttling_of_a_registration_is_waited_out() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let session = laws::aws(&sandbox).await.session("tooling", Some(laws::REGION)).await.unwrap();
    sandbox.set_faults(Faults { seed: 1, throttle: 0.3, ..Faults::default() });
    for name in ["a", "b", "c", "d"] {
        let iam_user = Some(format!("arn:aws:iam::111111111111:user/{name}"));
        let model = OnPremisesInstanceModel { name: name.to_owned(), iam_user, ..plain() };
        let op = OnPremisesInstance::ops(&laws::at::<OnPremisesInstance>(), None, Some(&model)).unwrap().ops.remove(0);
        OnPremisesInstance::perform(op, &session, OpContext::default()).await.unwrap();
    }
    let sent = sandbox.calls()[&("codedeploy".to_owned(), "RegisterOnPremisesInstance".to_owned())];
    assert!(sent > 4, "choose a seed that throttles the registration");
}

#[test]
fn a_spec_becomes_a_model() {
    let toml = r#"
        [scope]
        account = "tooling"
        [on_premises_instance.pi]
        iam_user = "arn:aws:iam::${account.id}:user/pi"
        tags = { Place = "Vienna" }
        [on_premises_instance.rack]
        iam_session = "arn:aws:sts::${account.id}:assumed-role/servers/rack"
    "#;
    let models = laws::desired::<OnPremisesInstance>(toml).unwrap_or_else(|problems| panic!("{problems}"));
    let shown: Vec<_> = models
        .iter()
        .map(|(address, identity, model)| {
            json!({ "address": address, "name": identity.name, "claim": identity.claim, "outputs": identity.outputs, "model": model })
        })
        .collect();
    insta::assert_json_snapshot!(shown);
}

#[test]
fn what_codedeploy_would_refuse_is_told_with_its_place() {
    let toml = r#"
        [scope]
        account = "tooling"
        [on_premises_instance.a]
        [on_premises_instance.b]
        iam_user = "pi"
        iam_session = "arn:aws:iam::111111111111:role/servers"
    "#;
    insta::assert_snapshot!(laws::desired::<OnPremisesInstance>(toml).unwrap_err());
}
