use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;
use trueup_sandbox::{Faults, Sandbox};

use super::{
    Destination, EcrRegistry, EcrRegistryModel, NAME, PullThroughCache, PullThroughCacheRule, Replication,
    ReplicationRule, Scanning, ScanningRule,
};
use crate::fields::PolicyDocument;
use crate::laws;

fn scannings() -> impl Strategy<Value = Scanning> {
    let filters = || proptest::collection::btree_set("[a-c]/\\*", 1..3);
    let words = prop_oneof![Just(("BASIC", "MANUAL")), Just(("ENHANCED", "CONTINUOUS_SCAN"))];
    (words, proptest::option::of(filters()), proptest::option::of(filters())).prop_map(|((sort, other), push, more)| {
        let rule = |frequency: &str, repository_filters| ScanningRule {
            scan_frequency: frequency.to_owned(),
            repository_filters,
        };
        let push = push.map(|filters| rule("SCAN_ON_PUSH", filters));
        let rules = push.into_iter().chain(more.map(|filters| rule(other, filters))).collect();
        Scanning { scan_type: sort.to_owned(), rules }
    })
}

fn replications() -> impl Strategy<Value = Replication> {
    let destination = ("eu-central-1|us-east-1", "111111111111|222222222222")
        .prop_map(|(region, registry_id)| Destination { region, registry_id });
    let prefixes = proptest::collection::btree_set("[a-c]{2}/", 0..3);
    let rule = (proptest::collection::btree_set(destination, 1..3), prefixes)
        .prop_map(|(destinations, repository_filters)| ReplicationRule { destinations, repository_filters });
    proptest::collection::btree_set(rule, 0..3).prop_map(Replication)
}

