//! Random specs in a random world, and faults of every sort.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trueup_sandbox::{Cut, Faults, Sandbox, Then, When};
use trueup_state::store::Store;
use trueup_state::store::memory::Memory;

use crate::harness::{Count, Specs, World};
use crate::stores::Failing;
use crate::{random_number, told};

/// How many cases each push plays.
const CASES: u64 = 60;

/// A case, whole: what it was made from need not be there to play it again.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Case {
    seed: u64,
    /// What is there before: these specs, applied.
    before: Vec<(String, String)>,
    /// What there shall be.
    after: Vec<(String, String)>,
    faults: SavedFaults,
    /// How many runs meet the faults.
    runs: u64,
    /// After how many writes of a run its store is full.
    writes: i64,
}

/// [`Faults`], as they are saved.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct SavedFaults {
    throttle: f64,
    server_error: f64,
    drop_answer: f64,
    delay_seconds: u64,
    late_calls: u64,
    /// The call, whether its effect takes place, and whether all after it stay away.
    cut: Option<(u64, bool, bool)>,
}

impl SavedFaults {
    fn of(seed: u64) -> Self {
        let percent = |salt, below| f64::from(u32::try_from(random_number(seed, salt, below)).unwrap()) / 100.0;
        let coin = |salt| random_number(seed, salt, 2) == 0;
        Self {
            throttle: percent(5, 20),
            server_error: percent(6, 10),
            drop_answer: percent(7, 10),
            delay_seconds: random_number(seed, 8, 10),
            late_calls: random_number(seed, 9, 6),
            cut: coin(3).then(|| (1 + random_number(seed, 4, 40), coin(1), coin(2))),
        }
    }

    fn faults(&self, seed: u64) -> Faults {
        let cut = |(nth, has_effect, stays_down): (u64, bool, bool)| Cut {
            nth,
            when: if has_effect { When::AfterEffect } else { When::BeforeEffect },
            then: if stays_down { Then::StayDown } else { Then::Recover },
        };
        Faults {
            seed,
            throttle: self.throttle,
            server_error: self.server_error,
            drop_answer: self.drop_answer,
            conflict: 0.0,
            delay_max: Duration::from_secs(self.delay_seconds),
            late_calls: self.late_calls,
            clock_off_seconds: 0,
            cut: self.cut.map(cut),
        }
    }
}

/// What is made up of a seed: which of a few resources there are, how they are set, and which of them name each other.
struct Author {
    seed: u64,
    salt: u64,
}

const SETTINGS: &str = "[project]\nname = \"random\"\nregion = \"eu-west-1\"\n[limits]\ndeletions = \"100%\"\n";
const ACCOUNTS: &str = "[account.one]\nid = \"111111111111\"\n[account.two]\nid = \"222222222222\"\n";
const EC2: &str = "principal = { service = \"ec2.amazonaws.com\" }";

impl Author {
    fn below(&mut self, below: u64) -> u64 {
        self.salt += 1;
        random_number(self.seed, self.salt, below)
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    fn specs(seed: u64, salt: u64) -> Vec<(String, String)> {
        let mut author = Self { seed, salt };
        let file = |name: &str, text: String| (name.to_owned(), text);
        vec![
            file("trueup.toml", SETTINGS.to_owned()),
            file("accounts.toml", ACCOUNTS.to_owned()),
            file("one.toml", author.account("one", "two")),
            file("two.toml", author.account("two", "one")),
        ]
    }

    /// Every role of an account is there, so that the other's may name it; all else may be.
    fn account(&mut self, own: &str, other: &str) -> String {
        let mut text = format!("[scope]\naccount = \"{own}\"\n");
        let key = self.coin();
        for index in 0..3 {
            let description = self.below(3);
            let path = if self.below(8) == 0 { "path = \"/other/\"\n" } else { "" };
            text += &format!("[role.r{index}]\ndescription = \"d{description}\"\n{path}");
            let whom = self.below(3);
            let principal = match self.below(3) {
                _ if index == 0 => EC2.to_owned(),
                0 => EC2.to_owned(),
                1 => format!("principal = {{ account = \"{other}\" }}"),
                // A role names only those before it: a circle of trust has no beginning.
                _ if index > whom => format!("principal = {{ aws = \"${{role.r{whom}.arn}}\" }}"),
                _ => EC2.to_owned(),
            };
            text += &format!("[[role.r{index}.trust]]\nallow = \"sts:AssumeRole\"\n{principal}\n");
            if key && self.coin() {
                text +=
                    &format!("[[role.r{index}.inline.use]]\nallow = \"kms:Decrypt\"\nresource = \"${{key.k.arn}}\"\n");
            }
        }
        if key {
            let days = 90 + self.below(3);
            let reader = self.below(3);
            text += &format!("[key.k]\nalias = \"alias/k\"\nrotation = {{ days = {days} }}\n");
            text += &format!(
                "[[key.k.policy]]\nallow = \"kms:*\"\nprincipal = {{ account = \"{own}\" }}\nresource = \"*\"\n"
            );
            text += &format!(
                "[[key.k.policy]]\nallow = \"kms:Decrypt\"\nprincipal = {{ aws = \"${{{own}/role.r{reader}.arn}}\" }}\nresource = \"*\"\n"
            );
        }
        if self.coin() {
            let versioning = if self.coin() { "enabled" } else { "disabled" };
            text += &format!("[bucket.b]\nname = \"random-${{account.id}}\"\nversioning = \"{versioning}\"\n");
            if key && self.coin() {
                text += "encryption = { key = \"key.k\" }\n";
            }
        }
        let policy = self.coin();
        if policy {
            let action = ["s3:GetObject", "s3:ListBucket"][usize::from(self.coin())];
            let pack = if self.coin() { "pack = true\n" } else { "" };
            text += &format!("[policy.p]\n{pack}[[policy.p.policy]]\nallow = \"{action}\"\nresource = \"*\"\n");
            // A managed policy holds one of these, so that it is spread over up to three.
            for number in 0..if pack.is_empty() { 0 } else { self.below(4) } {
                let (bucket, rest) = (number + self.below(2), "x".repeat(4_000));
                let resource = format!("arn:aws:s3:::{bucket}/{number}/{rest}");
                text += &format!("[[policy.p.policy]]\ndeny = \"s3:PutObject\"\nresource = \"{resource}\"\n");
            }
        }
        if self.coin() {
            text += "[user.u]\n";
            text += if policy && self.coin() { "managed_policies = [\"policy.p\"]\n" } else { "" };
        }
        if self.coin() {
            text += "[instance_profile.i]\nrole = \"role.r0\"\n";
        }
        if self.coin() {
            text += &format!("[topic.t]\nname = \"t{}\"\n", self.below(2));
        }
        text
    }
}

impl Case {
    fn of(seed: u64) -> Self {
        let writes = if random_number(seed, 10, 3) == 0 { random_number(seed, 11, 120) } else { u64::from(u32::MAX) };
        Self {
            seed,
            before: Author::specs(seed, 100),
            // Now and then nothing is to change but what the faults of an earlier run left.
            after: Author::specs(seed, if random_number(seed, 13, 5) == 0 { 100 } else { 1_000 }),
            faults: SavedFaults::of(seed),
            runs: 1 + random_number(seed, 12, 3),
            writes: i64::try_from(writes).unwrap(),
        }
    }

