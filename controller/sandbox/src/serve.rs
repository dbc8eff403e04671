//! The sandbox on a port, for the AWS CLI, boto3 and anything else that takes an endpoint.

use std::future::Future;
use std::io;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::front::Sandbox;

/// The largest request body. S3 takes 5 GiB in one PutObject; the sandbox keeps objects in memory.
const BODY_BYTES_MAX: usize = 256 << 20;

/// How long a failed `accept` (as a rule: too many open files) waits before the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves HTTP/1.1 on the listener until `shutdown` completes; requests under way then are still answered.
pub async fn serve(sandbox: Sandbox, listener: TcpListener, shutdown: impl Future<Output = ()>) {
    let (closing, closed) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(sandbox.clone(), stream, closed.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    // Every connection holds a receiver, so this reaches those that are still open; none open is no error.
    let _ = closing.send(true);
    while connections.join_next().await.is_some() {}
}

async fn connection(sandbox: Sandbox, stream: TcpStream, mut closed: watch::Receiver<bool>) {
    let service = service_fn(move |request| answer(sandbox.clone(), request));
    let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        _ = closed.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// One answer. An error makes hyper close the connection, which is how a dropped answer looks to the client.
async fn answer(sandbox: Sandbox, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
        return Ok(too_large());
    };
    let answer = sandbox.answer(Request::from_parts(parts, body.to_bytes().to_vec()));
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    match answer.response {
        Some(response) => Ok(response.map(|body| Full::new(Bytes::from(body)))),
        None => Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
    }
}

fn too_large() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = http::StatusCode::PAYLOAD_TOO_LARGE;
    response
}
