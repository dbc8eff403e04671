//! A bucket as a website.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html>

use aws_sdk_s3::types as sdk;
use aws_smithy_types::error::operation::BuildError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{Text, Within, spec, words};

use super::{Placed, present, unsendable};
use crate::error::Failure;
use crate::fields::unless;
use crate::session::Session;

/// The field.
pub(crate) const FIELD: &str = "website";
/// The permission to read it.
pub(crate) const READ: &str = "s3:GetBucketWebsite";
/// The permission to change it.
pub(crate) const WRITE: &str = "s3:PutBucketWebsite";
/// The permission to take it away.
pub(crate) const DELETE: &str = "s3:DeleteBucketWebsite";

/// Routing rules of a website. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html>
const ROUTING_RULES_MAX: usize = 50;

const PAGE: &str = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketWebsite.html";

spec! {
    /// A bucket as a website: pages of its own, or a redirect of everything.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_WebsiteConfiguration.html>
    pub struct WebsiteSpec {
        /// The page of each folder: `"index.html"`. Needed, unless everything is redirected.
        pub index_document: Option<Text>,
        /// The key of the page for errors. Default: S3's own page.
        pub error_document: Option<Text>,
        /// Where everything is redirected. Then nothing else may stand here.
        pub redirect_all_requests_to: Option<Placed<RedirectAllSpec>>,
        /// What is redirected in its place; the first that fits decides. At most 50.
        pub routing_rules: Vec<Placed<RoutingRuleSpec>>,
    }
}

spec! {
    /// Where everything is redirected.
    pub struct RedirectAllSpec {
        /// The host's name.
        pub host_name: Text,
        /// How. Default: as the request came.
        pub protocol: Option<Protocol>,
    }
}

spec! {
    /// A rule that redirects some requests.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_RoutingRule.html>
    pub struct RoutingRuleSpec {
        /// Only requests for keys that begin so. Default: any.
        pub key_prefix_equals: Option<Text>,
        /// Only requests that would end in this error, 400 to 599. Default: whatever they would end in.
        pub http_error_code_returned_equals: Option<Within<400, 599>>,
        /// The other host. Default: the same.
        pub host_name: Option<Text>,
        /// How. Default: as the request came.
        pub protocol: Option<Protocol>,
        /// What stands for the prefix. Not together with `replace_key_with`.
        pub replace_key_prefix_with: Option<Text>,
        /// The whole key.
        pub replace_key_with: Option<Text>,
        /// The status of the answer, 301 to 399. Default: 301.
        pub http_redirect_code: Option<Within<301, 399>>,
    }
}

words! {
    /// How a page is asked for.
    pub enum Protocol {
        /// Without TLS.
        Http = "http",
        /// With TLS.
        Https = "https",
    }
}

/// A bucket as a website.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Website {
    /// Everything is redirected.
    RedirectAllRequestsTo {
        /// The host's name.
        host_name: String,
        /// `http` or `https`; `None`: as the request came.
        protocol: Option<String>,
    },
    /// It has pages.
    Pages {
        /// The page of each folder.
        index_document: String,
        /// The key of the page for errors.
        error_document: Option<String>,
        /// What is redirected, in order.
        routing_rules: Vec<RoutingRule>,
    },
}

/// A rule that redirects some requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingRule {
    /// Only keys that begin so.
    pub key_prefix_equals: Option<String>,
    /// Only requests that would end in this error.
    pub http_error_code_returned_equals: Option<String>,
    /// The other host.
    pub host_name: Option<String>,
    /// `http` or `https`.
    pub protocol: Option<String>,
    /// What stands for the prefix.
    pub replace_key_prefix_with: Option<String>,
    /// The whole key.
    pub replace_key_with: Option<String>,
    /// The status of the answer.
    pub http_redirect_code: Option<String>,
}

