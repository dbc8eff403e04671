//! The sandbox on a port.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use trueup_sandbox::{Faults, Sandbox, serve};

/// One signed GET of the list of buckets on a new connection; what comes back until the connection closes.
fn list_buckets(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    let scope = "111111111111/20260101/eu-west-1/s3/aws4_request";
    let signature = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=ab");
    let head = format!("GET / HTTP/1.1\r\nHost: {address}\r\nAuthorization: {signature}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn serves_drops_and_stops() {
    let sandbox = Sandbox::in_memory(&[]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(sandbox.clone(), listener, async {
        // Either way it is over.
        let _ = stopped.await;
    }));
    let ask = || async { tokio::task::spawn_blocking(move || list_buckets(address)).await.unwrap() };
    let answer = ask().await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("x-amz-request-id: ") && answer.contains("<ListAllMyBucketsResult"), "{answer}");
    sandbox.set_faults(Faults { drop_answer: 1.0, ..Faults::default() });
    let dropped = ask().await.unwrap_or_default();
    assert_eq!(dropped, "", "the connection closes without an answer");
    let idle = TcpStream::connect(address).unwrap();
    stop.send(()).unwrap();
    server.await.unwrap();
    drop(idle);
}
