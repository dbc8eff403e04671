//! The way into each account: whose credentials, which region, and the SDK's clients.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::identity::IdentityCache;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_s3control::config::endpoint::{Endpoint, EndpointFuture, Params, ResolveEndpoint};
use aws_sdk_sts::config::retry::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::sync::OnceCell;

use crate::count::CallCounter;
use crate::error::{Failure, Who};
use crate::source::tagging::Indexes;
use closed::ClosedClient;
use refused::FewRefusals;

mod closed;
mod enter;
mod refused;

/// Where IAM, STS and the tags of IAM's things are asked when nothing else is said.
pub const GLOBAL_REGION: &str = "us-east-1";

/// Attempts of one call, the first included. IAM throttles an account as a whole, and a plan over many accounts must outlast
/// a busy neighbour: with the SDK's back-off (at most 20 s a time) eight attempts wait about a minute.
const ATTEMPTS_MAX: u32 = 8;

/// The longest a single attempt may take. AWS answers within seconds; a connection that says nothing for this long is dead.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);

/// How to reach AWS.
#[derive(Clone, Debug, Default)]
pub struct AwsOptions {
    /// The HTTP client; `None`: the SDK's own, where the binary has one.
    pub http_client: Option<SharedHttpClient>,
    /// Where all services are, for an AWS that is not AWS.
    pub endpoint_url: Option<String>,
    /// The region for what has none of its own (IAM, STS); `None`: `us-east-1`. Its partition is the accounts' partition.
    pub region: Option<String>,
    /// The caller's credentials; `None`: the SDK's default chain (environment, profile, container, instance).
    pub credentials: Option<Credentials>,
    /// How often and how fast a failed call is sent again; `None`: eight attempts in all.
    pub retry: Option<RetryConfig>,
}

/// How to reach one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountAccess {
    /// Its name in the specs.
    pub name: Arc<str>,
    /// Twelve digits; a token while nobody knows them.
    pub id: String,
    /// A profile of the AWS configuration that leads into it, instead of the role.
    pub profile: Option<String>,
    /// The name of the role to assume in it.
    pub access_role: String,
    /// The account from which that role is assumed, where it is not the caller's own.
    pub through: Option<Arc<str>>,
}

/// Who runs trueup, as AWS sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdentity {
    /// Twelve digits.
    pub account: String,
    /// The user's, role session's or root's ARN.
    pub arn: String,
}

/// AWS, as far as the project's accounts reach.
#[derive(Debug)]
pub struct Aws {
    base: SdkConfig,
    /// Whether the options name the endpoint; one from the environment also holds for the SDK's own calls for credentials.
    endpoint_given: bool,
    common: Common,
    caller: CallerIdentity,
    partition: &'static str,
    accounts: BTreeMap<Arc<str>, Entry>,
}

/// What all clients share.
#[derive(Clone, Debug)]
struct Common {
    counter: CallCounter,
    /// The SDK lets all clients of a process for one service and region spend one budget on retries, a hundred throttled calls wide; after
    /// that nothing is tried again. It guards services against clients without bounds. Ours have bounds: so many calls at once, each tried
    /// a few times with growing pauses; while a plan over many accounts would spend that budget on one busy account.
    retries: RetryPartition,
}

impl Common {
    fn new() -> Self {
        let retries = RetryPartition::custom("trueup").token_bucket(TokenBucket::unlimited()).build();
        Self { counter: CallCounter::default(), retries }
    }
}

#[derive(Debug)]
struct Entry {
    access: AccountAccess,
    /// It was made moments ago, so that its role may not let anyone in yet.
    is_new: bool,
    opened: OnceCell<Result<Arc<Opened>, Failure>>,
}

/// An account that could be entered.
#[derive(Debug)]
struct Opened {
    who: Who,
    partition: &'static str,
    config: SdkConfig,
    common: Common,
    clients: Mutex<HashMap<Arc<str>, Arc<Clients>>>,
}

