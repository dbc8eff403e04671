//! Key specs: what a key of each sort can do.
//!
//! Source: <https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html>.

use super::failure::Failure;

pub(super) const SYMMETRIC_DEFAULT: &str = "SYMMETRIC_DEFAULT";
pub(super) const ENCRYPT_DECRYPT: &str = "ENCRYPT_DECRYPT";
const SIGN_VERIFY: &str = "SIGN_VERIFY";
const GENERATE_VERIFY_MAC: &str = "GENERATE_VERIFY_MAC";
const KEY_AGREEMENT: &str = "KEY_AGREEMENT";
const ENCAPSULATE_DECAPSULATE: &str = "ENCAPSULATE_DECAPSULATE";

/// Every usage a key can have.
pub(super) const USAGES: &[&str] =
    &[SIGN_VERIFY, ENCRYPT_DECRYPT, GENERATE_VERIFY_MAC, KEY_AGREEMENT, ENCAPSULATE_DECAPSULATE];

/// Every spec a key can have.
pub(super) const SPECS: &[&str] = &[
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    SYMMETRIC_DEFAULT,
    "HMAC_224",
    "HMAC_256",
    "HMAC_384",
    "HMAC_512",
    "SM2",
    "ML_DSA_44",
    "ML_DSA_65",
    "ML_DSA_87",
    "ECC_NIST_EDWARDS25519",
    "ML_KEM_512",
    "ML_KEM_768",
    "ML_KEM_1024",
];

/// The algorithms that DescribeKey lists, and the member it lists them in.
pub(super) struct Algorithms {
    pub(super) member: &'static str,
    pub(super) names: &'static [&'static str],
}

/// What a spec can do when used one way; nothing if it can't be used that way.
pub(super) fn algorithms(spec: &str, usage: &str) -> Option<Algorithms> {
    let (member, names): (&'static str, &'static [&'static str]) = match (usage, spec) {
        (ENCRYPT_DECRYPT, SYMMETRIC_DEFAULT) => ("EncryptionAlgorithms", &[SYMMETRIC_DEFAULT]),
        (ENCRYPT_DECRYPT, "RSA_2048" | "RSA_3072" | "RSA_4096") => {
            ("EncryptionAlgorithms", &["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"])
        }
        (SIGN_VERIFY, "RSA_2048" | "RSA_3072" | "RSA_4096") => (
            "SigningAlgorithms",
            &[
                "RSASSA_PKCS1_V1_5_SHA_256",
                "RSASSA_PKCS1_V1_5_SHA_384",
                "RSASSA_PKCS1_V1_5_SHA_512",
                "RSASSA_PSS_SHA_256",
                "RSASSA_PSS_SHA_384",
                "RSASSA_PSS_SHA_512",
            ],
        ),
        (SIGN_VERIFY, "ECC_NIST_P256" | "ECC_SECG_P256K1") => ("SigningAlgorithms", &["ECDSA_SHA_256"]),
        (SIGN_VERIFY, "ECC_NIST_P384") => ("SigningAlgorithms", &["ECDSA_SHA_384"]),
        (SIGN_VERIFY, "ECC_NIST_P521") => ("SigningAlgorithms", &["ECDSA_SHA_512"]),
        (SIGN_VERIFY, "ECC_NIST_EDWARDS25519") => ("SigningAlgorithms", &["ED25519_SHA_512", "ED25519_PH_SHA_512"]),
        (SIGN_VERIFY, "ML_DSA_44" | "ML_DSA_65" | "ML_DSA_87") => ("SigningAlgorithms", &["ML_DSA_SHAKE_256"]),
        (KEY_AGREEMENT, "ECC_NIST_P256" | "ECC_NIST_P384" | "ECC_NIST_P521") => ("KeyAgreementAlgorithms", &["ECDH"]),
        (GENERATE_VERIFY_MAC, "HMAC_224") => ("MacAlgorithms", &["HMAC_SHA_224"]),
        (GENERATE_VERIFY_MAC, "HMAC_256") => ("MacAlgorithms", &["HMAC_SHA_256"]),
        (GENERATE_VERIFY_MAC, "HMAC_384") => ("MacAlgorithms", &["HMAC_SHA_384"]),
        (GENERATE_VERIFY_MAC, "HMAC_512") => ("MacAlgorithms", &["HMAC_SHA_512"]),
        (ENCAPSULATE_DECAPSULATE, "ML_KEM_512" | "ML_KEM_768" | "ML_KEM_1024") => {
            ("EncapsulationAlgorithms", &["ML_KEM"])
        }
        _ => return None,
    };
    Some(Algorithms { member, names })
}

/// What a grant on a key can allow: what the key can do, and what fits all keys.
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-grant-operations>.
pub(super) fn allows_in_grant(spec: &str, usage: &str, operation: &str) -> bool {
    let can_do: &[&str] = match usage {
        ENCRYPT_DECRYPT if spec == SYMMETRIC_DEFAULT => &[
            "Decrypt",
            "Encrypt",
            "GenerateDataKey",
            "GenerateDataKeyPair",
            "GenerateDataKeyPairWithoutPlaintext",
            "GenerateDataKeyWithoutPlaintext",
            "ReEncryptFrom",
            "ReEncryptTo",
        ],
        ENCRYPT_DECRYPT => &["Decrypt", "Encrypt", "GetPublicKey", "ReEncryptFrom", "ReEncryptTo"],
        SIGN_VERIFY => &["GetPublicKey", "Sign", "Verify"],
        KEY_AGREEMENT => &["DeriveSharedSecret", "GetPublicKey"],
        ENCAPSULATE_DECAPSULATE => &["Decapsulate", "Encapsulate", "GetPublicKey"],
        GENERATE_VERIFY_MAC => &["GenerateMac", "VerifyMac"],
        _ => &[],
    };
    can_do.contains(&operation) || matches!(operation, "CreateGrant" | "DescribeKey" | "RetireGrant")
}

/// The usage of a new key: asked for, or the default, which only a symmetric encryption key has.
pub(super) fn usage_of(spec: &str, asked: Option<&str>) -> Result<String, Failure> {
    let usage = match asked {
        Some(usage) => usage,
        None if spec == SYMMETRIC_DEFAULT => ENCRYPT_DECRYPT,
        None => {
            return Err(Failure::validation(
                "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
            ));
        }
    };
    // SM2 exists in the China regions only, which the sandbox does not have.
    if spec == "SM2" {
        return Err(Failure::unsupported("SM2 keys are supported in China Regions only."));
    }
    if algorithms(spec, usage).is_none() {
        return Err(Failure::validation(format!("The KeyUsage {usage} is not compatible with KeySpec {spec}.")));
    }
    Ok(usage.to_owned())
}
