//! A few kinds, and the way from files to what a person sees.

use std::path::PathBuf;

use indexmap::IndexMap;
use trueup_specs::policy::Use;
use trueup_specs::{
    Diagnostic, InstanceId, KindSchema, KindScope, Loaded, OneOrMany, Outputs, PolicySpec, Project, Reference,
    Resolver, Target, Text, Within, decode_any, load_from, render, shape_of, spec, words,
};

/// A key, or its ARN.
#[derive(Debug)]
pub(crate) struct KeyTarget;

impl Target for KeyTarget {
    const KINDS: &'static [&'static str] = &["key"];
    const ATTRIBUTE: &'static str = "arn";
    const LITERAL: &'static str = "an ARN";

    fn is_literal(text: &str) -> bool {
        text.starts_with("arn:")
    }
}

/// A policy, or its ARN.
#[derive(Debug)]
pub(crate) struct PolicyTarget;

impl Target for PolicyTarget {
    const KINDS: &'static [&'static str] = &["policy"];
    const ATTRIBUTE: &'static str = "arn";
    const LITERAL: &'static str = "an ARN";

    fn is_literal(text: &str) -> bool {
        text.starts_with("arn:")
    }
}

spec! {
    /// A role that people and services assume.
    pub(crate) struct RoleSpec {
        /// Who may assume it.
        pub trust: Option<PolicySpec>,
        /// What it is for. Default: nothing.
        pub description: Option<Text>,
        /// Inline policies, by name.
        pub inline: IndexMap<String, PolicySpec>,
        /// Managed policies.
        pub managed: OneOrMany<Reference<PolicyTarget>>,
        /// How long a session may last, in seconds. Default: 3600.
        pub session_seconds: Option<Within<3600, 43200>>,
    }
}

words! {
    /// Whether a bucket keeps old versions.
    pub(crate) enum Versioning {
        /// It does.
        Enabled = "enabled",
        /// It no longer makes any.
        Suspended = "suspended",
    }
}

spec! {
    /// How a bucket encrypts.
    pub(crate) struct Encryption {
        /// The key.
        pub key: Option<Reference<KeyTarget>>,
    }
}

spec! {
    /// A bucket.
    pub(crate) struct BucketSpec {
        /// Its name: unique in the world.
        pub name: Text,
        /// How it encrypts.
        pub encryption: Option<Encryption>,
        /// Whether it keeps old versions.
        pub versioning: Option<Versioning>,
        /// Its policy.
        pub policy: Option<PolicySpec>,
    }
}

spec! {
    /// A key.
    pub(crate) struct KeySpec {
        /// Its alias.
        pub alias: Option<Text>,
        /// Whether it rotates.
        pub rotation: bool,
        /// Its policy.
        pub policy: Option<PolicySpec>,
    }
}

const ARN: &[(&str, &str)] = &[("arn", "Its ARN."), ("name", "Its name.")];

pub(crate) static ROLE: KindSchema = KindSchema {
    name: "role",
    summary: "An IAM role.",
    scope: KindScope::Account,
    stateful: false,
    taggable: true,
    attributes: ARN,
    shape: shape_of::<RoleSpec>,
    decode: decode_any::<RoleSpec>,
};

pub(crate) static POLICY: KindSchema = KindSchema {
    name: "policy",
    summary: "A managed policy.",
    scope: KindScope::Account,
    stateful: false,
    taggable: false,
    attributes: &[("arn", "Its ARN.")],
    shape: shape_of::<RoleSpec>,
    decode: decode_any::<RoleSpec>,
};

pub(crate) static BUCKET: KindSchema = KindSchema {
    name: "bucket",
    summary: "An S3 bucket.",
    scope: KindScope::Region,
    stateful: true,
    taggable: true,
    attributes: ARN,
    shape: shape_of::<BucketSpec>,
    decode: decode_any::<BucketSpec>,
};

pub(crate) static KEY: KindSchema = KindSchema {
    name: "key",
    summary: "A KMS key.",
    scope: KindScope::Region,
    stateful: true,
    taggable: true,
    attributes: &[("arn", "Its ARN."), ("id", "Its id.")],
    shape: shape_of::<KeySpec>,
    decode: decode_any::<KeySpec>,
};

pub(crate) const KINDS: &[&KindSchema] = &[&ROLE, &POLICY, &BUCKET, &KEY];

pub(crate) const SETTINGS: &str = "[project]\nname = \"demo\"\nregion = \"eu-west-1\"\n";

pub(crate) const ACCOUNTS: &str = r#"
[account.tooling]
id = "111111111111"
[account.unicorn]
id = "222222222222"
groups = ["tenants"]
[account.gnome]
id = "333333333333"
groups = ["tenants"]
"#;

