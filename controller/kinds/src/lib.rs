//! Everything in trueup that knows AWS.
//!
//! One file a kind ([`role`], [`policy`], [`instance_profile`], …): its spec, its model, its operations and what performs them.
//! One file a source under [`source`]: one bulk read of one service. [`session`] leads into the accounts, [`error`] says what
//! went wrong, [`driver`] performs operations; nothing else changes AWS. To add a kind, write its file and its row below.

use trueup_engine::kind::{AnyKind, Erased};
use trueup_specs::kind::KindSchema;

use crate::driver::AnyDriver;

pub mod account;
pub mod account_public_access_block;
pub mod account_settings;
pub mod application;
pub mod bucket;
pub mod count;
pub mod deployment_config;
pub mod deployment_group;
pub mod driver;
pub mod ecr_registry;
pub mod ecr_repository;
pub mod error;
pub mod event_bus;
pub mod event_rule;
pub mod fields;
pub mod group;
pub mod handed;
pub mod instance_profile;
pub mod key;
pub mod lints;
pub mod lockout;
pub mod lookout;
pub mod made;
pub mod needs;
pub mod oidc_provider;
pub mod on_premises_instance;
pub mod organization;
pub mod organization_policy;
pub mod organizational_unit;
pub mod permissions;
pub mod policy;
pub mod replica_key;
pub mod resource_control_policy;
pub mod role;
pub mod saml_provider;
pub mod service_control_policy;
pub mod service_linked_role;
pub mod session;
mod soon;
pub mod source;
pub mod store;
pub mod subscription;
pub mod topic;
pub mod user;

/// One kind.
struct Row {
    kind: &'static dyn AnyKind,
    driver: &'static dyn AnyDriver,
}

impl Row {
    const fn of<K: driver::Driver>(both: &'static Erased<K>) -> Self {
        Self { kind: both, driver: both }
    }
}

static ROWS: &[Row] = &[
    Row::of(&Erased::<account::Account>::new()),
    Row::of(&Erased::<account_public_access_block::AccountPublicAccessBlock>::new()),
    Row::of(&Erased::<account_settings::AccountSettings>::new()),
    Row::of(&Erased::<application::Application>::new()),
    Row::of(&Erased::<bucket::Bucket>::new()),
    Row::of(&Erased::<deployment_config::DeploymentConfig>::new()),
    Row::of(&Erased::<deployment_group::DeploymentGroup>::new()),
    Row::of(&Erased::<ecr_registry::EcrRegistry>::new()),
    Row::of(&Erased::<ecr_repository::EcrRepository>::new()),
    Row::of(&Erased::<event_bus::EventBus>::new()),
    Row::of(&Erased::<event_rule::EventRule>::new()),
    Row::of(&Erased::<group::Group>::new()),
    Row::of(&Erased::<instance_profile::InstanceProfile>::new()),
    Row::of(&Erased::<key::Key>::new()),
    Row::of(&Erased::<oidc_provider::OidcProvider>::new()),
    Row::of(&Erased::<on_premises_instance::OnPremisesInstance>::new()),
    Row::of(&Erased::<organization::Organization>::new()),
    Row::of(&Erased::<organization_policy::OrganizationPolicy>::new()),
    Row::of(&Erased::<organizational_unit::OrganizationalUnit>::new()),
    Row::of(&Erased::<policy::Policy>::new()),
    Row::of(&Erased::<replica_key::ReplicaKey>::new()),
    Row::of(&Erased::<resource_control_policy::ResourceControlPolicy>::new()),
    Row::of(&Erased::<role::Role>::new()),
    Row::of(&Erased::<saml_provider::SamlProvider>::new()),
    Row::of(&Erased::<service_control_policy::ServiceControlPolicy>::new()),
    Row::of(&Erased::<service_linked_role::ServiceLinkedRole>::new()),
    Row::of(&Erased::<subscription::Subscription>::new()),
    Row::of(&Erased::<topic::Topic>::new()),
    Row::of(&Erased::<user::User>::new()),
];

/// All kinds, by name.
#[must_use]
pub fn kinds() -> Vec<&'static dyn AnyKind> {
    ROWS.iter().map(|row| row.kind).collect()
}

/// What the language must know of all kinds.
#[must_use]
pub fn schemas() -> Vec<&'static KindSchema> {
    ROWS.iter().map(|row| row.kind.schema()).collect()
}

/// What performs the operations of a kind.
fn driver_of(kind: &str) -> Option<&'static dyn AnyDriver> {
    ROWS.iter().find(|row| row.kind.schema().name == kind).map(|row| row.driver)
}

#[cfg(test)]
mod laws;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_sorted_and_their_sources_exist() {
        let names: Vec<_> = kinds().iter().map(|kind| kind.schema().name).collect();
        assert!(names.is_sorted(), "{names:?}");
        for kind in kinds() {
            assert!(!kind.sources().is_empty());
            for source in kind.sources() {
                assert!(source::scope_of(source).is_some(), "{source}");
            }
        }
    }

    #[test]
    fn every_file_of_a_kind_has_its_row() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let kinds_own = |text: &str| text.contains("impl Kind for") || text.contains("impl Control for");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
            .filter(|path| kinds_own(&std::fs::read_to_string(path).unwrap()))
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .filter(|name| name != "lib")
            .collect();
        files.sort();
        let names: Vec<_> = kinds().iter().map(|kind| kind.schema().name).collect();
        assert_eq!(files, names);
    }
}
