//! `trueup access`: who can do what.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};
use trueup_engine::access::{
    AccessLimit, Answer, Because, Context as Keys, Desired, Places, Question, Thing, Verdict, Who, World, live_things,
};
use trueup_engine::check::Checked;
use trueup_engine::matching::matches;
use trueup_engine::observe::{self, Selection, Snapshot};
use trueup_engine::render::{Page, Tone};
use trueup_kinds::session::Aws;
use trueup_specs::access_spec::bad_action;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::policy::catalogue::{self, AccessLevel};
use trueup_specs::policy::lint::why_unknown_key;
use trueup_specs::resolve::{AssertedPrincipal, bad_resource};
use trueup_specs::suggest;
use trueup_state::facts::Facts;
use trueup_state::ledger::Ledger;
use trueup_state::plan::Plan;

use crate::args::{AccessArgs, AccessQuestion, FailOn, Format};
use crate::context::{Context, Specs, knows_all, project_accounts, remember_accounts, store_stop};
use crate::exit::{Exit, Stop};

/// Answers a question over the specs, the live accounts, or both.
pub(crate) async fn run(context: &Context, args: &AccessArgs) -> Result<Exit, Stop> {
    context.refuse_selection("access")?;
    let mut specs = context.specs()?;
    // A question about specs whose assertions fail is the very one that is asked then; `check` proves them.
    specs.project.access.clear();
    let is_live = args.live || args.both;
    // The record of another machine is asked for only where AWS is asked anyway.
    let is_here = context.common.sandbox || specs.project.settings.state.s3.is_none();
    let ledger = match is_live || !knows_all(&specs.project) && is_here {
        true => context.store(&specs.project).await?.ledger().map_err(|error| store_stop(&error))?,
        false => Ledger::default(),
    };
    remember_accounts(&mut specs.project, &ledger);
    let mut reached = None;
    if is_live {
        let mut aws = context.connect(&specs.project, project_accounts(&specs.project)).await?;
        let is_known = knows_all(&specs.project);
        let found = if is_known {
            Facts::default()
        } else {
            context.find_accounts_among(observe::access_requests, &mut specs, &mut aws, &ledger).await?
        };
        reached = Some((aws, found));
    }
    let checked = context.check(&specs)?;
    if let AccessQuestion::Can { action, .. } | AccessQuestion::Who { action, .. } = &args.question
        && let Some(why) = catalogue::why_unknown(action)
    {
        context.output.note(&format!("warning: {why}"));
    }
    for why in args.context.iter().filter_map(|text| why_unknown_key(text.split('=').next().unwrap_or(text))) {
        context.output.note(&format!("warning: {why}"));
    }
    let mut sides: Vec<(&str, Outcome)> = Vec::new();
    if !args.live {
        let desired = Desired::of(&checked);
        let things = desired.things(&checked);
        sides.push(("specs", side(&specs, &checked, &World::of(&things).of_project(&specs.project), args)?));
    }
    if let Some((aws, found)) = reached {
        let live = Live::read(context, &checked, ledger, &aws, &found).await?;
        let things = live.things(&checked);
        let world = World::of_live(&things, &checked, &live.snapshot);
        sides.push(("live", side(&specs, &checked, &world, args)?));
    }
    // No outweighs perhaps, and perhaps yes.
    let exit =
        [Exit::Differences, Exit::Incomplete].into_iter().find(|exit| sides.iter().any(|(_, side)| side.exit == *exit));
    match context.output.format {
        Format::Json => {
            let value: serde_json::Map<String, Value> =
                sides.into_iter().map(|(name, outcome)| (name.to_owned(), outcome.json)).collect();
            context.output.json(&Value::Object(value))?;
        }
        Format::Text => {
            let mut page = Page::new(context.output.look());
            let is_both = sides.len() > 1;
            for (name, outcome) in &sides {
                if is_both {
                    page.gap();
                    let title = if *name == "specs" { "By the specs" } else { "Live" };
                    page.line(0, &[(Tone::Bold, title)]);
                }
                for (indent, tone, text) in &outcome.lines {
                    page.text(indent + if is_both { 2 } else { 0 }, (*tone, ""), (*tone, text));
                }
            }
            context.output.result(&page.finish())?;
        }
    }
    Ok(exit.unwrap_or(Exit::Done))
}

/// What was read, as it is asked about.
struct Live {
    snapshot: Snapshot,
    reach: observe::Reach,
    ledger: Ledger,
}

