//! What only one sort of target takes, but for tasks of ECS: how a spec says it, what is kept of it, and how EventBridge writes it.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html>

use std::collections::BTreeMap;

use aws_sdk_eventbridge::types as wire;
use aws_smithy_types::error::operation::BuildError;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{Text, Within, spec};

use super::desired::too_long;
use crate::fields::{is_arn, is_pending};

const BATCH: &str = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_BatchParameters.html";
const HTTP: &str = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_HttpParameters.html";
const REDSHIFT: &str = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RedshiftDataParameters.html";
const SAGEMAKER: &str =
    "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_SageMakerPipelineParameter.html";

/// Statements of a transaction; the page of Redshift.
const SQLS_MAX: usize = 40;
/// Parameters of a pipeline: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_SageMakerPipelineParameters.html>
const PIPELINE_PARAMETERS_MAX: usize = 200;

spec! {
    /// A job of AWS Batch. The target is its job queue.
    pub struct BatchSpec {
        /// The job definition, by name or ARN.
        pub job_definition: Text,
        /// The job's name.
        pub job_name: Text,
        /// How many jobs an array job has, 2 to 10000. Default: it is none.
        pub array_size: Option<Within<2, 10_000>>,
        /// How often a job is tried, 1 to 10. Default: as its definition says.
        pub attempts: Option<Within<1, 10>>,
    }
}

/// A job of AWS Batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// By name or ARN.
    pub job_definition: String,
    /// The job's name.
    pub job_name: String,
    /// Jobs of an array.
    pub array_size: Option<i32>,
    /// Times.
    pub attempts: Option<i32>,
}

impl Batch {
    pub(super) fn desired(spec: &BatchSpec, cx: &mut Resolver<'_>) -> Self {
        let BatchSpec { job_definition, job_name, array_size, attempts } = spec;
        for text in [job_definition, job_name] {
            if cx.text(text).is_empty() {
                cx.problem(Diagnostic::error("a job needs a name and a definition").at(text.span(), "").note(BATCH));
            }
        }
        Self {
            job_definition: cx.text(job_definition),
            job_name: cx.text(job_name),
            array_size: array_size.and_then(|size| i32::try_from(size.get()).ok()),
            attempts: attempts.and_then(|times| i32::try_from(times.get()).ok()),
        }
    }

    pub(super) fn live(live: &wire::BatchParameters) -> Self {
        Self {
            job_definition: live.job_definition().to_owned(),
            job_name: live.job_name().to_owned(),
            array_size: live.array_properties().map(wire::BatchArrayProperties::size).filter(|size| *size != 0),
            attempts: live.retry_strategy().map(wire::BatchRetryStrategy::attempts).filter(|times| *times != 0),
        }
    }

    pub(super) fn to_wire(&self) -> Result<wire::BatchParameters, BuildError> {
        let Self { job_definition, job_name, array_size, attempts } = self;
        wire::BatchParameters::builder()
            .job_definition(job_definition)
            .job_name(job_name)
            .set_array_properties(array_size.map(|size| wire::BatchArrayProperties::builder().size(size).build()))
            .set_retry_strategy(attempts.map(|times| wire::BatchRetryStrategy::builder().attempts(times).build()))
            .build()
    }
}

spec! {
    /// What a request to an API destination or to an API of API Gateway says. It stands in plans: a password belongs into the connection.
    pub struct HttpSpec {
        /// What stands for each `*` in the path.
        /// Default: nothing.
        pub path_parameters: Vec<Text>,
        /// Headers by name.
        /// Default: none.
        pub headers: IndexMap<String, Text>,
        /// The query by key.
        /// Default: none.
        pub query_string: IndexMap<String, Text>,
    }
}

/// What a request says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Http {
    /// In order.
    pub path_parameters: Vec<String>,
    /// By name.
    pub headers: BTreeMap<String, String>,
    /// By key.
    pub query_string: BTreeMap<String, String>,
}

