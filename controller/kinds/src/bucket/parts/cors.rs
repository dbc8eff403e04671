//! A bucket's CORS rules: which web pages of other origins may call it.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html>

use std::collections::BTreeSet;

use aws_sdk_s3::types as sdk;
use aws_smithy_types::error::operation::BuildError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::resolve::Resolver;
use trueup_specs::{Text, Within, spec, words};

use super::{Placed, present, unsendable};
use crate::error::Failure;
use crate::fields::unless;
use crate::session::Session;

/// The field.
pub(crate) const FIELD: &str = "cors";
/// The permission to read it.
pub(crate) const READ: &str = "s3:GetBucketCORS";
/// The permission to change it.
pub(crate) const WRITE: &str = "s3:PutBucketCORS";

/// Rules of a bucket. <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html>
const RULES_MAX: usize = 100;

spec! {
    /// A CORS rule. The first that fits a request decides.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CORSRule.html>
    pub struct CorsRuleSpec {
        /// A name for it, of at most 255 characters. Default: none.
        pub id: Option<String>,
        /// The origins, each with at most one `*`: `https://example.com`.
        pub allowed_origins: Vec<Text>,
        /// What pages of these origins may do.
        pub allowed_methods: Vec<Method>,
        /// Headers they may send, each with at most one `*`. Default: none.
        pub allowed_headers: Vec<String>,
        /// Headers of the answer they may see. Default: none.
        pub expose_headers: Vec<String>,
        /// Seconds for which a browser may remember it. Default: S3 says nothing.
        pub max_age_seconds: Option<Within<0, 2_147_483_647>>,
    }
}

words! {
    /// A method of HTTP that S3 lets pages use.
    pub enum Method {
        /// Read.
        Get = "GET",
        /// Write.
        Put = "PUT",
        /// Look at the headers.
        Head = "HEAD",
        /// Send a form.
        Post = "POST",
        /// Remove.
        Delete = "DELETE",
    }
}

/// A CORS rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorsRule {
    /// Its name.
    pub id: Option<String>,
    /// Origins.
    pub allowed_origins: BTreeSet<String>,
    /// Methods.
    pub allowed_methods: BTreeSet<String>,
    /// Headers of requests.
    pub allowed_headers: BTreeSet<String>,
    /// Headers of answers.
    pub expose_headers: BTreeSet<String>,
    /// Seconds.
    pub max_age_seconds: Option<i32>,
}

/// What the specs ask for; what S3 would refuse is a problem.
pub(crate) fn desired(specs: &[Placed<CorsRuleSpec>], cx: &mut Resolver<'_>) -> Vec<CorsRule> {
    if let Some(extra) = specs.get(RULES_MAX) {
        let over = format!("{} rules, {} too many", specs.len(), specs.len() - RULES_MAX);
        cx.problem(Diagnostic::error("the bucket has too many CORS rules").at(extra.span, over));
    }
    let mut ids = BTreeSet::new();
    let mut rules = Vec::new();
    for (place, Placed { value: spec, span }) in specs.iter().enumerate() {
        let CorsRuleSpec { id, allowed_origins, allowed_methods, allowed_headers, expose_headers, max_age_seconds } =
            spec;
        let mut refuse = |why: String| {
            let problem = Diagnostic::error(format!("S3 refuses CORS rule {}: {why}", place + 1)).at(*span, "");
            cx.problem(
                problem
                    .note("what S3 takes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html"),
            );
        };
        if let Some(id) = id {
            if id.chars().count() > 255 {
                refuse(format!("its id has {} characters, and must have at most 255", id.chars().count()));
            }
            if !ids.insert(id) {
                refuse(format!("the id `{id}` is used twice"));
            }
        }
        if allowed_origins.is_empty() || allowed_methods.is_empty() {
            refuse("it needs `allowed_origins` and `allowed_methods`".to_owned());
        }
        for header in allowed_headers.iter().filter(|header| header.matches('*').count() > 1) {
            refuse(format!("`{header}` has more than one `*`"));
        }
        for header in expose_headers.iter().filter(|header| header.contains('*')) {
            refuse(format!("`{header}` has a `*`, which is not possible in `expose_headers`"));
        }
        let origins = cx.texts(allowed_origins);
        for (origin, text) in origins.iter().zip(allowed_origins).filter(|(origin, _)| origin.matches('*').count() > 1)
        {
            let why = format!("S3 refuses CORS rule {}: `{origin}` has more than one `*`", place + 1);
            cx.problem(Diagnostic::error(why).at(text.span(), ""));
        }
        rules.push(CorsRule {
            id: id.clone(),
            allowed_origins: origins.into_iter().collect(),
            allowed_methods: allowed_methods.iter().map(ToString::to_string).collect(),
            allowed_headers: allowed_headers.iter().cloned().collect(),
            expose_headers: expose_headers.iter().cloned().collect(),
            max_age_seconds: max_age_seconds.and_then(|seconds| i32::try_from(seconds.get()).ok()),
        });
    }
    rules
}