impl Live {
    async fn read(
        context: &Context,
        checked: &Checked<'_>,
        ledger: Ledger,
        aws: &Aws,
        found: &Facts,
    ) -> Result<Self, Stop> {
        let selection = Selection::default();
        let reach = observe::reach(checked, &selection);
        let requests = observe::access_requests(checked, &selection, &reach, &ledger);
        let facts = context.read_more(aws, &requests, found).await;
        let snapshot = observe::observe(checked, &selection, &reach, &ledger, &facts);
        for (kind, scope, seen) in snapshot.iter() {
            if let Err(unread) = seen {
                context.output.note(&format!("{kind} in {scope} is not known: {} failed: {}", unread.call, unread.why));
            }
        }
        if checked.project.management.is_none() {
            // Only the account that manages an organization, and its delegates, may ask what is attached.
            // https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListPoliciesForTarget.html
            context.output.note(
                "what an organization attaches to these accounts is not known, and live answers are as if it were nothing: no \
                 account of the project says `management = true`",
            );
        }
        Ok(Self { snapshot, reach, ledger })
    }

    fn things<'a>(&'a self, checked: &Checked<'_>) -> Vec<Thing<'a>> {
        let matches = matches(checked, &self.reach, &self.snapshot, &self.ledger);
        live_things(checked, &self.snapshot, Some(&matches))
    }
}

/// The answer of one side.
struct Outcome {
    exit: Exit,
    json: Value,
    lines: Vec<(usize, Tone, String)>,
}

fn side(specs: &Specs, checked: &Checked<'_>, world: &World<'_>, args: &AccessArgs) -> Result<Outcome, Stop> {
    let asker = Asker { specs, world, keys: keys(&args.context)? };
    match &args.question {
        AccessQuestion::Can { principal, action, resource } => {
            let mut places = Places::new(checked, world);
            asker.can(principal, action, resource, &mut places)
        }
        AccessQuestion::Who { action, resource } => asker.who(action, resource),
        AccessQuestion::What { principal } => asker.what(principal),
    }
}

/// `KEY=VALUE`, several of a key are several values.
fn keys(given: &[String]) -> Result<Keys, Stop> {
    let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for text in given {
        let Some((key, value)) = text.split_once('=') else {
            let help = "write a condition key and its value: --context aws:SourceAccount=111111111111";
            return Err(Stop::with_help(format!("`{text}` is no condition key with a value"), help));
        };
        keys.entry(key.to_owned()).or_default().push(value.to_owned());
    }
    Ok(keys.into_iter().collect())
}

struct Asker<'a> {
    specs: &'a Specs,
    world: &'a World<'a>,
    keys: Keys,
}

impl<'a> Asker<'a> {
    fn can(&self, principal: &str, action: &str, resource: &str, places: &mut Places<'_>) -> Result<Outcome, Stop> {
        check_action(action)?;
        let (whos, resources) = (self.principals(principal)?, self.resources(resource)?);
        let mut verdicts = Vec::with_capacity(whos.len());
        let (mut json, mut lines) = (Vec::new(), Vec::new());
        for who in &whos {
            let mut worst = Verdict::Allowed;
            for resource in &resources {
                let question = Question { who, action, resource, context: &self.keys };
                let answers = self.world.ask(&question).map_err(|_| too_many())?;
                for answer in &answers {
                    worst = worst.min(answer.verdict);
                    json.push(self.answer_json(who, action, answer, places));
                    self.answer_lines(who, action, answer, places, &mut lines);
                }
            }
            verdicts.push(worst);
        }
        // Of all accounts of a group each must be able to; anyone can if one sort of anyone can.
        let verdict = if principal == "*" { verdicts.into_iter().max() } else { verdicts.into_iter().min() };
        let verdict = verdict.unwrap_or(Verdict::Denied);
        let exit = match verdict {
            Verdict::Allowed => Exit::Done,
            Verdict::Depends => Exit::Incomplete,
            Verdict::Denied => Exit::Differences,
        };
        Ok(Outcome { exit, json: json!({ "verdict": verdict.as_str(), "answers": json }), lines })
    }

    fn place(&self, because: &Because, places: &mut Places<'_>) -> String {
        places.of(because).map(|span| self.specs.sources.location(span)).unwrap_or_default()
    }

