//! The front door: one HTTP request in, one HTTP answer out.
//!
//! It reads who calls (from the access key in the credential scope), in which region and which service, keeps the
//! one lock over the world, counts the calls, misbehaves when told to, and keeps the world on disk.

mod chunked;
mod faults;
pub(crate) mod refusal;
pub(crate) mod signature;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Request, Response};
use percent_encoding::percent_decode_str;
use time::OffsetDateTime;

pub use self::faults::{Cut, Faults, Then, When};
use self::faults::{Fate, Position};
use self::refusal::{Protocol, Refusal};
use self::signature::Scope;
use crate::call::{Call, NAMED_IN_VALUE, Reply};
use crate::store::{Store, StoreError};
use crate::world::World;
use crate::{codedeploy, ecr, events, iam, kms, organizations, s3, sns, sts, tagging};

/// How a sandbox starts.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the world is kept between runs; `None` keeps it in memory only.
    pub dir: Option<PathBuf>,
    /// Accounts (twelve digits) that exist from the start.
    pub accounts: Vec<String>,
    /// Which other accounts there are.
    pub strangers: Strangers,
    /// The time it is in the world; `None` follows the real clock, a time given stands still but for
    /// [`Sandbox::advance`].
    pub clock: Option<OffsetDateTime>,
}

/// What becomes of an account nobody has named in [`Options::accounts`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strangers {
    /// It exists from the first call made from it or role assumed in it.
    #[default]
    Welcome,
    /// It does not exist.
    Refused,
}

/// An AWS in the box. Clones share one world.
#[derive(Clone, Debug)]
pub struct Sandbox {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    world: World,
    options: Options,
    store: Option<Store>,
    faults: Faults,
    calls: BTreeMap<(String, String), u64>,
    /// Calls, and mutating calls among them, since the faults were set.
    position: (u64, u64),
    /// Worlds as they were before changes that are not to be seen yet: up to which call, and the world as JSON.
    past: VecDeque<(u64, Vec<u8>)>,
    requests: u64,
}

/// What [`Sandbox::answer`] comes to.
#[derive(Debug)]
pub struct Answer {
    /// How long to wait before the answer goes out.
    pub delay: Duration,
    /// The answer; `None` is a connection that breaks without one.
    pub response: Option<Response<Vec<u8>>>,
}

/// A request after its signature has been read.
struct Arrived {
    request: Request<Vec<u8>>,
    query: Vec<(String, String)>,
    scope: Scope,
    protocol: Protocol,
}

impl Arrived {
    /// Whether it writes to S3 only if a condition holds.
    fn is_conditional_write(&self) -> bool {
        let headers = self.request.headers();
        self.protocol == Protocol::RestXml
            && self.request.method() == http::Method::PUT
            && (headers.contains_key("if-match") || headers.contains_key("if-none-match"))
    }
}

impl Sandbox {
    /// Opens the world kept in [`Options::dir`], or makes a new one.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read or written, or holds something else.
    pub fn open(options: Options) -> Result<Self, StoreError> {
        let store = options.dir.clone().map(Store::new);
        let mut shared = Shared {
            world: World::default(),
            options,
            store,
            faults: Faults::default(),
            calls: BTreeMap::new(),
            position: (0, 0),
            past: VecDeque::new(),
            requests: 0,
        };
        shared.found(World::default());
        if let Some(store) = &mut shared.store {
            let turn = store.turn()?;
            if let Some(world) = store.newer(&turn)? {
                shared.found(world);
            }
        }
        Ok(Self { shared: Arc::new(Mutex::new(shared)) })
    }

    /// A world in memory, with these accounts.
    pub fn in_memory(accounts: &[&str]) -> Self {
        let options = Options { accounts: accounts.iter().map(|&id| id.to_owned()).collect(), ..Options::default() };
        let mut shared = Shared {
            world: World::default(),
            options,
            store: None,
            faults: Faults::default(),
            calls: BTreeMap::new(),
            position: (0, 0),
            past: VecDeque::new(),
            requests: 0,
        };
        shared.found(World::default());
        Self { shared: Arc::new(Mutex::new(shared)) }
    }

    /// A poisoned lock is a panic in a test's closure; the world is still there to be looked at.
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one request at once. A connection that is to break is a 503 here; [`Sandbox::answer`] tells it apart.
    pub fn handle(&self, request: Request<Vec<u8>>) -> Response<Vec<u8>> {
        self.answer(request).response.unwrap_or_else(|| {
            let mut response = Response::new(Vec::new());
            *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
            response
        })
    }