fn policies() -> impl Strategy<Value = PolicyDocument> {
    "222222222222|333333333333".prop_map(|account| {
        PolicyDocument::from_live(&format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{account}:root"}},"Action":"ecr:ReplicateImage","Resource":"arn:aws:ecr:eu-west-1:111111111111:repository/*"}}]}}"#
        ))
    })
}

fn pull_throughs() -> impl Strategy<Value = PullThroughCache> {
    let secret = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:ecr-pullthroughcache/(one|two)-AbCdEf";
    let open =
        ("public\\.ecr\\.aws|222222222222\\.dkr\\.ecr\\.eu-west-1\\.amazonaws\\.com", proptest::option::of(secret));
    let closed = ("ghcr\\.io|registry-1\\.docker\\.io", secret.prop_map(Some));
    let rule = (prop_oneof![open.boxed(), closed.boxed()], "ROOT|team/app").prop_map(|((url, secret), prefix)| {
        PullThroughCacheRule {
            upstream_registry_url: url,
            credential_arn: secret,
            custom_role_arn: None,
            upstream_repository_prefix: prefix,
        }
    });
    proptest::collection::btree_map("ROOT|docker-hub|a/b", rule, 0..3)
}

/// Never what every registry has: that is nothing.
fn models() -> impl Strategy<Value = EcrRegistryModel> {
    let all = (scannings(), replications(), proptest::option::of(policies()), pull_throughs(), proptest::bool::ANY);
    all.prop_map(|(scanning, replication, policy, pull_through_cache, blob_mounting)| EcrRegistryModel {
        scanning,
        replication,
        policy,
        pull_through_cache,
        blob_mounting,
    })
    .prop_filter("something is said", |model| *model != EcrRegistryModel::default())
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<EcrRegistry>(&one, &two);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in models(), two in models()) {
        let EcrRegistryModel { scanning, replication, policy, pull_through_cache, blob_mounting } = two;
        let base = || one.clone();
        let others = [
            EcrRegistryModel { scanning, ..base() },
            EcrRegistryModel { replication, ..base() },
            EcrRegistryModel { policy, ..base() },
            EcrRegistryModel { pull_through_cache, ..base() },
            EcrRegistryModel { blob_mounting, ..base() },
        ];
        for other in others.into_iter().filter(|other| *other != EcrRegistryModel::default()) {
            laws::hold_all::<EcrRegistry>(&one, &other);
        }
    }
}

fn trip(models: Vec<EcrRegistryModel>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT, "222222222222", "333333333333"]);
    laws::paused(laws::rough_trip::<EcrRegistry>(&sandbox, NAME, models, faults));
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
        [ecr_registry.main]
        scanning = { scan_type = "ENHANCED", rules = [
            { scan_frequency = "CONTINUOUS_SCAN", repository_filters = ["prod/*"] },
            { scan_frequency = "SCAN_ON_PUSH", repository_filters = ["*"] },
        ] }
        [ecr_registry.main.pull_through_cache]
        docker-hub.upstream_registry_url = "registry-1.docker.io"
        docker-hub.credential_arn = "arn:aws:secretsmanager:${region}:${account.id}:secret:ecr-pullthroughcache/docker-AbCdEf"
        ROOT = { upstream_registry_url = "222222222222.dkr.ecr.eu-west-1.amazonaws.com", upstream_repository_prefix = "prod/" }
        [[ecr_registry.main.replication]]
        destinations = [{ region = "eu-central-1" }, { region = "eu-west-1", registry_id = "${unicorn/account.id}" }]
        repository_filters = ["prod/"]
        [[ecr_registry.main.policy]]
        allow = "ecr:ReplicateImage"
        principal = { account = "unicorn" }
        resource = "arn:aws:ecr:${region}:${account.id}:repository/*"
    "#;
    let models = laws::desired::<EcrRegistry>(toml).unwrap_or_else(|problems| panic!("{problems}"));
    let shown: Vec<_> = models
        .iter()
        .map(|(address, identity, model)| {
            json!({ "address": address, "name": identity.name, "claim": identity.claim, "outputs": identity.outputs, "model": model })
        })
        .collect();
    insta::assert_json_snapshot!(shown);
}

#[test]
fn what_ecr_would_refuse_is_told_with_its_place() {
    let toml = r#"
        [scope]
        account = "tooling"
        [ecr_registry.nothing]
        scanning = { scan_type = "BASIC" }
        [ecr_registry.scanning]
        scanning = { rules = [
            { scan_frequency = "CONTINUOUS_SCAN", repository_filters = ["A*"] },
            { scan_frequency = "SCAN_ON_PUSH", repository_filters = ["a*"] },
            { scan_frequency = "SCAN_ON_PUSH", repository_filters = ["b*"] },
        ] }
        [[ecr_registry.replication.replication]]
        destinations = [{ region = "eu-west-1" }, { region = "eu-west-1", registry_id = "unicorn" }]
        [[ecr_registry.replication.replication]]
        destinations = []
        repository_filters = ["a*"]
        [ecr_registry.cache.pull_through_cache]
        A.upstream_registry_url = "https://quay.io"
        docker-hub.upstream_registry_url = "registry-1.docker.io"
        github = { upstream_registry_url = "ghcr.io", credential_arn = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:github" }
        gitlab = { upstream_registry_url = "registry.gitlab.com", credential_arn = "arn:aws:secretsmanager:us-east-1:111111111111:secret:ecr-pullthroughcache/gitlab" }
        private = { upstream_registry_url = "222222222222.dkr.ecr.eu-west-1.amazonaws.com", custom_role_arn = "role.puller" }
        [[role.puller.trust]]
        allow = "sts:AssumeRole"
        principal = { service = "ecr.amazonaws.com" }
    "#;
    insta::assert_snapshot!(laws::desired::<EcrRegistry>(toml).unwrap_err());
}

#[test]
fn a_registry_nobody_set_is_nothing() {
    let model = EcrRegistryModel::default();
    assert_eq!(model.scanning, Scanning { scan_type: "BASIC".to_owned(), rules: BTreeSet::new() });
}