    fn answer_lines(
        &self,
        who: &Who,
        action: &str,
        answer: &Answer,
        places: &mut Places<'_>,
        lines: &mut Vec<(usize, Tone, String)>,
    ) {
        let (tone, word) = match answer.verdict {
            Verdict::Allowed => (Tone::Add, "can"),
            Verdict::Depends => (Tone::Change, "may be able to"),
            Verdict::Denied => (Tone::Danger, "can't"),
        };
        let what = self.world.what(&answer.resource);
        lines.push((
            0,
            tone,
            format!("{}: {} {word} {action} on {what}", answer.verdict.as_str(), self.world.who(who)),
        ));
        let because = answer.reason.allowed_by.iter().map(|one| ("allowed by", one));
        let because = because.chain(answer.reason.denied_by.iter().map(|one| ("denied by", one)));
        for (word, because) in because {
            let place = self.place(because, places);
            let at = if place.is_empty() { String::new() } else { format!(", {place}") };
            lines.push((2, Tone::Plain, format!("{word} {}{at} ({})", because.name(), because.layer)));
        }
        lines.extend(self.world.lacks(answer, who).into_iter().map(|lack| (2, Tone::Plain, lack)));
    }

    fn answer_json(&self, who: &Who, action: &str, answer: &Answer, places: &mut Places<'_>) -> Value {
        let mut statements = |all: &[Because]| -> Vec<Value> {
            let one = |because: &Because| {
                let place = self.place(because, places);
                json!({
                    "policy": because.policy, "sid": because.statement.sid, "layer": because.layer.to_string(),
                    "at": if place.is_empty() { Value::Null } else { Value::from(place) },
                })
            };
            all.iter().map(one).collect()
        };
        json!({
            "principal": self.world.who(who), "action": action, "resource": self.world.what(&answer.resource),
            "verdict": answer.verdict.as_str(),
            "allowed_by": statements(&answer.reason.allowed_by), "denied_by": statements(&answer.reason.denied_by),
            "lacks": self.world.lacks(answer, who), "depends_on": answer.reason.keys,
        })
    }

    fn who(&self, action: &str, resource: &str) -> Result<Outcome, Stop> {
        check_action(action)?;
        let (mut json, mut lines) = (Vec::new(), Vec::new());
        for resource in self.resources(resource)? {
            let found = self.world.who_can(action, &resource, &self.keys).map_err(|_| too_many())?;
            let what = self.world.what(&resource);
            lines.push((0, Tone::Bold, format!("{} can {action} on {what}", counted(found.len()))));
            let mut by_account: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (who, verdict) in &found {
                json.push(json!({
                    "principal": self.world.who(who), "account": who.account(), "resource": what, "verdict": verdict.as_str(),
                }));
                let doubt = if *verdict == Verdict::Depends { "  (depends)" } else { "" };
                let account = who.account().map(|id| self.account(id)).unwrap_or_else(|| "no account".to_owned());
                by_account.entry(account).or_default().push(format!("{}{doubt}", self.world.who(who)));
            }
            for (account, names) in by_account {
                lines.push((2, Tone::Faint, account));
                lines.extend(names.into_iter().map(|name| (4, Tone::Plain, name)));
            }
        }
        Ok(Outcome { exit: Exit::Done, json: Value::from(json), lines })
    }

    fn what(&self, principal: &str) -> Result<Outcome, Stop> {
        let (mut json, mut lines) = (Vec::new(), Vec::new());
        for who in self.principals(principal)? {
            let deeds = self.world.what_can(&who, &self.keys).map_err(|_| too_many())?;
            lines.push((0, Tone::Bold, format!("{} can", self.world.who(&who))));
            for (resource, actions) in &deeds {
                lines.push((2, Tone::Bold, format!("on {resource}")));
                let of = |wanted: Verdict| -> Vec<String> {
                    let of = actions.iter().filter(|(_, verdict)| **verdict == wanted);
                    of.map(|(action, _)| with_levels(action)).collect()
                };
                let (sure, open) = (of(Verdict::Allowed), of(Verdict::Depends));
                if !sure.is_empty() {
                    lines.push((4, Tone::Plain, sure.join(", ")));
                }
                if !open.is_empty() {
                    lines.push((4, Tone::Plain, format!("depending on conditions: {}", open.join(", "))));
                }
                for (action, verdict) in actions {
                    json.push(json!({
                        "principal": self.world.who(&who), "action": action, "resource": resource, "verdict": verdict.as_str(),
                        "levels": levels(action),
                    }));
                }
            }
            let unread = self.world.unread_policies(&who);
            if deeds.is_empty() {
                let known = if unread.is_empty() { "nothing" } else { "nothing that is known" };
                lines.push((2, Tone::Plain, known.to_owned()));
            }
            for policy in unread {
                lines.push((2, Tone::Change, format!("and what `{policy}` allows, which is not known here")));
            }
        }
        Ok(Outcome { exit: Exit::Done, json: Value::from(json), lines })
    }