impl Http {
    pub(super) fn desired(spec: &HttpSpec, span: Span, cx: &mut Resolver<'_>) -> Option<Self> {
        let HttpSpec { path_parameters, headers, query_string } = spec;
        let mut map = |given: &IndexMap<String, Text>, what: &str, name_is_sound: fn(char) -> bool| {
            let mut all = BTreeMap::new();
            for (name, text) in given {
                if name.is_empty() || name.len() > 512 || !name.chars().all(name_is_sound) {
                    let problem = Diagnostic::error(format!("`{name}` is no name of a {what}")).at(text.span(), "");
                    cx.problem(problem.note(HTTP));
                }
                let value = cx.text(text);
                too_long(&value, 512, what, text.span(), cx);
                all.insert(name.clone(), value);
            }
            all
        };
        let headers = map(headers, "header", |c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c));
        let query_string = map(query_string, "query", |c| !c.is_control());
        for text in path_parameters {
            if cx.text(text).trim().is_empty() {
                cx.problem(Diagnostic::error("a part of a path is empty").at(text.span(), "").note(HTTP));
            }
        }
        let http = Self { path_parameters: cx.texts(path_parameters), headers, query_string };
        if http == Self::default() {
            cx.problem(Diagnostic::error("`http` says nothing of the request").at(span, "").help("leave it out"));
            return None;
        }
        Some(http)
    }

    /// What says nothing is as if it were not there.
    pub(super) fn live(live: &wire::HttpParameters) -> Option<Self> {
        let map = |found: Option<&std::collections::HashMap<String, String>>| {
            found.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        let http = Self {
            path_parameters: live.path_parameter_values().to_vec(),
            headers: map(live.header_parameters()),
            query_string: map(live.query_string_parameters()),
        };
        (http != Self::default()).then_some(http)
    }

    pub(super) fn to_wire(&self) -> wire::HttpParameters {
        let Self { path_parameters, headers, query_string } = self;
        let map = |map: &BTreeMap<String, String>| (!map.is_empty()).then(|| map.clone().into_iter().collect());
        wire::HttpParameters::builder()
            .set_path_parameter_values((!path_parameters.is_empty()).then(|| path_parameters.clone()))
            .set_header_parameters(map(headers))
            .set_query_string_parameters(map(query_string))
            .build()
    }
}

spec! {
    /// Statements that Redshift runs. The target is its cluster or workgroup.
    pub struct RedshiftSpec {
        /// The database.
        pub database: Text,
        /// The ARN of the secret that lets in. Default: none, then `db_user` is let in by the target's role.
        pub secret: Option<Text>,
        /// The user of the database. Default: none.
        pub db_user: Option<Text>,
        /// The statements, one after another and all or none; at most 40.
        pub sqls: Vec<Text>,
        /// What the statement is called. Default: nothing.
        pub statement_name: Option<Text>,
        /// Whether an event tells that they ran. Default: false.
        pub with_event: Option<bool>,
    }
}

/// Statements that Redshift runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redshift {
    /// The database.
    pub database: String,
    /// The secret that lets in.
    pub secret: Option<String>,
    /// The user.
    pub db_user: Option<String>,
    /// In order.
    pub sqls: Vec<String>,
    /// What it is called.
    pub statement_name: Option<String>,
    /// Whether an event tells that they ran.
    pub with_event: bool,
}

