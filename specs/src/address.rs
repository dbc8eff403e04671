//! The names of resources.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The full name of one resource: `tooling@eu-west-1/bucket.artifacts`, or `tooling/role.deployer` where the kind
/// has no regions.
///
/// A resource of a template carries the name of its use in front: `tooling/role.dev.deployer`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The account's name in the project.
    pub account: Arc<str>,
    /// The region, for a kind that has regions.
    pub region: Option<Arc<str>>,
    /// The kind's name.
    pub kind: Arc<str>,
    /// The resource's name; holds dots where it comes from a template.
    pub name: Arc<str>,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, region, kind, name } = self;
        match region {
            Some(region) => write!(f, "{account}@{region}/{kind}.{name}"),
            None => write!(f, "{account}/{kind}.{name}"),
        }
    }
}

/// Why a text is no [`Address`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no address: one looks like account@region/kind.name or account/kind.name")]
pub struct AddressError {
    /// The text.
    pub text: String,
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let error = || AddressError { text: text.to_owned() };
        let partial = PartialAddress::parse(text).ok_or_else(error)?;
        let PartialAddress { account, region, kind, name } = partial;
        let account = Arc::from(account.ok_or_else(error)?);
        Ok(Self { account, region: region.map(Arc::from), kind: Arc::from(kind), name: Arc::from(name) })
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An address as it is written: the account and the region may be left out, and the account may be a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartialAddress<'a> {
    pub(crate) account: Option<&'a str>,
    pub(crate) region: Option<&'a str>,
    pub(crate) kind: &'a str,
    pub(crate) name: &'a str,
}

impl<'a> PartialAddress<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (account, region, rest) = split_scope(text)?;
        let (kind, name) = rest.split_once('.')?;
        (is_name(kind) && is_dotted_name(name)).then_some(Self { account, region, kind, name })
    }
}

/// Takes `account@region/` off the front.
pub(crate) fn split_scope(text: &str) -> Option<(Option<&str>, Option<&str>, &str)> {
    let Some((scope, rest)) = text.split_once('/') else { return Some((None, None, text)) };
    let (account, region) = match scope.split_once('@') {
        Some((account, region)) => (account, Some(region)),
        None => (scope, None),
    };
    let account = (!account.is_empty()).then_some(account);
    let named = account.is_some() || region.is_some();
    let well_formed = account.is_none_or(is_name) && region.is_none_or(is_name);
    (named && well_formed).then_some((account, region, rest))
}

/// A name people give: letters, digits, `_` and `-`, at most 128 of them, so that no address can be read in two ways.
pub(crate) fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !text.is_empty() && text.len() <= 128 && text.chars().all(plain)
}

fn is_dotted_name(text: &str) -> bool {
    text.split('.').all(is_name)
}
