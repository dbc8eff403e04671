//! What an organization says its accounts may do at most.

use super::DocumentLint;
use super::look::each_allow;
use crate::lint::{Level, Lint, Severity};
use crate::policy::model::Actions;
use crate::policy::{Caseless, Use};

pub(super) static LINTS: &[DocumentLint] = &[DocumentLint {
    lint: Lint {
        id: "scp-allow-without-effect",
        severity: Severity::Medium,
        level: Level::Warn,
        summary: "the service control policy allows what is allowed anyway",
        reason: "FullAWSAccess stays attached beside it and allows everything, so that an `allow` keeps nobody from anything",
        help: "write a `deny` with `not_action` for all but these",
        page: "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html",
    },
    uses: &[Use::ServiceControl],
    check: |subject| {
        each_allow(subject, "Action", |statement| {
            // Who writes AWS's own statement again does not take it for a limit.
            let is_everything = matches!(&statement.action, Actions::Is(named) if named.contains(&Caseless::from("*")));
            (!is_everything).then(|| "this does not limit anything".to_owned())
        })
    },
}];
