//! From a rule's spec to its model, with all that EventBridge would refuse.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use trueup_engine::kind::At;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{JsonSpec, Text};

use super::ecs::Ecs;
use super::parameters::{self, Batch, Http, Redshift};
use super::spec::{EventRuleSpec, InputTransformerSpec, RetryPolicySpec, RunCommandTargetSpec, State, TargetSpec};
use super::{EventRuleModel, InputTransformer, RetryPolicy, Target, pattern, schedule};
use crate::event_bus::description_of;
use crate::fields::{self, NameRule};
use crate::handed;
use crate::source::events::DEFAULT_BUS;

/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>
const PUT_RULE: &str = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html";
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html>
const TARGET: &str = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html";
const QUOTAS: &str = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html";

const NAME: NameRule = NameRule { what: "rule", max: 64, signs: "._-", page: PUT_RULE };
const ID: NameRule = NameRule { what: "target", max: 64, signs: "._-", page: TARGET };

/// Characters of a pattern.
const PATTERN_MAX: usize = 4_096;
/// Targets of a rule. <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
const TARGETS_MAX: usize = 5;
/// Characters of an input, and of a template.
const INPUT_MAX: usize = 8_192;
/// Characters of a path.
const PATH_MAX: usize = 256;
/// Characters of an operation in GraphQL.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_AppSyncParameters.html>
const OPERATION_MAX: usize = 1_048_576;
/// Paths of a transformer.
const PATHS_MAX: usize = 100;

/// The rule's event bus and name.
pub(super) fn names(spec: &EventRuleSpec, at: &At, cx: &mut Resolver<'_>) -> (String, String) {
    let name = fields::name(spec.name.as_ref(), &NAME, cx);
    let Some(reference) = &spec.event_bus else { return (DEFAULT_BUS.to_owned(), name) };
    let arn = cx.reference(reference);
    let own = at.arn("events", "event-bus/");
    let bus = arn.strip_prefix(&own).or((arn == DEFAULT_BUS).then_some(DEFAULT_BUS)).map(str::to_owned);
    let bus = bus.unwrap_or_else(|| {
        let problem = Diagnostic::error("a rule's event bus is of its own account and region");
        let problem = problem.at(reference.span(), format!("is {arn}"));
        cx.problem(problem.help("put the rule where the bus is; a rule here can send events to that bus as a target"));
        DEFAULT_BUS.to_owned()
    });
    (bus, name)
}

pub(super) fn desired(spec: &EventRuleSpec, at: &At, cx: &mut Resolver<'_>) -> Option<EventRuleModel> {
    let EventRuleSpec {
        name: _, // read below, with the bus
        event_bus: _,
        event_pattern,
        schedule_expression,
        state,
        description,
        role,
        targets,
    } = spec;
    let (event_bus, name) = names(spec, at, cx);
    if event_pattern.is_none() && schedule_expression.is_none() {
        let problem = Diagnostic::error("a rule needs an event pattern or a schedule").at(cx.span(), "");
        let help = "add event_pattern = { source = [\"aws.codecommit\"] }, or schedule_expression = \"rate(1 day)\"";
        cx.problem(problem.help(help).note(PUT_RULE));
    }
    let event_pattern = match event_pattern {
        None => Some(None),
        Some(spec) => desired_pattern(spec, cx).map(Some),
    };
    let schedule_expression = schedule_expression.as_ref().map(|text| desired_schedule(text, &event_bus, cx));
    let targets = desired_targets(targets.as_deref().unwrap_or_default(), cx);
    if let Some(role) = role {
        handed::EVENT_RULE.check(role, cx);
    }
    Some(EventRuleModel {
        event_bus,
        name,
        event_pattern: event_pattern?,
        schedule_expression,
        state: state.unwrap_or(State::Enabled).to_string(),
        description: description_of(description.as_ref(), cx),
        role: role.as_ref().map(|role| cx.reference(role)),
        targets,
        managed_by: None,
        tags: fields::tags(cx),
    })
}

