//! Runs that are cut off, throttled, lied to and disturbed: whatever happens, the next run makes it good, nothing is made twice, nothing is
//! orphaned, and what is another's stays as it is.
//!
//! Whole runs (locks, ledger, plan, walk, journal, record) over the examples, the real SDK clients and the sandbox, in process and in
//! paused time. Every case is named by what goes wrong where; a random one by its seed, which `TRUEUP_SOAK_FROM=SEED` plays again. What
//! fails at random is written into `cases/`, and played again with every push.
//!
//! `TRUEUP_SOAK=SECONDS` goes on with further seeds for so long, and cuts every example at every call instead of at a sample of them.

#![expect(clippy::unwrap_used, reason = "a test ends where it is wrong")]

mod answers;
mod cuts;
mod harness;
mod meanwhile;
mod random;
mod rough;
mod stores;
mod together;

/// The first meets every fault everywhere; of the others, a sample of the places.
const EXAMPLES: [&str; 5] =
    ["cross-account-saas", "dev-prod-codedeploy", "ecr-stages", "on-premises", "travis-codedeploy"];

/// A number that someone told the tests.
#[expect(clippy::disallowed_methods, reason = "a test is told by its environment how long to go on")]
fn told(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// SplitMix64.
fn random_number(seed: u64, salt: u64, below: u64) -> u64 {
    let mut z = seed.wrapping_add(salt.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) % below
}
