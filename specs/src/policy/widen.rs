//! Who a document newly lets in.

use std::collections::{BTreeMap, BTreeSet};

use super::caseless::Caseless;
use super::condition::{Conditions, Operator};
use super::model::{Actions, Document, Effect, Principal, Principals, Resources, Statement};
use super::unknown::is_unknown;
use crate::few::Few;

/// What a line of [`widens_trust`] begins with that is about everyone.
pub const EVERYONE: &str = "everyone";

/// What `after` admits that `before` did not, one line each, for the plan's danger marks.
///
/// A line names the principal, then what is wider: nothing more if it is new altogether, `for` the actions,
/// `on` the resources, or `without` the conditions that no longer hold it back; or it tells who is
/// no longer denied. Only statements that name principals are looked at.
///
/// It errs towards telling: a role is new although its account was admitted, and a condition written
/// another way counts as dropped. What it does not tell of is no wider than before.
#[must_use]
pub fn widens_trust(before: Option<&Document>, after: &Document) -> Vec<String> {
    let comparable = before.filter(|before| is_comparable(before, after));
    let was_allowed = with_effect(comparable, Effect::Allow);
    let is_denied = with_effect(comparable.map(|_| after), Effect::Deny);
    let mut lines = BTreeSet::new();
    for statement in with_effect(Some(after), Effect::Allow) {
        for (covering, group) in grouped(statement, &was_allowed) {
            if let Some(more) = newly_allowed(statement, &covering) {
                lines.extend(group.iter().map(|who| format!("{}{more}", who.shown())));
            }
        }
    }
    for statement in with_effect(before, Effect::Deny) {
        for (covering, group) in grouped(statement, &is_denied) {
            if !covering.iter().any(|denied| covers(denied, statement)) {
                let lifted = group.iter().map(|who| format!("{} no longer denied as before", who.shown()));
                lines.extend(lifted);
            }
        }
    }
    lines.into_iter().collect()
}

/// Whether the same words mean the same in both: policy variables are text before 2012-10-17.
fn is_comparable(before: &Document, after: &Document) -> bool {
    before.version == after.version || !(before.to_json().contains("${") || after.to_json().contains("${"))
}

fn with_effect(document: Option<&Document>, effect: Effect) -> Vec<&Statement> {
    let statements = document.into_iter().flat_map(|document| &document.statements);
    statements.filter(|statement| statement.effect == effect).collect()
}

/// Someone a statement is for.
#[derive(Clone, Copy)]
enum Who<'a> {
    One(&'a Principal),
    AllBut(&'a Few<Principal>),
}

impl Who<'_> {
    fn shown(self) -> String {
        let shown = |principal: &Principal| match principal {
            Principal::Everyone => EVERYONE.to_owned(),
            Principal::Aws(value)
            | Principal::CanonicalUser(value)
            | Principal::Federated(value)
            | Principal::Service(value) => value.clone(),
        };
        match self {
            Self::One(principal) => shown(principal),
            Self::AllBut(named) => {
                let named: Vec<_> = named.iter().map(shown).collect();
                format!("{EVERYONE} but {}", named.join(", "))
            }
        }
    }

    /// Whether the statement is for them too.
    fn is_in(self, statement: &Statement) -> bool {
        match (self, &statement.principal) {
            (_, None) => false,
            (Self::One(principal), Some(Principals::Is(named))) => {
                named.contains(principal) || named.contains(&Principal::Everyone)
            }
            (Self::AllBut(_), Some(Principals::Is(named))) => named.contains(&Principal::Everyone),
            // Whether a principal is none of those left out depends on its account and sessions: not known here.
            (Self::One(_), Some(Principals::Not(_))) => false,
            (Self::AllBut(but), Some(Principals::Not(named))) => named.is_subset(but),
        }
    }
}

/// Those the statement is for, together with the others that are for them too.
///
/// In groups, because a long list of principals mostly has one answer, and each answer compares all
/// actions and resources.
fn grouped<'s, 'o>(statement: &'s Statement, others: &[&'o Statement]) -> BTreeMap<Vec<&'o Statement>, Vec<Who<'s>>> {
    let mut groups: BTreeMap<Vec<&Statement>, Vec<Who<'_>>> = BTreeMap::new();
    for who in who_of(statement) {
        let covering = others.iter().copied().filter(|other| who.is_in(other)).collect();
        groups.entry(covering).or_default().push(who);
    }
    groups
}