    /// Answers one request, with the delay and the broken connection that [`Faults`] ask for.
    pub fn answer(&self, request: Request<Vec<u8>>) -> Answer {
        let mut shared = self.lock();
        shared.requests += 1;
        let request_id = format!("{:08x}-5a4d-4b0c-8000-{:012x}", std::process::id(), shared.requests);
        let s3_head = *request.method() == http::Method::HEAD;
        let (protocol, fate, delay, reply) = match arrive(request) {
            Err((protocol, refusal)) => (protocol, Fate::Answer, Duration::ZERO, refusal.reply(protocol, &request_id)),
            Ok(arrived) => {
                let protocol = arrived.protocol;
                let (fate, delay, result) = shared.process(arrived, &request_id);
                let reply = result.unwrap_or_else(|refusal| refusal.reply(protocol, &request_id));
                (protocol, fate, delay, reply)
            }
        };
        let dropped = matches!(fate, Fate::DropAfterEffect | Fate::DropBeforeEffect);
        let response = (!dropped).then(|| finish(reply, protocol, &request_id, s3_head));
        Answer { delay, response }
    }

    /// How often each operation was called, by service and operation, refused and failed calls included.
    pub fn calls(&self) -> BTreeMap<(String, String), u64> {
        self.lock().calls.clone()
    }

    /// How many calls that change something came since the faults were set, refused and failed ones included; those to STS do not count.
    pub fn mutations(&self) -> u64 {
        self.lock().position.1
    }

    /// Starts counting anew.
    pub fn reset_calls(&self) {
        self.lock().calls.clear();
    }

    /// Misbehaves from now on as told; the default stops it.
    pub fn set_faults(&self, faults: Faults) {
        let mut shared = self.lock();
        shared.faults = faults;
        shared.position = (0, 0);
        shared.past.clear();
    }

    /// Moves the world's clock on, for what takes days in AWS.
    ///
    /// # Errors
    ///
    /// If the world could not be kept.
    pub fn advance(&self, by: time::Duration) -> Result<(), StoreError> {
        self.with_world(|world| world.clock_ahead_seconds += by.whole_seconds())
    }

    /// Looks at the world, or interferes with it, past the front door.
    ///
    /// # Errors
    ///
    /// If the world could not be read or kept.
    pub fn with_world<R>(&self, act: impl FnOnce(&mut World) -> R) -> Result<R, StoreError> {
        let mut shared = self.lock();
        let turn = shared.take_turn()?;
        let result = act(&mut shared.world);
        shared.keep(turn)?;
        Ok(result)
    }

    /// Forgets everything but the accounts of [`Options::accounts`].
    ///
    /// # Errors
    ///
    /// If the empty world could not be kept.
    pub fn reset(&self) -> Result<(), StoreError> {
        let mut shared = self.lock();
        // Not `take_turn`: it would refuse to read a broken file, and a reset is the way out of that.
        let turn = shared.store.as_ref().map(Store::turn).transpose()?;
        shared.found(World::default());
        shared.calls.clear();
        shared.keep(turn)
    }
}

impl Shared {
    /// Takes the world over and settles it as the options say.
    fn found(&mut self, world: World) {
        self.world = world;
        self.world.closed = self.options.strangers == Strangers::Refused;
        for id in self.options.accounts.clone() {
            self.world.register_account(&id);
        }
    }

    fn take_turn(&mut self) -> Result<Option<crate::store::Turn>, StoreError> {
        let Some(store) = &mut self.store else { return Ok(None) };
        let turn = store.turn()?;
        if let Some(world) = store.newer(&turn)? {
            self.found(world);
        }
        Ok(Some(turn))
    }

    fn keep(&mut self, turn: Option<crate::store::Turn>) -> Result<(), StoreError> {
        match (&mut self.store, turn) {
            (Some(store), Some(mut turn)) => store.save(&mut turn, &self.world),
            (Some(_) | None, _) => Ok(()),
        }
    }

    /// Remembers the world before a change that shall be seen late, and finds the one a read shall see.
    fn past_to_read(&mut self, service: &str, effect: Effect) -> Option<World> {
        let late = self.faults.late_calls;
        if late == 0 || !["iam", "kms"].contains(&service) {
            return None;
        }
        let now = self.position.0;
        self.past.retain(|(until, _)| *until >= now);
        match effect {
            Effect::None => self.past.front().and_then(|(_, world)| serde_json::from_slice(world).ok()),
            Effect::Session => None,
            Effect::Changes => {
                let world = serde_json::to_vec(&self.world).unwrap_or_default();
                self.past.push_back((now + late, world));
                None
            }
        }
    }

