//! A project of any size, as text: mostly roles with trust, policies and references, as delivery planes have them.

use std::fmt::Write as _;
use std::path::PathBuf;

/// The project's name.
pub(crate) const PROJECT: &str = "fleet";
/// The account that holds the keys, and without tenants everything else.
pub(crate) const TOOLING: &str = "tooling";
/// Its id.
pub(crate) const TOOLING_ID: &str = "111111111111";
/// The region of all that has one.
pub(crate) const REGION: &str = "eu-west-1";
/// The organization whose members may use the keys.
pub(crate) const ORGANIZATION: &str = "o-fleet00000";

/// Resources in one file: people split their specs, and the loader drops each file's tree when it is decoded.
const FILE: usize = 500;

/// How many there are of each kind in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// Roles.
    pub(crate) roles: usize,
    /// Customer managed policies.
    pub(crate) policies: usize,
    /// Buckets.
    pub(crate) buckets: usize,
}

/// A project's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fleet {
    /// Accounts of the group `tenants`; 0: the shares of tenants are the tooling account's.
    pub(crate) tenants: usize,
    /// What each tenant has.
    pub(crate) share: Share,
    /// Keys, all of them in the tooling account.
    pub(crate) keys: usize,
}

impl Fleet {
    /// The resources of the whole project.
    pub(crate) fn len(&self) -> usize {
        let Share { roles, policies, buckets } = self.share;
        self.tenants.max(1) * (roles + policies + buckets) + self.keys
    }