fn who_of(statement: &Statement) -> Vec<Who<'_>> {
    match &statement.principal {
        None => Vec::new(),
        Some(Principals::Is(named)) => named.iter().map(Who::One).collect(),
        Some(Principals::Not(named)) => vec![Who::AllBut(named)],
    }
}

/// Whether `wide` is about every request that `narrow` is about, by someone both are for.
fn covers(wide: &Statement, narrow: &Statement) -> bool {
    holds_at_most(&wide.condition, &narrow.condition)
        && uncovered_actions(&[wide], &narrow.action).is_empty()
        && uncovered_resources(&[wide], narrow.resource.as_ref()).is_empty()
}

/// What the statement allows that none of the earlier ones for the same people did, as the end of a line.
fn newly_allowed(statement: &Statement, admitted: &[&Statement]) -> Option<String> {
    if admitted.is_empty() {
        return Some(String::new());
    }
    if admitted.iter().any(|was| covers(was, statement)) {
        return None;
    }
    let is_open = |was: &&Statement| holds_at_most(&was.condition, &statement.condition);
    let open: Vec<&Statement> = admitted.iter().copied().filter(is_open).collect();
    if open.is_empty() {
        let dropped: BTreeSet<String> =
            admitted.iter().flat_map(|was| dropped_conditions(&was.condition, &statement.condition)).collect();
        let dropped: Vec<String> = dropped.into_iter().collect();
        return Some(format!(" without {}", dropped.join(", ")));
    }
    let reaches_all = |was: &&Statement| uncovered_resources(&[was], statement.resource.as_ref()).is_empty();
    let whole: Vec<&Statement> = open.iter().copied().filter(reaches_all).collect();
    if whole.is_empty() {
        let resources = uncovered_resources(&open, statement.resource.as_ref());
        let resources = if resources.is_empty() { all_resources(statement) } else { resources };
        return Some(format!(" on {}", resources.join(", ")));
    }
    let actions = uncovered_actions(&whole, &statement.action);
    (!actions.is_empty()).then(|| format!(" for {}", actions.join(", ")))
}

fn all_resources(statement: &Statement) -> Vec<String> {
    match &statement.resource {
        None => vec!["any resource".to_owned()],
        Some(Resources::Is(resources) | Resources::Not(resources)) => resources.iter().cloned().collect(),
    }
}

/// Whether whatever fulfils the `narrow` conditions fulfils the `wide` ones.
fn holds_at_most(wide: &Conditions, narrow: &Conditions) -> bool {
    dropped_conditions(wide, narrow).is_empty()
}

/// The conditions of `wide` that `narrow` does not make, or makes less strict.
fn dropped_conditions(wide: &Conditions, narrow: &Conditions) -> Vec<String> {
    let mut dropped = Vec::new();
    for (operator, keys) in wide {
        let narrow_keys = narrow.get(operator);
        let is_negated = Operator::of(operator.as_str()).is_negated();
        for (key, values) in keys {
            let kept = narrow_keys.and_then(|keys| keys.get(key)).is_some_and(|narrow_values| {
                if is_negated { narrow_values.is_superset(values) } else { narrow_values.is_subset(values) }
            });
            if !kept {
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                dropped.push(format!("{operator} {key} = {}", values.join(" | ")));
            }
        }
    }
    dropped
}

/// The actions that none of the statements is about.
fn uncovered_actions(statements: &[&Statement], actions: &Actions) -> Vec<String> {
    let is_any = |statement: &&Statement| matches!(&statement.action, Actions::Is(actions) if actions.contains(&Caseless::from("*")));
    match actions {
        Actions::Is(actions) => {
            let folded = Folded::of(statements);
            let uncovered = actions.iter().filter(|action| !folded.has(&action.folded()));
            uncovered.map(ToString::to_string).collect()
        }
        Actions::Not(but) => {
            let is_covered = statements.iter().any(|statement| match &statement.action {
                Actions::Is(_) => is_any(statement),
                Actions::Not(named) => named.is_subset(but),
            });
            let but: Vec<&str> = but.iter().map(Caseless::as_str).collect();
            let uncovered = (!is_covered).then(|| format!("everything but {}", but.join(", ")));
            uncovered.into_iter().collect()
        }
    }
}

