//! How SNS delivers to web pages, which a topic says for all its subscriptions and a subscription for itself.
//!
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html>

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{Text, Within, spec, words};

/// <https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html>
const PAGE: &str = "https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html";

/// Seconds all retries may take, of which those are counted that are sure.
const RETRY_SECONDS_MAX: i64 = 3_600;

/// What a web page may be sent as; the same page, "Creating an HTTP/S delivery policy".
const CONTENT_TYPES: [&str; 13] = [
    "application/atom+xml",
    "application/json",
    "application/octet-stream",
    "application/soap+xml",
    "application/x-www-form-urlencoded",
    "application/xhtml+xml",
    "application/xml",
    "text/css",
    "text/csv",
    "text/html",
    "text/plain",
    "text/plain; charset=UTF-8",
    "text/xml",
];

spec! {
    /// How messages are delivered to web pages; SNS lets nobody say so of other protocols.
    ///
    /// <https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html>
    pub struct DeliveryPolicySpec {
        /// How often and after how long a delivery is tried again.
        /// Default: three times, 20 seconds apart; of a subscription, what its topic says.
        pub healthy_retry_policy: Option<HealthyRetryPolicySpec>,
        /// How many messages a second a subscription gets at most.
        /// Default: all of them.
        pub max_receives_per_second: Option<Within<1, 2_147_483_647>>,
        /// What sort of content a message is said to be: `"application/json"`.
        /// Default: `text/plain; charset=UTF-8`.
        pub header_content_type: Option<Text>,
    }
}

spec! {
    /// How often and after how long a delivery is tried again.
    pub struct HealthyRetryPolicySpec {
        /// How often in all. Default: 3. From 0 to 100.
        pub num_retries: Option<Within<0, 100>>,
        /// How many of them without delay. Default: 0.
        pub num_no_delay_retries: Option<Within<0, 100>>,
        /// How many of them after the shortest delay. Default: 0.
        pub num_min_delay_retries: Option<Within<0, 100>>,
        /// How many of them after the longest delay. Default: 0.
        pub num_max_delay_retries: Option<Within<0, 100>>,
        /// The shortest delay, in seconds. Default: 20. From 1 to 3600.
        pub min_delay_target: Option<Within<1, 3_600>>,
        /// The longest delay, in seconds. Default: 20, or the shortest where that is longer. From 1 to 3600.
        pub max_delay_target: Option<Within<1, 3_600>>,
        /// How delays grow between the two. Default: `"linear"`.
        pub backoff_function: Option<BackoffFunction>,
    }
}

words! {
    /// How delays grow.
    pub enum BackoffFunction {
        /// By the same step each time.
        Linear = "linear",
        /// By a step that grows.
        Arithmetic = "arithmetic",
        /// By a factor.
        Geometric = "geometric",
        /// By a power.
        Exponential = "exponential",
    }
}

/// How messages are delivered to web pages. What is `None` nobody has said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryPolicy {
    /// How often and after how long it is tried again.
    pub healthy_retry_policy: Option<HealthyRetryPolicy>,
    /// Messages a second.
    pub max_receives_per_second: Option<i64>,
    /// The sort of content.
    pub header_content_type: Option<String>,
}

/// How often and after how long a delivery is tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthyRetryPolicy {
    /// In all.
    pub num_retries: i64,
    /// Without delay.
    pub num_no_delay_retries: i64,
    /// After the shortest delay.
    pub num_min_delay_retries: i64,
    /// After the longest delay.
    pub num_max_delay_retries: i64,
    /// Seconds.
    pub min_delay_target: i64,
    /// Seconds.
    pub max_delay_target: i64,
    /// `linear`, ….
    pub backoff_function: String,
}

/// What SNS does without being told; the same page.
impl Default for HealthyRetryPolicy {
    fn default() -> Self {
        Self {
            num_retries: 3,
            num_no_delay_retries: 0,
            num_min_delay_retries: 0,
            num_max_delay_retries: 0,
            min_delay_target: 20,
            max_delay_target: 20,
            backoff_function: BackoffFunction::Linear.to_string(),
        }
    }
}

/// What the members are called: a topic's are defaults for its subscriptions.
/// <https://docs.aws.amazon.com/sns/latest/dg/set-topic-attributes-delivery-policy-json.html>,
/// <https://docs.aws.amazon.com/sns/latest/dg/set-sub-attributes-delivery-policy-json.html>
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    retry: &'static str,
    throttle: &'static str,
    request: &'static str,
}

pub(crate) const OF_TOPIC: Names =
    Names { retry: "defaultHealthyRetryPolicy", throttle: "defaultThrottlePolicy", request: "defaultRequestPolicy" };

pub(crate) const OF_SUBSCRIPTION: Names =
    Names { retry: "healthyRetryPolicy", throttle: "throttlePolicy", request: "requestPolicy" };

