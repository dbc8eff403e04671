//! An AWS in the box.
//!
//! The sandbox speaks the wire protocols of the services trueup uses, so that the real SDK clients, the AWS CLI and
//! boto3 run against it unchanged. It keeps one [`World`](world::World) of many accounts, is strict where AWS is
//! strict, and shares no code with the kinds or the policy engine: it must not agree with our mistakes.

pub mod call;
pub mod iam;
pub mod kms;
mod principals;
pub mod s3;
pub mod serve;
pub mod sts;
pub mod tagging;
pub mod world;
mod xml;