/// What the spec asks for, `None` after a problem; what S3 would refuse is a problem.
pub(crate) fn desired(spec: &Placed<WebsiteSpec>, cx: &mut Resolver<'_>) -> Option<Website> {
    let Placed { value: WebsiteSpec { index_document, error_document, redirect_all_requests_to, routing_rules }, span } =
        spec;
    if let Some(Placed { value: RedirectAllSpec { host_name, protocol }, span: all }) = redirect_all_requests_to {
        if index_document.is_some() || error_document.is_some() || !routing_rules.is_empty() {
            let why = "a redirect of everything leaves nothing for an index, an error page or routing rules";
            refuse(*all, why.to_owned(), "leave them out, or leave `redirect_all_requests_to` out", cx);
        }
        let host_name = cx.text(host_name);
        return Some(Website::RedirectAllRequestsTo { host_name, protocol: protocol.map(|how| how.to_string()) });
    }
    let Some(index) = index_document else {
        let why = "it needs `index_document` or `redirect_all_requests_to`".to_owned();
        refuse(*span, why, "write index_document = \"index.html\"", cx);
        return None;
    };
    let suffix = cx.text(index);
    if suffix.is_empty() || suffix.contains('/') {
        let why = format!("`{suffix}` is empty or holds a slash");
        refuse(index.span(), why, "name a file, without a folder", cx);
    }
    if let Some(extra) = routing_rules.get(ROUTING_RULES_MAX) {
        let why = format!("{} routing rules, and S3 takes {ROUTING_RULES_MAX}", routing_rules.len());
        refuse(extra.span, why, "merge some", cx);
    }
    let error_document = error_document.as_ref().map(|key| cx.text(key));
    let routing_rules = routing_rules.iter().map(|rule| routing_rule(rule, cx)).collect();
    Some(Website::Pages { index_document: suffix, error_document, routing_rules })
}

fn refuse(span: Span, why: String, help: &str, cx: &mut Resolver<'_>) {
    let problem = Diagnostic::error(format!("S3 refuses the website: {why}")).at(span, "");
    cx.problem(problem.help(help).note(format!("what S3 takes: {PAGE}")));
}

fn routing_rule(Placed { value, span }: &Placed<RoutingRuleSpec>, cx: &mut Resolver<'_>) -> RoutingRule {
    let RoutingRuleSpec {
        key_prefix_equals,
        http_error_code_returned_equals,
        host_name,
        protocol,
        replace_key_prefix_with,
        replace_key_with,
        http_redirect_code,
    } = value;
    if replace_key_prefix_with.is_some() && replace_key_with.is_some() {
        let why = "`replace_key_prefix_with` and `replace_key_with` exclude each other".to_owned();
        refuse(*span, why, "keep one of them", cx);
    }
    let redirects = host_name.is_some()
        || protocol.is_some()
        || replace_key_prefix_with.is_some()
        || replace_key_with.is_some()
        || http_redirect_code.is_some();
    if !redirects {
        refuse(*span, "it says nothing of where to go".to_owned(), "add `host_name`, `replace_key_with`, …", cx);
    }
    let mut text = |text: &Option<Text>| text.as_ref().map(|text| cx.text(text));
    RoutingRule {
        key_prefix_equals: text(key_prefix_equals),
        host_name: text(host_name),
        replace_key_prefix_with: text(replace_key_prefix_with),
        replace_key_with: text(replace_key_with),
        protocol: protocol.map(|protocol| protocol.to_string()),
        http_error_code_returned_equals: http_error_code_returned_equals.map(|code| code.get().to_string()),
        http_redirect_code: http_redirect_code.map(|code| code.get().to_string()),
    }
}

/// What a spec says of it.
pub(crate) fn export(website: &Website) -> Value {
    match website {
        Website::RedirectAllRequestsTo { host_name, protocol } => {
            json!({ "redirect_all_requests_to": { "host_name": host_name, "protocol": protocol } })
        }
        Website::Pages { index_document, error_document, routing_rules } => {
            let rules: Vec<Value> = routing_rules.iter().map(exported).collect();
            json!({
                "index_document": index_document,
                "error_document": error_document,
                "routing_rules": unless(rules.is_empty(), Value::from(rules)),
            })
        }
    }
}

fn exported(rule: &RoutingRule) -> Value {
    let RoutingRule {
        key_prefix_equals,
        http_error_code_returned_equals,
        host_name,
        protocol,
        replace_key_prefix_with,
        replace_key_with,
        http_redirect_code,
    } = rule;
    // S3 has codes as text. One that is no number can't be read again, and is told then.
    let code = |code: &Option<String>| {
        code.as_ref().map(|code| code.parse().map_or_else(|_| json!(code), |code: u16| json!(code)))
    };
    json!({
        "key_prefix_equals": key_prefix_equals,
        "http_error_code_returned_equals": code(http_error_code_returned_equals),
        "host_name": host_name,
        "protocol": protocol,
        "replace_key_prefix_with": replace_key_prefix_with,
        "replace_key_with": replace_key_with,
        "http_redirect_code": code(http_redirect_code),
    })
}

