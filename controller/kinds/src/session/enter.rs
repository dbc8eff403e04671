//! The ways into an account: the caller's own, by a profile, by a role; and into one that was made a moment ago.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use tokio::sync::OnceCell;
use trueup_specs::pending;

use super::closed::{self, ClosedClient};
use super::{
    AccountAccess, Assumed, Aws, CallerIdentity, Entry, GLOBAL_REGION, Opened, Session, caller_identity, no_way_in,
    sts_client, with_credentials,
};
use crate::error::{Failure, Who};

/// The pauses while the role of a new account lets nobody in: about five minutes in all. AWS names no bound, and says that one may have to
/// wait a few minutes. <https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html>
const SETTLING_PAUSES: [Duration; 12] = {
    let s = Duration::from_secs;
    [s(1), s(2), s(4), s(8), s(15), s(30), s(30), s(30), s(45), s(45), s(45), s(45)]
};

impl Aws {
    /// Takes an account's id that was not known when this was made; `is_new` says that it was made moments ago.
    pub fn learn(&mut self, account: &str, id: &str, is_new: bool) {
        if let Some(entry) = self.accounts.get_mut(account) {
            id.clone_into(&mut entry.access.id);
            entry.is_new = is_new;
            entry.opened = OnceCell::new();
        }
    }

    /// Whether the account's id is not known, since it is not there.
    #[must_use]
    pub fn is_absent(&self, account: &str) -> bool {
        self.accounts.get(account).is_some_and(|entry| pending::is_pending(&entry.access.id))
    }

    /// The account in the region; without one, in the region of what is global.
    ///
    /// # Errors
    /// When the account can't be entered. The same failure is given each time: it is tried once a run.
    pub async fn session(&self, account: &str, region: Option<&str>) -> Result<Session, Failure> {
        self.session_as(account, None, region).await
    }

    /// The same for an account that may have been made in this run, with the id it then got.
    ///
    /// # Errors
    /// When the account can't be entered.
    pub async fn session_as(&self, account: &str, id: Option<&str>, region: Option<&str>) -> Result<Session, Failure> {
        let entry = self.accounts.get(account).ok_or_else(|| {
            Failure::local(
                None,
                "sts:AssumeRole",
                format!("there is no account `{account}` in the specs"),
                Some(format!("declare it: [account.{account}] with its id")),
            )
        })?;
        let opened = entry.opened.get_or_init(|| self.open(entry, id)).await.clone()?;
        let region = region.or_else(|| self.base.region().map(Region::as_ref)).unwrap_or(GLOBAL_REGION);
        Ok(Session { clients: opened.clients(region), account: opened, indexes: Arc::default(), only_wanted: false })
    }

    async fn open(&self, entry: &Entry, id: Option<&str>) -> Result<Arc<Opened>, Failure> {
        let made_now = pending::is_pending(&entry.access.id);
        let mut access = entry.access.clone();
        if let Some(id) = id.filter(|_| made_now) {
            id.clone_into(&mut access.id);
        }
        let access = &access;
        let who = Who { account: access.name.clone(), id: Arc::from(&*access.id) };
        let config = match (&access.profile, &access.through) {
            (Some(profile), _) => self.by_profile(access, &who, profile).await?,
            (None, _) if access.id == self.caller.account => self.base.clone(),
            (None, None) => self.by_role(&self.base, access, &who).await?,
            (None, Some(through)) => {
                let from = Box::pin(self.session(through, None)).await?.account.config.clone();
                self.by_role_of_new(&from, access, &who, made_now || entry.is_new).await?
            }
        };
        Ok(Arc::new(Opened {
            who,
            partition: self.partition,
            config,
            common: self.common.clone(),
            clients: Mutex::default(),
        }))
    }

    /// By assuming the access role, which nobody may while an account is being set up.
    async fn by_role_of_new(
        &self,
        from: &SdkConfig,
        access: &AccountAccess,
        who: &Who,
        is_new: bool,
    ) -> Result<SdkConfig, Failure> {
        let mut pauses = SETTLING_PAUSES.iter();
        loop {
            let failure = match self.by_role(from, access, who).await {
                Ok(config) => return Ok(config),
                Err(failure) => failure,
            };
            match pauses.next() {
                Some(pause) if is_new && failure.is_denied() => tokio::time::sleep(*pause).await,
                Some(_) | None => return Err(failure),
            }
        }
    }

    /// Whose account a profile of the AWS configuration leads into.
    ///
    /// # Errors
    /// When there is no such profile, or it gives no way in.
    pub async fn profile_identity(&self, profile: &str) -> Result<CallerIdentity, Failure> {
        self.enter_profile(profile).await.map(|(_, found)| found)
    }

    /// The way by a profile, and where it leads.
    async fn enter_profile(&self, profile: &str) -> Result<(SdkConfig, CallerIdentity), Failure> {
        let mut provider_config = ProviderConfig::without_region().with_region(self.base.region().cloned());
        if self.endpoint_given {
            provider_config = provider_config.with_http_client(ClosedClient);
        } else if let Some(client) = self.base.http_client() {
            provider_config = provider_config.with_http_client(client);
        }
        let provider =
            ProfileFileCredentialsProvider::builder().configure(&provider_config).profile_name(profile).build();
        let config = with_credentials(&self.base, SharedCredentialsProvider::new(provider));
        let found = caller_identity(&config, &self.common).await.map_err(|mut failure| {
            failure.message = no_way_in(profile, &failure.message);
            failure.help = Some(if failure.message.contains(closed::WHY) {
                closed::help()
            } else {
                format!("look at the profile `{profile}` in the AWS configuration, or log in with it")
            });
            failure
        })?;
        Ok((config, found))
    }

    /// By a profile, after a look at where it leads.
    async fn by_profile(&self, access: &AccountAccess, who: &Who, profile: &str) -> Result<SdkConfig, Failure> {
        let (config, found) = self.enter_profile(profile).await.map_err(|mut failure| {
            failure.who = Some(Box::new(who.clone()));
            failure
        })?;
        if found.account == access.id {
            return Ok(config);
        }
        Err(Failure::local(
            Some(who.clone()),
            "sts:GetCallerIdentity",
            format!("the profile `{profile}` leads into account {} as {}", found.account, found.arn),
            Some(format!(
                "give [account.{}] the profile of {}, or the id of the profile's account",
                access.name, access.id
            )),
        ))
    }

    /// By assuming the account's access role.
    async fn by_role(&self, from: &SdkConfig, access: &AccountAccess, who: &Who) -> Result<SdkConfig, Failure> {
        let role = format!("arn:{}:iam::{}:role/{}", self.partition, access.id, access.access_role);
        let assumed = Assumed { client: sts_client(from, &self.common), role: role.clone(), first: Mutex::default() };
        let credentials = assumed.assume().await.map_err(|error| {
            let mut failure = Failure::new(Some(who.clone()), "sts:AssumeRole", &error);
            failure.message = format!("can't assume {role}: {}", failure.message);
            if failure.is_denied() {
                failure.help = Some(format!(
                    "let {role} trust {}, and let that assume it; another role's name goes into `access_role` of [account.{}], \
                     another way in is its `profile`",
                    self.caller.arn, access.name
                ));
            }
            failure
        })?;
        *assumed.first.lock().unwrap_or_else(PoisonError::into_inner) = Some(credentials);
        Ok(with_credentials(&self.base, SharedCredentialsProvider::new(assumed)))
    }
}