    /// The project's files.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let home = if self.tenants == 0 { TOOLING } else { "tenants" };
        let Share { roles, policies, buckets } = self.share;
        let settings = format!(
            "[project]\nname = \"{PROJECT}\"\nregion = \"{REGION}\"\ntags = {{ team = \"platform\", stage = \"prod\" }}\n"
        );
        let mut files = vec![
            (PathBuf::from("trueup.toml"), settings.into_bytes()),
            (PathBuf::from("accounts.toml"), self.accounts().into_bytes()),
        ];
        files.extend(split("keys", TOOLING, self.keys, |text, index| self.key(text, index)));
        files.extend(split("roles", home, roles, |text, index| self.role(text, index)));
        files.extend(split("policies", home, policies, |text, index| self.policy(text, index)));
        files.extend(split("buckets", home, buckets, |text, index| self.bucket(text, index)));
        files
    }

    fn accounts(&self) -> String {
        let mut text = format!("[account.{TOOLING}]\nid = \"{TOOLING_ID}\"\n");
        for index in 0..self.tenants {
            let (name, id) = (tenant(index), tenant_id(index));
            push(&mut text, &format!("\n[account.{name}]\nid = \"{id}\"\ngroups = [\"tenants\"]\n"));
        }
        text
    }

    fn role(&self, text: &mut String, index: usize) {
        let principal = match index % 3 {
            0 => "service = \"ec2.amazonaws.com\"".to_owned(),
            1 => format!("account = \"{TOOLING}\""),
            _ => format!("aws = \"${{role.r{}.arn}}\"", index - 1),
        };
        let (bucket, key) = (index % self.share.buckets, index % self.keys);
        let (attached, inline) = if index.is_multiple_of(2) {
            let inline = format!(
                "\n[[role.r{index}.inline.artifacts]]\nsid = \"Objects\"\nallow = [\"s3:GetObject*\", \"s3:PutObject\"]\n\
                 resource = \"${{bucket.b{bucket}.arn}}/r{index}/*\"\n\
                 \n[[role.r{index}.inline.artifacts]]\nsid = \"Key\"\nallow = [\"kms:Decrypt\", \"kms:GenerateDataKey*\"]\n\
                 resource = \"${{{TOOLING}/key.k{key}.arn}}\"\n"
            );
            (String::new(), inline)
        } else {
            let policy = index % self.share.policies;
            (format!("managed_policies = [\"policy.p{policy}\", \"{READ_ONLY}\"]\n"), String::new())
        };
        push(
            text,
            &format!(
                "\n[role.r{index}]\ndescription = \"Deploys service {index}\"\ntags = {{ service = \"s{index}\" }}\n{attached}\
                 \n[[role.r{index}.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = {{ {principal} }}\n{inline}"
            ),
        );
    }

    fn policy(&self, text: &mut String, index: usize) {
        let bucket = index % self.share.buckets;
        push(
            text,
            &format!(
                "\n[policy.p{index}]\ndescription = \"Reads what service {index} made\"\n\
                 \n[[policy.p{index}.policy]]\nsid = \"Read\"\nallow = [\"s3:GetObject\", \"s3:GetObjectVersion\"]\n\
                 resource = \"${{bucket.b{bucket}.arn}}/p{index}/*\"\n\
                 \n[[policy.p{index}.policy]]\nsid = \"List\"\nallow = \"s3:ListBucket\"\nresource = \"${{bucket.b{bucket}.arn}}\"\n\
                 condition = {{ StringLike = {{ \"s3:prefix\" = \"p{index}/*\" }} }}\n"
            ),
        );
    }

    fn bucket(&self, text: &mut String, index: usize) {
        let key = index % self.keys;
        push(
            text,
            &format!(
                "\n[bucket.b{index}]\nname = \"{PROJECT}-b{index}-${{account.id}}\"\n\
                 encryption = {{ key = \"{TOOLING}/key.k{key}\", bucket_key = true }}\nversioning = \"enabled\"\n\
                 \n[[bucket.b{index}.policy]]\nsid = \"OnlyEncryptedConnections\"\ndeny = \"s3:*\"\nprincipal = \"*\"\n\
                 resource = [\"${{bucket.b{index}.arn}}\", \"${{bucket.b{index}.arn}}/*\"]\n\
                 condition = {{ Bool = {{ \"aws:SecureTransport\" = false }} }}\n"
            ),
        );
    }

    fn key(&self, text: &mut String, index: usize) {
        push(
            text,
            &format!(
                "\n[key.k{index}]\nalias = \"alias/{PROJECT}/k{index}\"\ndescription = \"Encrypts artifacts\"\n\
                 rotation = {{ days = 365 }}\n\
                 \n[[key.k{index}.policy]]\nsid = \"Account\"\nallow = \"kms:*\"\nprincipal = {{ account = \"{TOOLING}\" }}\nresource = \"*\"\n\
                 \n[[key.k{index}.policy]]\nsid = \"Organization\"\nallow = [\"kms:Decrypt\", \"kms:GenerateDataKey*\"]\n\
                 principal = {{ aws = \"*\" }}\nresource = \"*\"\n\
                 condition = {{ StringEquals = {{ \"aws:PrincipalOrgID\" = \"{ORGANIZATION}\" }} }}\n"
            ),
        );
        if self.tenants == 0 {
            // A role's policy names the key, and the key's the role.
            let role = self.named_by_key(index);
            push(
                text,
                &format!(
                    "\n[[key.k{index}.policy]]\nsid = \"Role\"\nallow = \"kms:Encrypt\"\n\
                     principal = {{ aws = \"${{role.r{role}.arn}}\" }}\nresource = \"*\"\n"
                ),
            );
        }
    }

    /// The role that a key's policy names, where roles and keys are in one account.
    pub(crate) fn named_by_key(&self, key: usize) -> usize {
        key % self.share.roles
    }
}

/// The managed policy of AWS's own that roles have attached.
pub(crate) const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

/// A tenant's name.
pub(crate) fn tenant(index: usize) -> String {
    format!("tenant{index}")
}

/// A tenant's id.
pub(crate) fn tenant_id(index: usize) -> String {
    format!("2{index:011}")
}

fn push(text: &mut String, more: &str) {
    // Writing to a string can't fail.
    let _ = text.write_str(more);
}

fn split(name: &str, account: &str, count: usize, write: impl Fn(&mut String, usize)) -> Vec<(PathBuf, Vec<u8>)> {
    (0..count.div_ceil(FILE))
        .map(|file| {
            let mut text = format!("[scope]\naccount = \"{account}\"\n");
            for index in file * FILE..count.min((file + 1) * FILE) {
                write(&mut text, index);
            }
            (PathBuf::from(format!("{name}-{file:03}.toml")), text.into_bytes())
        })
        .collect()
}
