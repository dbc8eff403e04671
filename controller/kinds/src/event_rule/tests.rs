use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::json;
use trueup_engine::kind::Kind;
use trueup_sandbox::{Faults, Sandbox};

use super::{
    Batch, CapacityProvider, Ecs, EventRule, EventRuleModel, Http, InputTransformer, PlacementConstraint,
    PlacementStrategy, Redshift, RetryPolicy, Target, pattern,
};
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

fn arn(service: &str, rest: &str) -> String {
    format!("arn:aws:{service}:eu-west-1:111111111111:{rest}")
}

/// A target of which nothing more is said.
fn blank(arn: String) -> Target {
    Target {
        arn,
        role: None,
        input: None,
        input_path: None,
        input_transformer: None,
        dead_letter_queue: None,
        retry_policy: RetryPolicy::default(),
        sqs_message_group_id: None,
        run_command_targets: [].into(),
        ecs: None,
        batch: None,
        http: None,
        kinesis_partition_key_path: None,
        redshift: None,
        sagemaker_pipeline_parameters: [].into(),
        appsync_graphql_operation: None,
    }
}

fn by_role(service: &str, rest: &str) -> Target {
    Target { role: Some(ROLE.to_owned()), ..blank(arn(service, rest)) }
}

fn tasks() -> impl Strategy<Value = Ecs> {
    let set = || proptest::collection::btree_set("[a-c]", 1..3);
    let some = |pattern: &'static str| proptest::option::of(pattern);
    let provider = ("[a-c]{1,3}", 0..9_i32).prop_map(|(capacity_provider, weight)| CapacityProvider {
        capacity_provider,
        weight,
        base: 0,
    });
    let providers = proptest::collection::vec(provider, 0..3);
    let constraint = some("attribute:x == [a-c]").prop_map(|expression| PlacementConstraint {
        sort: if expression.is_some() { "memberOf" } else { "distinctInstance" }.to_owned(),
        expression,
    });
    let strategy = some("cpu|memory").prop_map(|field| PlacementStrategy {
        sort: if field.is_some() { "binpack" } else { "random" }.to_owned(),
        field,
    });
    let placement = (proptest::collection::vec(constraint, 0..3), proptest::collection::vec(strategy, 0..3));
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let words = (some("[a-z]{1,2}"), some("[a-z]{1,2}"), proptest::collection::btree_map("[a-c]", "[x-z]{0,2}", 0..3));
    (1..9_i32, set(), set(), providers, placement, flags, words).prop_map(
        |(task_count, subnets, security_groups, capacity_providers, placement, flags, (group, reference_id, tags))| {
            let (assign_public_ip, enable_ecs_managed_tags, enable_execute_command, propagate_tags) = flags;
            Ecs {
                task_definition: arn("ecs", "task-definition/job"),
                task_count,
                launch_type: capacity_providers.is_empty().then(|| "FARGATE".to_owned()),
                capacity_providers,
                platform_version: None,
                group,
                subnets,
                security_groups,
                assign_public_ip,
                placement_constraints: placement.0,
                placement_strategy: placement.1,
                enable_ecs_managed_tags,
                enable_execute_command,
                propagate_tags,
                reference_id,
                tags,
            }
        },
    )
}

fn requests() -> impl Strategy<Value = Option<Http>> {
    let map = || proptest::collection::btree_map("[a-c]", "[x-z]{1,2}", 0..3);
    (proptest::collection::vec("[a-c]", 0..3), map(), map()).prop_map(|(path_parameters, headers, query_string)| {
        Some(Http { path_parameters, headers, query_string }).filter(|http| *http != Http::default())
    })
}

fn statements() -> impl Strategy<Value = Redshift> {
    let some = |pattern: &'static str| proptest::option::of(pattern);
    let sqls = proptest::collection::vec("select [1-9]", 1..3);
    (some("[a-z]"), sqls, some("[a-z]"), any::<bool>()).prop_map(|(db_user, sqls, statement_name, with_event)| {
        Redshift { database: "dev".to_owned(), secret: None, db_user, sqls, statement_name, with_event }
    })
}

