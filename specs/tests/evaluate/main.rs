//! What the evaluator decides, rule by rule, with the page of each rule beside it.

mod conditions;
mod equality;
mod laws;
mod principals;
mod resources;
mod single;
mod support;
mod two_accounts;
