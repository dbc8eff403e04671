//! Who gains and who loses what by a plan.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use trueup_specs::policy::evaluate::{self, ANY, Decision, Request, shown};
use trueup_specs::policy::lint::{Held, held, spared};
use trueup_state::outputs::Outputs;
use trueup_state::plan::{AccessChange, AccessLine, Exposure};

use super::Verdict;
use super::ask::{Because, Context, Question, Reason, Who, verdict};
use super::probes::{Between, Probe, Probes, of_change};
use super::world::{Thing, World};
use crate::decide::Decision as Decided;
use crate::kind::{AnyModel, At, Live};
use crate::matching::{Found, Matches};
use crate::observe::Snapshot;
use crate::plan::Inputs;

/// The most ways of setting open condition keys that are tried for one request.
const CONTEXTS_MAX: usize = 48;

/// What the changes of a plan mean for who can do what.
pub(crate) fn change(
    inputs: Inputs<'_>,
    snapshot: &Snapshot,
    matches: &Matches<'_>,
    decisions: &[Decided],
) -> AccessChange {
    let sides = Sides::of(matches, decisions);
    let touching: Vec<usize> = (0..decisions.len()).filter(|index| sides.touches(*index)).collect();
    if touching.is_empty() {
        return AccessChange::default();
    }
    let things = Everything { inputs, snapshot, matches };
    let before_things = things.before();
    let after_things = things.after(&before_things, &sides);
    let project = inputs.checked.project;
    let (before, after) = (World::of_known(&before_things), World::of_known(&after_things));
    let (before, after) = (before.of_project(project), after.of_project(project));
    let worlds = Between { before: &before, after: &after };
    let mut probes = Probes::default();
    let mut unread = Vec::new();
    for index in touching {
        let (was, becomes) = sides.offers(index);
        of_change(&mut probes, worlds, &was, &becomes);
        unread.extend(was.iter().chain(&becomes).filter_map(|access| match access {
            super::Access::Identity { arn, .. } => Some(Who::Identity(arn.clone())),
            _ => None,
        }));
    }
    let fresh: HashSet<&str> = sides.created();
    let mut lines = Lines { fresh, worlds, gains: BTreeSet::new(), losses: BTreeSet::new() };
    for probe in &probes.all {
        lines.look(probe);
    }
    for who in unread {
        lines.look_unread(&who);
    }
    let is_unread = snapshot.iter().any(|(_, _, seen)| seen.is_err());
    let incomplete = if probes.is_cut {
        Some("so much changes that not all of it was looked at".to_owned())
    } else if is_unread {
        Some("what could not be read is not in it".to_owned())
    } else {
        None
    };
    AccessChange { gains: grouped(lines.gains), losses: grouped(lines.losses), incomplete }
}

/// The two sides of each decision.
struct Sides<'a> {
    sides: Vec<Side<'a>>,
}

struct Side<'a> {
    decision: &'a Decided,
    before: Option<&'a Live<AnyModel>>,
    after: Option<AnyModel>,
}