fn desired_pattern(spec: &JsonSpec, cx: &mut Resolver<'_>) -> Option<Value> {
    let value = cx.json(spec)?;
    if let Some(why) = pattern::fault(&value) {
        let page = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html";
        cx.problem(Diagnostic::error("EventBridge refuses the event pattern").at(spec.span(), why).note(page));
        return None;
    }
    let pattern = pattern::canonical(value);
    let text = pattern.to_string();
    let length = text.chars().count();
    if length > PATTERN_MAX && !fields::is_pending(&text) {
        let over = format!("{length} characters, {} too many", length - PATTERN_MAX);
        cx.problem(Diagnostic::error("the event pattern is too long").at(spec.span(), over).note(PUT_RULE));
    }
    Some(pattern)
}

fn desired_schedule(text: &Text, event_bus: &str, cx: &mut Resolver<'_>) -> String {
    let expression = cx.text(text);
    if let Some(why) = schedule::fault(&expression).filter(|_| !fields::is_pending(&expression)) {
        let problem = Diagnostic::error(format!("`{expression}` is no schedule")).at(text.span(), why);
        let page = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html";
        cx.problem(problem.help("write \"rate(5 minutes)\" or \"cron(0 20 * * ? *)\"").note(page));
    }
    if event_bus != DEFAULT_BUS {
        let problem = Diagnostic::error("only rules of the default event bus have a schedule").at(text.span(), "");
        cx.problem(problem.help("leave `event_bus` out").note(PUT_RULE));
    }
    expression
}

fn desired_targets(specs: &[TargetSpec], cx: &mut Resolver<'_>) -> BTreeMap<String, Target> {
    let mut targets = BTreeMap::new();
    for spec in specs {
        let id = cx.text(&spec.id);
        fields::check_name(&id, spec.id.span(), &ID, cx);
        let target = target(spec, cx);
        if targets.insert(id, target).is_some() {
            cx.problem(Diagnostic::error("two targets have this id").at(spec.id.span(), ""));
        }
    }
    if specs.len() > TARGETS_MAX
        && let Some(first) = specs.get(TARGETS_MAX)
    {
        let problem = Diagnostic::error(format!("a rule can have {TARGETS_MAX} targets at most"));
        let problem = problem.at(first.id.span(), format!("{} are given", specs.len()));
        cx.problem(problem.help("let a second rule with the same pattern have the others").note(QUOTAS));
    }
    targets
}

fn target(spec: &TargetSpec, cx: &mut Resolver<'_>) -> Target {
    let TargetSpec {
        id,
        arn,
        role,
        input,
        input_path,
        input_transformer,
        dead_letter_queue,
        retry_policy,
        sqs_message_group_id,
        run_command_targets,
        ecs,
        batch,
        http,
        kinesis_partition_key_path,
        redshift,
        sagemaker_pipeline_parameters,
        appsync_graphql_operation,
    } = spec;
    let inputs = [input.is_some(), input_path.is_some(), input_transformer.is_some()];
    if inputs.into_iter().filter(|given| *given).count() > 1 {
        let problem = Diagnostic::error("a target gets one of `input`, `input_path` and `input_transformer`");
        cx.problem(problem.at(id.span(), "has more than one").note(TARGET));
    }
    let span = arn.span();
    let arn = cx.text(arn);
    if !fields::is_pending(&arn) && fields::arn_region(&arn).is_none() {
        cx.problem(Diagnostic::error(format!("`{arn}` is no ARN")).at(span, "").note(TARGET));
    }
    if let Some(role) = role {
        handed::EVENT_RULE.check(role, cx);
    }
    let role = role.as_ref().map(|role| cx.reference(role));
    check_role(&arn, role.is_some(), span, cx);
    check_service(spec, &arn, cx);
    Target {
        role,
        input: input.as_ref().map(|input| json_text(input, cx)),
        input_path: input_path.as_ref().map(|path| checked_path(path, cx)),
        input_transformer: input_transformer.as_ref().map(|spec| transformer(spec, cx)),
        dead_letter_queue: dead_letter_queue.as_ref().map(|queue| fields::queue(queue, cx)),
        retry_policy: retry_policy.as_ref().map(retry).unwrap_or_default(),
        sqs_message_group_id: sqs_message_group_id.as_ref().map(|group| cx.text(group)),
        run_command_targets: run_command(run_command_targets.as_deref().unwrap_or_default(), cx),
        ecs: ecs.as_ref().map(|ecs| Ecs::desired(ecs, cx)),
        batch: batch.as_ref().map(|batch| Batch::desired(batch, cx)),
        http: http.as_ref().and_then(|http| Http::desired(http, span, cx)),
        kinesis_partition_key_path: kinesis_partition_key_path.as_ref().map(|path| checked_path(path, cx)),
        redshift: redshift.as_ref().map(|redshift| Redshift::desired(redshift, cx)),
        sagemaker_pipeline_parameters: parameters::pipeline(sagemaker_pipeline_parameters, span, cx),
        appsync_graphql_operation: appsync_graphql_operation.as_ref().map(|text| {
            let operation = cx.text(text);
            too_long(&operation, OPERATION_MAX, "operation", text.span(), cx);
            operation
        }),
        arn,
    }
}

