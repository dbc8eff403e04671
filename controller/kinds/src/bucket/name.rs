//! What S3 takes as the name of a bucket.
//!
use std::net::Ipv4Addr;

use trueup_engine::kind::At;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::pending;
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;

use crate::fields;

const PAGE: &str = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html";

/// Prefixes and suffixes that S3 keeps for other things.
const PREFIXES: &[&str] = &["xn--", "sthree-", "amzn-s3-demo-"];
const SUFFIXES: &[&str] = &["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/// The end of a name that is the account's own in its region.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html>
const ACCOUNT_REGIONAL: &str = "-an";

/// Tells why S3 would refuse the name.
pub(super) fn check(name: &str, span: Span, at: &At, cx: &mut Resolver<'_>) {
    if fields::is_formless(name) {
        let problem = Diagnostic::error("the name of a bucket must be known before apply");
        let problem = problem.at(span, format!("stands for {}", pending::show(name)));
        cx.problem(problem.help("use what follows from the specs alone: `${account.id}`, `${region}`, a parameter"));
        return;
    }
    let name = &*pending::with_digits(name);
    if let Some(Fault { why, help }) = fault(name, at) {
        let problem = Diagnostic::error(format!("`{name}` is no name for a bucket")).at(span, why);
        cx.problem(problem.maybe_help(help).note(format!("what S3 takes: {PAGE}")));
    }
}

/// Why a name is none.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    why: String,
    help: Option<String>,
}

fn fault(name: &str, at: &At) -> Option<Fault> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let length = name.chars().count();
    let own = format!("-{}-{}{ACCOUNT_REGIONAL}", pending::with_digits(&at.account_id), at.region());
    let mut help = None;
    let why = if let Some(other) = name.chars().find(|c| !plain(*c) && !matches!(c, '.' | '-')) {
        let better = name.to_lowercase().replace(['_', ' '], "-");
        help = better.chars().all(|c| plain(c) || c == '-' || c == '.').then(|| format!("did you mean `{better}`?"));
        format!("holds `{other}`, which is none of lower-case letters, digits, `.` and `-`")
    } else if !(3..=63).contains(&length) {
        format!("has {length} characters, and must have 3 to 63")
    } else if !name.starts_with(plain) || !name.ends_with(plain) {
        "does not begin and end with a letter or digit".to_owned()
    } else if name.contains("..") {
        "has two dots in a row".to_owned()
    } else if name.parse::<Ipv4Addr>().is_ok() {
        "looks like an IP address".to_owned()
    } else if let Some(prefix) = PREFIXES.iter().find(|prefix| name.starts_with(**prefix)) {
        format!("begins with `{prefix}`, which is reserved")
    } else if let Some(suffix) = SUFFIXES.iter().find(|suffix| name.ends_with(**suffix)) {
        format!("ends with `{suffix}`, which is reserved")
    } else if name.ends_with(ACCOUNT_REGIONAL) && !name.ends_with(&own) {
        help = Some("write it as `…-${account.id}-${region}-an`, or end it in another way".to_owned());
        format!("ends with `{ACCOUNT_REGIONAL}`, but not with the account's own `{own}`")
    } else {
        return None;
    };
    Some(Fault { why, help })
}

/// Whether a good name is the account's own.
pub(super) fn is_account_regional(name: &str) -> bool {
    name.ends_with(ACCOUNT_REGIONAL)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use trueup_engine::facts::Scope;

    use super::*;

    #[test]
    fn names_are_judged_as_s3_does() {
        let at = At {
            scope: Scope { account: Arc::from("tooling"), region: Some(Arc::from("eu-west-1")) },
            account_id: Arc::from("111111111111"),
            partition: "aws",
            address: Arc::from("tooling@eu-west-1/bucket.x"),
        };
        for good in
            ["abc", "saas-artifacts-111111111111", "a.b.c", "1-2", "x-111111111111-eu-west-1-an", &"a".repeat(63)]
        {
            assert_eq!(fault(good, &at), None, "{good}");
        }
        for bad in [
            "",
            "ab",
            &"a".repeat(64),
            "Upper",
            "under_score",
            "-abc",
            "abc-",
            ".abc",
            "abc.",
            "a..b",
            "192.168.5.4",
            "xn--abc",
            "sthree-abc",
            "amzn-s3-demo-abc",
            "abc-s3alias",
            "abc--ol-s3",
            "abc.mrap",
            "abc--x-s3",
            "abc--table-s3",
            "abc-an",
            "abc-222222222222-eu-west-1-an",
            "abc-111111111111-eu-west-2-an",
            "bäh",
            "a/b",
        ] {
            assert!(fault(bad, &at).is_some(), "{bad}");
        }
        assert_eq!(fault("My_Bucket", &at).unwrap().help.as_deref(), Some("did you mean `my-bucket`?"));
    }
}
