use proptest::prelude::*;
use trueup_sandbox::{Faults, Sandbox};

use super::{Linked, ServiceLinkedRole, ServiceLinkedRoleModel};
use crate::laws;

fn models() -> impl Strategy<Value = ServiceLinkedRoleModel> {
    ("[a-c ]{0,3}", laws::tags()).prop_map(|(description, tags)| ServiceLinkedRoleModel {
        service: "autoscaling.amazonaws.com".to_owned(),
        custom_suffix: Some("blue".to_owned()),
        description,
        tags,
    })
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<ServiceLinkedRole>(&one, &two);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in models(), two in models()) {
        let ServiceLinkedRoleModel { service: _, custom_suffix: _, description, tags } = two;
        let base = || one.clone();
        for other in [
            ServiceLinkedRoleModel { service: "ecs.amazonaws.com".to_owned(), ..base() },
            ServiceLinkedRoleModel { custom_suffix: None, ..base() },
            ServiceLinkedRoleModel { description, ..base() },
            ServiceLinkedRoleModel { tags, ..base() },
        ] {
            laws::hold_all::<ServiceLinkedRole>(&one, &other);
        }
    }
}

fn trip(models: Vec<ServiceLinkedRoleModel>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let name = "autoscaling.amazonaws.com/blue";
    laws::paused(laws::rough_trip::<ServiceLinkedRole>(&sandbox, name, models, faults));
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
fn which_one_a_role_is_follows_from_path_and_name() {
    let of = |path: &str, name: &str| Linked::of(path, name).map(|linked| linked.name());
    let auto_scaling = "/aws-service-role/autoscaling.amazonaws.com/";
    assert_eq!(of(auto_scaling, "AWSServiceRoleForAutoScaling").unwrap(), "autoscaling.amazonaws.com");
    assert_eq!(of(auto_scaling, "AWSServiceRoleForAutoScaling_a_b").unwrap(), "autoscaling.amazonaws.com/a_b");
    let tables = "/aws-service-role/dynamodb.application-autoscaling.amazonaws.com/";
    let name = "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable";
    assert_eq!(of(tables, name).unwrap(), "dynamodb.application-autoscaling.amazonaws.com");
    assert_eq!(of("/", "deployer"), None);
}

#[test]
fn defaults_are_the_documented_ones() {
    let models = laws::desired::<ServiceLinkedRole>(
        "[scope]\naccount = \"tooling\"\n[service_linked_role.ecs]\nservice = \"ecs.amazonaws.com\"\n",
    )
    .unwrap();
    let (address, identity, model) = models.first().unwrap();
    insta::assert_snapshot!(address, @"tooling/service_linked_role.ecs");
    insta::assert_debug_snapshot!(identity);
    insta::assert_json_snapshot!(model);
}

#[test]
fn what_aws_would_refuse_is_told_at_once() {
    let shown = laws::desired::<ServiceLinkedRole>(
        r#"
        [scope]
        account = "tooling"
        [service_linked_role.odd]
        service = "AutoScaling"
        custom_suffix = "a b"
        description = "snowman ☃"
        "#,
    );
    insta::assert_snapshot!(shown.unwrap_err());
}
