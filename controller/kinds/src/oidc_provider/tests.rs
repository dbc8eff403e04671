use proptest::prelude::*;
use trueup_sandbox::{Faults, Sandbox};

use super::{OidcProvider, OidcProviderModel, Thumbprints};
use crate::laws;

const URL: &str = "token.actions.githubusercontent.com";

fn models() -> impl Strategy<Value = OidcProviderModel> {
    let thumbprints = proptest::option::of(proptest::collection::btree_set("[ab]{40}", 1..3));
    (proptest::collection::btree_set("[a-c]", 0..3), thumbprints, laws::tags()).prop_map(
        |(client_ids, thumbprints, tags)| OidcProviderModel {
            url: URL.to_owned(),
            client_ids,
            thumbprints: Thumbprints(thumbprints),
            tags,
        },
    )
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<OidcProvider>(&one, &two);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in models(), two in models()) {
        let OidcProviderModel { url: _, client_ids, thumbprints, tags } = two;
        let base = || one.clone();
        for other in [
            OidcProviderModel { url: "example.com/other".to_owned(), ..base() },
            OidcProviderModel { client_ids, ..base() },
            OidcProviderModel { thumbprints, ..base() },
            OidcProviderModel { tags, ..base() },
        ] {
            laws::hold_all::<OidcProvider>(&one, &other);
        }
    }
}

fn trip(models: Vec<OidcProviderModel>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    laws::paused(laws::rough_trip::<OidcProvider>(&sandbox, URL, models, faults));
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
fn defaults_are_the_documented_ones() {
    let models = laws::desired::<OidcProvider>(
        r#"
        [scope]
        account = "tooling"
        [oidc_provider.github]
        url = "https://token.actions.githubusercontent.com"
        client_ids = ["sts.amazonaws.com"]
        "#,
    )
    .unwrap();
    let (address, identity, model) = models.first().unwrap();
    insta::assert_snapshot!(address, @"tooling/oidc_provider.github");
    insta::assert_debug_snapshot!(identity);
    insta::assert_json_snapshot!(model);
}

#[test]
fn what_aws_would_refuse_is_told_at_once() {
    let six: Vec<String> = (0..6).map(|n| format!("\"{}\"", n.to_string().repeat(40))).collect();
    let toml = format!(
        r#"
        [scope]
        account = "tooling"
        [oidc_provider.http]
        url = "http://example.com"
        client_ids = [""]
        thumbprints = ["12:34"]
        [oidc_provider.port]
        url = "https://example.com:8443/x"
        thumbprints = []
        [oidc_provider.many]
        url = "https://example.com/?x=1"
        thumbprints = [{}]
        "#,
        six.join(", ")
    );
    insta::assert_snapshot!(laws::desired::<OidcProvider>(&toml).unwrap_err());
}