/// The SDK's clients of one account in one region, each made when first asked for.
#[derive(Debug)]
struct Clients {
    region: Arc<str>,
    config: SdkConfig,
    codedeploy: OnceLock<aws_sdk_codedeploy::Client>,
    ecr: OnceLock<aws_sdk_ecr::Client>,
    eventbridge: OnceLock<aws_sdk_eventbridge::Client>,
    iam: OnceLock<aws_sdk_iam::Client>,
    kms: OnceLock<aws_sdk_kms::Client>,
    organizations: OnceLock<aws_sdk_organizations::Client>,
    s3: OnceLock<aws_sdk_s3::Client>,
    s3control: OnceLock<aws_sdk_s3control::Client>,
    sns: OnceLock<aws_sdk_sns::Client>,
    tagging: OnceLock<aws_sdk_resourcegroupstagging::Client>,
}

/// One account in one region. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Session {
    account: Arc<Opened>,
    clients: Arc<Clients>,
    /// The tags of what is ours, asked for once in all reads of a run.
    pub(crate) indexes: Arc<Indexes>,
    /// Only what is wanted is read, and not all that is ours.
    pub(crate) only_wanted: bool,
}

impl Aws {
    /// Finds out who calls, with one GetCallerIdentity. Accounts are entered when they are first needed.
    ///
    /// # Errors
    /// When there are no credentials, or AWS does not know them.
    pub async fn connect(options: AwsOptions, accounts: Vec<AccountAccess>) -> Result<Self, Failure> {
        let common = Common::new();
        let region = options.region.clone().unwrap_or_else(|| GLOBAL_REGION.to_owned());
        let partition = trueup_specs::resolve::partition(&region);
        let endpoint_given = options.endpoint_url.is_some();
        let base = base_config(options, region).await;
        let caller = caller_identity(&base, &common).await?;
        let accounts = accounts
            .into_iter()
            .map(|access| (access.name.clone(), Entry { access, is_new: false, opened: OnceCell::new() }))
            .collect();
        Ok(Self { base, endpoint_given, common, caller, partition, accounts })
    }

    /// Who runs trueup.
    #[must_use]
    pub fn caller(&self) -> &CallerIdentity {
        &self.caller
    }

    /// How each account is reached.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = &AccountAccess> {
        self.accounts.values().map(|entry| &entry.access)
    }

    /// S3 with the caller's own credentials, in a region: for trueup's own documents.
    #[must_use]
    pub(crate) fn s3_of_caller(&self, region: &str) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.base)
            .region(Region::new(region.to_owned()))
            .force_path_style(self.base.endpoint_url().is_some())
            .retry_partition(self.common.retries.clone());
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// The count of all calls, as it goes on.
    #[must_use]
    pub fn counter(&self) -> CallCounter {
        self.common.counter.clone()
    }

    /// All calls made so far, retries and AssumeRole included.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.common.counter.total()
    }
}

impl Opened {
    fn clients(&self, region: &str) -> Arc<Clients> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = clients.get(region) {
            return found.clone();
        }
        let region: Arc<str> = Arc::from(region);
        let made = Arc::new(Clients {
            region: region.clone(),
            config: self.config.to_builder().region(Region::new(region.to_string())).build(),
            codedeploy: OnceLock::new(),
            ecr: OnceLock::new(),
            eventbridge: OnceLock::new(),
            iam: OnceLock::new(),
            kms: OnceLock::new(),
            organizations: OnceLock::new(),
            s3: OnceLock::new(),
            s3control: OnceLock::new(),
            sns: OnceLock::new(),
            tagging: OnceLock::new(),
        });
        clients.insert(region, made.clone());
        made
    }
}

impl Session {
    /// The account, for messages.
    #[must_use]
    pub fn who(&self) -> &Who {
        &self.account.who
    }

    /// The account's twelve digits.
    #[must_use]
    pub fn account_id(&self) -> &str {
        &self.account.who.id
    }

