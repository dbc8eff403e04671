//! A project in a temporary directory, and the program run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A role that stays when all else goes: specs that declare nothing are refused.
pub(crate) const STAYS: &str = "\n[role.stays]\n[[role.stays.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { service = \"ec2.amazonaws.com\" }\n";

/// A project of its own, which goes with the test.
pub(crate) struct Project {
    dir: tempfile::TempDir,
}

/// How a run ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Project {
    /// A copy of an example.
    pub(crate) fn example(name: &str) -> Self {
        let project = Self { dir: tempfile::tempdir().unwrap() };
        copy(&root().join("examples").join(name), project.path());
        project
    }

    /// A project of these files.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let project = Self { dir: tempfile::tempdir().unwrap() };
        for (name, text) in files {
            project.write(name, text);
        }
        project
    }

    /// One account, `main`, in eu-west-1, and these specs in its scope.
    pub(crate) fn with(specs: &str) -> Self {
        Self::of(&[
            ("trueup.toml", "[project]\nname = \"test\"\nregion = \"eu-west-1\"\n"),
            ("accounts.toml", "[account.main]\nid = \"111111111111\"\n\n[account.other]\nid = \"222222222222\"\n"),
            ("specs.toml", &format!("[scope]\naccount = \"main\"\n\n{specs}")),
        ])
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Replaces a text that must be there.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} has no `{from}`");
        self.write(name, text.replacen(from, to, 1));
    }

    /// Takes the assertions away: those of what a test removes would be missing it.
    pub(crate) fn forget_access(&self) {
        self.write("access.toml", "");
    }

    /// Runs `trueup` against the sandbox of the project.
    pub(crate) fn trueup(&self, args: &[&str]) -> Run {
        let mut with_sandbox = vec!["--sandbox"];
        with_sandbox.extend(args);
        self.trueup_on_aws(&with_sandbox)
    }

    /// Runs `trueup` without a sandbox, and without anyone's credentials.
    pub(crate) fn trueup_on_aws(&self, args: &[&str]) -> Run {
        let output = self.command(args).output().unwrap();
        Run::from(output)
    }

    /// The command, to be run in another way.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trueup"));
        command
            .args(args)
            .current_dir(self.path())
            .stdin(Stdio::null())
            .env_clear()
            .env("HOME", self.path())
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    /// Applies, and finds nothing left to do.
    pub(crate) fn apply(&self) -> Run {
        let run = self.trueup(&["apply", "--yes"]).expect(0);
        self.assert_true();
        run
    }

    /// The next plan is empty.
    pub(crate) fn assert_true(&self) {
        let run = self.trueup(&["plan", "--detailed-exitcode"]);
        assert_eq!(run.code, 0, "not true after apply:\n{}{}", run.stdout, run.stderr);
        assert!(run.stdout.contains("Nothing to do."), "{}", run.stdout);
    }
}

impl Run {
    /// How a command ended.
    pub(crate) fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Ends the test unless the exit code is this one.
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }
}

impl Run {
    /// Whether stdout says this, wherever its lines break.
    pub(crate) fn says(&self, text: &str) -> bool {
        in_words(&self.stdout).contains(&in_words(text))
    }

    /// Whether stderr says this, wherever its lines break.
    pub(crate) fn complains(&self, text: &str) -> bool {
        in_words(&self.stderr).contains(&in_words(text))
    }
}

fn in_words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_name() == ".trueup" {
            continue;
        }
        if entry.path().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
