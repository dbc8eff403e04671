//! The grants of a key: permissions without a statement in its policy.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
//!
//! AWS's own services make grants too, and a grant has no tags. So the name of each that is made here begins with [`OWN`], and all others are
//! left alone. KMS can change no grant: another one is made, then the old one is revoked.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::policy::{
    Actions, Caseless, Conditions, Document, Effect, Principal, Principals, Resources, Statement, Version,
};
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{Few, Reference, Text, spec, words};

use super::spec::{KeySort, KeyUsage};
use crate::fields::{self, NameRule};

/// What the name of a grant begins with that is made here.
pub const OWN: &str = "trueup:";

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html>, `Name`: 256 characters, [`OWN`] among them.
const NAME: NameRule = NameRule {
    what: "grant",
    max: 256 - OWN.len(),
    signs: ":/_-",
    page: "https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html",
};

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html>, `Constraints`.
const CONTEXT_PAIRS_MAX: usize = 8;
/// The most characters of a value in an encryption context constraint.
const CONTEXT_VALUE_MAX: usize = 384;

spec! {
    /// A grant: it lets someone use the key, beside what the key's policy says.
    ///
    /// In KMS its name is the table's with `trueup:` in front, by which it is told from the grants of others.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
    pub struct GrantSpec {
        /// Who gets the permissions: a role or user, by address or ARN, or the ARN of an account or a session.
        ///
        /// Either this or `grantee_service_principal`.
        pub grantee_principal: Option<Reference<fields::Grantee>>,
        /// The AWS service that gets the permissions: `"service.amazonaws.com"`.
        ///
        /// With it `constraints` needs a `source_arn`, and someone must be able to retire the grant.
        /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html>
        pub grantee_service_principal: Option<Text>,
        /// Who may retire the grant: a role or user, by address or ARN, or the ARN of an account or a session.
        ///
        /// Default: no one but those whom the key's policy lets revoke it.
        pub retiring_principal: Option<Reference<fields::Grantee>>,
        /// The AWS service that may retire the grant. Default: none.
        pub retiring_service_principal: Option<Text>,
        /// What it permits.
        pub operations: Vec<GrantOperation>,
        /// When it holds. Default: always.
        pub constraints: Option<ConstraintsSpec>,
    }
}

spec! {
    /// When a grant holds.
    ///
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html>
    pub struct ConstraintsSpec {
        /// The encryption context must be just this.
        ///
        /// At most 8 pairs, values of 384 characters; only for `SYMMETRIC_DEFAULT`. Default: any.
        pub encryption_context_equals: IndexMap<String, Text>,
        /// The encryption context must have at least this.
        ///
        /// At most 8 pairs, values of 384 characters; only for `SYMMETRIC_DEFAULT`. Default: any.
        pub encryption_context_subset: IndexMap<String, Text>,
        /// The request must be made on behalf of the resource with this ARN. Default: any.
        pub source_arn: Option<Text>,
    }
}

words! {
    /// What a grant can permit.
    pub enum GrantOperation {
        /// It makes further grants.
        CreateGrant = "CreateGrant",
        /// It takes a secret out of its capsule.
        Decapsulate = "Decapsulate",
        /// It decrypts.
        Decrypt = "Decrypt",
        /// It agrees on a secret.
        DeriveSharedSecret = "DeriveSharedSecret",
        /// It reads what the key is.
        DescribeKey = "DescribeKey",
        /// It encapsulates a secret.
        Encapsulate = "Encapsulate",
        /// It encrypts.
        Encrypt = "Encrypt",
        /// It makes a data key.
        GenerateDataKey = "GenerateDataKey",
        /// It makes a pair of data keys.
        GenerateDataKeyPair = "GenerateDataKeyPair",
        /// It makes a pair of data keys, the private one encrypted only.
        GenerateDataKeyPairWithoutPlaintext = "GenerateDataKeyPairWithoutPlaintext",
        /// It makes a data key, encrypted only.
        GenerateDataKeyWithoutPlaintext = "GenerateDataKeyWithoutPlaintext",
        /// It makes a message authentication code.
        GenerateMac = "GenerateMac",
        /// It reads the public key.
        GetPublicKey = "GetPublicKey",
        /// It encrypts anew what this key encrypted.
        ReEncryptFrom = "ReEncryptFrom",
        /// It encrypts anew, with this key.
        ReEncryptTo = "ReEncryptTo",
        /// It retires the grant.
        RetireGrant = "RetireGrant",
        /// It signs.
        Sign = "Sign",
        /// It verifies a signature.
        Verify = "Verify",
        /// It verifies a message authentication code.
        VerifyMac = "VerifyMac",
    }
}

