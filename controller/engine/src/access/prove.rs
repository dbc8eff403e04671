//! Assertions: each is proved, or what is missing is told with what would mend it.

use std::collections::{BTreeMap, BTreeSet};

use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::policy::evaluate::Gap;
use trueup_specs::resolve::{AssertedDeed, AssertedPrincipal, AssertedStep, Assertion};
use trueup_specs::span::Span;

use super::ask::{Answer, Context, Question, Reason, Verdict, Who};
use super::mend::{Lack, Mend, Mender};
use super::offer::Side;
use super::places::Places;
use super::tell::unknown_text;
use super::world::World;

/// How many others are named that fail for the same reason.
const OTHERS_SHOWN: usize = 3;

/// What to do about what must be impossible. No statement is proposed: one against just the requests that an assertion names would
/// satisfy it, and leave open all that are like them.
const NARROW: &str = "narrow what allows it, or deny it for all that are like it: other accounts, services, resources";

/// Proves the assertions of one `[[access]]`, one for each account it stands in.
pub(super) struct Prover<'a, 'p> {
    pub(super) world: &'a World<'a>,
    pub(super) places: &'p mut Places<'a>,
}

/// Tells of failures, with what mends them.
pub(super) struct Teller<'a, 'p> {
    pub(super) world: &'a World<'a>,
    pub(super) places: &'p mut Places<'a>,
    pub(super) mender: Mender<'a>,
}

/// Requests that fail for one reason.
struct Failure {
    is_denied: bool,
    span: Span,
    why: Option<String>,
    /// Everyone it fails for, with the resources it fails on.
    whos: BTreeMap<Who, BTreeSet<String>>,
    actions: BTreeSet<String>,
    /// All of them.
    lacks: BTreeSet<Lack>,
    /// The answer to the first of them.
    answer: Option<Answer>,
}

/// What makes failures one: the step, and what decided.
type Cause = (Span, Verdict, Vec<Gap>, Vec<Option<Span>>, BTreeSet<String>, BTreeSet<String>);

#[derive(Default)]
pub(super) struct Failures(BTreeMap<Cause, Failure>);

impl Prover<'_, '_> {
    /// What does not hold.
    pub(super) fn failures(&mut self, claims: &[Assertion]) -> Failures {
        let mut failures = Failures::default();
        for claim in claims {
            for principal in &claim.principals {
                for who in self.all_of(principal, claim.is_denied) {
                    self.walk(claim, who, &mut failures);
                }
            }
        }
        failures
    }

    /// Nobody can do it only if those can't that have an account either.
    fn all_of(&self, principal: &AssertedPrincipal, is_denied: bool) -> Vec<Who> {
        match principal {
            AssertedPrincipal::Everyone if is_denied => vec![Who::Anonymous, Who::Stranger],
            one => vec![Who::from(one)],
        }
    }

    /// Goes the steps one after the other, up to the first that fails.
    fn walk(&mut self, claim: &Assertion, first: Who, failures: &mut Failures) {
        let mut who = first;
        for step in &claim.steps {
            let AssertedStep { what, context, .. } = step;
            let mut goes = true;
            let mut try_one = |prover: &mut Self, who: &Who, action: &str, resource: &str, context: &Context| {
                prover.try_one(claim, step.span, &Question { who, action, resource, context }, failures)
            };
            match what {
                AssertedDeed::Do { actions, on } => {
                    for resource in on {
                        let resource = self.world.known(resource);
                        for action in actions {
                            goes &= try_one(self, &who, action, &resource, context);
                        }
                    }
                }
                AssertedDeed::Assume { role } => {
                    goes = try_one(self, &who, taking(&who), role, context);
                    who = Who::Identity(role.clone());
                }
                AssertedDeed::Pass { role, to } => {
                    let mut passing = context.clone();
                    passing.push(("iam:PassedToService".to_owned(), vec![to.clone()]));
                    goes = try_one(self, &who, "iam:PassRole", role, &passing);
                    goes &= try_one(self, &Who::Service(to.clone()), "sts:AssumeRole", role, context);
                    who = Who::Identity(role.clone());
                }
            }
            if !goes {
                return;
            }
        }
    }

    /// Whether one request is as it was claimed; notes it if not.
    fn try_one(&mut self, claim: &Assertion, span: Span, question: &Question<'_>, failures: &mut Failures) -> bool {
        let answers = match self.world.ask(question) {
            Ok(answers) => answers,
            Err(_) => {
                let key = (span, Verdict::Depends, Vec::new(), Vec::new(), BTreeSet::new(), BTreeSet::new());
                failures.add(key, claim, span, question, None);
                return false;
            }
        };
        let wanted = if claim.is_denied { Verdict::Denied } else { Verdict::Allowed };
        // What can be done to all there is, can be done to all of one's own account.
        let is_bad = |answer: &Answer| answer.verdict != wanted && (claim.is_denied || !answer.is_elsewhere);
        let bad: Vec<Answer> = answers.into_iter().filter(is_bad).collect();
        let near = |bad: &Answer| is_near(claim.is_denied, [question.resource], bad);
        let worst = bad.iter().find(|bad| !near(bad)).or(bad.first()).cloned();
        let Some(bad) = worst else { return true };
        let is_near = near(&bad);
        let Reason { allowed_by, denied_by, missing, keys, unknown, needs_unknown: _, rests_on_unread: _ } =
            &bad.reason;
        let spans = allowed_by.iter().chain(denied_by).map(|because| self.places.of(because)).collect();
        let key = (span, bad.verdict, missing.clone(), spans, keys.clone(), unknown.clone());
        failures.add(key, claim, span, question, Some(bad));
        is_near
    }
}

