use proptest::prelude::*;
use trueup_sandbox::{Faults, Sandbox};

use super::{Metadata, SamlProvider, SamlProviderModel};
use crate::laws;

/// A document of the least length, about an identity provider of this name.
fn document(entity: &str) -> String {
    let body = "x".repeat(1_000);
    format!(
        "<?xml version=\"1.0\"?>\n<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{entity}\"><IDPSSODescriptor><X509Certificate>{body}</X509Certificate></IDPSSODescriptor></EntityDescriptor>\n"
    )
}

fn models() -> impl Strategy<Value = SamlProviderModel> {
    ("[a-c]", laws::tags()).prop_map(|(entity, tags)| SamlProviderModel {
        name: "corporate".to_owned(),
        metadata: Metadata(document(&entity)),
        tags,
    })
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<SamlProvider>(&one, &two);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in models(), two in models()) {
        let SamlProviderModel { name: _, metadata, tags } = two;
        let base = || one.clone();
        for other in [
            SamlProviderModel { name: "other".to_owned(), ..base() },
            SamlProviderModel { metadata, ..base() },
            SamlProviderModel { tags, ..base() },
        ] {
            laws::hold_all::<SamlProvider>(&one, &other);
        }
    }

    #[test]
    fn the_document_is_a_file(one in models()) {
        laws::hold_exported::<SamlProvider>(&one);
    }

    #[test]
    fn pieces_are_the_document(text in "([<>a\n\r]|><){0,20}") {
        let pieces: Vec<String> = Metadata(text.clone()).into();
        prop_assert_eq!(Metadata::from(pieces), Metadata(text));
    }
}

fn trip(models: Vec<SamlProviderModel>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    laws::paused(laws::rough_trip::<SamlProvider>(&sandbox, "corporate", models, faults));
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
    let spec = r#"
        [scope]
        account = "tooling"
        [saml_provider.corporate]
        metadata = { file = "idp/metadata.xml" }
        "#;
    let files = [("spec.toml", spec), ("idp/metadata.xml", &document("${not.a.reference}"))];
    let models = laws::desired_of::<SamlProvider>(&files).unwrap();
    let (address, identity, model) = models.first().unwrap();
    insta::assert_snapshot!(address, @"tooling/saml_provider.corporate");
    insta::assert_debug_snapshot!(identity);
    assert_eq!((&*model.name, &*model.metadata.0), ("corporate", &*document("${not.a.reference}")));
}

#[test]
fn what_aws_would_refuse_is_told_at_once() {
    let spec = r#"
        [scope]
        account = "tooling"
        [saml_provider."with+sign"]
        metadata = { file = "short.xml" }
        [saml_provider.absent]
        metadata = { file = "none.xml" }
        [saml_provider.outside]
        metadata = { file = "../metadata.xml" }
        [saml_provider.inline]
        metadata = "<EntityDescriptor/>"
        [saml_provider.more]
        metadata = { file = "short.xml", format = "xml" }
        [saml_provider.other]
        metadata = { file = "other.xml" }
        "#;
    let files = [("spec.toml", spec), ("short.xml", "<EntityDescriptor/>"), ("other.xml", &"x".repeat(1_000))];
    insta::assert_snapshot!(laws::desired_of::<SamlProvider>(&files).unwrap_err());
}
