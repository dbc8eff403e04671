//! The two parts that are one word each: transfer acceleration, and who pays for requests.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration.html> and
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/RequesterPaysBuckets.html>

use aws_sdk_s3::types as sdk;

use super::unsendable;
use crate::error::Failure;
use crate::session::Session;

/// The field for transfer acceleration.
pub(crate) const ACCELERATION: &str = "transfer_acceleration";
/// The permission to read it.
pub(crate) const READ_ACCELERATION: &str = "s3:GetAccelerateConfiguration";
/// The permission to change it.
pub(crate) const WRITE_ACCELERATION: &str = "s3:PutAccelerateConfiguration";
/// The field for who pays.
pub(crate) const REQUESTER_PAYS: &str = "requester_pays";
/// The permission to read it.
pub(crate) const READ_PAYMENT: &str = "s3:GetBucketRequestPayment";
/// The permission to change it.
pub(crate) const WRITE_PAYMENT: &str = "s3:PutBucketRequestPayment";

/// Whether transfer acceleration is on; suspended and never asked for are the same.
pub(crate) async fn read_acceleration(session: &Session, bucket: &str) -> Result<bool, Failure> {
    let answer = session.s3().get_bucket_accelerate_configuration().bucket(bucket).send().await;
    let answer = answer.map_err(|error| session.failure(READ_ACCELERATION, &error))?;
    Ok(answer.status() == Some(&sdk::BucketAccelerateStatus::Enabled))
}

/// Turns transfer acceleration on or off.
pub(crate) async fn write_acceleration(session: &Session, bucket: &str, on: bool) -> Result<(), Failure> {
    let status = if on { sdk::BucketAccelerateStatus::Enabled } else { sdk::BucketAccelerateStatus::Suspended };
    let configuration = sdk::AccelerateConfiguration::builder().status(status).build();
    let put = session.s3().put_bucket_accelerate_configuration().bucket(bucket).accelerate_configuration(configuration);
    let sent = put.expected_bucket_owner(session.account_id()).send().await;
    sent.map(drop).map_err(|error| session.failure(WRITE_ACCELERATION, &error))
}

/// Whether those who ask pay, and not the bucket's owner.
pub(crate) async fn read_payment(session: &Session, bucket: &str) -> Result<bool, Failure> {
    let answer = session.s3().get_bucket_request_payment().bucket(bucket).send().await;
    let answer = answer.map_err(|error| session.failure(READ_PAYMENT, &error))?;
    Ok(answer.payer() == Some(&sdk::Payer::Requester))
}

/// Says who pays.
pub(crate) async fn write_payment(session: &Session, bucket: &str, requester: bool) -> Result<(), Failure> {
    let payer = if requester { sdk::Payer::Requester } else { sdk::Payer::BucketOwner };
    let configuration = sdk::RequestPaymentConfiguration::builder().payer(payer).build();
    let configuration = configuration.map_err(|error| unsendable(session, WRITE_PAYMENT, &error))?;
    let put = session.s3().put_bucket_request_payment().bucket(bucket).request_payment_configuration(configuration);
    let sent = put.expected_bucket_owner(session.account_id()).send().await;
    sent.map(drop).map_err(|error| session.failure(WRITE_PAYMENT, &error))
}
