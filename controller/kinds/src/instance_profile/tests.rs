use proptest::prelude::*;
use trueup_sandbox::{Faults, Sandbox};

use super::{InstanceProfile, InstanceProfileModel};
use crate::laws;

fn models() -> impl Strategy<Value = InstanceProfileModel> {
    let role = proptest::option::of("arn:aws:iam::111111111111:role/(one|path/two)");
    ("/|/delivery/", role, laws::tags()).prop_map(|(path, role, tags)| InstanceProfileModel {
        name: "workers".to_owned(),
        path,
        role,
        tags,
    })
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<InstanceProfile>(&one, &two);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in models(), two in models()) {
        let InstanceProfileModel { name: _, path, role, tags } = two;
        let base = || one.clone();
        for other in [
            InstanceProfileModel { name: "renamed".to_owned(), ..base() },
            InstanceProfileModel { path, ..base() },
            InstanceProfileModel { role, ..base() },
            InstanceProfileModel { tags, ..base() },
        ] {
            laws::hold_all::<InstanceProfile>(&one, &other);
        }
    }
}

async fn with_roles(sandbox: &Sandbox, models: Vec<InstanceProfileModel>, faults: Faults) {
    let session = laws::aws(sandbox).await.session("tooling", None).await.unwrap();
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}}"#;
    for (path, name) in [("/", "one"), ("/path/", "two")] {
        let request = session.iam().create_role().path(path).role_name(name).assume_role_policy_document(trust);
        request.send().await.unwrap();
    }
    laws::rough_trip::<InstanceProfile>(sandbox, "workers", models, faults).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn aws_holds_what_the_models_say(models in proptest::collection::vec(models(), 1..6)) {
        let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
        laws::paused(with_roles(&sandbox, models, Faults::default()));
    }

    #[test]
    fn so_it_does_when_answers_are_lost(models in proptest::collection::vec(models(), 1..6), faults in laws::faults()) {
        let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
        laws::paused(with_roles(&sandbox, models, faults));
    }
}

#[test]
fn a_role_of_another_account_is_refused() {
    let shown = laws::desired::<InstanceProfile>(
        r#"
        [scope]
        account = "tooling"
        [instance_profile.workers]
        role = "arn:aws:iam::222222222222:role/worker"
        "#,
    );
    insta::assert_snapshot!(shown.unwrap_err());
}