impl Redshift {
    pub(super) fn desired(spec: &RedshiftSpec, cx: &mut Resolver<'_>) -> Self {
        let RedshiftSpec { database, secret, db_user, sqls, statement_name, with_event } = spec;
        let span = database.span();
        if secret.is_some() && db_user.is_some() {
            let problem = Diagnostic::error("a secret or a user lets into the database, not both").at(span, "");
            cx.problem(problem.help("leave `secret` or `db_user` out").note(REDSHIFT));
        }
        if !(1..=SQLS_MAX).contains(&sqls.len()) {
            let problem = Diagnostic::error(format!("Redshift runs 1 to {SQLS_MAX} statements at once"));
            cx.problem(problem.at(span, format!("these are {}", sqls.len())).note(REDSHIFT));
        }
        let mut short = |text: &Text, max: usize, what: &str| {
            let value = cx.text(text);
            too_long(&value, max, what, text.span(), cx);
            value
        };
        let made = Self {
            database: short(database, 64, "name of the database"),
            secret: secret.as_ref().map(|text| short(text, 1_600, "secret")),
            db_user: db_user.as_ref().map(|text| short(text, 128, "user")),
            sqls: sqls.iter().map(|text| short(text, 100_000, "statement")).collect(),
            statement_name: statement_name.as_ref().map(|text| short(text, 500, "name of the statement")),
            with_event: with_event.unwrap_or(false),
        };
        let is_secret =
            |arn: &String| is_pending(arn) || is_arn(arn, "secretsmanager", "secret:") || arn.starts_with("$.");
        if let (Some(text), Some(arn)) = (secret, made.secret.as_ref().filter(|arn| !is_secret(arn))) {
            let problem = Diagnostic::error(format!("`{arn}` is not the ARN of a secret")).at(text.span(), "");
            cx.problem(problem.help("write arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME").note(REDSHIFT));
        }
        made
    }

    pub(super) fn live(live: &wire::RedshiftDataParameters) -> Self {
        let some = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let one = live.sql().map(str::to_owned).into_iter();
        Self {
            database: live.database().to_owned(),
            secret: some(live.secret_manager_arn()),
            db_user: some(live.db_user()),
            sqls: one.chain(live.sqls().iter().cloned()).collect(),
            statement_name: some(live.statement_name()),
            with_event: live.with_event(),
        }
    }

    pub(super) fn to_wire(&self) -> Result<wire::RedshiftDataParameters, BuildError> {
        let Self { database, secret, db_user, sqls, statement_name, with_event } = self;
        let request = wire::RedshiftDataParameters::builder()
            .database(database)
            .set_secret_manager_arn(secret.clone())
            .set_db_user(db_user.clone())
            .set_statement_name(statement_name.clone())
            .with_event(*with_event);
        match sqls.as_slice() {
            [one] => request.sql(one).build(),
            all => request.set_sqls(Some(all.to_vec())).build(),
        }
    }
}

/// The parameters of a pipeline of SageMaker, by name.
pub(super) fn pipeline(given: &IndexMap<String, Text>, span: Span, cx: &mut Resolver<'_>) -> BTreeMap<String, String> {
    if given.len() > PIPELINE_PARAMETERS_MAX {
        let problem = Diagnostic::error(format!("a pipeline takes {PIPELINE_PARAMETERS_MAX} parameters at most"));
        cx.problem(problem.at(span, format!("{} are given", given.len())).note(SAGEMAKER));
    }
    let mut parameters = BTreeMap::new();
    for (name, text) in given {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let bordered = name.starts_with('-') || name.ends_with('-');
        if name.is_empty() || name.len() > 256 || bordered || !name.chars().all(plain) {
            let problem = Diagnostic::error(format!("`{name}` is no name of a pipeline's parameter"));
            cx.problem(
                problem.at(text.span(), "").help("write letters and digits, and `-` between them").note(SAGEMAKER),
            );
        }
        let value = cx.text(text);
        too_long(&value, 1_024, "parameter", text.span(), cx);
        parameters.insert(name.clone(), value);
    }
    parameters
}

pub(super) fn live_pipeline(live: &wire::SageMakerPipelineParameters) -> BTreeMap<String, String> {
    let listed = live.pipeline_parameter_list().iter();
    listed.map(|parameter| (parameter.name().to_owned(), parameter.value().to_owned())).collect()
}

pub(super) fn pipeline_to_wire(
    parameters: &BTreeMap<String, String>,
) -> Result<Option<wire::SageMakerPipelineParameters>, BuildError> {
    if parameters.is_empty() {
        return Ok(None);
    }
    let one =
        |(name, value): (&String, &String)| wire::SageMakerPipelineParameter::builder().name(name).value(value).build();
    let list: Result<Vec<_>, BuildError> = parameters.iter().map(one).collect();
    Ok(Some(wire::SageMakerPipelineParameters::builder().set_pipeline_parameter_list(Some(list?)).build()))
}
