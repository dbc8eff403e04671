//! STS.

use serde::{Deserialize, Serialize};

use crate::call::{Call, Reply};
use crate::world::World;

/// What STS remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {}

/// Answers one call.
pub fn handle(_world: &mut World, _call: &Call) -> Reply {
    Reply { status: 501, headers: Vec::new(), body: Vec::new() }
}