/// What a spec says of them.
pub(crate) fn export(rules: &[CorsRule]) -> Value {
    rules.iter().map(exported).collect()
}

fn exported(rule: &CorsRule) -> Value {
    let CorsRule { id, allowed_origins, allowed_methods, allowed_headers, expose_headers, max_age_seconds } = rule;
    json!({
        "id": id,
        "allowed_origins": allowed_origins,
        "allowed_methods": allowed_methods,
        "allowed_headers": unless(allowed_headers.is_empty(), json!(allowed_headers)),
        "expose_headers": unless(expose_headers.is_empty(), json!(expose_headers)),
        "max_age_seconds": max_age_seconds,
    })
}

/// The bucket's rules; none where it has no configuration.
pub(crate) async fn read(session: &Session, bucket: &str) -> Result<Vec<CorsRule>, Failure> {
    let answer = session.s3().get_bucket_cors().bucket(bucket).send().await;
    let answer = answer.map_err(|error| session.failure(READ, &error));
    let Some(found) = present(answer, "NoSuchCORSConfiguration")? else { return Ok(Vec::new()) };
    Ok(found.cors_rules().iter().map(live).collect())
}

fn live(rule: &sdk::CorsRule) -> CorsRule {
    let set = |texts: &[String]| texts.iter().cloned().collect();
    CorsRule {
        id: rule.id().filter(|id| !id.is_empty()).map(str::to_owned),
        allowed_origins: set(rule.allowed_origins()),
        allowed_methods: set(rule.allowed_methods()),
        allowed_headers: set(rule.allowed_headers()),
        expose_headers: set(rule.expose_headers()),
        max_age_seconds: rule.max_age_seconds(),
    }
}

/// Puts the rules; none takes the configuration away.
pub(crate) async fn write(session: &Session, bucket: &str, rules: &[CorsRule]) -> Result<(), Failure> {
    let owner = session.account_id();
    if rules.is_empty() {
        let sent = session.s3().delete_bucket_cors().bucket(bucket).expected_bucket_owner(owner).send().await;
        return sent.map(drop).map_err(|error| session.failure(WRITE, &error));
    }
    let configuration = configuration(rules).map_err(|error| unsendable(session, WRITE, &error))?;
    let put = session.s3().put_bucket_cors().bucket(bucket).cors_configuration(configuration);
    let sent = put.expected_bucket_owner(owner).send().await;
    sent.map(drop).map_err(|error| session.failure(WRITE, &error))
}

fn configuration(rules: &[CorsRule]) -> Result<sdk::CorsConfiguration, BuildError> {
    let list = |set: &BTreeSet<String>| (!set.is_empty()).then(|| set.iter().cloned().collect());
    let rules: Result<Vec<_>, _> = rules
        .iter()
        .map(|rule| {
            sdk::CorsRule::builder()
                .set_id(rule.id.clone())
                .set_allowed_origins(list(&rule.allowed_origins))
                .set_allowed_methods(list(&rule.allowed_methods))
                .set_allowed_headers(list(&rule.allowed_headers))
                .set_expose_headers(list(&rule.expose_headers))
                .set_max_age_seconds(rule.max_age_seconds)
                .build()
        })
        .collect();
    sdk::CorsConfiguration::builder().set_cors_rules(Some(rules?)).build()
}
