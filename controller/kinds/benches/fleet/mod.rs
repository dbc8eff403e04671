//! A project of any size and the AWS it is true of, with the way from the one to an empty plan over the other.

mod live;
pub(crate) mod specs;

use std::collections::BTreeMap;
use std::path::PathBuf;

use trueup_engine::check::{Checked, Kinds, check};
use trueup_engine::execute::{Report, remember};
use trueup_engine::facts::{Facts, ReadRequest};
use trueup_engine::observe::{Reach, Selection, reach, requests};
use trueup_engine::plan::{Inputs, plan};
use trueup_specs::kind::KindScope;
use trueup_specs::project::Project;
use trueup_specs::span::Sources;
use trueup_specs::{Problems, load_from};
use trueup_state::ledger::Ledger;
use trueup_state::plan::Plan;

use specs::{Fleet, Share};

/// How a project's resources are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spread {
    /// All in one account: 90 % roles, 5 % policies, 3 % buckets, 2 % keys.
    OneAccount,
    /// Ten resources in each account of a group, eight of them roles, and ten keys in one more account.
    Tenants,
}

/// A project of so many resources: 100 at least, by tens.
pub(crate) fn fleet(resources: usize, spread: Spread) -> Fleet {
    let percent = |share: usize| resources * share / 100;
    let fleet = match spread {
        Spread::OneAccount => Fleet {
            tenants: 0,
            share: Share { roles: percent(90), policies: percent(5), buckets: percent(3) },
            keys: percent(2),
        },
        Spread::Tenants => {
            Fleet { tenants: resources / 10 - 1, share: Share { roles: 8, policies: 1, buckets: 1 }, keys: 10 }
        }
    };
    assert_eq!(fleet.len(), resources);
    fleet
}

/// Specs that were read.
pub(crate) struct Specs {
    /// Where their text is.
    pub(crate) sources: Sources,
    /// What they say.
    pub(crate) project: Project,
}

/// Parses and decodes the files.
pub(crate) fn load(files: Vec<(PathBuf, Vec<u8>)>) -> Specs {
    let loaded = load_from(files, &trueup_kinds::schemas());
    sound(loaded.problems, &loaded.sources);
    Specs { sources: loaded.sources, project: loaded.project.expect("the fleet has files") }
}

/// Resolves everything that needs no call.
pub(crate) fn checked(specs: &Specs) -> Checked<'_> {
    let source_scope = |source: &str| trueup_kinds::source::scope_of(source).unwrap_or(KindScope::Account);
    let kinds = Kinds { rows: trueup_kinds::kinds(), source_scope };
    let mut problems = Problems::new();
    let checked = check(&specs.project, kinds, &mut problems);
    sound(problems, &specs.sources);
    checked.expect("the fleet's kinds and accounts are known")
}

/// What a plan looks at.
pub(crate) struct Wants {
    selection: Selection,
    reach: Reach,
    pub(crate) requests: Vec<ReadRequest>,
}

/// Finds out what must be read.
pub(crate) fn wants(checked: &Checked<'_>, ledger: &Ledger) -> Wants {
    let selection = Selection::default();
    let reach = reach(checked, &selection);
    let requests = requests(checked, &selection, &reach, ledger);
    Wants { selection, reach, requests }
}

/// Decides.
pub(crate) fn changed_plan(specs: &Specs, checked: &Checked<'_>, wants: &Wants, facts: Facts, ledger: &Ledger) -> Plan {
    let inputs = Inputs {
        world: "test",
        checked,
        sources: &specs.sources,
        selection: &wants.selection,
        reach: &wants.reach,
        requests: &wants.requests,
        ledger,
        adopt: false,
    };
    let mut problems = Problems::new();
    let plan = plan(inputs, facts, &mut problems);
    sound(problems, &specs.sources);
    plan.expect("a plan without problems")
}

/// Decides, and finds nothing to do.
pub(crate) fn empty_plan(specs: &Specs, checked: &Checked<'_>, wants: &Wants, facts: Facts, ledger: &Ledger) -> Plan {
    let plan = changed_plan(specs, checked, wants, facts, ledger);
    assert!(plan.is_empty(), "{:#?}", plan.changes.first());
    assert!(!plan.is_incomplete() && plan.retained.is_empty(), "{:#?}", plan.blocked.first());
    assert_eq!(plan.unchanged as usize, checked.items.len());
    plan
}

/// The ledger as it is after a run that found all this true.
pub(crate) fn recorded(plan: &Plan) -> Ledger {
    let mut ledger = Ledger::default();
    let report = Report { outcomes: Vec::new(), stopped: false, journal_error: None, outputs: BTreeMap::new() };
    remember(&mut ledger, plan, &report);
    ledger
}

fn sound(problems: Problems, sources: &Sources) {
    let problems = problems.into_vec();
    let some = problems.get(..problems.len().min(3)).unwrap_or_default();
    assert!(problems.is_empty(), "{}", trueup_specs::render(some, sources, false, 100));
}
