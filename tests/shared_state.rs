//! The state in a bucket, over a socket as on AWS; and no secret anywhere.

use std::fs;
use std::path::Path;
use std::process::Command;

use http::Method;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use trueup_sandbox::{Options, Sandbox, serve};

use crate::hand::Hand;
use crate::support::{Project, Run};

const SECRET: &str = "tHiSiSaSeCrEtThAtNoBoDyMaYsEe0123456789";
const TOKEN: &str = "AndThisIsATokenThatNobodyMaySeeEither0123456789";

/// An AWS behind a port, and a project that keeps its state there.
struct Shared {
    project: Project,
    sandbox: Sandbox,
    url: String,
    _runtime: Runtime,
}

impl Shared {
    fn new(specs: &str) -> Self {
        let sandbox = Sandbox::open(Options::default()).unwrap();
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(serve(sandbox.clone(), listener, std::future::pending()));
        let settings = "[project]\nname = \"test\"\nregion = \"eu-west-1\"\n[state]\nbackend = \"s3\"\nbucket = \"our-state\"\nprefix = \"trueup/test\"\n";
        let project = Project::with(specs);
        project.write("trueup.toml", settings);
        Self { project, sandbox, url, _runtime: runtime }
    }

    fn make_bucket(&self) -> Hand {
        let hand = Hand::of(self.sandbox.clone(), "111111111111");
        let region = "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
        assert_eq!(hand.s3(Method::PUT, "our-state", region).0, 200);
        hand
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut all = vec!["--endpoint-url", &*self.url];
        all.extend(args);
        let mut command = self.project.command(&all);
        command.env("AWS_ACCESS_KEY_ID", "111111111111").env("AWS_SECRET_ACCESS_KEY", SECRET);
        command
    }

    fn trueup(&self, args: &[&str]) -> Run {
        Run::from(self.command(args).output().unwrap())
    }
}

fn role(description: &str) -> String {
    format!(
        "[role.deployer]\ndescription = \"{description}\"\n[[role.deployer.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = {{ service = \"ec2.amazonaws.com\" }}\n"
    )
}

#[test]
fn a_project_lives_with_its_state_in_a_bucket() {
    let shared = Shared::new(&role("one"));
    let missing = shared.trueup(&["apply", "--yes"]).expect(1);
    assert!(missing.stderr.contains("make the bucket `our-state` first"), "{}", missing.stderr);
    let hand = shared.make_bucket();
    let applied = shared.trueup(&["apply", "--yes"]).expect(0);
    assert!(applied.stderr.contains("keeps no former versions"), "{}", applied.stderr);
    let list = shared.trueup(&["state", "list"]).expect(0).stdout;
    assert_eq!(list, "main/role.deployer  arn:aws:iam::111111111111:role/deployer\n");
    let (status, ledger) = hand.s3(Method::GET, "our-state/trueup/test/ledger/main.json", "");
    assert!(status == 200 && ledger.contains("\"fence\": 1"), "{ledger}");
    shared.trueup(&["plan", "--detailed-exitcode"]).expect(0);
    let history = shared.trueup(&["history"]).expect(0).stdout;
    assert!(history.contains("1 of 1 done"), "{history}");
    let left: Vec<_> = fs::read_dir(shared.project.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name == ".trueup"), "nothing is kept here: {left:?}");

    let damaged = ledger.replacen("\"format\": 1", "\"format\": 7", 1);
    assert_eq!(hand.s3(Method::PUT, "our-state/trueup/test/ledger/main.json", &damaged).0, 200);
    let refused = shared.trueup(&["apply", "--yes"]).expect(1);
    assert!(refused.stderr.contains("has format 7"), "{}", refused.stderr);
    assert_eq!(hand.s3(Method::GET, "our-state/trueup/test/ledger/main.json", "").1, damaged);
}

fn search(dir: &Path, secrets: &[&str], looked: &mut usize) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, secrets, looked);
        } else {
            *looked += 1;
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            for secret in secrets {
                assert!(!text.contains(secret), "{} holds a secret", path.display());
            }
        }
    }
}

#[test]
fn no_secret_is_in_any_output_or_file() {
    let specs = format!("{}\n[user.robot]\n[bucket.b]\nname = \"secretless-${{account.id}}\"\n", role("one"));
    let shared = Shared::new(&specs);
    // A folder's state, to look at its files; and one account that is entered by a role.
    shared.project.write("trueup.toml", "[project]\nname = \"test\"\nregion = \"eu-west-1\"\n");
    shared
        .project
        .write("other.toml", format!("[scope]\naccount = \"other\"\n{}", role("two").replace("deployer", "far")));
    let commands: [&[&str]; 8] = [
        &["-vv", "plan", "-o", "saved.json"],
        &["-vv", "apply", "saved.json"],
        &["-vv", "apply", "--yes", "--format", "json"],
        &["-vv", "plan", "--format", "json"],
        &["state", "list", "--format", "json"],
        &["state", "rebuild"],
        &["history", "--format", "json"],
        &["state", "locks", "--format", "json"],
    ];
    let mut seen = String::new();
    let mut run = |args: &[&str]| {
        let output = shared.command(args).env("AWS_SESSION_TOKEN", TOKEN).output().unwrap();
        seen.push_str(&String::from_utf8_lossy(&output.stdout));
        seen.push_str(&String::from_utf8_lossy(&output.stderr));
        Run::from(output)
    };
    for args in commands {
        run(args).expect(0);
    }
    // Errors too: an account that can't be entered, and a service that refuses.
    shared.project.edit("accounts.toml", "id = \"222222222222\"", "id = \"222222222222\"\naccess_role = \"Nobody\"");
    run(&["-vv", "plan"]).expect(4);
    let tokens: Vec<String> = shared
        .sandbox
        .with_world(|world| world.sts.sessions.values().map(|session| session.token.clone()).collect())
        .unwrap();
    assert!(!tokens.is_empty(), "another account was entered");
    let mut secrets = vec![SECRET, TOKEN];
    secrets.extend(tokens.iter().map(String::as_str));
    for secret in &secrets {
        assert!(!seen.contains(secret), "the output holds a secret: {secret}");
    }
    let mut looked = 0;
    search(shared.project.path(), &secrets, &mut looked);
    assert!(looked > 8, "{looked} files");
}
