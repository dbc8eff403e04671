use proptest::prelude::*;
use serde_json::json;
use trueup_sandbox::{Faults, Sandbox};

use super::{Action, EcrRepository, EcrRepositoryModel, Encryption, LifecyclePolicy, Rule, Selection};
use crate::driver::Driver;
use crate::fields::PolicyDocument;
use crate::laws;

fn policies() -> impl Strategy<Value = PolicyDocument> {
    let principal = prop_oneof![
        Just(r#"{"AWS":"222222222222"}"#),
        Just(r#"{"AWS":["222222222222","arn:aws:iam::333333333333:root"]}"#),
        Just(r#"{"Service":"codebuild.amazonaws.com"}"#),
    ];
    ("Allow|Deny", principal, "ecr:(BatchGetImage|PutImage)").prop_map(|(effect, principal, action)| {
        PolicyDocument::from_live(&format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Principal":{principal},"Action":"{action}"}}]}}"#
        ))
    })
}

fn rules() -> impl Strategy<Value = Rule> {
    let text = |text: &str| text.to_owned();
    let counts = prop_oneof![
        Just(("imageCountMoreThan", "standard")),
        Just(("sinceImagePushed", "standard")),
        Just(("sinceImagePulled", "standard")),
        Just(("sinceImageTransitioned", "archive")),
    ];
    let tags = proptest::collection::btree_set("[a-c]\\*?", 1..3);
    let description = proptest::option::of("[a-z ]{1,9}");
    (description, 0..3_u8, tags, counts, 1..99_i64, any::<bool>()).prop_map(
        move |(description, sort, tags, (count_type, class), count_number, moves)| {
            let (tag_status, tag_pattern_list, tag_prefix_list) = match sort {
                0 => ("untagged", [].into(), [].into()),
                1 => ("tagged", tags, [].into()),
                _ => ("tagged", [].into(), tags.into_iter().map(|tag| tag.replace('*', "")).collect()),
            };
            let selection = Selection {
                tag_status: text(tag_status),
                tag_pattern_list,
                tag_prefix_list,
                storage_class: text(class),
                count_type: text(count_type),
                count_number,
            };
            let transition = Action { sort: text("transition"), target_storage_class: Some(text("archive")) };
            let action = if moves && class == "standard" { transition } else { Action::expire() };
            Rule { priority: 0, description, selection, action }
        },
    )
}

fn models() -> impl Strategy<Value = EcrRepositoryModel> {
    let lifecycle = proptest::collection::btree_map(1..9_i64, rules(), 1..4).prop_map(|rules| {
        let rules = rules.into_iter().map(|(priority, rule)| Rule { priority, ..rule });
        LifecyclePolicy::Rules(rules.collect())
    });
    let mutability = prop_oneof![
        "MUTABLE|IMMUTABLE".prop_map(|word| (word, [].into())),
        ("(MUTABLE|IMMUTABLE)_WITH_EXCLUSION", proptest::collection::btree_set("[a-z]\\*", 1..3)),
    ];
    let options = (proptest::option::of(policies()), proptest::option::of(lifecycle));
    (mutability, any::<bool>(), options, laws::tags()).prop_map(
        |((image_tag_mutability, image_tag_mutability_exclusion_filters), scan_on_push, (policy, lifecycle), tags)| {
            EcrRepositoryModel {
                name: "team/app".to_owned(),
                image_tag_mutability,
                image_tag_mutability_exclusion_filters,
                scan_on_push,
                encryption: Encryption { encryption_type: "AES256".to_owned(), kms_key: None },
                policy,
                lifecycle,
                tags,
            }
        },
    )
}

/// What cannot be changed is refused.
fn other_encryption() -> Encryption {
    let key = "arn:aws:kms:eu-west-1:111111111111:key/5a4d0000-0000-4000-8000-000000000000";
    Encryption { encryption_type: "KMS".to_owned(), kms_key: Some(key.to_owned()) }
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<EcrRepository>(&one, &two);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in models(), two in models()) {
        let EcrRepositoryModel {
            name: _,
            image_tag_mutability,
            image_tag_mutability_exclusion_filters,
            scan_on_push,
            encryption: _,
            policy,
            lifecycle,
            tags,
        } = two;
        let base = || one.clone();
        for other in [
            EcrRepositoryModel { name: "renamed".to_owned(), ..base() },
            EcrRepositoryModel { image_tag_mutability, ..base() },
            EcrRepositoryModel { image_tag_mutability_exclusion_filters, ..base() },
            EcrRepositoryModel { scan_on_push, ..base() },
            EcrRepositoryModel { encryption: other_encryption(), ..base() },
            EcrRepositoryModel { policy, ..base() },
            EcrRepositoryModel { lifecycle, ..base() },
            EcrRepositoryModel { tags, ..base() },
        ] {
            laws::hold_all::<EcrRepository>(&one, &other);
        }
    }
}

fn trip(models: Vec<EcrRepositoryModel>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT, "222222222222", "333333333333"]);
    laws::paused(laws::rough_trip::<EcrRepository>(&sandbox, "team/app", models, faults));
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