/// One of each sort.
fn sorts() -> impl Strategy<Value = Target> {
    let instances = proptest::collection::btree_set("[a-c]", 1..3);
    let job = (proptest::option::of(2..9_i32), proptest::option::of(1..=10_i32));
    let pipeline = proptest::collection::btree_map("[a-c]", "[x-z]{0,2}", 0..3);
    prop_oneof![
        Just(blank(arn("sns", "approvals"))),
        Just(by_role("codepipeline", "main")),
        Just(Target { sqs_message_group_id: Some("all".to_owned()), ..blank(arn("sqs", "q.fifo")) }),
        instances.prop_map(|values| Target {
            run_command_targets: [("tag:Application".to_owned(), values)].into(),
            ..by_role("ssm", "document/restart")
        }),
        tasks().prop_map(|task| Target { ecs: Some(task), ..by_role("ecs", "cluster/main") }),
        job.prop_map(|(array_size, attempts)| {
            let batch =
                Batch { job_definition: "job".to_owned(), job_name: "nightly".to_owned(), array_size, attempts };
            Target { batch: Some(batch), ..by_role("batch", "job-queue/main") }
        }),
        requests().prop_map(|http| Target { http, ..by_role("events", "api-destination/hook/1") }),
        proptest::option::of(Just("$.detail.id".to_owned()))
            .prop_map(|path| Target { kinesis_partition_key_path: path, ..by_role("kinesis", "stream/all") }),
        statements().prop_map(|redshift| Target { redshift: Some(redshift), ..by_role("redshift", "cluster:main") }),
        pipeline.prop_map(|parameters| Target {
            sagemaker_pipeline_parameters: parameters,
            ..by_role("sagemaker", "pipeline/train")
        }),
        "mutation \\{ [a-c] \\}".prop_map(|operation| Target {
            appsync_graphql_operation: Some(operation),
            ..by_role("appsync", "endpoints/graphql-api/x")
        }),
    ]
}

