//! The sandbox on a port of its own choosing, for tests that speak to it from outside.
//!
//! `serve [FOLDER]`: the first line on standard output says where it listens; FOLDER keeps its state, which otherwise
//! lives in memory. It serves until its standard input ends, so that it never outlives whoever started it.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use trueup_sandbox::{Options, Sandbox, serve};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args_os().nth(1).map(PathBuf::from);
    let sandbox = Sandbox::open(Options { dir, ..Options::default() })?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    writeln!(std::io::stdout(), "listening on http://{address}")?;
    let (tell, ended) = oneshot::channel();
    std::thread::spawn(move || {
        // However the reading ends, whoever started this is gone; so may be who waits for the word.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = tell.send(());
    });
    serve(sandbox, listener, async {
        let _ = ended.await;
    })
    .await;
    Ok(())
}
