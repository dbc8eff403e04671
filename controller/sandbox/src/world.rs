//! Everything the sandbox remembers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// All accounts, and what is global to them.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct World {
    /// By account id (twelve digits).
    pub accounts: BTreeMap<String, Account>,
    /// Buckets are named in one space for all accounts.
    pub s3: crate::s3::State,
    /// Organizations are spoken to in one place for all regions.
    pub organizations: crate::organizations::State,
    /// Sessions handed out by AssumeRole, and access keys that stand for an account.
    pub sts: crate::sts::State,
    /// A counter behind every made-up id, so that one sequence of calls always makes the same world.
    pub serial: u64,
    /// How far the world's clock runs ahead of the real one, in seconds; see [`crate::Sandbox::advance`].
    pub clock_ahead_seconds: i64,
    /// When set, only registered accounts exist; otherwise an account exists once someone calls from it or into it.
    pub closed: bool,
}

/// What one account holds.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// IAM is global to the account.
    pub iam: crate::iam::State,
    /// CodeDeploy, by region.
    pub codedeploy: BTreeMap<String, crate::codedeploy::State>,
    /// ECR, by region.
    pub ecr: BTreeMap<String, crate::ecr::State>,
    /// EventBridge, by region.
    pub events: BTreeMap<String, crate::events::State>,
    /// KMS, by region.
    pub kms: BTreeMap<String, crate::kms::State>,
    /// SNS, by region.
    pub sns: BTreeMap<String, crate::sns::State>,
}

impl World {
    /// The account, made on first sight: in the sandbox every twelve-digit account exists once someone names it in a call.
    pub fn account(&mut self, id: &str) -> &mut Account {
        self.accounts.entry(id.to_owned()).or_default()
    }

    /// The next number of the world; ids are made from it.
    pub fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}