    fn account(&self, id: &str) -> String {
        let account = self.specs.project.accounts.values().find(|account| account.id == id);
        account.map_or_else(|| id.to_owned(), |account| format!("{} ({id})", account.name))
    }

    /// Those a person means.
    fn principals(&self, text: &str) -> Result<Vec<Who>, Stop> {
        let is_id = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if text == "*" {
            return Ok(vec![Who::Anonymous, Who::Stranger]);
        }
        if is_id {
            return Ok(vec![Who::Account(text.to_owned())]);
        }
        let accounts = self.specs.project.accounts.values();
        let named: Vec<Who> = accounts
            .filter(|account| account.is_called(text))
            .map(|account| Who::Account(account.id.clone()))
            .collect();
        if !named.is_empty() {
            return Ok(named);
        }
        if text.ends_with(".amazonaws.com") {
            return Ok(vec![Who::Service(text.to_owned())]);
        }
        if text.contains(":oidc-provider/") || text.contains(":saml-provider/") {
            return Ok(vec![Who::Federated(text.to_owned())]);
        }
        let one = |arn: &String| AssertedPrincipal::of_arn(arn).map(|principal| Who::from(&principal));
        self.meant(text)?.iter().map(one).collect::<Result<_, _>>().map_err(|problem: Box<Diagnostic>| stop(*problem))
    }

    fn resources(&self, text: &str) -> Result<Vec<String>, Stop> {
        let meant = self.meant(text)?;
        meant.iter().find_map(|arn| bad_resource(arn)).map_or(Ok(meant), |problem| Err(stop(problem)))
    }

    fn meant(&self, text: &str) -> Result<Vec<String>, Stop> {
        let meant = self.world.meant(&self.specs.project, text);
        if !meant.is_empty() {
            return Ok(meant);
        }
        let labels = self.world.labels();
        // Where one account has it, the address is as good without.
        let locals = labels.iter().filter_map(|label| Some(label.split_once('/')?.1));
        let names = self.specs.project.accounts.keys().map(|name| &**name);
        let near = suggest::nearest(text, labels.iter().copied().chain(locals).chain(names));
        let help = near.map_or_else(
            || "give an address as plans show it, an ARN, an account, or a service".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        Err(Stop::with_help(format!("nothing with policies is called `{text}`"), help))
    }
}

/// What an action of a policy, or all that it stands for, does: AWS's classes of it.
fn levels(action: &str) -> Vec<&'static str> {
    let levels: BTreeSet<AccessLevel> = catalogue::actions(action).map(|action| action.level()).collect();
    levels.into_iter().map(AccessLevel::as_str).collect()
}

/// The action, and what a wildcard in it is good for.
fn with_levels(action: &str) -> String {
    let levels = if action.contains(['*', '?']) { levels(action) } else { Vec::new() };
    if levels.is_empty() { action.to_owned() } else { format!("{action} ({})", levels.join(", ")) }
}

fn counted(count: usize) -> String {
    match count {
        0 => "Nobody".to_owned(),
        1 => "One".to_owned(),
        many => many.to_string(),
    }
}

fn check_action(action: &str) -> Result<(), Stop> {
    match bad_action(action) {
        None => Ok(()),
        Some(problem) => Err(stop(problem)),
    }
}

/// A problem of something that stands in no file.
fn stop(problem: Diagnostic) -> Stop {
    Stop::with_help(problem.summary, problem.help.unwrap_or_default())
}

fn too_many() -> Stop {
    Stop::with_help(
        "the policies tell too many sorts of resources apart",
        "name the resource more closely, without `*`",
    )
}

/// Refuses a plan that lets someone gain what the flags say nobody may.
pub(crate) fn hold_limits(plan: &Plan, limits: &[FailOn]) -> Result<(), Stop> {
    for limit in limits {
        let (limit, what) = match limit {
            FailOn::NewAccess => (AccessLimit::NewAccess, "someone gain access"),
            FailOn::PublicAccess => (AccessLimit::PublicAccess, "everyone in"),
        };
        let broken = limit.broken_by(plan);
        let Some(first) = broken.first() else { continue };
        let mut text = format!("refused: the plan lets {what}: {}", first.who.join(", "));
        // Writing to a string can't fail.
        let _ = write!(text, " gains {} on {}", first.actions.join(", "), first.on.join(", "));
        let help = "look at what is gained; if it is meant, apply without --fail-on".to_owned();
        return Err(Stop::Error { what: text, help: Some(help), exit: Exit::Refused });
    }
    Ok(())
}