    /// The region its clients speak to.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.clients.region
    }

    /// `aws`, `aws-cn` or `aws-us-gov`.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        self.account.partition
    }

    /// The same account in another region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        Self { clients: self.account.clients(region), ..self.clone() }
    }

    /// CodeDeploy.
    #[must_use]
    pub fn codedeploy(&self) -> &aws_sdk_codedeploy::Client {
        self.clients.codedeploy.get_or_init(|| {
            let config = aws_sdk_codedeploy::config::Builder::from(&self.clients.config);
            aws_sdk_codedeploy::Client::from_conf(
                config
                    .interceptor(self.account.common.counter.clone())
                    .retry_partition(self.account.common.retries.clone())
                    .build(),
            )
        })
    }

    /// ECR.
    #[must_use]
    pub fn ecr(&self) -> &aws_sdk_ecr::Client {
        self.clients.ecr.get_or_init(|| {
            let config = aws_sdk_ecr::config::Builder::from(&self.clients.config);
            aws_sdk_ecr::Client::from_conf(
                config
                    .interceptor(self.account.common.counter.clone())
                    .retry_partition(self.account.common.retries.clone())
                    .build(),
            )
        })
    }

    /// EventBridge.
    #[must_use]
    pub fn eventbridge(&self) -> &aws_sdk_eventbridge::Client {
        self.clients.eventbridge.get_or_init(|| {
            let config = aws_sdk_eventbridge::config::Builder::from(&self.clients.config);
            aws_sdk_eventbridge::Client::from_conf(
                config
                    .interceptor(self.account.common.counter.clone())
                    .retry_partition(self.account.common.retries.clone())
                    .build(),
            )
        })
    }

    /// IAM.
    #[must_use]
    pub fn iam(&self) -> &aws_sdk_iam::Client {
        self.clients.iam.get_or_init(|| {
            let config = aws_sdk_iam::config::Builder::from(&self.clients.config);
            aws_sdk_iam::Client::from_conf(
                config
                    .interceptor(self.account.common.counter.clone())
                    .retry_partition(self.account.common.retries.clone())
                    .build(),
            )
        })
    }

    /// KMS.
    #[must_use]
    pub fn kms(&self) -> &aws_sdk_kms::Client {
        self.clients.kms.get_or_init(|| {
            let config = aws_sdk_kms::config::Builder::from(&self.clients.config);
            aws_sdk_kms::Client::from_conf(
                config
                    .interceptor(self.account.common.counter.clone())
                    .retry_partition(self.account.common.retries.clone())
                    .build(),
            )
        })
    }

    /// Organizations, which is in one region of its partition.
    #[must_use]
    pub fn organizations(&self) -> &aws_sdk_organizations::Client {
        self.clients.organizations.get_or_init(|| {
            let config = aws_sdk_organizations::config::Builder::from(&self.clients.config);
            aws_sdk_organizations::Client::from_conf(
                config
                    .interceptor(self.account.common.counter.clone())
                    .retry_partition(self.account.common.retries.clone())
                    .build(),
            )
        })
    }

    /// S3. With an endpoint of one's own, buckets are named in the path: `bucket.127.0.0.1` is no host.
    #[must_use]
    pub fn s3(&self) -> &aws_sdk_s3::Client {
        self.clients.s3.get_or_init(|| {
            let config = aws_sdk_s3::config::Builder::from(&self.clients.config)
                .force_path_style(self.clients.config.endpoint_url().is_some());
            aws_sdk_s3::Client::from_conf(
                config
                    .interceptor(self.account.common.counter.clone())
                    .retry_partition(self.account.common.retries.clone())
                    .build(),
            )
        })
    }

    /// S3 Control. With an endpoint of one's own, the account is in the header alone: `111111111111.127.0.0.1` is no host.
    #[must_use]
    pub fn s3control(&self) -> &aws_sdk_s3control::Client {
        self.clients.s3control.get_or_init(|| {
            let mut config = aws_sdk_s3control::config::Builder::from(&self.clients.config);
            if let Some(url) = self.clients.config.endpoint_url() {
                config = config.endpoint_resolver(AsGiven(url.to_owned()));
            }
            aws_sdk_s3control::Client::from_conf(
                config
                    .interceptor(self.account.common.counter.clone())
                    .retry_partition(self.account.common.retries.clone())
                    .build(),
            )
        })
    }

    /// SNS.
    #[must_use]
    pub fn sns(&self) -> &aws_sdk_sns::Client {
        self.clients.sns.get_or_init(|| {
            let config = aws_sdk_sns::config::Builder::from(&self.clients.config);
            aws_sdk_sns::Client::from_conf(
                config
                    .interceptor(self.account.common.counter.clone())
                    .retry_partition(self.account.common.retries.clone())
                    .build(),
            )
        })
    }

    /// The Resource Groups Tagging API.
    #[must_use]
    pub fn tagging(&self) -> &aws_sdk_resourcegroupstagging::Client {
        self.clients.tagging.get_or_init(|| {
            let config = aws_sdk_resourcegroupstagging::config::Builder::from(&self.clients.config);
            aws_sdk_resourcegroupstagging::Client::from_conf(
                config
                    .interceptor(self.account.common.counter.clone())
                    .retry_partition(self.account.common.retries.clone())
                    .build(),
            )
        })
    }

    /// What went wrong with a call of this session.
    pub fn failure<E>(&self, call: &str, error: &SdkError<E, HttpResponse>) -> Failure
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        Failure::new(Some(self.who().clone()), call, error)
            .at_endpoint(self.clients.config.endpoint_url())
            .in_region(self.region())
    }
}