/// The actions of several statements, folded once for all that are asked about.
struct Folded {
    /// All that `Action` lists.
    is: BTreeSet<String>,
    /// What each `NotAction` lists.
    not: Vec<Vec<String>>,
}

impl Folded {
    fn of(statements: &[&Statement]) -> Self {
        let mut folded = Self { is: BTreeSet::new(), not: Vec::new() };
        for statement in statements {
            match &statement.action {
                Actions::Is(actions) => folded.is.extend(actions.iter().map(Caseless::folded)),
                Actions::Not(actions) => folded.not.push(actions.iter().map(Caseless::folded).collect()),
            }
        }
        folded
    }

    fn has(&self, action: &str) -> bool {
        let is_left_out = |named: &Vec<String>| named.iter().any(|pattern| may_match(pattern, action));
        self.is.contains(action)
            || self.is.iter().any(|pattern| pattern_covers(pattern, action))
            || self.not.iter().any(|named| !is_left_out(named))
    }
}

/// The resources that none of the statements is about.
fn uncovered_resources(statements: &[&Statement], resources: Option<&Resources>) -> Vec<String> {
    let named = || statements.iter().filter_map(|statement| statement.resource.as_ref());
    match resources {
        None => {
            let is_covered = statements.iter().any(|statement| statement.resource.is_none());
            (!is_covered).then(|| "any resource".to_owned()).into_iter().collect()
        }
        Some(Resources::Is(resources)) => {
            let is_covered = |resource: &str| {
                named().any(|wide| match wide {
                    Resources::Is(wide) => wide.iter().any(|pattern| pattern_covers(pattern, resource)),
                    Resources::Not(wide) => !wide.iter().any(|pattern| may_match(pattern, resource)),
                })
            };
            resources.iter().filter(|resource| !is_covered(resource)).cloned().collect()
        }
        Some(Resources::Not(but)) => {
            let is_covered = named().any(|wide| match wide {
                Resources::Is(wide) => wide.contains("*"),
                Resources::Not(wide) => wide.is_subset(but),
            });
            let but: Vec<&str> = but.iter().map(String::as_str).collect();
            let uncovered = (!is_covered).then(|| format!("everything but {}", but.join(", ")));
            uncovered.into_iter().collect()
        }
    }
}

/// Whether the pattern may match some of what the text, itself perhaps a pattern, stands for.
fn may_match(pattern: &str, text: &str) -> bool {
    let is_plain = !text.contains(['*', '?']) && !is_open(text) && !is_open(pattern);
    !is_plain || pattern_covers(pattern, text)
}

/// Whether the text holds a policy variable or a value not known yet.
fn is_open(text: &str) -> bool {
    text.contains("${") || is_unknown(text)
}

/// Whether all that `narrow` matches, `wide` matches too; both may hold `*` and `?`.
///
/// A pattern with a policy variable covers only itself.
fn pattern_covers(wide: &str, narrow: &str) -> bool {
    if wide == narrow || wide == "*" {
        return true;
    }
    // Most pairs differ before the first wildcard, and there are many pairs.
    let literal = wide.split(['*', '?']).next().unwrap_or_default();
    if !narrow.starts_with(literal) || wide.contains("${") {
        return false;
    }
    // A variable's value may be of any length, so that `?` can't count on its signs.
    let counts = !is_open(narrow);
    let wide: Vec<char> = wide.chars().collect();
    let narrow: Vec<char> = narrow.chars().collect();
    let (mut at_wide, mut at_narrow) = (0, 0);
    // Where to go on if the last star has to take one character more.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(&have) = narrow.get(at_narrow) {
        match wide.get(at_wide) {
            Some('*') => {
                retry = Some((at_wide + 1, at_narrow));
                at_wide += 1;
            }
            Some(&want) if want == have || (want == '?' && have != '*' && counts) => {
                at_wide += 1;
                at_narrow += 1;
            }
            _ => {
                let Some((after_star, taken)) = retry else {
                    return false;
                };
                retry = Some((after_star, taken + 1));
                at_wide = after_star;
                at_narrow = taken + 1;
            }
        }
    }
    wide.iter().skip(at_wide).all(|&rest| rest == '*')
}