    /// A world in which someone else has things, too.
    async fn world() -> World {
        let world = World { sandbox: Sandbox::in_memory(&["111111111111", "222222222222"]), memory: Memory::patient() };
        let specs = Specs::of(&Author::specs(0, 0));
        let aws = specs.aws(&world.sandbox).await.unwrap();
        let iam = aws.session("one", None).await.unwrap();
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}"#;
        for (name, owner) in [("theirs", Some("another")), ("nobodys", None)] {
            let tag =
                |value: &str| aws_sdk_iam::types::Tag::builder().key("trueup:project").value(value).build().unwrap();
            let made = iam.iam().create_role().role_name(name).assume_role_policy_document(trust);
            made.set_tags(owner.map(|owner| vec![tag(owner)])).send().await.unwrap();
        }
        world
    }

    /// What is not the project's.
    fn strangers(world: &World) -> Vec<Value> {
        let roles = &world.json()["accounts"]["111111111111"]["iam"]["roles"];
        let found: Vec<Value> = ["theirs", "nobodys"].iter().map(|name| roles[*name].clone()).collect();
        assert!(found.iter().all(Value::is_object), "{found:?}");
        found
    }

    async fn play(&self) {
        let (before, after) = (Specs::of(&self.before), Specs::of(&self.after));
        let name = format!("TRUEUP_SOAK_FROM={}", self.seed);
        let calm = Self::world().await;
        let store = Store::new(calm.memory.clone());
        assert!(before.run(&calm.sandbox, &store, "before").await.unwrap().is_complete(), "{name}");
        assert!(after.run(&calm.sandbox, &store, "after").await.unwrap().is_complete(), "{name}");
        let expected = Count::of(&calm);

        let world = Self::world().await;
        let strangers = Self::strangers(&world);
        let store = Store::new(world.memory.clone());
        assert!(before.run(&world.sandbox, &store, "before").await.unwrap().is_complete(), "{name}");
        world.sandbox.set_faults(self.faults.faults(self.seed));
        for run in 0..self.runs {
            world.memory.end_all();
            let left = Arc::new(AtomicI64::new(self.writes));
            let store = Store::new(Failing { memory: world.memory.clone(), left });
            // It may end in any way, but not in a panic.
            let _ = after.run(&world.sandbox, &store, &format!("random-{run}")).await;
        }
        after.mended(&world, &expected, &name).await;
        assert_eq!(Self::strangers(&world), strangers, "{name}: what is another's was touched");
    }

    /// Plays it, and writes it down if it fails.
    async fn play_or_keep(&self) {
        let Err(panic) = AssertUnwindSafe(self.play()).catch_unwind().await else { return };
        let path = cases().join(format!("{}.json", self.seed));
        std::fs::create_dir_all(cases()).unwrap();
        std::fs::write(path, serde_json::to_string_pretty(self).unwrap()).unwrap();
        resume_unwind(panic)
    }
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/cases")
}

#[expect(clippy::disallowed_methods, reason = "how long it goes on is no part of what happens")]
fn now() -> SystemTime {
    SystemTime::now()
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_is_made_good() {
    let from = told("TRUEUP_SOAK_FROM").unwrap_or(0);
    let end = now() + Duration::from_secs(told("TRUEUP_SOAK").unwrap_or(0));
    let mut seed = from;
    while seed < from + CASES || now() < end {
        Case::of(seed).play_or_keep().await;
        seed += 1;
    }
}

/// What once failed at random.
#[tokio::test(start_paused = true)]
async fn cases_that_once_failed_hold() {
    for entry in std::fs::read_dir(cases()).into_iter().flatten() {
        let path = entry.unwrap().path();
        let case: Case = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        case.play().await;
    }
}

#[test]
fn a_case_survives_being_written_down() {
    let case = Case::of(7);
    let again: Case = serde_json::from_str(&serde_json::to_string(&case).unwrap()).unwrap();
    assert_eq!(format!("{again:?}"), format!("{case:?}"));
}