impl<'a> Sides<'a> {
    fn of(matches: &'a Matches<'_>, decisions: &'a [Decided]) -> Self {
        let side = |decision: &'a Decided| {
            let of_item = decision.item.and_then(|item| matches.found.get(item)).and_then(|found| match found {
                Found::Live(live, _) => Some(*live),
                Found::NotRead
                | Found::Unread(_)
                | Found::Absent
                | Found::Ambiguous { .. }
                | Found::Copies(_)
                | Found::Respelt(_) => None,
            });
            let leftover = || {
                let mut leftovers = matches.leftovers.iter();
                leftovers.find(|leftover| leftover.address == decision.change.address).map(|leftover| leftover.live)
            };
            let before = if decision.item.is_some() { of_item } else { leftover() };
            // The plan's own models are plain data: what they say can be read again.
            let after = decision.change.after.clone().and_then(|after| decision.kind.read_value(after).ok());
            Side { decision, before, after }
        };
        Self { sides: decisions.iter().map(side).collect() }
    }

    fn offers(&self, index: usize) -> (Vec<super::Access<'_>>, Vec<super::Access<'_>>) {
        let Some(Side { decision, before, after }) = self.sides.get(index) else { return Default::default() };
        let was = before.map(|live| decision.kind.access(&decision.at, &live.model, &live.outputs));
        let outputs = &decision.change.outputs;
        let becomes = after.as_ref().map(|model| decision.kind.access(&decision.at, model, outputs));
        (was.unwrap_or_default(), becomes.unwrap_or_default())
    }

    fn touches(&self, index: usize) -> bool {
        let (was, becomes) = self.offers(index);
        was != becomes
    }

    /// The addresses of what is made.
    fn created(&self) -> HashSet<&str> {
        let made = self.sides.iter().filter(|side| side.before.is_none() && side.after.is_some());
        made.map(|side| &*side.decision.at.address).collect()
    }
}

/// All that was read.
struct Everything<'a> {
    inputs: Inputs<'a>,
    snapshot: &'a Snapshot,
    matches: &'a Matches<'a>,
}

impl<'a> Everything<'a> {
    fn before(&self) -> Vec<Thing<'a>> {
        super::live_things(self.inputs.checked, self.snapshot, Some(self.matches))
    }

    fn after<'s>(&self, before: &[Thing<'s>], sides: &'s Sides<'s>) -> Vec<Thing<'s>>
    where
        'a: 's,
    {
        let changed: HashSet<*const AnyModel> =
            sides.sides.iter().filter_map(|side| side.before).map(|live| std::ptr::from_ref(&live.model)).collect();
        let kept = before.iter().filter(|thing| !changed.contains(&std::ptr::from_ref(thing.model)));
        let kept = kept.map(|thing| Thing {
            at: thing.at.clone(),
            kind: thing.kind,
            model: thing.model,
            outputs: thing.outputs.clone(),
            item: thing.item,
        });
        let become_ = sides.sides.iter().filter_map(|side| {
            Some(Thing {
                at: Cow::<At>::Borrowed(&side.decision.at),
                kind: side.decision.kind,
                model: side.after.as_ref()?,
                outputs: Cow::<Outputs>::Borrowed(&side.decision.change.outputs),
                item: side.decision.item,
            })
        });
        kept.chain(become_).collect()
    }
}

/// One request that is decided otherwise.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    exposure: Exposure,
    who: String,
    on: String,
    when: BTreeSet<String>,
    is_new: bool,
    action: String,
}

struct Lines<'w> {
    fresh: HashSet<&'w str>,
    worlds: Between<'w>,
    gains: BTreeSet<Line>,
    losses: BTreeSet<Line>,
}