/// A grant, as specs want it and as KMS has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Its name without [`OWN`].
    pub name: String,
    /// The ARN of whoever gets the permissions.
    pub grantee_principal: Option<String>,
    /// The service that gets them.
    pub grantee_service_principal: Option<String>,
    /// The ARN of whoever may retire it.
    pub retiring_principal: Option<String>,
    /// The service that may.
    pub retiring_service_principal: Option<String>,
    /// What it permits.
    pub operations: BTreeSet<String>,
    /// The encryption context it asks for.
    pub encryption_context_equals: BTreeMap<String, String>,
    /// What the encryption context must have at least.
    pub encryption_context_subset: BTreeMap<String, String>,
    /// The resource on whose behalf a request must be.
    pub source_arn: Option<String>,
}

impl Grant {
    /// The ARNs of the users and roles that must exist for it.
    pub fn principals(&self) -> impl Iterator<Item = String> {
        let arns = self.grantee_principal.iter().chain(&self.retiring_principal);
        arns.filter(|arn| fields::is_identity(arn)).cloned()
    }
}

/// The operations that take an encryption context, which a constraint on it is about; and CreateGrant, of which it asks that further
/// grants be as narrow.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html>
const WITH_CONTEXT: &[GrantOperation] = &[
    GrantOperation::CreateGrant,
    GrantOperation::Decrypt,
    GrantOperation::Encrypt,
    GrantOperation::GenerateDataKey,
    GrantOperation::GenerateDataKeyPair,
    GrantOperation::GenerateDataKeyPairWithoutPlaintext,
    GrantOperation::GenerateDataKeyWithoutPlaintext,
    GrantOperation::ReEncryptFrom,
    GrantOperation::ReEncryptTo,
];

/// The grants as statements that name who has them; nothing where there are none.
///
/// A grant permits its operations beside what the key's policy says, and its retiring principal may retire it.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
#[must_use]
pub fn document(grants: &BTreeSet<Grant>) -> Option<Document> {
    let statements: Vec<Statement> = grants.iter().flat_map(statements).collect();
    let document = Document { version: Version::V2012, id: None, statements };
    (!document.statements.is_empty()).then_some(document)
}

fn test(condition: &mut Conditions, operator: &str, key: &str, values: BTreeSet<String>) {
    condition.entry(Caseless::from(operator)).or_default().insert(Caseless::from(key), values);
}

fn statements(grant: &Grant) -> Vec<Statement> {
    let Grant {
        name,
        grantee_principal,
        grantee_service_principal,
        retiring_principal,
        retiring_service_principal,
        operations,
        encryption_context_equals,
        encryption_context_subset,
        source_arn,
    } = grant;
    let who = |aws: &Option<String>, service: &Option<String>| -> Few<Principal> {
        let aws = aws.iter().cloned().map(Principal::Aws);
        aws.chain(service.iter().cloned().map(Principal::Service)).collect()
    };
    let allow = |who: Few<Principal>, operations: Few<Caseless>, condition: Conditions| Statement {
        sid: Some(name.clone()),
        effect: Effect::Allow,
        principal: Some(Principals::Is(who)),
        action: Actions::Is(operations),
        resource: Some(Resources::Is(["*".to_owned()].into())),
        condition,
    };
    let mut of_source = Conditions::new();
    if let Some(arn) = source_arn {
        test(&mut of_source, "ArnEquals", "aws:SourceArn", [arn.clone()].into());
    }
    let mut of_context = of_source.clone();
    for (key, value) in encryption_context_equals.iter().chain(encryption_context_subset) {
        test(&mut of_context, "StringEquals", &format!("kms:EncryptionContext:{key}"), [value.clone()].into());
    }
    if !encryption_context_equals.is_empty() {
        // It must be just that, so that no other key may be there.
        let keys = encryption_context_equals.keys().cloned().collect();
        test(&mut of_context, "ForAllValues:StringEquals", "kms:EncryptionContextKeys", keys);
    }
    let with_context: BTreeSet<&str> = WITH_CONTEXT.iter().map(|operation| operation.as_str()).collect();
    let retire = GrantOperation::RetireGrant.as_str();
    let named = |is_meant: &dyn Fn(&str) -> bool| -> Few<Caseless> {
        let meant = operations.iter().filter(|operation| is_meant(operation.as_str()));
        meant.map(|operation| Caseless::from(format!("kms:{operation}").as_str())).collect()
    };
    let grantee = who(grantee_principal, grantee_service_principal);
    let retiring = who(retiring_principal, retiring_service_principal);
    let all = [
        allow(grantee.clone(), named(&|operation| with_context.contains(operation)), of_context),
        allow(grantee.clone(), named(&|operation| !with_context.contains(operation) && operation != retire), of_source),
        allow(grantee, named(&|operation| operation == retire), Conditions::new()),
        allow(retiring, [Caseless::from("kms:RetireGrant")].into(), Conditions::new()),
    ];
    let says_nothing = |statement: &Statement| {
        matches!(&statement.action, Actions::Is(actions) if actions.is_empty())
            || matches!(&statement.principal, Some(Principals::Is(named)) if named.is_empty())
    };
    all.into_iter().filter(|statement| !says_nothing(statement)).collect()
}

