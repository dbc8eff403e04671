//! Decides and walks.
//!
//! Everything but [`execute`] is a plain function from data to data: no async, no client, no clock, no environment.
//! The engine knows no kind and no AWS; it sees kinds through [`kind::AnyKind`].

pub mod access;
mod causes;
pub mod check;
pub mod dangers;
mod decide;
mod dependents;
pub mod execute;
pub mod export;
mod forget;
pub mod fresh;
pub mod guard;
pub mod kind;
pub mod matching;
pub mod observe;
pub mod order;
pub mod perform;
pub mod plan;
pub mod rebuild;
pub mod render;
pub mod revert;

pub use trueup_state::facts;