impl Lines<'_> {
    /// Holds the two worlds against each other for one request.
    fn look(&mut self, probe: &Probe) {
        let none = Context::new();
        let Probe { who, action, resource } = probe;
        let question = Question { who, action, resource, context: &none };
        let mut resources = BTreeSet::new();
        for world in [self.worlds.before, self.worlds.after] {
            let (request, policies) = world.request(&question);
            match evaluate::sorts(&request, &policies) {
                Ok(sorts) => resources.extend(sorts),
                // Too entangled to tell apart: the pattern's own sort is what is left.
                Err(_) => drop(resources.insert(resource.replace(['*', '?'], &ANY.to_string()))),
            }
        }
        for resource in resources {
            self.look_at(&Question { resource: &resource, ..question });
        }
    }

    /// Policies that nobody read, and that someone has in one of the worlds alone.
    fn look_unread(&mut self, who: &Who) {
        let (before, after) = (self.worlds.before.unread_policies(who), self.worlds.after.unread_policies(who));
        let exists = |world: &World<'_>| matches!(who, Who::Identity(arn) if world.actors_by_arn.contains_key(arn));
        for (has, had, world, is_gain) in
            [(&after, &before, self.worlds.after, true), (&before, &after, self.worlds.before, false)]
        {
            if !exists(world) {
                continue;
            }
            for policy in has.iter().filter(|policy| !had.contains(policy)) {
                let line = Line {
                    exposure: Exposure::Within,
                    who: world.who(who),
                    on: "whatever that names".to_owned(),
                    when: BTreeSet::new(),
                    is_new: false,
                    action: format!("what {policy} allows"),
                };
                if is_gain {
                    self.gains.insert(line)
                } else {
                    self.losses.insert(line)
                };
            }
        }
    }

    fn look_at(&mut self, question: &Question<'_>) {
        let Between { before, after } = self.worlds;
        let (before, after) = (existing(before, after, question), existing(after, before, question));
        if before == after {
            return;
        }
        match (before.verdict, after.verdict) {
            (Verdict::Depends, Verdict::Depends) => self.look_closer(question, &before.reason, &after.reason),
            (was, is) if is > was => self.note(question, &after, true),
            (was, is) if is < was => self.note(question, &before, false),
            _ => {}
        }
    }

    /// Both depend on keys: sets those to what the policies name, and to what none names.
    fn look_closer(&mut self, question: &Question<'_>, before: &Reason, after: &Reason) {
        let mut values: BTreeMap<String, BTreeSet<Option<String>>> = BTreeMap::new();
        for reason in [before, after] {
            for key in &reason.keys {
                let known = values.entry(key.clone()).or_default();
                known.extend([None, Some(ANY.to_string())]);
                known.extend(named_values(reason, key).map(Some));
            }
        }
        let (mut gained, mut lost) = (BTreeSet::new(), BTreeSet::new());
        for context in contexts(&values) {
            let asked = Question { context: &context, ..question.clone() };
            let (was, is) = (judged(self.worlds.before, &asked), judged(self.worlds.after, &asked));
            let side = match is.verdict.cmp(&was.verdict) {
                std::cmp::Ordering::Greater => &mut gained,
                std::cmp::Ordering::Less => &mut lost,
                std::cmp::Ordering::Equal => continue,
            };
            side.extend(context.iter().map(shown_key));
        }
        for (when, has, had, is_gain) in [(gained, after, before, true), (lost, before, after, false)] {
            if !when.is_empty() {
                let allowed_by = new_of(&has.allowed_by, &had.allowed_by);
                let reason = Reason { keys: when, allowed_by, denied_by: has.denied_by.clone(), ..Reason::default() };
                self.note(question, &Judged { verdict: Verdict::Depends, reason }, is_gain);
            }
        }
    }

    fn note(&mut self, question: &Question<'_>, judged: &Judged, is_gain: bool) {
        let world = if is_gain { self.worlds.after } else { self.worlds.before };
        let when: BTreeSet<String> = if judged.verdict == Verdict::Depends {
            let unknown = judged.reason.unknown.iter().map(|policy| format!("what {policy} says"));
            judged.reason.keys.iter().cloned().chain(unknown).collect()
        } else {
            BTreeSet::new()
        };
        let resource = shown(question.resource);
        let is_made = |arn: &str| world.label(arn).is_none_or(|(label, _)| self.fresh.contains(label));
        let home = world.under(question.resource).and_then(|(target, _)| world.thing(target.thing));
        let is_new = match question.who {
            Who::Identity(arn) => is_made(arn) && is_made(&resource),
            // What a new thing's own account can do with it, and which service takes a new role, is told with the thing.
            Who::Account(id) => home.is_some_and(|home| home.account_id == *id) && is_made(&resource),
            Who::Service(_) => is_made(&resource),
            Who::Anonymous | Who::Stranger | Who::Federated(_) => false,
        };
        let line = Line {
            exposure: exposure(question, world, &judged.reason),
            who: world.who(question.who),
            on: world.what(&resource),
            when,
            is_new,
            action: shown(question.action),
        };
        if is_gain {
            self.gains.insert(line)
        } else {
            self.losses.insert(line)
        };
    }
}