/// What a key of the sort and usage lets a grant permit: what the key can do, and the three that fit every key.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-grant-operations>
fn operations_of(sort: KeySort, usage: KeyUsage) -> Vec<GrantOperation> {
    use GrantOperation as Op;
    let (own, asymmetric): (&[Op], bool) = match (sort, usage) {
        (KeySort::SymmetricDefault, _) => (
            &[
                Op::Encrypt,
                Op::Decrypt,
                Op::GenerateDataKey,
                Op::GenerateDataKeyWithoutPlaintext,
                Op::GenerateDataKeyPair,
                Op::GenerateDataKeyPairWithoutPlaintext,
                Op::ReEncryptFrom,
                Op::ReEncryptTo,
            ],
            false,
        ),
        (_, KeyUsage::GenerateVerifyMac) => (&[Op::GenerateMac, Op::VerifyMac], false),
        (_, KeyUsage::EncryptDecrypt) => (&[Op::Encrypt, Op::Decrypt, Op::ReEncryptFrom, Op::ReEncryptTo], true),
        (_, KeyUsage::SignVerify) => (&[Op::Sign, Op::Verify], true),
        (_, KeyUsage::KeyAgreement) => (&[Op::DeriveSharedSecret], true),
        (_, KeyUsage::EncapsulateDecapsulate) => (&[Op::Encapsulate, Op::Decapsulate], true),
    };
    let public = asymmetric.then_some(Op::GetPublicKey);
    own.iter().copied().chain(public).chain([Op::CreateGrant, Op::DescribeKey, Op::RetireGrant]).collect()
}

/// The grants a spec asks for. `sort` is what the key is and does, where that is known.
pub(crate) fn desired(
    specs: &IndexMap<String, GrantSpec>,
    sort: Option<(KeySort, KeyUsage)>,
    cx: &mut Resolver<'_>,
) -> BTreeSet<Grant> {
    specs
        .iter()
        .map(|(name, spec)| {
            let grant = one(name, spec, cx);
            let named = spec.grantee_principal.as_ref().map(Reference::span);
            let served = spec.grantee_service_principal.as_ref().map(Text::span);
            let span = named.or(served).unwrap_or_else(|| cx.span());
            check_principals(&grant, span, cx);
            check_operations(&grant, &spec.operations, sort, span, cx);
            grant
        })
        .collect()
}

fn one(name: &str, spec: &GrantSpec, cx: &mut Resolver<'_>) -> Grant {
    let GrantSpec {
        grantee_principal,
        grantee_service_principal,
        retiring_principal,
        retiring_service_principal,
        operations,
        constraints,
    } = spec;
    fields::check_name(name, cx.span(), &NAME, cx);
    let mut grant = Grant {
        name: name.to_owned(),
        grantee_principal: grantee_principal.as_ref().map(|arn| cx.reference(arn)),
        grantee_service_principal: grantee_service_principal.as_ref().map(|name| service(name, cx)),
        retiring_principal: retiring_principal.as_ref().map(|arn| cx.reference(arn)),
        retiring_service_principal: retiring_service_principal.as_ref().map(|name| service(name, cx)),
        operations: operations.iter().map(ToString::to_string).collect(),
        ..Grant::default()
    };
    if let Some(ConstraintsSpec { encryption_context_equals, encryption_context_subset, source_arn }) = constraints {
        grant.encryption_context_equals = context(encryption_context_equals, cx);
        grant.encryption_context_subset = context(encryption_context_subset, cx);
        grant.source_arn = source_arn.as_ref().map(|arn| checked_arn(arn, cx));
    }
    grant
}

