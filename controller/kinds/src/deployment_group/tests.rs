use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;
use trueup_engine::kind::Kind;
use trueup_sandbox::{Faults, Sandbox};

use super::{
    Alarms, BlueGreen, DeploymentGroup, DeploymentGroupModel, DeploymentStyle, EcsService, LoadBalancers, Settings,
    TagFilter, TargetGroupPair, Trigger, Waiting,
};
use crate::laws;
use crate::session::Session;

const ROLE: &str = "arn:aws:iam::111111111111:role/one";
const NAME: &str = "web/laws";

fn filter(key: &str, value: &str) -> TagFilter {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    TagFilter { key: some(key), value: some(value) }
}

fn plain() -> DeploymentGroupModel {
    DeploymentGroupModel {
        application: "web".to_owned(),
        name: "laws".to_owned(),
        settings: Settings {
            service_role: ROLE.to_owned(),
            deployment_config: super::ONE_AT_A_TIME.to_owned(),
            ..Settings::unsaid()
        },
        tags: [("trueup:project", "laws"), ("trueup:address", laws::ADDRESS)]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
    }
}

fn with(settings: Settings) -> DeploymentGroupModel {
    DeploymentGroupModel { settings, ..plain() }
}

/// [`plain`] with one setting changed: every one, each to another value.
fn one_changed() -> Vec<DeploymentGroupModel> {
    let base = || plain().settings;
    let tags: BTreeSet<TagFilter> = [filter("Application", "MyWebApp"), filter("Stage", ""), filter("", "web")].into();
    let sets = || [tags.clone(), [filter("Stage", "dev")].into()].into();
    let blue_green = DeploymentStyle {
        deployment_type: "BLUE_GREEN".to_owned(),
        deployment_option: "WITH_TRAFFIC_CONTROL".to_owned(),
    };
    let in_place = DeploymentStyle { deployment_type: "IN_PLACE".to_owned(), ..blue_green.clone() };
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
    let waiting = |action: &str, wait_minutes| Some(Waiting { action: action.to_owned(), wait_minutes });
    let topic = Trigger {
        topic: "arn:aws:sns:eu-west-1:111111111111:deployments".to_owned(),
        events: names(&["DeploymentFailure", "DeploymentSuccess"]),
    };
    let Settings {
        service_role: _,
        deployment_config: _,
        ec2_tags: _,
        ec2_tag_sets: _,
        on_premises_tags: _,
        on_premises_tag_sets: _,
        auto_scaling_groups: _,
        deployment_style: _,
        blue_green: _,
        load_balancers: _,
        ecs_services: _, // in a test of its own: the platform is another
        auto_rollback: _,
        alarms: _,
        triggers: _,
        outdated_instances: _,
        termination_hook: _,
    } = base();
    let mut changed: Vec<DeploymentGroupModel> = [
        Settings { service_role: "arn:aws:iam::111111111111:role/path/two".to_owned(), ..base() },
        Settings { deployment_config: "half".to_owned(), ..base() },
        Settings { ec2_tags: tags.clone(), ..base() },
        Settings { ec2_tag_sets: sets(), ..base() },
        Settings { on_premises_tags: tags.clone(), ..base() },
        Settings { on_premises_tag_sets: sets(), ..base() },
        Settings { auto_scaling_groups: names(&["fleet", "other"]), ..base() },
        Settings { deployment_style: in_place, ..base() },
        Settings {
            deployment_style: blue_green,
            blue_green: BlueGreen {
                terminate_blue: waiting("TERMINATE", 5),
                ready: waiting("STOP_DEPLOYMENT", 60),
                green_fleet: Some("COPY_AUTO_SCALING_GROUP".to_owned()),
            },
            ..base()
        },
        Settings {
            load_balancers: LoadBalancers {
                classic: names(&["lb"]),
                target_groups: names(&["tg"]),
                ..LoadBalancers::default()
            },
            ..base()
        },
        Settings { auto_rollback: names(&["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]), ..base() },
        Settings { alarms: Alarms { names: names(&["errors"]), enabled: true, ignore_poll_failure: true }, ..base() },
        Settings { alarms: Alarms { names: names(&["errors"]), enabled: false, ignore_poll_failure: false }, ..base() },
        Settings { triggers: [("failures".to_owned(), topic)].into(), ..base() },
        Settings { outdated_instances: "IGNORE".to_owned(), ..base() },
        Settings { termination_hook: true, ..base() },
    ]
    .map(with)
    .into();
    let mut more_tags = plain();
    more_tags.tags.insert("team".to_owned(), "platform".to_owned());
    changed.push(more_tags);
    changed
}

fn models() -> impl Strategy<Value = DeploymentGroupModel> {
    (proptest::sample::select(one_changed()), laws::tags())
        .prop_map(|(model, tags)| DeploymentGroupModel { tags, ..model })
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models(), name in "laws|renamed", application in "web|api") {
        let two = DeploymentGroupModel { name, application, ..two };
        laws::hold_all::<DeploymentGroup>(&one, &two);
    }
}

#[test]
fn each_setting_can_be_changed_and_changed_back() {
    let plain = plain();
    for other in one_changed() {
        for (before, after) in [(&plain, &other), (&other, &plain)] {
            assert_eq!(
                DeploymentGroup::ops(&laws::at::<DeploymentGroup>(), Some(before), Some(after)).unwrap().ops.len(),
                1
            );
            laws::hold::<DeploymentGroup>(Some(before), Some(after));
        }
    }
}

async fn prepare(session: &Session, platform: &str) {
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"codedeploy.amazonaws.com"}}}"#;
    for (path, name) in [("/", "one"), ("/path/", "two")] {
        let request = session.iam().create_role().path(path).role_name(name).assume_role_policy_document(trust);
        request.send().await.unwrap();
    }
    let codedeploy = session.codedeploy();
    codedeploy.create_application().application_name("web").compute_platform(platform.into()).send().await.unwrap();
    let hosts =
        aws_sdk_codedeploy::types::MinimumHealthyHosts::builder().r#type("FLEET_PERCENT".into()).value(50).build();
    codedeploy
        .create_deployment_config()
        .deployment_config_name("half")
        .minimum_healthy_hosts(hosts)
        .send()
        .await
        .unwrap();
}