impl Teller<'_, '_> {
    /// One problem for each reason.
    pub(super) fn diagnostics(&mut self, failures: Failures) -> Vec<Diagnostic> {
        failures.0.into_values().map(|failure| self.diagnostic(&failure)).collect()
    }

    fn diagnostic(&mut self, failure: &Failure) -> Diagnostic {
        let Failure { is_denied, span, why, whos, actions, lacks: _, answer } = failure;
        let who = whos.first_key_value().map(|(who, _)| self.world.who(who)).unwrap_or_default();
        let what = self.named(failure);
        let done = actions.iter().cloned().collect::<Vec<_>>().join(", ");
        let Some(answer) = answer else {
            let problem = Diagnostic::error(format!("whether `{who}` can {done} on {what} is too much to look at"));
            let help = "the policies tell too many sorts of resources apart: name the resource more closely";
            return problem.at(*span, "").help(help);
        };
        let asked = whos.values().flatten().map(String::as_str);
        let is_near = is_near(*is_denied, asked, answer);
        let mut problem = match (is_denied, answer.verdict) {
            (true, Verdict::Depends) if is_near => {
                Diagnostic::warning(format!("`{who}` can {done} on nothing as far as is known"))
            }
            (true, Verdict::Allowed) => Diagnostic::error(format!("`{who}` can {done} on {what}")),
            (true, _) => Diagnostic::error(format!("`{who}` may be able to {done} on {what}")),
            (false, Verdict::Depends) if is_near => {
                Diagnostic::warning(format!("`{who}` can {done} on {what} as far as is known"))
            }
            (false, Verdict::Depends) => {
                Diagnostic::error(format!("whether `{who}` can {done} on {what} depends on more"))
            }
            (false, _) => Diagnostic::error(format!("`{who}` can't {done} on {what}")),
        };
        problem = problem.at(*span, if *is_denied { "must be impossible" } else { "must be possible" });
        problem = self.with_statements(problem, answer, *is_denied);
        problem = with_others(problem, whos, |who| self.world.who(who));
        if *is_denied {
            problem = self.with_controls(problem, whos);
        }
        if !*is_denied {
            problem = self.with_mending(problem, failure, answer);
        }
        if *is_denied && !answer.reason.allowed_by.is_empty() {
            problem = problem.help(NARROW);
        }
        problem = if *is_denied && is_near {
            problem.note("resources that are in no spec may have policies that let it").help("say `on` what")
        } else {
            with_unknown(problem, answer)
        };
        match why {
            Some(why) => problem.note(format!("why it must be so: {why}")),
            None => problem,
        }
    }

    /// The resources, the first by name; of a pattern, the part that fails.
    fn named(&self, failure: &Failure) -> String {
        let none = BTreeSet::new();
        let resources = failure.whos.first_key_value().map_or(&none, |(_, resources)| resources);
        // Of a pattern the part that fails; which may be another account's, if that was looked at first.
        let part = failure.answer.as_ref().map(|answer| &answer.resource).filter(|_| failure.whos.len() == 1);
        let first = part.or(resources.first());
        let first = first.map(|resource| self.world.what(resource)).unwrap_or_default();
        match resources.len() {
            0 | 1 => format!("`{first}`"),
            more => format!("`{first}` and {} more", more - 1),
        }
    }

    fn with_statements(&mut self, mut problem: Diagnostic, answer: &Answer, is_denied: bool) -> Diagnostic {
        let Reason { allowed_by, denied_by, .. } = &answer.reason;
        let if_open = if answer.verdict == Verdict::Depends { " if its condition holds" } else { "" };
        // What denies matters where it should be possible, and what allows where it should not.
        let denying: &[_] = if is_denied { &[] } else { denied_by };
        for (because, word) in
            allowed_by.iter().map(|one| (one, "allows it")).chain(denying.iter().map(|one| (one, "denies it")))
        {
            let text = format!("{word}{if_open}");
            problem = match self.places.of(because) {
                Some(span) => problem.also(span, text),
                None => problem.note(format!("{} {text}", because.name())),
            };
        }
        problem
    }

