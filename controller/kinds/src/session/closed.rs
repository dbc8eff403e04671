//! No way to AWS, for the credential providers when an endpoint is given.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// What [`ClosedClient`] says to every request.
pub(super) const WHY: &str = "these credentials would come from AWS itself, not from the endpoint given";

/// What to do instead.
pub(super) fn help() -> String {
    "use access keys, or give the endpoint as AWS_ENDPOINT_URL only: the calls for credentials follow that too"
        .to_owned()
}

/// An HTTP client that sends nothing.
///
/// The SDK's providers of assumed roles and of single sign-on make clients of their own and take no endpoint from code: with an
/// endpoint given they would send real keys to the real AWS. Keys in a file and those of a process need no client.
#[derive(Clone, Debug)]
pub(super) struct ClosedClient;

impl HttpClient for ClosedClient {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for ClosedClient {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(Err(ConnectorError::user(WHY.into())))
    }
}
