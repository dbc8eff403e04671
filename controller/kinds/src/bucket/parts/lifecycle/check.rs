//! What S3 refuses in a lifecycle rule, said before any call.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html> and
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html>.

use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;

use super::{ExpirationSpec, NoncurrentTransitionSpec, RuleFilterSpec, RuleSpec, TransitionClass, When, days, when};

/// Rules of one lifecycle.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html>
const RULES_MAX: usize = 1_000;

/// Characters of a rule's id. <https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html>
const ID_MAX: usize = 255;

/// Days before an object may be moved to one of the classes for what is seldom read.
const IA_DAYS_MIN: i32 = 30;

const PAGE: &str =
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html";

/// Tells when there are too many rules, or none.
pub(super) fn count(rules: usize, span: Span, cx: &mut Resolver<'_>) {
    if rules == 0 {
        let problem = Diagnostic::error("a lifecycle needs a rule").at(span, "");
        cx.problem(problem.help("leave `lifecycle` out for none, or add `[….lifecycle.rules.NAME]`"));
    }
    if rules > RULES_MAX {
        let over = format!("{rules} rules, {} too many", rules - RULES_MAX);
        cx.problem(Diagnostic::error("the lifecycle has too many rules").at(span, over));
    }
}

/// Tells what S3 would refuse in one rule.
pub(super) fn rule(id: &str, spec: &RuleSpec, span: Span, cx: &mut Resolver<'_>) {
    let mut faults = Vec::new();
    let length = id.chars().count();
    if id.is_empty() || length > ID_MAX {
        faults.push((format!("its id has {length} characters, and must have 1 to {ID_MAX}"), None));
    }
    actions(spec, &mut faults);
    expiration(spec, &mut faults);
    transitions(spec, &mut faults);
    noncurrent(spec, &mut faults);
    filter(spec, &mut faults);
    for (why, help) in faults {
        let problem = Diagnostic::error(format!("S3 refuses the lifecycle rule `{id}`: {why}")).at(span, "");
        cx.problem(problem.maybe_help(help.map(str::to_owned)).note(format!("what S3 takes: {PAGE}")));
    }
}

