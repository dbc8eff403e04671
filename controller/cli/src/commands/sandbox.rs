//! `trueup sandbox`

use tokio::net::TcpListener;
use trueup_specs::load;

use crate::args::SandboxCommand;
use crate::context::{Context, own_account};
use crate::exit::{Exit, Stop, chain};

/// Serves or resets the sandbox of the project, or, outside a project, one of the directory.
pub(crate) async fn run(context: &Context, command: &SandboxCommand) -> Result<Exit, Stop> {
    // The specs only name the accounts here; that they have problems is no reason not to serve.
    let loaded = load(&context.common.directory, &trueup_kinds::schemas());
    let project = loaded.project.unwrap_or_default();
    let sandbox = context.sandbox(&project)?;
    match command {
        SandboxCommand::Reset => {
            sandbox.reset().map_err(|error| Stop::error(&error))?;
            match std::fs::remove_dir_all(context.sandbox_state_dir(&project)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Stop::error(&error)),
                Ok(()) | Err(_) => {}
            }
            context.output.note("The sandbox is empty.");
            Ok(Exit::Done)
        }
        SandboxCommand::Serve { port } => {
            let listener = TcpListener::bind(("127.0.0.1", *port)).await.map_err(|error| {
                Stop::with_help(
                    format!("can't listen on port {port}: {}", chain(&error)),
                    "give another port with --port, or 0 for a free one",
                )
            })?;
            let address = listener.local_addr().map_err(|error| Stop::error(&error))?;
            let account = own_account(&project).unwrap_or("111111111111");
            context.output.result(&format!("listening on http://{address}\n"))?;
            context.output.note(&format!(
                "An access key id of twelve digits stands for that account. In another terminal:\n  \
                 export AWS_ACCESS_KEY_ID={account} AWS_SECRET_ACCESS_KEY=sandbox AWS_DEFAULT_REGION=us-east-1\n  \
                 aws --endpoint-url http://{address} iam list-roles\nCtrl-C ends it."
            ));
            let end = async {
                // Without signals there is no way to end it but to kill it, which is safe.
                let _ = tokio::signal::ctrl_c().await;
            };
            trueup_sandbox::serve(sandbox, listener, end).await;
            Ok(Exit::Done)
        }
    }
}
