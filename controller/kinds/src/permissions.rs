//! The permissions that roles, users and groups hold: policies of their own, and managed policies attached to them.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use trueup_engine::access::Paper;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::policy::Use;
use trueup_specs::resolve::Resolver;
use trueup_specs::{ByName, PolicySpec, Reference};

use crate::fields::{self, IAM_QUOTAS, IAM_SIGNS, ManagedPolicy, NameRule, PolicyDocument};

/// The name of an inline policy.
const INLINE_NAME: NameRule = NameRule { what: "policy", max: 128, signs: IAM_SIGNS, page: IAM_QUOTAS };

/// How much one holder may hold.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// What holds it: `role`.
    pub holder: &'static str,
    /// Characters of all its inline policies together, without white space.
    pub inline_size_max: usize,
    /// Managed policies attached to it, with the quota raised as far as it goes.
    pub managed_max: usize,
}

/// A holder's own policies, for the question who can do what.
pub fn papers(inline: &ByName<PolicyDocument>) -> Vec<Paper<'_>> {
    inline.iter().map(|(name, policy)| Paper::new(format!("inline.{name}"), policy.document())).collect()
}

/// ARNs as they are offered.
pub fn arns(arns: &BTreeSet<String>) -> Vec<&str> {
    arns.iter().map(String::as_str).collect()
}

/// The inline policies a spec asks for, by name; `None` after a problem.
pub fn inline(
    specs: &IndexMap<String, PolicySpec>,
    limits: &Limits,
    cx: &mut Resolver<'_>,
) -> Option<ByName<PolicyDocument>> {
    let mut documents = Some(Vec::with_capacity(specs.len()));
    let mut size = 0;
    for (name, spec) in specs {
        fields::check_name(name, spec.span(), &INLINE_NAME, cx);
        let document = cx.policy(spec, Use::Inline);
        size += document.as_ref().map_or(0, |document| document.size(Use::Inline));
        documents = documents.zip(document).map(|(mut documents, document)| {
            documents.push((name.clone(), PolicyDocument::Document(document)));
            documents
        });
    }
    let max = limits.inline_size_max;
    if size > max
        && let Some(first) = specs.values().next()
    {
        let problem = Diagnostic::error(format!("the inline policies of the {} are too large", limits.holder));
        let over = format!("together {size} characters, {} over the limit of {max}", size - max);
        cx.problem(
            problem.at(first.span(), "").note(over).help("move some into a `policy`, which has a limit of its own"),
        );
    }
    documents.map(|documents| documents.into_iter().collect())
}

/// The ARNs of the managed policies a spec asks for.
pub fn managed_policies(
    references: &[Reference<ManagedPolicy>],
    limits: &Limits,
    cx: &mut Resolver<'_>,
) -> BTreeSet<String> {
    let arns: BTreeSet<String> = cx.references(references).into_iter().collect();
    if arns.len() > limits.managed_max
        && let Some(first) = references.first()
    {
        let problem = Diagnostic::error(format!("the {} has too many managed policies", limits.holder));
        let over = format!("{}, {} more than any account allows", arns.len(), arns.len() - limits.managed_max);
        cx.problem(problem.at(first.span(), over).note(IAM_QUOTAS));
    }
    arns
}