/// Some services are only called by a role that is given.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html>
fn check_role(arn: &str, has_role: bool, span: Span, cx: &mut Resolver<'_>) {
    let service = arn.split(':').nth(2).unwrap_or_default();
    if ["codebuild", "codepipeline", "ecs", "ssm", "states", "kinesis", "batch"].contains(&service) && !has_role {
        let problem = Diagnostic::error(format!("a target of {service} needs a role")).at(span, "");
        let help = "add role = \"role.NAME\": one that trusts events.amazonaws.com and may start it";
        cx.problem(problem.help(help).note(TARGET));
    }
}

/// What only targets of one service take, and what these can't be without.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html>
fn check_service(spec: &TargetSpec, arn: &str, cx: &mut Resolver<'_>) {
    let service = arn.split(':').nth(2).unwrap_or_default();
    if fields::is_pending(service) || service.is_empty() {
        return;
    }
    let is_destination = service == "events" && arn.contains(":api-destination/");
    let rows = [
        ("ecs", spec.ecs.is_some(), service == "ecs", true),
        ("batch", spec.batch.is_some(), service == "batch", true),
        ("http", spec.http.is_some(), service == "execute-api" || is_destination, false),
        ("kinesis_partition_key_path", spec.kinesis_partition_key_path.is_some(), service == "kinesis", false),
        ("redshift", spec.redshift.is_some(), service == "redshift" || service == "redshift-serverless", true),
        (
            "sagemaker_pipeline_parameters",
            !spec.sagemaker_pipeline_parameters.is_empty(),
            service == "sagemaker",
            false,
        ),
        ("appsync_graphql_operation", spec.appsync_graphql_operation.is_some(), service == "appsync", true),
        ("sqs_message_group_id", spec.sqs_message_group_id.is_some(), service == "sqs", false),
        ("run_command_targets", spec.run_command_targets.is_some(), service == "ssm", false),
    ];
    for (field, given, fits, needed) in rows {
        if given && !fits {
            let problem = Diagnostic::error(format!("a target of {service} has no `{field}`"));
            cx.problem(problem.at(spec.arn.span(), "").help("leave it out, or name another target").note(TARGET));
        }
        if needed && fits && !given {
            let problem = Diagnostic::error(format!("a target of {service} needs `{field}`"));
            cx.problem(problem.at(spec.arn.span(), "").help(format!("add {field} = {{ … }}")).note(TARGET));
        }
    }
}

pub(super) fn too_long(text: &str, max: usize, what: &str, span: Span, cx: &mut Resolver<'_>) {
    let length = text.chars().count();
    if length > max && !fields::is_pending(text) {
        let over = format!("{length} characters, {} too many", length - max);
        cx.problem(Diagnostic::error(format!("the {what} is too long")).at(span, over).note(TARGET));
    }
}