impl DeliveryPolicy {
    /// As SNS writes it.
    pub(crate) fn to_members(&self, names: Names) -> Map<String, Value> {
        let Self { healthy_retry_policy, max_receives_per_second, header_content_type } = self;
        let retry = healthy_retry_policy.as_ref().map(|retry| {
            json!({
                "numRetries": retry.num_retries,
                "numNoDelayRetries": retry.num_no_delay_retries,
                "numMinDelayRetries": retry.num_min_delay_retries,
                "numMaxDelayRetries": retry.num_max_delay_retries,
                "minDelayTarget": retry.min_delay_target,
                "maxDelayTarget": retry.max_delay_target,
                "backoffFunction": retry.backoff_function,
            })
        });
        let throttle = max_receives_per_second.map(|many| json!({ "maxReceivesPerSecond": many }));
        let request = header_content_type.as_ref().map(|sort| json!({ "headerContentType": sort }));
        let members = [(names.retry, retry), (names.throttle, throttle), (names.request, request)];
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// As SNS wrote it. Members it leaves out, and those it writes as null, nobody has said.
    pub(crate) fn from_members(policy: &Value, names: Names) -> Self {
        let retry = policy.get(names.retry).filter(|retry| retry.is_object()).map(|retry| {
            let default = HealthyRetryPolicy::default();
            let number = |name: &str, default: i64| retry.get(name).and_then(Value::as_i64).unwrap_or(default);
            let backoff = retry.get("backoffFunction").and_then(Value::as_str);
            HealthyRetryPolicy {
                num_retries: number("numRetries", default.num_retries),
                num_no_delay_retries: number("numNoDelayRetries", default.num_no_delay_retries),
                num_min_delay_retries: number("numMinDelayRetries", default.num_min_delay_retries),
                num_max_delay_retries: number("numMaxDelayRetries", default.num_max_delay_retries),
                min_delay_target: number("minDelayTarget", default.min_delay_target),
                max_delay_target: number("maxDelayTarget", default.max_delay_target),
                backoff_function: backoff.map_or(default.backoff_function, str::to_owned),
            }
        });
        let many = policy.get(names.throttle).and_then(|throttle| throttle.get("maxReceivesPerSecond"));
        let sort = policy.get(names.request).and_then(|request| request.get("headerContentType"));
        Self {
            healthy_retry_policy: retry,
            max_receives_per_second: many.and_then(Value::as_i64),
            header_content_type: sort.and_then(Value::as_str).map(str::to_owned),
        }
    }
}

/// What a spec asks for, with all that SNS would refuse.
pub(crate) fn desired(spec: &DeliveryPolicySpec, span: Span, cx: &mut Resolver<'_>) -> DeliveryPolicy {
    let DeliveryPolicySpec { healthy_retry_policy, max_receives_per_second, header_content_type } = spec;
    let sort = header_content_type.as_ref().map(|text| {
        let sort = cx.text(text);
        if !CONTENT_TYPES.contains(&sort.as_str()) && !crate::fields::is_pending(&sort) {
            let problem = Diagnostic::error(format!("SNS sends nothing as `{sort}`")).at(text.span(), "");
            cx.problem(problem.help(format!("write one of {}", CONTENT_TYPES.join(", "))).note(PAGE));
        }
        sort
    });
    DeliveryPolicy {
        healthy_retry_policy: healthy_retry_policy.as_ref().map(|retry| desired_retry(retry, span, cx)),
        max_receives_per_second: max_receives_per_second.map(|many| many.get()),
        header_content_type: sort,
    }
}

fn desired_retry(spec: &HealthyRetryPolicySpec, span: Span, cx: &mut Resolver<'_>) -> HealthyRetryPolicy {
    let HealthyRetryPolicySpec {
        num_retries,
        num_no_delay_retries,
        num_min_delay_retries,
        num_max_delay_retries,
        min_delay_target,
        max_delay_target,
        backoff_function,
    } = spec;
    let default = HealthyRetryPolicy::default();
    let least = min_delay_target.map_or(default.min_delay_target, |seconds| seconds.get());
    let retry = HealthyRetryPolicy {
        num_retries: num_retries.map_or(default.num_retries, |many| many.get()),
        num_no_delay_retries: num_no_delay_retries.map_or(0, |many| many.get()),
        num_min_delay_retries: num_min_delay_retries.map_or(0, |many| many.get()),
        num_max_delay_retries: num_max_delay_retries.map_or(0, |many| many.get()),
        min_delay_target: least,
        max_delay_target: max_delay_target.map_or(default.max_delay_target.max(least), |seconds| seconds.get()),
        backoff_function: backoff_function.unwrap_or(BackoffFunction::Linear).to_string(),
    };
    let mut refuse = |why: String, help: &str| {
        let problem = Diagnostic::error("SNS refuses the retry policy").at(span, why);
        cx.problem(problem.help(help).note(PAGE));
    };
    if retry.min_delay_target > retry.max_delay_target {
        let why =
            format!("its shortest delay is {} s, its longest {} s", retry.min_delay_target, retry.max_delay_target);
        refuse(why, "let `min_delay_target` be at most `max_delay_target`");
    }
    let phases = retry.num_no_delay_retries + retry.num_min_delay_retries + retry.num_max_delay_retries;
    if phases > retry.num_retries {
        let why = format!("its phases are {phases} retries, and there are {} in all", retry.num_retries);
        refuse(why, "raise `num_retries`, which counts all of them");
    }
    let seconds =
        retry.num_min_delay_retries * retry.min_delay_target + retry.num_max_delay_retries * retry.max_delay_target;
    if seconds > RETRY_SECONDS_MAX {
        let why = format!("its delays are {seconds} s and may be {RETRY_SECONDS_MAX} s in all");
        refuse(why, "let there be fewer retries, or shorter delays");
    }
    retry
}
