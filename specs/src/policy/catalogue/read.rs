//! The catalogue's file, read: first where each service stands, then one service at a time.
//!
//! The form is told in `specs/catalogue/README.md`. What does not have it makes nothing of the whole, which a test would tell.

use std::sync::OnceLock;

use super::{AccessLevel, Catalogue, Group, Part, ResourceType, Service};

pub(super) fn catalogue(text: &'static str) -> Option<Catalogue> {
    let mut parts = text.split("\n@");
    let mut catalogue = Catalogue::default();
    for line in parts.next()?.lines().filter(|line| !line.starts_with('#')) {
        let (word, rest) = line.split_once('\t')?;
        match word {
            "version" => catalogue.version = rest,
            "rcp" => catalogue.under_rcps = rest.split(' ').collect(),
            "global" => catalogue.global_keys = rest.split(' ').collect(),
            "issuers" => catalogue.issuers = rest.split(' ').collect(),
            _ => return None,
        }
    }
    for part in parts {
        let (name, text) = part.split_once('\n').unwrap_or((part, ""));
        catalogue.services.insert(name, Part { text, service: OnceLock::new() });
    }
    Some(catalogue)
}

pub(super) fn service(name: &'static str, text: &'static str) -> Option<Service> {
    let (mut keys, mut free_keys, mut types) = (Vec::new(), Vec::new(), Vec::new());
    let (mut groups, mut actions) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let (word, rest) = line.split_once('\t')?;
        match word {
            "k" => keys = rest.split(' ').collect(),
            "f" => free_keys = rest.split(' ').collect(),
            "t" => types.push(resource_type(name, rest)?),
            level => {
                let mut fields = rest.splitn(3, '\t');
                let level = access_level(level)?;
                let (on, with) = (numbers(fields.next()?)?, numbers(fields.next()?)?);
                actions.extend(fields.next()?.split(' ').map(|action| (action, groups.len())));
                groups.push(Group { level, types: on, keys: with });
            }
        }
    }
    actions.sort_by_key(|(action, _): &(&str, usize)| action.to_ascii_lowercase());
    Some(Service { name, keys, free_keys, types, groups, actions })
}

fn resource_type(service: &str, text: &'static str) -> Option<ResourceType> {
    let mut fields = text.splitn(3, '\t');
    let (name, keys) = (fields.next()?, numbers(fields.next()?)?);
    let whole = |arn: &str| match (arn.strip_prefix('='), arn.strip_prefix('~')) {
        (Some(rest), _) => format!("arn:${{Partition}}:{service}:${{Region}}:${{Account}}:{rest}"),
        (_, Some(rest)) => format!("arn:${{Partition}}:{rest}"),
        (None, None) => arn.to_owned(),
    };
    Some(ResourceType { name, arns: fields.next()?.split(' ').map(whole).collect(), keys })
}

fn access_level(letter: &str) -> Option<AccessLevel> {
    Some(match letter {
        "L" => AccessLevel::List,
        "R" => AccessLevel::Read,
        "W" => AccessLevel::Write,
        "P" => AccessLevel::PermissionsManagement,
        "T" => AccessLevel::Tagging,
        _ => return None,
    })
}

/// Numbers and runs of them: `0-2,7`.
fn numbers(text: &str) -> Option<Vec<usize>> {
    let mut all = Vec::new();
    for run in text.split(',').filter(|run| !run.is_empty()) {
        let (first, last) = run.split_once('-').unwrap_or((run, run));
        all.extend(first.parse::<usize>().ok()?..=last.parse().ok()?);
    }
    Some(all)
}
