use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;
use trueup_sandbox::{Faults, Sandbox};

use super::{Ecs, EventRule, EventRuleModel, InputTransformer, RetryPolicy, Target, pattern};
use crate::laws;

const ROLE: &str = "arn:aws:iam::111111111111:role/starter";

fn inputs() -> impl Strategy<Value = (Option<String>, Option<String>, Option<InputTransformer>)> {
    let transformer = proptest::collection::btree_map("[a-c]", "\\$\\.detail\\.[a-z]", 0..3)
        .prop_map(|input_paths| InputTransformer { input_paths, input_template: "\"<a>\"".to_owned() });
    prop_oneof![
        Just((None, None, None)),
        Just((Some("{\"a\":1}".to_owned()), None, None)),
        Just((None, Some("$.detail".to_owned()), None)),
        transformer.prop_map(|transformer| (None, None, Some(transformer))),
    ]
}

fn targets() -> impl Strategy<Value = Target> {
    let retry = (0..=185_i32, 60..=86_400_i32).prop_map(|(maximum_retry_attempts, maximum_event_age_seconds)| {
        RetryPolicy { maximum_retry_attempts, maximum_event_age_seconds }
    });
    let retry = prop_oneof![Just(RetryPolicy::default()), retry];
    let queue = proptest::option::of(Just("arn:aws:sqs:eu-west-1:111111111111:lost".to_owned()));
    let set = || proptest::collection::btree_set("[a-c]", 1..3);
    let tasks = (1..9_i32, "[a-z]{0,2}", set(), set(), any::<bool>());
    (0..5_u8, inputs(), queue, retry, tasks).prop_map(
        |(sort, (input, input_path, input_transformer), dead_letter_queue, retry_policy, task)| {
            let (task_count, group, subnets, security_groups, assign_public_ip) = task;
            let arn = |service: &str, rest: &str| format!("arn:aws:{service}:eu-west-1:111111111111:{rest}");
            let mut target = Target {
                arn: arn("sns", "approvals"),
                role: None,
                input,
                input_path,
                input_transformer,
                dead_letter_queue,
                retry_policy,
                sqs_message_group_id: None,
                run_command_targets: [].into(),
                ecs: None,
                other_parameters: BTreeSet::new(),
            };
            let role = Some(ROLE.to_owned());
            match sort {
                0 => {}
                1 => (target.arn, target.role) = (arn("codepipeline", "main"), role),
                2 => (target.arn, target.sqs_message_group_id) = (arn("sqs", "q.fifo"), Some("all".to_owned())),
                3 => {
                    (target.arn, target.role) = (arn("ssm", "document/restart"), role);
                    target.run_command_targets = [("tag:Application".to_owned(), subnets)].into();
                }
                _ => {
                    (target.arn, target.role) = (arn("ecs", "cluster/main"), role);
                    target.ecs = Some(Ecs {
                        task_definition: arn("ecs", "task-definition/job"),
                        task_count,
                        launch_type: Some("FARGATE".to_owned()),
                        platform_version: None,
                        group: Some(group).filter(|group| !group.is_empty()),
                        subnets,
                        security_groups,
                        assign_public_ip,
                    });
                }
            }
            target
        },
    )
}

fn models() -> impl Strategy<Value = EventRuleModel> {
    let pattern = "aws\\.(ecr|codecommit)".prop_map(|source| {
        Some(pattern::canonical(json!({ "source": [source], "detail": { "n": [{ "numeric": [">", 1] }, "a"] } })))
    });
    let when = prop_oneof![
        pattern.prop_map(|pattern| (pattern, None)),
        "rate\\([2-9] (minutes|days)\\)".prop_map(|rate| (None, Some(rate))),
    ];
    let role = proptest::option::of(Just(ROLE.to_owned()));
    let targets = proptest::collection::btree_map("[a-d]", targets(), 0..4);
    (when, "ENABLED|DISABLED", "[a-z ]{0,3}", role, targets, laws::tags()).prop_map(
        |((event_pattern, schedule_expression), state, description, role, targets, tags)| EventRuleModel {
            event_bus: "default".to_owned(),
            name: "push".to_owned(),
            event_pattern,
            schedule_expression,
            state,
            description,
            role,
            targets,
            tags,
        },
    )
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<EventRule>(&one, &two);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in models(), two in models()) {
        let EventRuleModel {
            event_bus: _,
            name: _,
            event_pattern,
            schedule_expression,
            state,
            description,
            role,
            targets,
            tags,
        } = two;
        let base = || one.clone();
        for other in [
            EventRuleModel { event_bus: "other".to_owned(), ..base() },
            EventRuleModel { name: "renamed".to_owned(), ..base() },
            EventRuleModel { event_pattern, ..base() },
            EventRuleModel { schedule_expression, ..base() },
            EventRuleModel { state, ..base() },
            EventRuleModel { description, ..base() },
            EventRuleModel { role, ..base() },
            EventRuleModel { targets, ..base() },
            EventRuleModel { tags, ..base() },
        ] {
            laws::hold_all::<EventRule>(&one, &other);
        }
    }
}

