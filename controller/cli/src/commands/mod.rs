//! One thin file a command.

pub(crate) mod access;
pub(crate) mod apply;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod destroy;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod graph;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod lacks;
pub(crate) mod output;
pub(crate) mod permissions;
pub(crate) mod plan;
pub(crate) mod revert;
pub(crate) mod run;
pub(crate) mod sandbox;
pub(crate) mod schema;
pub(crate) mod state;
