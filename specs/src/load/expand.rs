//! From resources as they are written to one in every account.

use std::sync::Arc;

use indexmap::IndexMap;

use super::Loader;
use super::scan::Decoded;
use crate::address::Address;
use crate::decode::Noted;
use crate::diagnostic::Diagnostic;
use crate::kind::{KindSchema, KindScope};
use crate::lookup::{no_management, unknown_account};
use crate::project::{Block, Declared, DeclaredState, Instance, InstanceId, Place, Scope};
use crate::span::Span;
use crate::text::Text;

/// A resource as it is written, before the accounts are known.
pub(super) struct Draft {
    pub(super) kind: &'static KindSchema,
    pub(super) name: Arc<str>,
    pub(super) span: Span,
    pub(super) scope: Scope,
    pub(super) used_at: Option<Span>,
    pub(super) decoded: Decoded,
    pub(super) noted: Vec<Noted>,
}

impl Loader {
    /// Makes the instances of every draft, and finds addresses that are declared twice.
    pub(super) fn expand(&mut self) {
        for draft in std::mem::take(&mut self.drafts) {
            let Some(accounts) = self.accounts_of(&draft) else { continue };
            let region = self.region_of(&draft);
            let (Some(region), Draft { kind, name, span, scope, used_at, decoded, noted }) = (region, draft) else {
                continue;
            };
            let Decoded { enabled, adopt, protect, tags, suppress, spec } = decoded;
            let tags = self.tags_of(kind, tags);
            let block = spec.filter(|_| enabled).map(|spec| {
                let Scope { account: _, region, use_name, account_span: _ } = scope.clone();
                Arc::new(Block { kind, span, spec, tags, adopt, protect, suppress, used_at, use_name, region })
            });
            // Of a resource of a template the use is what the person can change.
            let place = used_at.unwrap_or(span);
            for account in accounts.iter() {
                let state = match &block {
                    Some(block) => DeclaredState::Live(self.instance(account, &region, &name, block)),
                    None if enabled => DeclaredState::Broken,
                    None => DeclaredState::Off,
                };
                let declared = Declared { region: region.clone(), span: place, state };
                self.declare(
                    Place { account: Arc::clone(account), kind: kind.name, name: Arc::clone(&name) },
                    declared,
                );
            }
            if enabled && !noted.is_empty() {
                for account in accounts.iter() {
                    let scope = Scope { account: Some(Arc::clone(account)), ..scope.clone() };
                    self.checks.push((scope, self.shared_noted.len()));
                }
                self.shared_noted.push(noted);
            }
        }
    }

    fn accounts_of(&mut self, draft: &Draft) -> Option<Arc<[Arc<str>]>> {
        if draft.kind.scope == KindScope::Organization {
            return self.management_of(draft).map(|management| Arc::from([management]));
        }
        let Some(name) = &draft.scope.account else {
            if !self.incomplete {
                let diagnostic = Diagnostic::error("the file has no `[scope]`");
                let first = self.without_scope.entry(draft.span.file()).or_insert(draft.span);
                let help =
                    "say where its resources are: [scope] account = \"…\", and region = \"…\" where they have one";
                self.problems.push(diagnostic.at(draft.used_at.unwrap_or(*first), "in which account?").help(help));
            }
            return None;
        };
        match self.project.members(name) {
            Some(members) => Some(Arc::from(members)),
            None => {
                if !self.incomplete {
                    let span = draft.scope.account_span.unwrap_or(draft.span);
                    self.problems.push(unknown_account(&self.project, name).diagnostic(span));
                }
                None
            }
        }
    }

    /// What belongs to the organization is in its management account, whether its file says so or has no scope.
    fn management_of(&mut self, draft: &Draft) -> Option<Arc<str>> {
        let span = draft.used_at.unwrap_or(draft.span);
        let Some(management) = self.project.management.clone() else {
            if !self.incomplete {
                self.problems.push(no_management().diagnostic(span));
            }
            return None;
        };
        match &draft.scope.account {
            Some(other) if *other != management => {
                let summary =
                    format!("a {} belongs to the organization, and `{other}` does not manage it", draft.kind.name);
                let help = format!("put it into a file without [scope], or with account = \"{management}\"");
                self.problems.push(Diagnostic::error(summary).at(span, "").help(help));
                None
            }
            Some(_) | None => Some(management),
        }
    }

    /// The region of a resource: `Some(None)` where its kind has none.
    fn region_of(&mut self, draft: &Draft) -> Option<Option<Arc<str>>> {
        match (draft.kind.scope, &draft.scope.region) {
            (KindScope::Organization | KindScope::Account, _) => Some(None),
            (KindScope::Region, Some(region)) => Some(Some(Arc::clone(region))),
            (KindScope::Region, None) => {
                let summary = format!("a {} needs a region", draft.kind.name);
                let help = "give the file's `[scope]` a `region`, or the `[project]` of trueup.toml";
                self.problems.push(Diagnostic::error(summary).at(draft.used_at.unwrap_or(draft.span), "").help(help));
                None
            }
        }
    }

    fn tags_of(&self, kind: &KindSchema, own: IndexMap<String, Text>) -> Arc<IndexMap<String, Text>> {
        if !kind.taggable {
            return Arc::default();
        }
        if own.is_empty() {
            return Arc::clone(&self.project.tags);
        }
        let mut tags = IndexMap::clone(&self.project.tags);
        tags.extend(own);
        Arc::new(tags)
    }

    fn instance(
        &mut self,
        account: &Arc<str>,
        region: &Option<Arc<str>>,
        name: &Arc<str>,
        block: &Arc<Block>,
    ) -> InstanceId {
        let id = InstanceId(u32::try_from(self.project.instances.len()).unwrap_or(u32::MAX));
        let kind = self.intern(block.kind.name);
        let address = Address { account: Arc::clone(account), region: region.clone(), kind, name: Arc::clone(name) };
        let (account, region, block) = (Arc::clone(account), region.clone(), Arc::clone(block));
        self.project.instances.push(Instance { address, block, account, region });
        id
    }

    fn declare(&mut self, place: Place, declared: Declared) {
        // Nearly always there is one region, and room for four would be a lot of room.
        let known = self.project.index.places.entry(place).or_insert_with(|| Vec::with_capacity(1));
        let Some(before) = known.iter().find(|before| before.region == declared.region) else {
            known.push(declared);
            return;
        };
        let (before, again) = (before.span, declared.span);
        let summary = match declared.state {
            DeclaredState::Live(id) => self.project.instance(id).map(|instance| instance.address.to_string()),
            DeclaredState::Off | DeclaredState::Broken => None,
        };
        let summary = summary.map_or("a resource".to_owned(), |address| format!("`{address}`"));
        let diagnostic = Diagnostic::error(format!("{summary} is declared twice"));
        let diagnostic = diagnostic.at(again, "again here").also(before, "first here");
        self.problems.push(diagnostic.help("give one of them another name, or keep one"));
    }
}