fn service(text: &Text, cx: &mut Resolver<'_>) -> String {
    let name = cx.text(text);
    if !fields::is_pending(&name) && !is_service(&name) {
        let problem = Diagnostic::error(format!("`{name}` is no service principal")).at(text.span(), "");
        cx.problem(problem.help("write the service's name as policies do: \"rds.amazonaws.com\""));
    }
    name
}

/// Whether a principal is that of a service.
pub(crate) fn is_service(principal: &str) -> bool {
    !principal.starts_with("arn:")
        && (principal.ends_with(".amazonaws.com") || principal.ends_with(".amazonaws.com.cn"))
}

fn checked_arn(text: &Text, cx: &mut Resolver<'_>) -> String {
    let arn = cx.text(text);
    if !fields::is_pending(&arn) && !arn.starts_with("arn:") {
        cx.problem(Diagnostic::error(format!("`{arn}` is no ARN")).at(text.span(), ""));
    }
    arn
}

fn context(pairs: &IndexMap<String, Text>, cx: &mut Resolver<'_>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (key, text) in pairs {
        let value = cx.text(text);
        let length = value.chars().count();
        if length > CONTEXT_VALUE_MAX && !fields::is_pending(&value) {
            let over = format!("{length} characters, {} too many", length - CONTEXT_VALUE_MAX);
            cx.problem(Diagnostic::error("the value in the encryption context is too long").at(text.span(), over));
        }
        found.insert(key.clone(), value);
    }
    if let Some((_, extra)) = pairs.get_index(CONTEXT_PAIRS_MAX) {
        let problem = Diagnostic::error(format!("a constraint has {CONTEXT_PAIRS_MAX} pairs at most"));
        cx.problem(problem.at(extra.span(), format!("{} are written", pairs.len())));
    }
    found
}

fn check_principals(grant: &Grant, span: Span, cx: &mut Resolver<'_>) {
    let name = &grant.name;
    let mut tell = |summary: String, help: &str| cx.problem(Diagnostic::error(summary).at(span, "").help(help));
    match (&grant.grantee_principal, &grant.grantee_service_principal) {
        (None, None) => tell(format!("the grant `{name}` names no one"), "add `grantee_principal`: a role or user"),
        (Some(_), Some(_)) => {
            tell(
                format!("the grant `{name}` names two"),
                "write a principal or a service; a second grant for the other",
            );
        }
        (Some(_), None) => {}
        (None, Some(_)) => {
            if grant.source_arn.is_none() {
                let help = "add `constraints = { source_arn = \"…\" }`";
                tell(format!("the grant `{name}` to a service needs a source"), help);
            }
            if grant.retiring_principal.is_none() && grant.retiring_service_principal.is_none() {
                let help = "add `retiring_principal` or `retiring_service_principal`";
                tell(format!("the grant `{name}` to a service needs someone who can retire it"), help);
            }
        }
    }
    if grant.retiring_principal.is_some() && grant.retiring_service_principal.is_some() {
        let help = "write a principal or a service, not both";
        tell(format!("the grant `{name}` can be retired by one only"), help);
    }
}

fn check_operations(
    grant: &Grant,
    operations: &[GrantOperation],
    sort: Option<(KeySort, KeyUsage)>,
    span: Span,
    cx: &mut Resolver<'_>,
) {
    let name = &grant.name;
    if operations.is_empty() {
        let problem = Diagnostic::error(format!("the grant `{name}` permits nothing")).at(span, "");
        cx.problem(problem.help("write `operations = [\"Decrypt\"]`"));
    }
    let Some((sort, usage)) = sort else { return };
    let possible = operations_of(sort, usage);
    for operation in operations.iter().filter(|operation| !possible.contains(operation)) {
        let summary = format!("the grant `{name}` can't permit {operation}: no key {sort} for {usage} can do that");
        let names = possible.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        cx.problem(Diagnostic::error(summary).at(span, "").note(format!("possible are {names}")));
    }
    let with_context = !grant.encryption_context_equals.is_empty() || !grant.encryption_context_subset.is_empty();
    if with_context && sort != KeySort::SymmetricDefault {
        let summary = format!("the grant `{name}` can't ask for an encryption context");
        let problem = Diagnostic::error(summary).at(span, format!("a key {sort} takes none"));
        cx.problem(problem.help("leave the encryption context out: only SYMMETRIC_DEFAULT has one"));
    }
}