fn trip(platform: &str, models: Vec<DeploymentGroupModel>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    laws::paused(async {
        let session = laws::aws(&sandbox).await.session("tooling", Some(laws::REGION)).await.unwrap();
        prepare(&session, platform).await;
        laws::rough_trip::<DeploymentGroup>(&sandbox, NAME, models, faults).await;
    });
}

#[test]
fn aws_has_each_setting_in_turn() {
    let models = one_changed().into_iter().flat_map(|other| [plain(), other]).collect();
    trip("Server", models, Faults::default());
}

#[test]
fn aws_has_a_group_of_ecs() {
    let service = |service: &str| EcsService { cluster: "main".to_owned(), service: service.to_owned() };
    let pair = TargetGroupPair {
        target_groups: ["blue".to_owned(), "green".to_owned()].into(),
        production_listeners: ["arn:aws:elasticloadbalancing:eu-west-1:111111111111:listener/app/a/b/c".to_owned()]
            .into(),
        test_listeners: BTreeSet::new(),
    };
    let one = with(Settings {
        deployment_config: super::ECS_ALL_AT_ONCE.to_owned(),
        deployment_style: DeploymentStyle {
            deployment_type: "BLUE_GREEN".to_owned(),
            deployment_option: "WITH_TRAFFIC_CONTROL".to_owned(),
        },
        ecs_services: [service("web")].into(),
        load_balancers: LoadBalancers { target_group_pairs: [pair].into(), ..LoadBalancers::default() },
        ..plain().settings
    });
    let mut two = one.clone();
    two.settings.ecs_services = [service("api")].into();
    laws::hold_all::<DeploymentGroup>(&one, &two);
    trip("ECS", vec![one, two], Faults::default());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn aws_holds_what_the_models_say(models in proptest::collection::vec(models(), 1..6)) {
        trip("Server", models, Faults::default());
    }

    #[test]
    fn so_it_does_when_answers_are_lost(models in proptest::collection::vec(models(), 1..6), faults in laws::faults()) {
        trip("Server", models, faults);
    }
}

