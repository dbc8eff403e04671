//! Who looks at a thing once more just before it is changed or removed: what a plan was decided from grows old while people read it, and
//! while a long run goes on.
//!
//! What was read not long ago is good enough to act on. Once it is older, everything that the run has still to begin with is read again at
//! once, by the same bulk reads: IAM answers for a whole account in a handful of calls, and of S3 and KMS, which have no bulk read, only the
//! things in question are asked for. So a run of a few seconds costs no call more, and one over a thousand roles that takes ten minutes
//! some twenty readings of IAM, and not a reading for each role.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::Instant;
use trueup_engine::check::Kinds;
use trueup_engine::facts::{Facts, ReadRequest, Scope, Unread, Wanted};
use trueup_engine::fresh::{Going, Now, became};
use trueup_engine::kind::{AnyModel, Live};
use trueup_engine::perform::{Became, Witness};
use trueup_specs::kind::KindScope;
use trueup_state::ledger::Ledger;
use trueup_state::plan::{Action, Change, Plan};

use crate::session::Aws;

/// How long what was read is good enough to act on, counted from the end of the reading. A choice of ours: short beside the minutes a person
/// takes over a plan, and long beside a reading, so that a run does more than read.
pub const EVIDENCE_MAX: Duration = Duration::from_secs(30);

/// What exists of a kind in a scope.
type Seen = Arc<Result<Vec<Live<AnyModel>>, Unread>>;

/// A [`Witness`] that reads AWS.
pub struct Lookout<'a> {
    aws: &'a Aws,
    kinds: Kinds,
    plan: &'a Plan,
    ledger: &'a Ledger,
    going: Going,
    /// Changes about existing things of which no operation was begun.
    open: Mutex<BTreeSet<usize>>,
    /// When what is known was read.
    read_at: Mutex<Instant>,
    known: tokio::sync::Mutex<Known>,
}

/// What was read since the plan was made; nothing at first.
#[derive(Default)]
struct Known {
    facts: Option<Arc<Facts>>,
    /// By kind and scope, of those facts.
    seen: BTreeMap<(Arc<str>, Scope), Seen>,
}

impl<'a> Lookout<'a> {
    /// A lookout over a plan that was decided from what was read until `read_at`.
    #[must_use]
    pub fn new(aws: &'a Aws, kinds: Kinds, plan: &'a Plan, ledger: &'a Ledger, read_at: Instant) -> Self {
        let existing = plan.changes.iter().enumerate().filter(|(_, change)| change.before.is_some());
        Self {
            aws,
            kinds,
            going: Going::of(plan),
            open: Mutex::new(existing.map(|(index, _)| index).collect()),
            read_at: Mutex::new(read_at),
            known: tokio::sync::Mutex::default(),
            plan,
            ledger,
        }
    }

    fn is_recent(&self) -> bool {
        self.read_at.lock().unwrap_or_else(PoisonError::into_inner).elapsed() < EVIDENCE_MAX
    }

    /// What became of the thing of a change. It counts as not begun until that is known: whoever reads meanwhile reads it too.
    async fn look_again(&self, index: usize) -> Became {
        let Some(change) = self.plan.changes.get(index) else { return Ok(None) };
        let Some(kind) = self.kinds.get(&change.address.kind) else { return Ok(None) };
        let mut known = self.known.lock().await;
        let facts = match &known.facts {
            Some(facts) if self.is_recent() => facts.clone(),
            Some(_) | None => {
                let facts = Arc::new(self.aws.read_wanted(&self.requests()).await);
                *known = Known { facts: Some(facts.clone()), seen: BTreeMap::new() };
                *self.read_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                facts
            }
        };
        self.begun(index);
        let key = (change.address.kind.clone(), change.scope.clone());
        let live = known.seen.entry(key).or_insert_with(|| Arc::new(kind.observe(&facts, &change.scope))).clone();
        drop(known);
        match &*live {
            Ok(live) => {
                let now = Now { plan: self.plan, ledger: self.ledger, facts: &facts, going: &self.going };
                Ok(became(now, change, kind, live))
            }
            Err(unread) => Err(unread.clone()),
        }
    }

    fn begun(&self, change: usize) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&change);
    }

    /// The reads that show the things of all changes that were not begun.
    fn requests(&self) -> Vec<ReadRequest> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut wanted: BTreeMap<(&str, Scope), BTreeSet<Wanted>> = BTreeMap::new();
        for change in open.iter().filter_map(|index| self.plan.changes.get(*index)) {
            for source in self.kinds.get(&change.address.kind).map(|kind| kind.sources()).unwrap_or_default() {
                let region = change.scope.region.clone();
                let is_regional = (self.kinds.source_scope)(source) == KindScope::Region;
                let scope = Scope { account: change.scope.account.clone(), region: region.filter(|_| is_regional) };
                wanted.entry((source, scope)).or_default().extend(wants(change));
            }
        }
        let request = |((source, scope), wanted): ((&str, Scope), BTreeSet<Wanted>)| ReadRequest {
            wanted: wanted.into_iter().map(|wanted| self.as_asked(source, &scope, wanted)).collect(),
            source: Arc::from(source),
            scope,
        };
        wanted.into_iter().map(request).collect()
    }

    /// The same as it was asked for the plan, with what a source was told then.
    fn as_asked(&self, source: &str, scope: &Scope, wanted: Wanted) -> Wanted {
        let of_plan = self.plan.reads.iter().map(|read| &read.request);
        let mut same = of_plan.filter(|request| *request.source == *source && request.scope == *scope);
        let asked = same.next().and_then(|request| {
            request
                .wanted
                .iter()
                .find(|asked| asked.kind == wanted.kind && asked.name == wanted.name && asked.address == wanted.address)
        });
        asked.cloned().unwrap_or(wanted)
    }
}

/// How a source finds the thing of a change: by its name, or by the address in its tag, which may be the one it had.
fn wants(change: &Change) -> Vec<Wanted> {
    let wanted = |address: String| Wanted {
        kind: change.address.kind.clone(),
        name: change.name.clone(),
        address,
        recorded: BTreeMap::new(),
    };
    let mut all = vec![wanted(change.address.to_string())];
    if let Action::Move { from } = &change.action {
        all.push(wanted(from.clone()));
    }
    all
}

impl Witness for Lookout<'_> {
    fn look(&self, change: usize) -> Option<BoxFuture<'_, Became>> {
        // What was read since the plan must be looked at, however recent: it may show something else than the plan had.
        let is_of_plan = || self.known.try_lock().is_ok_and(|known| known.facts.is_none());
        if self.is_recent() && is_of_plan() {
            self.begun(change);
            return None;
        }
        Some(self.look_again(change).boxed())
    }
}