#[tokio::test(start_paused = true)]
async fn a_key_that_aws_manages_is_no_key_of_ours() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let aws = laws::aws(&sandbox).await;
    let session = aws.session("tooling", Some(laws::REGION)).await.unwrap();
    let own = session.kms().create_key().send().await.unwrap().key_metadata.unwrap().arn.unwrap();
    for key in [None, Some(own)] {
        let encryption = Encryption { encryption_type: "KMS".to_owned(), kms_key: key };
        let model = EcrRepositoryModel {
            name: "team/app".to_owned(),
            image_tag_mutability: "MUTABLE".to_owned(),
            image_tag_mutability_exclusion_filters: [].into(),
            scan_on_push: false,
            encryption,
            policy: None,
            lifecycle: None,
            tags: [("trueup:project".to_owned(), "laws".to_owned())].into(),
        };
        laws::round_trip::<EcrRepository>(&sandbox, "team/app", vec![model]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_repository_with_images_is_not_removed() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let aws = laws::aws(&sandbox).await;
    let session = aws.session("tooling", Some(laws::REGION)).await.unwrap();
    session.ecr().create_repository().repository_name("team/app").send().await.unwrap();
    session.ecr().put_image().repository_name("team/app").image_manifest("{}").send().await.unwrap();
    let call = super::EcrRepositoryCall::DeleteRepository { unnames: Vec::new() };
    let op = super::EcrRepositoryOp { repository: "team/app".to_owned(), call };
    let refused = EcrRepository::perform(op, &session, trueup_engine::perform::OpContext::default()).await.unwrap_err();
    assert_eq!(refused.code.as_deref(), Some("RepositoryNotEmptyException"));
    assert!(refused.help.unwrap().contains("never removes images"));
}

/// Where nothing is wanted and nothing is ours, only the index of tags is asked, and one answer serves all who ask.
#[tokio::test(start_paused = true)]
async fn nothing_is_asked_of_ecr_where_nothing_is_ours() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let aws = laws::aws(&sandbox).await;
    let scope = laws::at::<EcrRepository>().scope;
    let request = |source: &str| trueup_engine::facts::ReadRequest {
        source: source.into(),
        scope: scope.clone(),
        wanted: [].into(),
    };
    sandbox.reset_calls();
    let facts = aws.read(&[request("ecr"), request("codedeploy")], &|_, _| {}).await;
    assert!(facts.get::<crate::source::ecr::EcrFacts>("ecr", &scope).is_ok());
    let calls = sandbox.calls();
    assert_eq!(calls.get(&("tagging".to_owned(), "GetResources".to_owned())), Some(&1), "{calls:?}");
    assert!(!calls.keys().any(|(service, _)| service == "ecr"), "{calls:?}");
}