    fn process(&mut self, arrived: Arrived, request_id: &str) -> (Fate, Duration, Result<Reply, Refusal>) {
        let operation = operation(&arrived);
        let service = arrived.scope.service.clone();
        *self.calls.entry((service.clone(), operation.clone())).or_insert(0) += 1;
        let effect = effect(&service, &operation);
        let mutating = effect == Effect::Changes;
        self.position.0 += 1;
        let conditional = arrived.is_conditional_write();
        let at = Position { call: self.position.0, mutations_before: self.position.1, mutating, conditional };
        self.position.1 += u64::from(mutating);
        let (fate, delay) = self.faults.decide(at);
        let skewed = self.faults.skewed(arrived.protocol, OffsetDateTime::now_utc());
        let result = match fate {
            Fate::Answer if skewed.is_some() => Err(skewed.unwrap_or(Refusal::ServerError)),
            Fate::Throttle => Err(Refusal::Throttled),
            Fate::Conflict => Err(Refusal::Conflict),
            Fate::ServerError | Fate::DropBeforeEffect => Err(Refusal::ServerError),
            Fate::Answer | Fate::DropAfterEffect => self.perform(arrived, effect, request_id),
        };
        let status = result.as_ref().map_or(0, |reply| reply.status);
        tracing::debug!(target: "trueup_sandbox", service, operation, status, ?fate, "call");
        (fate, delay, result)
    }

    fn perform(&mut self, arrived: Arrived, effect: Effect, request_id: &str) -> Result<Reply, Refusal> {
        let turn = self.take_turn().map_err(|error| Refusal::State(chain(&error)))?;
        let real = self.options.clock.unwrap_or_else(OffsetDateTime::now_utc);
        let ahead = time::Duration::seconds(self.world.clock_ahead_seconds);
        let now = real.checked_add(ahead).unwrap_or(real);
        let caller = sts::caller(&mut self.world, &arrived.scope, now)?;
        let service = arrived.scope.service;
        let (parts, body) = arrived.request.into_parts();
        let call = Call {
            caller,
            region: arrived.scope.region,
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: arrived.query,
            headers: parts.headers,
            body,
            request_id: request_id.to_owned(),
            now,
        };
        let reply = match self.past_to_read(&service, effect) {
            Some(mut past) => dispatch(&mut past, &service, &call),
            None => dispatch(&mut self.world, &service, &call),
        }?;
        // A call to STS that is refused brings a new account nearer to letting someone in.
        if effect == Effect::Session || effect == Effect::Changes && reply.status < 400 {
            self.keep(turn).map_err(|error| Refusal::State(chain(&error)))?;
        }
        Ok(reply)
    }
}

/// Hands the call to its service.
fn dispatch(world: &mut World, service: &str, call: &Call) -> Result<Reply, Refusal> {
    match service {
        "codedeploy" => Ok(codedeploy::handle(world, call)),
        "ecr" => Ok(ecr::handle(world, call)),
        "events" => Ok(events::handle(world, call)),
        "iam" => Ok(iam::handle(world, call)),
        "kms" => Ok(kms::handle(world, call)),
        "organizations" => Ok(organizations::handle(world, call)),
        "s3" => Ok(s3::handle(world, call)),
        "sns" => Ok(sns::handle(world, call)),
        "sts" => Ok(sts::handle(world, call)),
        "tagging" => Ok(tagging::handle(world, call)),
        other => Err(Refusal::UnknownService(other.to_owned())),
    }
}

/// Reads everything of a request that does not need the world.
fn arrive(mut request: Request<Vec<u8>>) -> Result<Arrived, (Protocol, Refusal)> {
    let query = parse_pairs(request.uri().query().unwrap_or_default());
    let guessed = guess_protocol(request.headers());
    if let (None, Some(authority)) = (request.headers().get("host"), request.uri().authority()) {
        let host = HeaderValue::from_str(authority.as_str());
        if let Ok(host) = host {
            request.headers_mut().insert("host", host);
        }
    }
    let scope = match signature::scope(request.headers(), &query) {
        None => return Err((guessed, Refusal::Unsigned)),
        Some(scope) => scope.map_err(|refusal| (guessed, refusal))?,
    };
    let protocol = match scope.service.as_str() {
        "iam" | "sns" | "sts" => Protocol::Query,
        "codedeploy" | "ecr" | "events" | "kms" | "organizations" | "tagging" => Protocol::Json,
        "s3" if request.headers().contains_key(s3::CONTROL_HEADER) => Protocol::WrappedXml,
        "s3" => Protocol::RestXml,
        other => return Err((guessed, Refusal::UnknownService(other.to_owned()))),
    };
    if matches!(protocol, Protocol::RestXml | Protocol::WrappedXml) {
        let body = std::mem::take(request.body_mut());
        let body = chunked::dechunk(request.headers_mut(), body).map_err(|refusal| (protocol, refusal))?;
        *request.body_mut() = body;
    }
    Ok(Arrived { request, query, scope, protocol })
}

