//! Whether a pattern of a policy and the form of an ARN have an ARN in common.

use crate::policy::unknown::{CLOSE, OPEN};

/// One place of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Char(char),
    One,
    /// Any characters or none, but for one.
    Many {
        but: Option<char>,
    },
}

/// Whether some ARN of this form is one that the `Resource` of a policy matches.
///
/// A variable in either stands for any text, and so does a value not known yet: where it is not sure that nothing fits, something does.
#[must_use]
pub fn overlaps(resource: &str, form: &str) -> bool {
    let (resource, form) = (places(resource, |_| None), places(form, never_in));
    // For each place in the form: whether what is before it, and what is before the place in the resource, have a text in common.
    let mut row = vec![false; form.len() + 1];
    if let Some(first) = row.first_mut() {
        *first = true;
    }
    skip_many(&form, &mut row);
    for place in &resource {
        let mut next = match place {
            Place::Many { .. } => row.clone(),
            Place::Char(_) | Place::One => vec![false; row.len()],
        };
        for (at, other) in form.iter().enumerate() {
            step(*place, *other, at, &row, &mut next);
        }
        skip_many(&form, &mut next);
        if !next.contains(&true) {
            return false;
        }
        row = next;
    }
    row.last().copied().unwrap_or(false)
}

/// From before a place of the form to behind both.
fn step(place: Place, other: Place, at: usize, row: &[bool], next: &mut [bool]) {
    let is = |row: &[bool], at: usize| row.get(at).copied().unwrap_or(false);
    let (from, to) = match (place, other) {
        // A star of the policy takes one more place of the form, from where it stands already.
        (Place::Many { .. }, _) => (is(next, at), at + 1),
        // A variable of the form takes this one, and stays.
        (Place::Char(have), Place::Many { but }) => (is(row, at) && but != Some(have), at),
        (Place::One, Place::Many { .. }) => (is(row, at), at),
        (Place::Char(have), Place::Char(want)) => (is(row, at) && have == want, at + 1),
        (Place::One, Place::Char(_)) | (Place::Char(_) | Place::One, Place::One) => (is(row, at), at + 1),
    };
    if from && let Some(to) = next.get_mut(to) {
        *to = true;
    }
}

/// A variable of the form can be nothing at all.
fn skip_many(form: &[Place], row: &mut [bool]) {
    for (at, place) in form.iter().enumerate() {
        let is_there = row.get(at).copied().unwrap_or(false);
        if is_there
            && matches!(place, Place::Many { .. })
            && let Some(behind) = row.get_mut(at + 1)
        {
            *behind = true;
        }
    }
}

/// What a variable of an ARN's form never holds.
fn never_in(variable: &str) -> Option<char> {
    match variable {
        // The parts of an ARN are set apart by it:
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
        "Partition" | "Region" | "Account" => Some(':'),
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
        "BucketName" => Some('/'),
        _ => None,
    }
}

fn places(text: &str, never_in: fn(&str) -> Option<char>) -> Vec<Place> {
    let mut places = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(char) = rest.next() {
        let place = match char {
            '*' => Place::Many { but: None },
            '?' => Place::One,
            OPEN => {
                rest.by_ref().find(|char| *char == CLOSE);
                Place::Many { but: None }
            }
            '$' if rest.as_str().starts_with('{') && rest.as_str().contains('}') => {
                rest.next();
                let name: String = rest.by_ref().take_while(|char| *char != '}').collect();
                Place::Many { but: never_in(&name) }
            }
            char => Place::Char(char),
        };
        places.push(place);
    }
    places
}

/// Whether a policy's `Resource` may give an action that is on no single resource.
///
/// The tables say that such a one needs `*`. Some are asked for on an ARN without a name all the same (`role/`, `log-group:*`), so that a
/// pattern may match; and AWS's own examples write `arn:aws:s3:::*`, whose ARNs have no sort in front.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-policies-s3.html>
pub(super) fn may_be_nameless(resource: &str) -> bool {
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    let last = parts.last().copied().unwrap_or_default();
    let is_all = !last.is_empty() && last.chars().all(|char| char == '*');
    let has_account = parts.get(4).is_some_and(|account| !account.is_empty());
    is_all
        || (has_account
            && parts.len() == 6
            && places(last, |_| None).iter().any(|place| !matches!(place, Place::Char(_))))
}
