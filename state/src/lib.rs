//! What trueup saw, promised and did.
//!
//! The documents here are plain data: [`facts`] (what was read), [`outputs`] (what a resource's attributes are), [`plan`] (what a
//! run will do), [`ledger`] (what was last applied), [`journal`] and [`record`] (what a run did). Only
//! [`store`] touches a disk.

pub mod facts;
pub mod journal;
pub mod ledger;
pub mod outputs;
pub mod plan;
pub mod record;
pub mod store;