/// An endpoint as it was given, without the account in front that S3 Control's clients put there.
#[derive(Debug)]
struct AsGiven(String);

impl ResolveEndpoint for AsGiven {
    fn resolve_endpoint<'a>(&'a self, _: &'a Params) -> EndpointFuture<'a> {
        EndpointFuture::ready(Ok(Endpoint::builder().url(self.0.clone()).build()))
    }
}

async fn base_config(options: AwsOptions, region: String) -> SdkConfig {
    let AwsOptions { http_client, endpoint_url, region: _, credentials, retry } = options;
    let retry = retry.unwrap_or_else(|| RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX));
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build();
    let mut builder = match credentials {
        // With credentials given there is nothing to look for: neither environment nor files are read.
        Some(credentials) => SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .identity_cache(IdentityCache::lazy().build()),
        None => {
            let mut loader = aws_config::defaults(BehaviorVersion::latest()).region(Region::new(region.clone()));
            if let Some(client) = &http_client {
                loader = loader.http_client(client.clone());
            }
            // Said to the loader and not afterwards, so that it goes before a service's own endpoint in the environment.
            if let Some(url) = &endpoint_url {
                loader =
                    loader.endpoint_url(url).credentials_provider(credentials_beside_aws(region, http_client.clone()));
            }
            loader.load().await.into_builder()
        }
    };
    builder.set_retry_config(Some(retry)).set_timeout_config(Some(timeouts));
    if let Some(client) = http_client {
        builder.set_http_client(Some(client));
    }
    if let Some(url) = endpoint_url {
        builder.set_endpoint_url(Some(url));
    }
    if let Ok(name) = AppName::new("trueup") {
        builder.set_app_name(Some(name));
    }
    builder.build()
}