/// The bucket's website; `None`: it is none.
pub(crate) async fn read(session: &Session, bucket: &str) -> Result<Option<Website>, Failure> {
    let answer = session.s3().get_bucket_website().bucket(bucket).send().await;
    let answer = answer.map_err(|error| session.failure(READ, &error));
    let Some(found) = present(answer, "NoSuchWebsiteConfiguration")? else { return Ok(None) };
    if let Some(all) = found.redirect_all_requests_to() {
        let protocol = all.protocol().map(|protocol| protocol.as_str().to_owned());
        return Ok(Some(Website::RedirectAllRequestsTo { host_name: all.host_name().to_owned(), protocol }));
    }
    Ok(Some(Website::Pages {
        index_document: found.index_document().map(|index| index.suffix()).unwrap_or_default().to_owned(),
        error_document: found.error_document().map(|error| error.key().to_owned()),
        routing_rules: found.routing_rules().iter().map(live).collect(),
    }))
}

fn live(rule: &sdk::RoutingRule) -> RoutingRule {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let (condition, redirect) = (rule.condition(), rule.redirect());
    RoutingRule {
        key_prefix_equals: owned(condition.and_then(|condition| condition.key_prefix_equals())),
        http_error_code_returned_equals: owned(condition.and_then(|one| one.http_error_code_returned_equals())),
        host_name: owned(redirect.and_then(|redirect| redirect.host_name())),
        protocol: redirect.and_then(|redirect| redirect.protocol()).map(|protocol| protocol.as_str().to_owned()),
        replace_key_prefix_with: owned(redirect.and_then(|redirect| redirect.replace_key_prefix_with())),
        replace_key_with: owned(redirect.and_then(|redirect| redirect.replace_key_with())),
        http_redirect_code: owned(redirect.and_then(|redirect| redirect.http_redirect_code())),
    }
}

/// Makes it a website, or none.
pub(crate) async fn write(session: &Session, bucket: &str, website: Option<&Website>) -> Result<(), Failure> {
    let owner = session.account_id();
    let Some(website) = website else {
        let sent = session.s3().delete_bucket_website().bucket(bucket).expected_bucket_owner(owner).send().await;
        return sent.map(drop).map_err(|error| session.failure(DELETE, &error));
    };
    let configuration = configuration(website).map_err(|error| unsendable(session, WRITE, &error))?;
    let put = session.s3().put_bucket_website().bucket(bucket).website_configuration(configuration);
    let sent = put.expected_bucket_owner(owner).send().await;
    sent.map(drop).map_err(|error| session.failure(WRITE, &error))
}

fn configuration(website: &Website) -> Result<sdk::WebsiteConfiguration, BuildError> {
    let builder = sdk::WebsiteConfiguration::builder();
    let protocol = |protocol: &Option<String>| protocol.as_deref().map(sdk::Protocol::from);
    Ok(match website {
        Website::RedirectAllRequestsTo { host_name, protocol: how } => {
            let all = sdk::RedirectAllRequestsTo::builder().host_name(host_name).set_protocol(protocol(how)).build()?;
            builder.redirect_all_requests_to(all).build()
        }
        Website::Pages { index_document, error_document, routing_rules } => {
            let rules: Vec<_> = routing_rules.iter().map(to_sdk).collect();
            let error =
                error_document.as_ref().map(|key| sdk::ErrorDocument::builder().key(key).build()).transpose()?;
            builder
                .index_document(sdk::IndexDocument::builder().suffix(index_document).build()?)
                .set_error_document(error)
                .set_routing_rules((!rules.is_empty()).then_some(rules))
                .build()
        }
    })
}

fn to_sdk(rule: &RoutingRule) -> sdk::RoutingRule {
    let RoutingRule {
        key_prefix_equals,
        http_error_code_returned_equals,
        host_name,
        protocol,
        replace_key_prefix_with,
        replace_key_with,
        http_redirect_code,
    } = rule;
    let condition = (key_prefix_equals.is_some() || http_error_code_returned_equals.is_some()).then(|| {
        sdk::Condition::builder()
            .set_key_prefix_equals(key_prefix_equals.clone())
            .set_http_error_code_returned_equals(http_error_code_returned_equals.clone())
            .build()
    });
    let redirect = sdk::Redirect::builder()
        .set_host_name(host_name.clone())
        .set_protocol(protocol.as_deref().map(sdk::Protocol::from))
        .set_replace_key_prefix_with(replace_key_prefix_with.clone())
        .set_replace_key_with(replace_key_with.clone())
        .set_http_redirect_code(http_redirect_code.clone())
        .build();
    sdk::RoutingRule::builder().set_condition(condition).redirect(redirect).build()
}
