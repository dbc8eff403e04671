//! The IAM policy language: parse, canonical form, equality, difference.
//!
//! A [`Document`] holds what a policy says and not how it was written. There is one way in for people
//! ([`Document::parse`], strict) and one for what AWS returned ([`Document::from_live`], lenient); both end
//! in the canonical form, so that `==` on two documents answers whether they say the same.
//!
//! # The canonical form
//!
//! Each rule is AWS's own. Pages named below are under
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/>.
//!
//! | Written differently, equal here | Page |
//! | --- | --- |
//! | one value, or a list of that one value | `reference_policies_grammar.html` |
//! | the order of elements, statements and list members, and repeated members | `reference_policies_grammar.html`, `reference_policies_evaluation-logic.html` |
//! | `Version` left out, or `2008-10-17` | `reference_policies_elements_version.html` |
//! | the case of an action's prefix and name | `reference_policies_elements_action.html` |
//! | `"Principal": "*"`, or `"Principal": {"AWS": "*"}` | `reference_policies_elements_principal.html` |
//! | an account id, or the ARN of its root | `reference_policies_elements_principal.html` |
//! | the case of a condition key, with the tag key in it | `reference_policies_elements_condition.html` |
//! | the case of a condition operator | see below |
//! | a number or boolean in a condition, or the same in quotation marks | `reference_policies_grammar.html` |
//! | the case of `true` and `false` under `Bool` and `Null`; `5` and `5.0` under a numeric operator; an IPv4 address with `/32` or without | `reference_policies_elements_condition_operators.html` |
//! | `Condition` left out, empty, or holding an operator without keys | `reference_policies_elements_condition.html` |
//! | an empty `Sid`, or none | `reference_policies_elements_sid.html` |
//!
//! Of `"*"` and `{"AWS": "*"}` the page says that they are equivalent for anonymous users, and names no
//! request they treat differently. Written is `"*"`, which is in no reading the narrower one to deny.
//!
//! No page says that operators are compared without regard to case; IAM accepts them so, and no two
//! operators differ in case alone, so that the rule can't make two meanings one.
//!
//! What stays apart, because the meaning differs or may differ:
//!
//! - `2008-10-17` and `2012-10-17`: only the second evaluates policy variables.
//! - `NotPrincipal` with `"*"`, and with `{"AWS": "*"}`: the page speaks of `Principal` alone.
//! - The root ARN of another partition and the bare account id. The id stands for
//!   `arn:aws:iam::…:root`; a document does not know its partition, so in others write the ARN.
//! - Resource ARNs, principals and condition values that differ in case.
//! - An empty list of condition values (never matches) and no condition (always does).
//! - `*` and a list of everything it matches; two statements and their union. Nothing is merged.
//!
//! # Values not known yet
//!
//! A string may hold an unknown part, as U+E000, any text, U+E001. Such a string is accepted wherever a
//! value may stand, kept as it is, and counts nothing towards [`Document::size`].

mod caseless;
pub mod catalogue;
mod check;
mod condition;
mod difference;
mod error;
pub mod evaluate;
mod json;
pub mod lint;
mod model;
pub mod pack;
pub(crate) mod read;
mod unknown;
mod widen;
mod write;

pub use caseless::Caseless;
pub use condition::Conditions;
pub use difference::{ElementChange, StatementChange, difference};
pub use error::{ParseError, Step};
pub use model::{Actions, Document, Effect, Principal, Principals, Resources, Statement, Use, Version};
pub use read::TEXT_BYTES_MAX;
pub use widen::{EVERYONE, widens_trust};