/// A verdict with what it rests on, as far as that tells two apart.
struct Judged {
    verdict: Verdict,
    reason: Reason,
}

impl PartialEq for Judged {
    fn eq(&self, other: &Self) -> bool {
        let same = |one: &[Because], two: &[Because]| {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.statement == two.statement)
        };
        let (one, two) = (&self.reason, &other.reason);
        // What is sure is the same whatever it rests on.
        self.verdict == other.verdict
            && (self.verdict != Verdict::Depends
                || (same(&one.allowed_by, &two.allowed_by)
                    && same(&one.denied_by, &two.denied_by)
                    && one.keys == two.keys
                    && one.unknown == two.unknown))
    }
}

/// The same, but what only the other world has can do nothing here, and nothing can be done with it.
fn existing(world: &World<'_>, other: &World<'_>, question: &Question<'_>) -> Judged {
    let is_absent = match question.who {
        Who::Identity(arn) => other.actors_by_arn.contains_key(arn) && !world.actors_by_arn.contains_key(arn),
        _ => false,
    };
    let is_gone = other.under(question.resource).is_some() && world.under(question.resource).is_none();
    if is_absent || is_gone {
        return Judged { verdict: Verdict::Denied, reason: Reason::default() };
    }
    judged(world, question)
}

fn judged(world: &World<'_>, question: &Question<'_>) -> Judged {
    let (request, policies) = world.request(question);
    let request = Request { resource: question.resource.to_owned(), ..request };
    let decision: Decision<'_> = evaluate::decide(&request, &policies);
    let verdict = verdict(&decision);
    let reason = if verdict == Verdict::Depends { world.reason(decision) } else { Reason::default() };
    Judged { verdict, reason }
}

/// The values that the statements of an answer name for a condition key; a wildcard as one text it matches.
fn named_values<'r>(reason: &'r Reason, key: &'r str) -> impl Iterator<Item = String> + 'r {
    let statements = reason.allowed_by.iter().chain(&reason.denied_by).map(|because| &because.statement);
    let keys = statements.flat_map(|statement| statement.condition.values()).flatten();
    let values = keys.filter(|(named, _)| named.as_str().eq_ignore_ascii_case(key)).flat_map(|(_, values)| values);
    values.map(|value| value.replace(['*', '?'], &ANY.to_string()))
}

/// Ways of setting the keys: all together while they are few, else one key after the other.
fn contexts(values: &BTreeMap<String, BTreeSet<Option<String>>>) -> Vec<Context> {
    let ways = values.values().try_fold(1_usize, |ways, values| ways.checked_mul(values.len()));
    let set = |key: &str, value: &Option<String>| (key.to_owned(), value.iter().cloned().collect::<Vec<_>>());
    if ways.is_some_and(|ways| ways <= CONTEXTS_MAX) {
        let mut all: Vec<Context> = vec![Vec::new()];
        for (key, values) in values {
            let with = |context: &Context| {
                values.iter().map(|value| [context.as_slice(), &[set(key, value)]].concat()).collect::<Vec<Context>>()
            };
            all = all.iter().flat_map(with).collect();
        }
        return all;
    }
    let one = |(key, values): (&String, &BTreeSet<Option<String>>)| {
        values.iter().map(|value| vec![set(key, value)]).collect::<Vec<Context>>()
    };
    values.iter().flat_map(one).take(CONTEXTS_MAX).collect()
}

fn shown_key((key, values): &(String, Vec<String>)) -> String {
    match values.as_slice() {
        [] => format!("no {key}"),
        values => {
            let values: Vec<String> = values.iter().map(|value| shown(value)).collect();
            format!("{key} = {}", values.join(", "))
        }
    }
}

