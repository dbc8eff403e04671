//! The permissions that roles, users and groups hold: policies of their own, and managed policies attached to them.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use trueup_engine::access::Paper;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::policy::Use;
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{ByName, PolicySpec, Reference};

use crate::fields::{self, IAM_QUOTAS, IAM_SIGNS, ManagedPolicy, NameRule, PolicyDocument};
use crate::policy::{self, ManagedPolicySpec};

/// The name of an inline policy.
const INLINE_NAME: NameRule = NameRule { what: "policy", max: 128, signs: IAM_SIGNS, page: IAM_QUOTAS };

/// The page on boundaries.
const BOUNDARIES: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html";

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
    let mut arns: BTreeSet<String> = BTreeSet::new();
    for reference in references {
        let parts = parts_of(reference, cx);
        let firsts = cx.references(std::slice::from_ref(reference));
        arns.extend(firsts.iter().flat_map(|first| (1..=parts).map(|number| policy::part_name(first, number))));
    }
    if arns.len() > limits.managed_max
        && let Some(first) = references.first()
    {
        let problem = Diagnostic::error(format!("the {} has too many managed policies", limits.holder));
        let over = format!("{}, {} more than any account allows", arns.len(), arns.len() - limits.managed_max);
        cx.problem(problem.at(first.span(), over).note(IAM_QUOTAS));
    }
    arns
}

/// The ARN of the permissions boundary a spec asks for.
pub fn boundary(reference: Option<&Reference<ManagedPolicy>>, cx: &mut Resolver<'_>) -> Option<String> {
    let reference = reference?;
    if let Some(policy) = packed(reference, cx) {
        let problem =
            Diagnostic::error("a permissions boundary is one policy, and this one may be spread over several");
        let problem = problem.at(reference.span(), "").also(policy, "has `pack = true`").note(BOUNDARIES);
        cx.problem(problem.help("bound it by a policy without `pack`"));
    }
    Some(cx.reference(reference))
}

/// The place of a policy with `pack = true`.
fn packed(reference: &Reference<ManagedPolicy>, cx: &Resolver<'_>) -> Option<Span> {
    let (_, instance) = cx.named(reference)?;
    let spec = instance.block.spec::<ManagedPolicySpec>()?;
    (spec.pack == Some(true)).then_some(instance.block.span)
}

/// How many policies the named one is spread over.
fn parts_of(reference: &Reference<ManagedPolicy>, cx: &Resolver<'_>) -> usize {
    let Some((id, instance)) = cx.named(reference) else { return 1 };
    let Some(spec) = instance.block.spec::<ManagedPolicySpec>() else { return 1 };
    cx.beside(id, |cx| policy::count(spec, cx))
}
