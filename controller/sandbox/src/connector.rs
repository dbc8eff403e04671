//! The sandbox as an HTTP client of the AWS SDK: no socket, no TLS.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt as _;

use crate::front::Sandbox;

/// What `aws_config::…http_client(…)` takes to make every SDK client call the sandbox.
#[derive(Clone, Debug)]
pub struct SandboxClient {
    sandbox: Sandbox,
}

impl Sandbox {
    /// An HTTP client for the SDK that ends in this sandbox.
    pub fn client(&self) -> SandboxClient {
        SandboxClient { sandbox: self.clone() }
    }
}

impl HttpClient for SandboxClient {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for SandboxClient {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let sandbox = self.sandbox.clone();
        HttpConnectorFuture::new(exchange(sandbox, request))
    }
}

async fn exchange(sandbox: Sandbox, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(ConnectorError::user)?.to_bytes().to_vec();
    let answer = sandbox.answer(http::Request::from_parts(parts, body));
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    let response =
        answer.response.ok_or_else(|| ConnectorError::io("the connection was closed before an answer".into()))?;
    HttpResponse::try_from(response.map(SdkBody::from)).map_err(|error| ConnectorError::user(error.into()))
}