fn json_text(text: &Text, cx: &mut Resolver<'_>) -> String {
    let input = cx.text(text);
    if !fields::is_pending(&input) && serde_json::from_str::<Value>(&input).is_err() {
        let problem = Diagnostic::error("the input of a target is a JSON text").at(text.span(), "this is none");
        cx.problem(problem.help("a string is '\"text\"', with its quotes").note(TARGET));
    }
    too_long(&input, INPUT_MAX, "input", text.span(), cx);
    input
}

fn checked_path(text: &Text, cx: &mut Resolver<'_>) -> String {
    let path = cx.text(text);
    if !fields::is_pending(&path) && !path.starts_with('$') {
        let problem = Diagnostic::error(format!("`{path}` is no path into an event")).at(text.span(), "");
        cx.problem(problem.help("begin with `$`, which is the event: `$.detail.state`").note(TARGET));
    }
    too_long(&path, PATH_MAX, "path", text.span(), cx);
    path
}

fn transformer(spec: &InputTransformerSpec, cx: &mut Resolver<'_>) -> InputTransformer {
    let InputTransformerSpec { input_paths, input_template } = spec;
    let template = cx.text(input_template);
    too_long(&template, INPUT_MAX, "template", input_template.span(), cx);
    let mut paths = BTreeMap::new();
    for (name, text) in input_paths.iter().flatten() {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || !name.chars().all(plain) || name.to_ascii_lowercase().starts_with("aws") {
            let problem = Diagnostic::error(format!("`{name}` is no name for a part of an event"));
            let rule = "letters, digits, `_` and `-`, not beginning with `AWS`";
            cx.problem(problem.at(text.span(), "").note(format!("{rule}: {TARGET}")));
        }
        paths.insert(name.clone(), checked_path(text, cx));
    }
    if paths.len() > PATHS_MAX {
        let problem = Diagnostic::error(format!("a transformer can have {PATHS_MAX} paths at most"));
        cx.problem(problem.at(input_template.span(), format!("{} are given", paths.len())).note(TARGET));
    }
    InputTransformer { input_paths: paths, input_template: template }
}

fn retry(spec: &RetryPolicySpec) -> RetryPolicy {
    let RetryPolicySpec { maximum_retry_attempts, maximum_event_age_seconds } = spec;
    let default = RetryPolicy::default();
    let number = |given: Option<i64>, default: i32| given.and_then(|n| i32::try_from(n).ok()).unwrap_or(default);
    RetryPolicy {
        maximum_retry_attempts: number(maximum_retry_attempts.map(|n| n.get()), default.maximum_retry_attempts),
        maximum_event_age_seconds: number(
            maximum_event_age_seconds.map(|n| n.get()),
            default.maximum_event_age_seconds,
        ),
    }
}

/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RunCommandParameters.html>
fn run_command(specs: &[RunCommandTargetSpec], cx: &mut Resolver<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let mut targets = BTreeMap::new();
    for RunCommandTargetSpec { key: text, values } in specs {
        let key = cx.text(text);
        if key != "InstanceIds" && key.strip_prefix("tag:").is_none_or(str::is_empty) {
            let problem = Diagnostic::error(format!("`{key}` names no instances")).at(text.span(), "");
            cx.problem(problem.help("write `InstanceIds`, or `tag:` and a tag's key").note(TARGET));
        }
        let values: BTreeSet<String> = cx.texts(values).into_iter().collect();
        if !(1..=50).contains(&values.len()) || targets.len() == 5 {
            let problem = Diagnostic::error("a Run Command has at most five keys of 1 to 50 values");
            cx.problem(problem.at(text.span(), format!("this has {}", values.len())).note(TARGET));
        }
        if targets.insert(key, values).is_some() {
            cx.problem(Diagnostic::error("the same key twice").at(text.span(), ""));
        }
    }
    targets
}