/// Whether what depends on something is for callers of one's choosing alone, by AWS's meaning of "public".
fn is_held(question: &Question<'_>, reason: &Reason) -> bool {
    // S3 takes nothing but fixed values.
    let is_of_s3 = question.resource.split(':').nth(2) == Some("s3");
    let least = if is_of_s3 { Held::ToFixed } else { Held::ToSome };
    let is_spared = reason.denied_by.iter().any(|because| spared(&because.statement) >= least);
    let is_allowed_to_some =
        !reason.allowed_by.is_empty() && reason.allowed_by.iter().all(|because| held(&because.statement) >= least);
    is_spared || is_allowed_to_some
}

fn exposure(question: &Question<'_>, world: &World<'_>, reason: &Reason) -> Exposure {
    let home = world.under(question.resource).and_then(|(target, _)| world.thing(target.thing));
    let home = home
        .map(|thing| thing.account_id.as_str())
        .or_else(|| question.resource.split(':').nth(4).filter(|account| !account.is_empty()));
    match question.who {
        Who::Anonymous | Who::Stranger if !is_held(question, reason) => Exposure::Public,
        Who::Anonymous | Who::Stranger | Who::Federated(_) => Exposure::CrossAccount,
        who if who.account().is_some() && home.is_some() && who.account() != home => Exposure::CrossAccount,
        _ if question.action.starts_with("sts:") => Exposure::Trust,
        _ => Exposure::Within,
    }
}

/// The statements of the one that the other has not; all, where it has them all.
fn new_of(has: &[Because], had: &[Because]) -> Vec<Because> {
    let is_new = |because: &&Because| !had.iter().any(|known| known.statement == because.statement);
    let new: Vec<Because> = has.iter().filter(is_new).cloned().collect();
    if new.is_empty() { has.to_vec() } else { new }
}

/// Lines that differ in the action alone become one, then those that differ in what it is on, then those that differ in who.
fn grouped(lines: BTreeSet<Line>) -> Vec<AccessLine> {
    type Names = BTreeSet<String>;
    let mut by_action: BTreeMap<(Exposure, String, String, Names, bool), Names> = BTreeMap::new();
    for Line { exposure, who, on, when, is_new, action } in lines {
        by_action.entry((exposure, who, on, when, is_new)).or_default().insert(action);
    }
    let mut by_on: BTreeMap<(Exposure, String, Names, Names, bool), Names> = BTreeMap::new();
    for ((exposure, who, on, when, is_new), actions) in by_action {
        by_on.entry((exposure, who, when, without_narrower(actions), is_new)).or_default().insert(on);
    }
    let mut by_who: BTreeMap<(Exposure, Names, Names, Names), (Names, bool)> = BTreeMap::new();
    for ((exposure, who, when, actions, is_new), on) in by_on {
        let (whos, is_all_new) = by_who.entry((exposure, on, when, actions)).or_insert_with(|| (Names::new(), true));
        whos.insert(who);
        *is_all_new &= is_new;
    }
    let list = |names: Names| names.into_iter().collect::<Vec<_>>();
    let lines = by_who.into_iter().map(|((exposure, on, when, actions), (who, is_new))| AccessLine {
        exposure,
        who: list(who),
        actions: list(actions),
        on: list(on),
        when: list(when),
        is_new,
    });
    let mut lines: Vec<AccessLine> = lines.collect();
    lines.sort();
    lines
}

/// Actions without those that another one, a pattern, stands for.
fn without_narrower(actions: BTreeSet<String>) -> BTreeSet<String> {
    let covers = |wide: &String, narrow: &String| {
        wide != narrow && wide.strip_suffix('*').is_some_and(|front| narrow.starts_with(front))
    };
    actions.iter().filter(|action| !actions.iter().any(|wide| covers(wide, action))).cloned().collect()
}