fn trip(models: Vec<EventRuleModel>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let aws = laws::aws(&sandbox).await;
        let session = aws.session("tooling", None).await.unwrap();
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"events.amazonaws.com"}}]}"#;
        session.iam().create_role().role_name("starter").assume_role_policy_document(trust).send().await.unwrap();
        laws::rough_trip::<EventRule>(&sandbox, "default/push", models, faults).await;
    });
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
fn a_spec_becomes_a_model() {
    let toml = r#"
        [scope]
        account = "tooling"
        [event_rule.nightly]
        schedule_expression = "cron(0 2 * * ? *)"
        state = "DISABLED"
        [event_rule.push]
        description = "Starts the pipeline"
        event_pattern = { source = ["aws.codecommit"], detail-type = ["CodeCommit Repository State Change"], detail = { referenceName = ["master", { prefix = "release/" }] } }
        [[event_rule.push.targets]]
        id = "pipeline"
        arn = "arn:aws:codepipeline:${region}:${account.id}:main"
        role = "arn:aws:iam::111111111111:role/starter"
        retry_policy = { maximum_retry_attempts = 3 }
        [[event_rule.push.targets]]
        id = "tell"
        arn = "arn:aws:sns:${region}:${account.id}:approvals"
        input_transformer = { input_paths = { branch = "$.detail.referenceName" }, input_template = '"<branch> moved"' }
    "#;
    let models = laws::desired::<EventRule>(toml).unwrap_or_else(|problems| panic!("{problems}"));
    let shown: Vec<_> = models
        .iter()
        .map(|(address, identity, model)| {
            json!({ "address": address, "name": identity.name, "claim": identity.claim, "outputs": identity.outputs, "model": model })
        })
        .collect();
    insta::assert_json_snapshot!(shown);
}

#[test]
fn what_eventbridge_would_refuse_is_told_with_its_place() {
    let toml = r#"
        [scope]
        account = "tooling"
        [event_rule.nothing]
        [event_rule.schedule]
        name = "a b"
        schedule_expression = "rate(1 minutes)"
        [event_rule.pattern]
        event_pattern = { source = "aws.ecr" }
        [event_rule.bus]
        event_bus = "arn:aws:events:us-east-1:111111111111:event-bus/own"
        event_pattern = { source = ["aws.ecr"] }
        [event_rule.targets]
        event_pattern = { source = ["aws.ecr"] }
        targets = [
            { id = "a b", arn = "queue" },
            { id = "no-role", arn = "arn:aws:codebuild:eu-west-1:111111111111:project/x" },
            { id = "inputs", arn = "arn:aws:sqs:eu-west-1:111111111111:q", input = "no json", input_path = "detail" },
            { id = "twice", arn = "arn:aws:sqs:eu-west-1:111111111111:q" },
            { id = "twice", arn = "arn:aws:sqs:eu-west-1:111111111111:q" },
            { id = "sixth", arn = "arn:aws:ecs:eu-west-1:111111111111:cluster/x", role = "arn:aws:iam::111111111111:role/x", ecs = { task_definition = "x", launch_type = "FARGATE" } },
        ]
    "#;
    insta::assert_snapshot!(laws::desired::<EventRule>(toml).unwrap_err());
}
