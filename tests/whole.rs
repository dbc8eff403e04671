//! Whole-program tests: they run the `trueup` binary as a person would, against the sandbox.

#![expect(clippy::unwrap_used, reason = "a test ends where it is wrong")]

mod access;
mod access_limits;
mod architecture;
mod bad_input;
mod codedeploy;
mod commands;
mod contents;
mod dependents;
mod export;
mod guardrails;
mod hand;
mod identities;
mod images;
mod keys;
mod life;
mod mends;
mod on_premises;
mod organization;
mod packed;
mod permissions;
mod proofs;
mod reference;
mod rules;
mod shared_state;
mod state;
mod support;
mod triggers;