/// Loads files; settings and accounts are added where the case has none of its own.
pub(crate) fn load_files(files: &[(&str, &str)]) -> Loaded {
    let mut all: Vec<(PathBuf, Vec<u8>)> =
        files.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())).collect();
    for (path, text) in [("trueup.toml", SETTINGS), ("accounts.toml", ACCOUNTS)] {
        if !files.iter().any(|(given, _)| *given == path) {
            all.push((PathBuf::from(path), text.as_bytes().to_vec()));
        }
    }
    load_from(all, KINDS)
}

/// Outputs as they follow from names; those of keys are not known, since AWS makes them up.
pub(crate) struct Names<'a>(pub(crate) &'a Project);

impl Outputs for Names<'_> {
    fn get(&self, instance: InstanceId, attribute: &str) -> Option<String> {
        let address = &self.0.instance(instance)?.address;
        let (kind, name) = (&*address.kind, &*address.name);
        let id = &self.0.accounts.get(&address.account)?.id;
        match (kind, attribute) {
            ("key", _) => None,
            (_, "name") => Some(name.to_owned()),
            ("bucket", _) => Some(format!("arn:aws:s3:::{name}")),
            _ => Some(format!("arn:aws:iam::{id}:{kind}/{name}")),
        }
    }
}

/// What a person sees of a project with problems, or what was understood of one without.
pub(crate) fn check(files: &[(&str, &str)]) -> String {
    let Loaded { sources, project, mut problems } = load_files(files);
    let project = project.expect("there are files");
    let mut told = String::new();
    if !problems.has_errors() {
        told = resolve_all(&project, &mut problems);
    }
    let problems: Vec<Diagnostic> = problems.into_vec();
    if problems.is_empty() { told } else { render(&problems, &sources, false, 80) }
}

/// Every text of every resource, resolved.
pub(crate) fn resolve_all(project: &Project, problems: &mut trueup_specs::Problems) -> String {
    let names = Names(project);
    let mut out = String::new();
    for (id, instance) in project.iter() {
        let mut resolver = Resolver::new(project, id, &names, problems);
        out.push_str(&format!("{} in {} {}\n", resolver.address(), resolver.account_id(), resolver.region()));
        if let Some(spec) = instance.block.spec::<RoleSpec>() {
            let RoleSpec { trust, description, inline, managed, session_seconds } = spec;
            text(&mut out, "description", description.as_ref().map(|one| resolver.text(one)));
            policy(&mut out, "trust", trust.as_ref(), Use::Trust, &mut resolver);
            for (name, inline) in inline {
                policy(&mut out, name, Some(inline), Use::Inline, &mut resolver);
            }
            let managed = resolver.references(managed);
            text(&mut out, "managed", (!managed.is_empty()).then(|| managed.join(" ")));
            text(&mut out, "session", session_seconds.map(|seconds| seconds.get().to_string()));
        }
        if let Some(spec) = instance.block.spec::<BucketSpec>() {
            let BucketSpec { name, encryption, versioning, policy: document, .. } = spec;
            let key = encryption.as_ref().and_then(|encryption| encryption.key.as_ref());
            text(&mut out, "name", Some(resolver.text(name)));
            text(&mut out, "key", key.map(|key| trueup_specs::pending::show(&resolver.reference(key))));
            text(&mut out, "versioning", versioning.map(|word| word.to_string()));
            policy(&mut out, "policy", document.as_ref(), Use::Bucket, &mut resolver);
        }
        if let Some(spec) = instance.block.spec::<KeySpec>() {
            let KeySpec { alias, rotation, policy: document } = spec;
            text(&mut out, "alias", alias.as_ref().map(|alias| resolver.text(alias)));
            text(&mut out, "rotation", rotation.then(|| "yes".to_owned()));
            policy(&mut out, "policy", document.as_ref(), Use::Key, &mut resolver);
        }
        let tags: Vec<String> = resolver.tags().into_iter().map(|(key, value)| format!("{key}={value}")).collect();
        text(&mut out, "tags", (!tags.is_empty()).then(|| tags.join(" ")));
    }
    for output in &project.outputs {
        let value = trueup_specs::resolve::output(project, output, &names, problems);
        out.push_str(&format!("output {} = {value:?}\n", output.name));
    }
    for removed in &project.removed {
        let addresses: Vec<String> = removed.addresses.iter().map(ToString::to_string).collect();
        out.push_str(&format!("removed {}\n", addresses.join(" ")));
    }
    for moved in &project.moved {
        out.push_str(&format!("moved {} -> {}\n", moved.from, moved.to));
    }
    out
}

fn text(out: &mut String, name: &str, value: Option<String>) {
    if let Some(value) = value {
        out.push_str(&format!("  {name}: {value}\n"));
    }
}

fn policy(out: &mut String, name: &str, spec: Option<&PolicySpec>, r#use: Use, resolver: &mut Resolver<'_>) {
    let document = spec.and_then(|spec| resolver.policy(spec, r#use));
    text(out, name, document.map(|document| trueup_specs::pending::show(&document.to_json())));
}