/// For requests whose service is not known.
fn guess_protocol(headers: &HeaderMap) -> Protocol {
    let content_type = headers.get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if headers.contains_key("x-amz-target") || content_type.starts_with("application/x-amz-json") {
        Protocol::Json
    } else if content_type.starts_with("application/x-www-form-urlencoded") {
        Protocol::Query
    } else {
        Protocol::RestXml
    }
}

/// The name of the operation, for counting and for the faults; the service itself decides anew.
fn operation(arrived: &Arrived) -> String {
    let request = &arrived.request;
    match arrived.protocol {
        Protocol::Query => {
            let body = std::str::from_utf8(request.body()).unwrap_or_default();
            let find = |pairs: &[(String, String)]| pairs.iter().find(|(k, _)| k == "Action").map(|(_, v)| v.clone());
            find(&parse_pairs(body)).or_else(|| find(&arrived.query)).unwrap_or_else(|| "unnamed".to_owned())
        }
        Protocol::Json => {
            let target = request.headers().get("x-amz-target").and_then(|v| v.to_str().ok()).unwrap_or("unnamed");
            target.rsplit('.').next().unwrap_or(target).to_owned()
        }
        Protocol::RestXml | Protocol::WrappedXml => {
            s3::operation_name(request.method(), request.uri().path(), request.headers(), &arrived.query).to_owned()
        }
    }
}

/// What an operation does to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    None,
    /// It makes a session: to be kept, but no resource changes.
    Session,
    Changes,
}

fn effect(service: &str, operation: &str) -> Effect {
    if service == "sts" {
        return Effect::Session;
    }
    // Cryptography with a key changes nothing; everything else that changes nothing says so in its name.
    let reads = [
        "BatchGet",
        "Get",
        "List",
        "Head",
        "Describe",
        "Simulate",
        "Encrypt",
        "Decrypt",
        "ReEncrypt",
        "Sign",
        "Verify",
    ];
    let reading = reads.iter().any(|prefix| operation.starts_with(prefix));
    if service == "organizations" && reading {
        // Every call to it brings accounts that are being made or closed a step further, and that is to be kept.
        return Effect::Session;
    }
    let generates = service == "kms" && operation.starts_with("Generate");
    if generates || reading { Effect::None } else { Effect::Changes }
}

/// Percent-decoded pairs of a query or a form; a key without `=` has an empty value.
pub(crate) fn parse_pairs(text: &str) -> Vec<(String, String)> {
    let decode = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.split_once('=') {
            Some((key, value)) => (decode(key), decode(value)),
            None => (decode(pair), String::new()),
        })
        .collect()
}

/// Puts the headers on that every service sends.
fn finish(mut reply: Reply, protocol: Protocol, request_id: &str, head: bool) -> Response<Vec<u8>> {
    let mut response = Response::new(if head { Vec::new() } else { std::mem::take(&mut reply.body) });
    *response.status_mut() =
        http::StatusCode::from_u16(reply.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let length = response.body().len();
    let headers = response.headers_mut();
    let given: BTreeSet<&str> = reply.headers.iter().map(|(name, _)| *name).collect();
    if !given.contains("content-length") && reply.status != 204 && reply.status != 304 {
        headers.insert("content-length", HeaderValue::from(length));
    }
    for (name, value) in &reply.headers {
        let (name, value) = match *name {
            NAMED_IN_VALUE => value.split_once(": ").unwrap_or_default(),
            name => (name, value.as_str()),
        };
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        match protocol {
            Protocol::RestXml | Protocol::WrappedXml => {
                headers.insert("x-amz-request-id", id);
                headers.insert("x-amz-id-2", HeaderValue::from_static(s3::HOST_ID));
            }
            Protocol::Query | Protocol::Json => {
                headers.insert("x-amzn-requestid", id);
            }
        }
    }
    response
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