/// The SDK's default chain, in its order, but without its own calls to AWS: they know no endpoint. The container's and the
/// instance's credentials come from the machine, not from AWS's STS.
fn credentials_beside_aws(region: String, http_client: Option<SharedHttpClient>) -> CredentialsProviderChain {
    let mut machine = ProviderConfig::without_region().with_region(Some(Region::new(region)));
    let closed = machine.clone().with_http_client(ClosedClient);
    if let Some(client) = http_client {
        machine = machine.with_http_client(client);
    }
    let profile = ProfileFileCredentialsProvider::builder().configure(&closed).build();
    let token = WebIdentityTokenCredentialsProvider::builder().configure(&closed).build();
    CredentialsProviderChain::first_try("Environment", EnvironmentVariableCredentialsProvider::new())
        .or_else("Profile", profile)
        .or_else("WebIdentityToken", token)
        .or_else("EcsContainer", EcsCredentialsProvider::builder().configure(&machine).build())
        .or_else("Ec2InstanceMetadata", ImdsCredentialsProvider::builder().configure(&machine).build())
}

/// Why a profile leads nowhere.
fn no_way_in(profile: &str, why: &str) -> String {
    let missing = format!("there is no profile `{profile}` in the AWS configuration");
    if why == missing {
        missing
    } else if why.ends_with("the credential provider was not enabled") {
        // All the SDK says when there are no files at all, and when the profile holds nothing of use.
        format!("{missing}, or no credentials in it")
    } else {
        format!("the profile `{profile}` gives no way in: {why}")
    }
}

/// The configuration with other credentials and a cache of its own for them, which all its clients share.
fn with_credentials(base: &SdkConfig, credentials: SharedCredentialsProvider) -> SdkConfig {
    base.to_builder().credentials_provider(credentials).identity_cache(IdentityCache::lazy().build()).build()
}

fn sts_client(config: &SdkConfig, common: &Common) -> aws_sdk_sts::Client {
    let config = aws_sdk_sts::config::Builder::from(config);
    aws_sdk_sts::Client::from_conf(
        config.interceptor(common.counter.clone()).retry_partition(common.retries.clone()).build(),
    )
}

async fn caller_identity(config: &SdkConfig, common: &Common) -> Result<CallerIdentity, Failure> {
    let call = "sts:GetCallerIdentity";
    let few = aws_sdk_sts::config::Config::builder().retry_classifier(FewRefusals::default());
    let region = config.region().map_or(GLOBAL_REGION, Region::as_ref);
    let answer =
        sts_client(config, common).get_caller_identity().customize().config_override(few).send().await.map_err(
            |error| {
                let mut failure = Failure::new(None, call, &error).at_endpoint(config.endpoint_url()).in_region(region);
                if failure.message.contains(closed::WHY) {
                    closed::WHY.clone_into(&mut failure.message);
                    failure.help = Some(closed::help());
                }
                failure
            },
        )?;
    match (answer.account, answer.arn) {
        (Some(account), Some(arn)) => Ok(CallerIdentity { account, arn }),
        _ => Err(Failure::local(None, call, "the answer names no account", None)),
    }
}

/// Credentials of an assumed role, assumed again when the SDK's cache finds them near their end.
struct Assumed {
    client: aws_sdk_sts::Client,
    role: String,
    /// Those of the first AssumeRole, by which was seen whether it works; handed to the cache once.
    first: Mutex<Option<Credentials>>,
}

impl std::fmt::Debug for Assumed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assumed").field("role", &self.role).finish_non_exhaustive()
    }
}

impl Assumed {
    async fn assume(
        &self,
    ) -> Result<Credentials, SdkError<aws_sdk_sts::operation::assume_role::AssumeRoleError, HttpResponse>> {
        let answer = self.client.assume_role().role_arn(&self.role).role_session_name("trueup").send().await?;
        let Some(given) = answer.credentials else {
            return Err(SdkError::construction_failure("the answer to AssumeRole holds no credentials"));
        };
        let expires = given.expiration.try_into().ok();
        Ok(Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            expires,
            "trueup-assume-role",
        ))
    }
}

impl ProvideCredentials for Assumed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
            let result: provider::Result = match first {
                Some(credentials) => Ok(credentials),
                None => self.assume().await.map_err(CredentialsError::provider_error),
            };
            result
        })
    }
}

#[cfg(test)]
mod tests;