#[test]
fn what_a_group_hangs_on_is_made_again_with_it() {
    let at = laws::at::<DeploymentGroup>();
    let arn = |resource: &str| format!("arn:aws:codedeploy:eu-west-1:111111111111:{resource}");
    let model = with(Settings { deployment_config: "half".to_owned(), ..plain().settings });
    let calls = |replaced: &str| -> Vec<&'static str> {
        let ops = DeploymentGroup::follow(&at, &model, replaced);
        let mut after = Some(model.clone());
        ops.iter().for_each(|op| DeploymentGroup::simulate(&mut after, op));
        assert_eq!(after.as_ref(), Some(&model));
        ops.iter().map(|op| DeploymentGroup::info(&at, op).call).collect()
    };
    let again = ["codedeploy:DeleteDeploymentGroup", "codedeploy:CreateDeploymentGroup"];
    assert_eq!(calls(&arn("application:web")), again);
    assert_eq!(calls(&arn("deploymentconfig:half")), ["codedeploy:UpdateDeploymentGroup"; 2]);
    assert_eq!(calls(ROLE), [""; 0]);
}

const GIVEN: &str = r#"
    [scope]
    account = "tooling"
    [application.web]
    [role.deploy]
    [[role.deploy.trust]]
    allow = "sts:AssumeRole"
    principal = { service = "codedeploy.amazonaws.com" }
    [deployment_config.half]
    minimum_healthy_hosts = { type = "FLEET_PERCENT", value = 50 }
"#;

#[test]
fn a_spec_becomes_a_model() {
    let toml = format!(
        r#"{GIVEN}
        [deployment_group.plain]
        application = "application.web"
        service_role = "role.deploy"

        [deployment_group.full]
        name = "production"
        application = "application.web"
        service_role = "role.deploy"
        deployment_config = "deployment_config.half"
        ec2_tag_sets = [[{{ key = "Application", value = "MyWebApp" }}], [{{ key = "Stage" }}, {{ value = "web" }}]]
        on_premises_tags = {{ key = "Place", value = "Vienna" }}
        auto_scaling_groups = "fleet"
        deployment_style = {{ deployment_type = "BLUE_GREEN", deployment_option = "WITH_TRAFFIC_CONTROL" }}
        blue_green = {{ terminate_blue = {{ action = "TERMINATE", wait_minutes = 5 }}, ready = {{ action = "CONTINUE_DEPLOYMENT" }}, green_fleet = "COPY_AUTO_SCALING_GROUP" }}
        load_balancers = {{ target_groups = "web" }}
        auto_rollback = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]
        alarms = {{ names = ["errors"] }}
        outdated_instances = "IGNORE"
        termination_hook = true
        [deployment_group.full.triggers.failures]
        topic = "arn:aws:sns:${{region}}:${{account.id}}:deployments"
        events = ["DeploymentFailure"]

        [deployment_group.ecs]
        application = "application.web"
        service_role = "role.deploy"
        ecs_services = {{ cluster = "main", service = "web" }}
        "#
    );
    let models = laws::desired::<DeploymentGroup>(&toml).unwrap_or_else(|problems| panic!("{problems}"));
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
    let toml = format!(
        r#"{GIVEN}
        [deployment_group.region]
        application = "arn:aws:codedeploy:eu-west-2:111111111111:application:elsewhere"
        service_role = "arn:aws:iam::222222222222:role/deploy"

        [deployment_group.both]
        application = "application.web"
        service_role = "role.deploy"
        ec2_tags = {{ key = "a", value = "b" }}
        ec2_tag_sets = [[{{ key = "a" }}], [{{ key = "b" }}], [{{ key = "c" }}], [{{}}]]
        blue_green = {{ green_fleet = "DISCOVER_EXISTING" }}
        ecs_services = [{{ cluster = "main", service = "web" }}]
        deployment_style = {{ deployment_type = "IN_PLACE", deployment_option = "WITHOUT_TRAFFIC_CONTROL" }}
        alarms = {{ names = [] }}
        triggers = {{ x = {{ topic = "deployments", events = [] }} }}
        "#
    );
    insta::assert_snapshot!(laws::desired::<DeploymentGroup>(&toml).unwrap_err());
}
