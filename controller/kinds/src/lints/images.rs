//! Lints over where images are kept.

use trueup_specs::lint::{Level, Lint, Severity};

use super::ModelLint;
use crate::ecr_repository::EcrRepositoryModel;

pub(super) static LINTS: &[ModelLint] = &[
    ModelLint {
        lint: Lint {
            id: "image-scan-off",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "images are not scanned when they are pushed",
            reason: "a known hole in a package goes into production unseen",
            help: "write scan_on_push = true; where the registry scans, suppress this with that as the reason",
            page: "https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html#ecr-1",
        },
        check: |thing| {
            let repository: &EcrRepositoryModel = thing.model()?;
            (!repository.scan_on_push).then(|| "no `scan_on_push`".to_owned())
        },
    },
    ModelLint {
        lint: Lint {
            id: "images-kept-forever",
            severity: Severity::Low,
            level: Level::Allow,
            summary: "images are kept for ever",
            reason: "old images cost, and someone may deploy one with holes that were closed since",
            help: "write rules in `lifecycle`",
            page: "https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html#ecr-3",
        },
        check: |thing| {
            let repository: &EcrRepositoryModel = thing.model()?;
            repository.lifecycle.is_none().then(|| "no `lifecycle`".to_owned())
        },
    },
    ModelLint {
        lint: Lint {
            id: "mutable-image-tags",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "a tag can be given to another image",
            reason: "what was tested under a tag need not be what is deployed under it",
            help: "write image_tag_mutability = \"IMMUTABLE\"",
            page: "https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html#ecr-2",
        },
        check: |thing| {
            let mutability = &thing.model::<EcrRepositoryModel>()?.image_tag_mutability;
            mutability.starts_with("MUTABLE").then(|| format!("tags are {mutability}"))
        },
    },
];