#[test]
fn a_spec_becomes_a_model() {
    let toml = r#"
        [scope]
        account = "tooling"
        [ecr_repository.plain]
        [ecr_repository.full]
        name = "${account.id}/app"
        image_tag_mutability = "IMMUTABLE_WITH_EXCLUSION"
        image_tag_mutability_exclusion_filters = ["latest", "dev-*"]
        scan_on_push = true
        encryption = { kms_key = "arn:aws:kms:eu-west-1:111111111111:key/5a4d0000-0000-4000-8000-000000000000" }
        tags = { team = "platform" }
        [[ecr_repository.full.policy]]
        sid = "Pull"
        allow = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        principal = { account = "tenants" }
        [[ecr_repository.full.lifecycle]]
        priority = 10
        description = "Only so many releases"
        selection = { tag_status = "tagged", tag_pattern_list = ["v*"], count_type = "imageCountMoreThan", count_number = 30 }
        [[ecr_repository.full.lifecycle]]
        priority = 20
        selection = { tag_status = "any", count_type = "sinceImagePulled", count_number = 90 }
        action = { type = "transition" }
        [[ecr_repository.full.lifecycle]]
        priority = 30
        selection = { tag_status = "any", count_type = "sinceImageTransitioned", count_number = 365 }
    "#;
    let models = laws::desired::<EcrRepository>(toml).unwrap_or_else(|problems| panic!("{problems}"));
    let shown: Vec<_> = models
        .iter()
        .map(|(address, identity, model)| {
            let sent = model.lifecycle.as_ref().map(LifecyclePolicy::to_json);
            json!({ "address": address, "name": identity.name, "claim": identity.claim, "outputs": identity.outputs,
                "model": model, "lifecycle as sent": sent })
        })
        .collect();
    insta::assert_json_snapshot!(shown);
}

#[test]
fn what_ecr_would_refuse_is_told_with_its_place() {
    let toml = r#"
        [scope]
        account = "tooling"
        [ecr_repository.name]
        name = "Team/App"
        [ecr_repository.mutability]
        image_tag_mutability = "IMMUTABLE"
        image_tag_mutability_exclusion_filters = ["a*b*c*"]
        [ecr_repository.nothing-excluded]
        image_tag_mutability = "MUTABLE_WITH_EXCLUSION"
        [ecr_repository.encryption]
        encryption = { encryption_type = "AES256", kms_key = "arn:aws:kms:us-east-1:111111111111:key/x" }
        [[ecr_repository.policy.policy]]
        allow = ["s3:GetObject"]
        principal = { account = "tooling" }
        resource = "*"
        [[ecr_repository.rules.lifecycle]]
        priority = 1
        selection = { tag_status = "any", count_type = "imageCountMoreThan", count_number = 3 }
        [[ecr_repository.rules.lifecycle]]
        priority = 2
        description = "tagged without tags"
        selection = { tag_status = "tagged", count_type = "imageCountMoreThan", count_number = 3 }
        [[ecr_repository.rules.lifecycle]]
        priority = 2
        description = "untagged with tags"
        selection = { tag_status = "untagged", tag_prefix_list = ["a"], count_type = "sinceImagePushed", count_number = 3 }
        [[ecr_repository.rules.lifecycle]]
        priority = 4
        description = "both"
        selection = { tag_status = "tagged", tag_prefix_list = ["a"], tag_pattern_list = ["*a*b*c*d*"], count_type = "sinceImagePushed", count_number = 3 }
        action = { type = "expire", target_storage_class = "archive" }
        [[ecr_repository.rules.lifecycle]]
        priority = 5
        description = "storage"
        selection = { tag_status = "untagged", storage_class = "standard", count_type = "sinceImageTransitioned", count_number = 3 }
        action = { type = "transition" }
    "#;
    insta::assert_snapshot!(laws::desired::<EcrRepository>(toml).unwrap_err());
}

#[test]
fn what_is_no_number_of_images_is_told() {
    let toml = r#"
        [scope]
        account = "tooling"
        [[ecr_repository.rules.lifecycle]]
        priority = 0
        selection = { tag_status = "any", count_type = "imageCountMoreThan", count_number = 0 }
    "#;
    insta::assert_snapshot!(laws::desired::<EcrRepository>(toml).unwrap_err());
}