    /// What an organization could have denied it by.
    fn with_controls(&self, problem: Diagnostic, whos: &BTreeMap<Who, BTreeSet<String>>) -> Diagnostic {
        let Some((who, resources)) = whos.first_key_value() else { return problem };
        let of_caller = who.account().map(|account| self.world.controls_over(account, Side::Service));
        let home = resources.first().and_then(|resource| self.world.home_of(resource));
        let of_resource = home.map(|account| self.world.controls_over(account, Side::Resource));
        let names: Vec<String> =
            of_caller.into_iter().chain(of_resource).flatten().map(|name| format!("`{name}`")).collect();
        if names.is_empty() {
            problem
        } else {
            problem.note(format!("the controls over it let it through: {}", names.join(", ")))
        }
    }

    fn with_mending(&self, mut problem: Diagnostic, failure: &Failure, answer: &Answer) -> Diagnostic {
        let Failure { whos, lacks, .. } = failure;
        let Some((first, resources)) = whos.first_key_value() else { return problem };
        let mut mends: Vec<String> = Vec::new();
        let missing = &answer.reason.missing;
        let mender = &self.mender;
        if let Some(never) = mender.never(missing, lacks) {
            mends.push(never);
        } else {
            let resource = resources.first().unwrap_or(&answer.resource);
            for gap in missing {
                let why = self.world.gap(*gap, first, resource);
                mends.push(match mender.mend(*gap, missing, lacks) {
                    Mend::Paste(lots) => format!("{why}; {}", lots.join("\nand ")),
                    Mend::Never(never) => format!("{why}; {never}"),
                    Mend::Unsaid => why,
                });
            }
        }
        if answer.verdict == Verdict::Denied && answer.reason.missing.is_empty() {
            mends.push("a statement that denies outweighs all that allow: narrow that one".to_owned());
        }
        if !answer.reason.keys.is_empty() {
            let keys: Vec<String> = answer.reason.keys.iter().map(|key| format!("\"{key}\" = \"…\"")).collect();
            mends.push(format!("say what the requests have:\n  context = {{ {} }}", keys.join(", ")));
        }
        if !mends.is_empty() {
            problem = problem.help(mends.join("\n"));
        }
        problem
    }
}

/// Whether it is as it was claimed as far as is known: but for a policy that nobody read, which could deny it; or, of all there is, could
/// allow it on what no model tells of.
fn is_near<'r>(is_denied: bool, asked: impl IntoIterator<Item = &'r str>, answer: &Answer) -> bool {
    if is_denied {
        answer.reason.rests_on_unread && asked.into_iter().all(|resource| resource == "*")
    } else {
        answer.is_allowed_unless_unknown()
    }
}

/// The action by which someone takes a role.
///
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html>
pub(super) fn taking(who: &Who) -> &'static str {
    match who {
        Who::Federated(provider) if provider.contains(":saml-provider/") => "sts:AssumeRoleWithSAML",
        Who::Federated(_) => "sts:AssumeRoleWithWebIdentity",
        Who::Anonymous | Who::Stranger | Who::Service(_) | Who::Account(_) | Who::Identity(_) => "sts:AssumeRole",
    }
}

fn with_others<R>(problem: Diagnostic, whos: &BTreeMap<Who, R>, name: impl Fn(&Who) -> String) -> Diagnostic {
    if whos.len() < 2 {
        return problem;
    }
    let mut others: Vec<String> =
        whos.keys().skip(1).take(OTHERS_SHOWN).map(|who| format!("`{}`", name(who))).collect();
    let more = whos.len().saturating_sub(1 + OTHERS_SHOWN);
    if more > 0 {
        others.push(format!("{more} more"));
    }
    problem.note(format!("so it is with {}", others.join(", ")))
}

fn with_unknown(mut problem: Diagnostic, answer: &Answer) -> Diagnostic {
    for unknown in &answer.reason.unknown {
        problem = problem.note(unknown_text(unknown));
    }
    problem
}

impl Failures {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that is impossible and should be possible.
    pub(super) fn lacks(&self) -> impl Iterator<Item = &Lack> {
        self.0.values().filter(|failure| !failure.is_denied).flat_map(|failure| &failure.lacks)
    }

    fn add(&mut self, cause: Cause, claim: &Assertion, span: Span, question: &Question<'_>, answer: Option<Answer>) {
        let failure = self.0.entry(cause).or_insert_with(|| Failure {
            is_denied: claim.is_denied,
            span,
            why: claim.why.clone(),
            whos: BTreeMap::new(),
            actions: BTreeSet::new(),
            lacks: BTreeSet::new(),
            answer,
        });
        failure.whos.entry(question.who.clone()).or_default().insert(question.resource.to_owned());
        failure.actions.insert(question.action.to_owned());
        let Question { who, action, resource, context } = *question;
        failure.lacks.insert(
            Lack {
                who: who.clone(),
                action: action.to_owned(),
                resource: resource.to_owned(),
                context: context.clone(),
            }
            .possible(),
        );
    }
}
