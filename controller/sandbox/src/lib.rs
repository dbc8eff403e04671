//! An AWS in the box.
//!
//! The sandbox speaks the wire protocols of the services trueup uses, so that the real SDK clients, the AWS CLI and
//! boto3 run against it unchanged. It keeps one [`World`](world::World) of many accounts, is strict where AWS is
//! strict, and shares no code with the kinds or the policy engine: it must not agree with our mistakes.
//!
//! An access key id of twelve digits stands for the user `admin` of that account, who may do everything there.
//! Signatures are not verified; their credential scope says account, region and service.

pub mod call;
pub mod codedeploy;
mod connector;
pub mod ecr;
pub mod events;
mod front;
pub mod iam;
mod json_call;
pub mod kms;
pub mod organizations;
mod principals;
pub mod s3;
pub mod serve;
pub mod sns;
mod store;
pub mod sts;
pub mod tagging;
#[cfg(test)]
mod testing;
pub mod world;
mod xml;

pub use crate::connector::SandboxClient;
pub use crate::front::{Answer, Cut, Faults, Options, Sandbox, Strangers, Then, When};
pub use crate::serve::serve;
pub use crate::store::StoreError;