fn targets() -> impl Strategy<Value = Target> {
    let retry = (0..=185_i32, 60..=86_400_i32).prop_map(|(maximum_retry_attempts, maximum_event_age_seconds)| {
        RetryPolicy { maximum_retry_attempts, maximum_event_age_seconds }
    });
    let retry = prop_oneof![Just(RetryPolicy::default()), retry];
    let queue = proptest::option::of(Just("arn:aws:sqs:eu-west-1:111111111111:lost".to_owned()));
    (sorts(), inputs(), queue, retry).prop_map(
        |(sort, (input, input_path, input_transformer), dead_letter_queue, retry_policy)| Target {
            input,
            input_path,
            input_transformer,
            dead_letter_queue,
            retry_policy,
            ..sort
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
            managed_by: None,
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
            managed_by: _,
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
    laws::paused(async {
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

/// What a service made for itself is neither changed nor taken over.
#[test]
fn a_rule_of_a_service_is_left_to_it() {
    let at = laws::at::<EventRule>();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mine = models().new_tree(&mut runner).unwrap().current();
    let theirs = EventRuleModel { managed_by: Some("states.amazonaws.com".to_owned()), ..mine.clone() };
    let refusal = EventRule::ops(&at, Some(&theirs), Some(&mine)).unwrap_err();
    assert_eq!(refusal.why, "states.amazonaws.com made this rule and keeps it as it is");
    assert_eq!(EventRule::ops(&at, Some(&theirs), Some(&theirs)).unwrap().ops, []);
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
        [event_rule.all]
        event_pattern = { source = ["aws.ecr"] }
        [[event_rule.all.targets]]
        id = "batch"
        arn = "arn:aws:batch:${region}:${account.id}:job-queue/main"
        role = "arn:aws:iam::111111111111:role/starter"
        batch = { job_definition = "job", job_name = "nightly", array_size = 3, attempts = 2 }
        [[event_rule.all.targets]]
        id = "hook"
        arn = "arn:aws:events:${region}:${account.id}:api-destination/hook/1"
        role = "arn:aws:iam::111111111111:role/starter"
        http = { path_parameters = ["v1"], headers = { X-Stage = "dev" }, query_string = { verbose = "1" } }
        [[event_rule.all.targets]]
        id = "redshift"
        arn = "arn:aws:redshift:${region}:${account.id}:cluster:main"
        role = "arn:aws:iam::111111111111:role/starter"
        redshift = { database = "dev", db_user = "loader", sqls = ["select 1"], with_event = true }
        [[event_rule.all.targets]]
        id = "graph"
        arn = "arn:aws:appsync:${region}:${account.id}:endpoints/graphql-api/x"
        role = "arn:aws:iam::111111111111:role/starter"
        appsync_graphql_operation = "mutation { push }"
        [[event_rule.all.targets]]
        id = "task"
        arn = "arn:aws:ecs:${region}:${account.id}:cluster/main"
        role = "arn:aws:iam::111111111111:role/starter"
        [event_rule.all.targets.ecs]
        task_definition = "arn:aws:ecs:${region}:${account.id}:task-definition/job"
        capacity_providers = [{ capacity_provider = "FARGATE_SPOT", weight = 1, base = 1 }, { capacity_provider = "FARGATE" }]
        subnets = ["subnet-1"]
        placement_constraints = [{ type = "distinctInstance" }]
        placement_strategy = [{ type = "spread", field = "instanceId" }]
        enable_execute_command = true
        propagate_tags = true
        tags = { team = "web" }
        [event_rule.others]
        event_pattern = { source = ["aws.ecr"] }
        [[event_rule.others.targets]]
        id = "stream"
        arn = "arn:aws:kinesis:${region}:${account.id}:stream/all"
        role = "arn:aws:iam::111111111111:role/starter"
        kinesis_partition_key_path = "$.detail.repository-name"
        [[event_rule.others.targets]]
        id = "train"
        arn = "arn:aws:sagemaker:${region}:${account.id}:pipeline/train"
        role = "arn:aws:iam::111111111111:role/starter"
        sagemaker_pipeline_parameters = { InstanceType = "ml.m5.large" }
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
        [role.closed]
        [[role.closed.trust]]
        allow = "sts:AssumeRole"
        principal = { service = "ec2.amazonaws.com" }
        [event_rule.parameters]
        event_pattern = { source = ["aws.ecr"] }
        role = "role.closed"
        targets = [
            { id = "batch", arn = "arn:aws:batch:eu-west-1:111111111111:job-queue/x", role = "role.closed" },
            { id = "http", arn = "arn:aws:sqs:eu-west-1:111111111111:q", http = { headers = { "a b" = "c" } } },
            { id = "redshift", arn = "arn:aws:redshift:eu-west-1:111111111111:cluster:x", redshift = { database = "dev", db_user = "x", secret = "y" } },
            { id = "sagemaker", arn = "arn:aws:sagemaker:eu-west-1:111111111111:pipeline/x", sagemaker_pipeline_parameters = { "-x" = "y" } },
            { id = "ecs", arn = "arn:aws:ecs:eu-west-1:111111111111:cluster/x", role = "arn:aws:iam::111111111111:role/x", ecs = { task_definition = "x", launch_type = "EC2", capacity_providers = [{ capacity_provider = "a", base = 1 }, { capacity_provider = "b", base = 1 }], placement_constraints = [{ type = "memberOf" }], placement_strategy = [{ type = "random", field = "cpu" }], security_groups = ["sg-1"] } },
        ]
    "#;
    insta::assert_snapshot!(laws::desired::<EventRule>(toml).unwrap_err());
}
