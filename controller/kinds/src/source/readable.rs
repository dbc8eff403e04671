//! Facts without the things in them that could not be read.
//!
//! A bucket or a key whose own settings are closed to the caller blocks its kind for a plan, which must not act on half of what is
//! there. An export acts on nothing, and takes the rest.

use serde_json::Value;
use trueup_engine::facts::{Facts, Scope, Unread};

use super::load_fact;

/// How a fact holds what was read of one thing, or why it was not: a `Result` as JSON.
const FAILED: &str = "Err";

/// The facts without what could not be read singly, and why and where that is.
#[must_use]
pub fn readable(facts: &Facts) -> (Facts, Vec<(Scope, Unread)>) {
    let mut rest = Facts::default();
    let mut failed = Vec::new();
    for (source, scope, fact) in facts.iter() {
        let cost = facts.costs.get(&(source.into(), scope.clone())).copied().unwrap_or_default();
        let mut found = fact.clone();
        if let Ok(fact) = fact
            && let Ok(mut json) = fact.to_json()
        {
            let before = failed.len();
            take_failed(&mut json, &mut |unread| failed.push((scope.clone(), unread)));
            // What is whole stays as it is, and is not made again.
            if failed.len() > before
                && let Ok(shorter) = load_fact(source, json)
            {
                found = Ok(shorter);
            }
        }
        rest.insert(source.into(), scope.clone(), found, cost);
    }
    (rest, failed)
}

/// Takes out of maps and lists each member that holds a failure.
fn take_failed(value: &mut Value, told: &mut dyn FnMut(Unread)) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !is_failed(member, told));
            members.values_mut().for_each(|member| take_failed(member, told));
        }
        Value::Array(items) => {
            items.retain(|item| !is_failed(item, told));
            items.iter_mut().for_each(|item| take_failed(item, told));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether one of a thing's own members is a failure, which is then told.
fn is_failed(thing: &Value, told: &mut dyn FnMut(Unread)) -> bool {
    let members = thing.as_object().into_iter().flatten();
    let failures = members.filter_map(|(_, member)| serde_json::from_value(member.get(FAILED)?.clone()).ok());
    let failures: Vec<Unread> = failures.collect();
    let any = !failures.is_empty();
    failures.into_iter().for_each(told);
    any
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use trueup_engine::facts::ReadCost;
    use trueup_engine::kind::Kind;

    use super::*;
    use crate::bucket::Bucket;
    use crate::source::s3::{self, BucketFact, BucketSettings, S3Facts};

    #[test]
    fn what_was_not_read_is_taken_out_and_told() {
        let account = Scope { account: "tooling".into(), region: None };
        let region = Scope { region: Some("eu-west-1".into()), ..account.clone() };
        let why =
            Unread { call: "s3:GetBucketPolicy".to_owned(), why: "bucket shut: Access Denied".to_owned(), help: None };
        let bucket = |settings| BucketFact { region: "eu-west-1".to_owned(), settings };
        let buckets = [("open", Ok(BucketSettings::default())), ("shut", Err(why.clone()))];
        let buckets = buckets.map(|(name, settings)| (name.to_owned(), bucket(settings))).into();
        let mut facts = Facts::default();
        facts.insert(
            s3::NAME.into(),
            account.clone(),
            Ok(Arc::new(S3Facts { buckets, ..S3Facts::default() })),
            ReadCost::default(),
        );
        assert_eq!(Bucket::observe(&facts, &region), Err(why.clone()));
        let (rest, failed) = readable(&facts);
        assert_eq!(failed, [(account, why)]);
        let names: Vec<String> = Bucket::observe(&rest, &region).unwrap().into_iter().map(|live| live.name).collect();
        assert_eq!(names, ["open"]);
    }
}