type Faults = Vec<(String, Option<&'static str>)>;

fn actions(spec: &RuleSpec, faults: &mut Faults) {
    let none = spec.expiration.is_none()
        && spec.transitions.is_empty()
        && spec.noncurrent_version_expiration.is_none()
        && spec.noncurrent_version_transitions.is_empty()
        && spec.abort_incomplete_multipart_upload_days.is_none();
    if none {
        let help = "add `expiration`, `transitions`, `abort_incomplete_multipart_upload_days`, …";
        faults.push(("it has no action".to_owned(), Some(help)));
    }
}

fn expiration(spec: &RuleSpec, faults: &mut Faults) {
    let Some(ExpirationSpec { days, date, expired_object_delete_marker }) = &spec.expiration else { return };
    let said = usize::from(days.is_some()) + usize::from(date.is_some()) + usize::from(*expired_object_delete_marker);
    if said != 1 {
        let why = "`expiration` needs exactly one of `days`, `date` and `expired_object_delete_marker = true`";
        faults.push((why.to_owned(), Some("use a rule of its own for each")));
    }
    bad_date(date.as_deref(), faults);
}

fn bad_date(date: Option<&str>, faults: &mut Faults) {
    if let Some(date) = date.filter(|date| super::day(date).is_none()) {
        let why = format!("`{date}` is no day at midnight UTC");
        faults.push((why, Some("write a day as \"2027-01-31\"")));
    }
}

fn transitions(spec: &RuleSpec, faults: &mut Faults) {
    let mut steps: Vec<(TransitionClass, When)> = Vec::new();
    for step in &spec.transitions {
        bad_date(step.date.as_deref(), faults);
        if step.days.is_some() == step.date.is_some() {
            let why = format!("the transition to {} needs either `days` or `date`", step.storage_class);
            faults.push((why, None));
            continue;
        }
        if let Some(when) = when(step.days, step.date.as_deref()) {
            steps.push((step.storage_class, when));
        }
    }
    for (class, when) in &steps {
        too_early(*class, when, "", faults);
    }
    order(steps.iter().map(|(class, when)| (*class, when)).collect(), "", faults);
    let end = spec.expiration.as_ref().and_then(|expiration| when(expiration.days, expiration.date.as_deref()));
    let all = steps.iter().map(|(_, when)| when).chain(&end);
    let (dated, counted): (Vec<&When>, Vec<&When>) = all.partition(|when| matches!(when, When::Date(_)));
    if !dated.is_empty() && !counted.is_empty() {
        let why = "it mixes `days` and `date`".to_owned();
        return faults.push((why, Some("use one of them for expiration and transitions alike")));
    }
    if let Some(end) = &end
        && let Some((class, last)) = steps.iter().find(|(_, when)| !is_before(when, end))
    {
        let why = format!("objects go at {}, and would move to {class} only at {}", shown(end), shown(last));
        faults.push((why, Some("let the expiration come after every transition")));
    }
}

fn too_early(class: TransitionClass, when: &When, what: &str, faults: &mut Faults) {
    let slow = matches!(class, TransitionClass::StandardIa | TransitionClass::OnezoneIa);
    if let (true, When::Days(days)) = (slow, when)
        && *days < IA_DAYS_MIN
    {
        let why = format!("{what}objects move to {class} after {days} days, and must stay {IA_DAYS_MIN} before");
        faults.push((why, Some("write at least 30")));
    }
}

/// Objects only ever move down, and to each class once.
fn order(mut steps: Vec<(TransitionClass, &When)>, what: &str, faults: &mut Faults) {
    steps.sort_by_key(|(class, _)| *class);
    for pair in steps.windows(2) {
        let [(one, first), (other, second)] = pair else { continue };
        if one == other {
            faults.push((format!("{what}objects move to {one} twice"), None));
        } else if !is_before(first, second) && std::mem::discriminant(*first) == std::mem::discriminant(*second) {
            let why = format!(
                "{what}objects would move to {other} at {} and to {one} at {}; S3 never moves up",
                shown(second),
                shown(first)
            );
            faults.push((why, Some("let the lower storage class come later")));
        }
    }
}

fn is_before(one: &When, other: &When) -> bool {
    match (one, other) {
        (When::Days(one), When::Days(other)) => one < other,
        (When::Date(one), When::Date(other)) => one < other,
        // Mixed, which is told by itself.
        (When::Days(_), When::Date(_)) | (When::Date(_), When::Days(_)) => true,
    }
}

fn shown(when: &When) -> String {
    match when {
        When::Days(days) => format!("{days} days"),
        When::Date(date) => date.clone(),
    }
}

fn noncurrent(spec: &RuleSpec, faults: &mut Faults) {
    let what = "noncurrent ";
    let mut steps = Vec::new();
    for NoncurrentTransitionSpec { noncurrent_days, newer_noncurrent_versions: _, storage_class } in
        &spec.noncurrent_version_transitions
    {
        let after = When::Days(days(*noncurrent_days));
        too_early(*storage_class, &after, what, faults);
        steps.push((*storage_class, after));
    }
    order(steps.iter().map(|(class, when)| (*class, when)).collect(), what, faults);
    let Some(end) = spec.noncurrent_version_expiration.as_ref() else { return };
    let end = When::Days(days(end.noncurrent_days));
    if let Some((class, last)) = steps.iter().find(|(_, when)| !is_before(when, &end)) {
        let why =
            format!("noncurrent objects go at {}, and would move to {class} only at {}", shown(&end), shown(last));
        faults.push((why, Some("let the expiration come after every transition")));
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-filters.html>
fn filter(spec: &RuleSpec, faults: &mut Faults) {
    let Some(RuleFilterSpec { prefix: _, tags, object_size_greater_than: larger, object_size_less_than: smaller }) =
        &spec.filter
    else {
        return;
    };
    if let (Some(larger), Some(smaller)) = (larger, smaller)
        && larger.get() >= smaller.get()
    {
        let why = format!("no object is larger than {} and smaller than {} bytes", larger.get(), smaller.get());
        faults.push((why, None));
    }
    if tags.is_empty() && larger.is_none() && smaller.is_none() {
        return;
    }
    let marker = spec.expiration.as_ref().is_some_and(|expiration| expiration.expired_object_delete_marker);
    for (said, name) in [
        (marker, "expired_object_delete_marker"),
        (spec.abort_incomplete_multipart_upload_days.is_some(), "abort_incomplete_multipart_upload_days"),
    ] {
        if said {
            let why = format!("`{name}` can't be told by tags or sizes");
            faults.push((why, Some("give it a rule of its own, with a prefix at most")));
        }
    }
}
