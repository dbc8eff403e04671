//! What TOML says of a key.

use indexmap::IndexMap;
use trueup_specs::decode::{OneOrMany, Within};
use trueup_specs::{PolicySpec, Text, spec, words};

use super::grants::GrantSpec;
use super::{DELETION_WINDOW_DAYS_MAX, DELETION_WINDOW_DAYS_MIN, ROTATION_DAYS_MAX, ROTATION_DAYS_MIN};

spec! {
    /// A KMS key whose material KMS makes and keeps.
    ///
    /// One that was disabled or scheduled for deletion by hand is brought back, unless `state` wants it disabled.
    /// What a key is (`key_spec`, `key_usage`, `multi_region`) is for good, since another key could not read what this one wrote.
    pub struct KeySpec {
        /// Its alias, with `alias/` in front; a list where it has several.
        ///
        /// Letters, digits, `/`, `_` and `-`, at most 256 characters. Without one the key is found by its tags alone.
        /// Default: no alias. An alias that is not listed here is removed.
        /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>
        pub alias: OneOrMany<Text>,
        /// What it is for.
        ///
        /// At most 8192 characters. Default: empty.
        pub description: Option<Text>,
        /// Who may do what with the key; the whole policy, so say in it who may change it.
        ///
        /// At most 32 KB. Default: KMS's own, by which the account's IAM policies decide.
        /// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>
        pub policy: Option<PolicySpec>,
        /// How often KMS makes new material: `{ days = 365 }`.
        ///
        /// Only for `SYMMETRIC_DEFAULT`. Default: never.
        /// <https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html>
        pub rotation: Option<RotationSpec>,
        /// Days between the key's removal from the specs and its end, in which its deletion can be taken back.
        ///
        /// 7 to 30. Default: 30. Another number is kept on the key as the tag `trueup:deletion-window`, where it outlives this table.
        /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html>
        pub deletion_window_days: Option<Within<{ DELETION_WINDOW_DAYS_MIN as i64 }, { DELETION_WINDOW_DAYS_MAX as i64 }>>,
        /// Whether the key can be used.
        ///
        /// While it is disabled its rotation can't be changed, nor can it get grants or replicas. Default: `"enabled"`. (`enabled = false` is
        /// another thing: it leaves the table out, as of any kind.)
        /// <https://docs.aws.amazon.com/kms/latest/developerguide/enabling-keys.html>
        pub state: Option<KeyStateWord>,
        /// Its grants, by name: `[key.artifacts.grant.deployments]`.
        ///
        /// A grant whose name begins with `trueup:` and that is not listed here is revoked; those of AWS's services and of others stay.
        /// Default: none.
        /// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
        pub grant: IndexMap<String, GrantSpec>,
        /// Whether the key can have replicas in other regions. Can't be changed.
        ///
        /// A `replica_key` is one. Default: false.
        /// <https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html>
        pub multi_region: Option<bool>,
        /// The sort of key. Can't be changed.
        ///
        /// Default: `"SYMMETRIC_DEFAULT"`, which S3 and other services need.
        /// <https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html>
        pub key_spec: Option<KeySort>,
        /// What the key does. Can't be changed.
        ///
        /// Default: the only one its `key_spec` can, else it must be said.
        /// <https://docs.aws.amazon.com/kms/latest/developerguide/create-keys.html>
        pub key_usage: Option<KeyUsage>,
    }
}

spec! {
    /// A key's rotation.
    pub struct RotationSpec {
        /// Days between two rotations, 90 to 2560. Default: 365.
        pub days: Option<Within<{ ROTATION_DAYS_MIN as i64 }, { ROTATION_DAYS_MAX as i64 }>>,
    }
}

words! {
    /// Whether a key can be used.
    pub enum KeyStateWord {
        /// It can.
        Enabled = "enabled",
        /// It can't, until it is enabled again.
        Disabled = "disabled",
    }
}

impl KeyStateWord {
    /// The state as KMS calls it.
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html>, `KeyState`.
    #[must_use]
    pub fn in_kms(self) -> &'static str {
        match self {
            Self::Enabled => super::ENABLED,
            Self::Disabled => super::DISABLED,
        }
    }
}

words! {
    /// A sort of key.
    pub enum KeySort {
        /// Symmetric encryption, 256 bits AES-GCM (in China 128 bits SM4).
        SymmetricDefault = "SYMMETRIC_DEFAULT",
        /// HMAC, 224 bits.
        Hmac224 = "HMAC_224",
        /// HMAC, 256 bits.
        Hmac256 = "HMAC_256",
        /// HMAC, 384 bits.
        Hmac384 = "HMAC_384",
        /// HMAC, 512 bits.
        Hmac512 = "HMAC_512",
        /// RSA, 2048 bits.
        Rsa2048 = "RSA_2048",
        /// RSA, 3072 bits.
        Rsa3072 = "RSA_3072",
        /// RSA, 4096 bits.
        Rsa4096 = "RSA_4096",
        /// The curve P-256.
        EccNistP256 = "ECC_NIST_P256",
        /// The curve P-384.
        EccNistP384 = "ECC_NIST_P384",
        /// The curve P-521.
        EccNistP521 = "ECC_NIST_P521",
        /// The curve Ed25519.
        EccNistEdwards25519 = "ECC_NIST_EDWARDS25519",
        /// The curve secp256k1, for cryptocurrencies.
        EccSecgP256K1 = "ECC_SECG_P256K1",
        /// ML-DSA, category 2.
        MlDsa44 = "ML_DSA_44",
        /// ML-DSA, category 3.
        MlDsa65 = "ML_DSA_65",
        /// ML-DSA, category 5.
        MlDsa87 = "ML_DSA_87",
        /// ML-KEM, category 1; not in China.
        MlKem512 = "ML_KEM_512",
        /// ML-KEM, category 3; not in China.
        MlKem768 = "ML_KEM_768",
        /// ML-KEM, category 5; not in China.
        MlKem1024 = "ML_KEM_1024",
        /// SM2, in China only.
        Sm2 = "SM2",
    }
}

words! {
    /// What a key does.
    pub enum KeyUsage {
        /// It encrypts and decrypts.
        EncryptDecrypt = "ENCRYPT_DECRYPT",
        /// It signs and verifies.
        SignVerify = "SIGN_VERIFY",
        /// It makes message authentication codes and verifies them.
        GenerateVerifyMac = "GENERATE_VERIFY_MAC",
        /// It agrees on secrets.
        KeyAgreement = "KEY_AGREEMENT",
        /// It encapsulates secrets and takes them out.
        EncapsulateDecapsulate = "ENCAPSULATE_DECAPSULATE",
    }
}

impl KeySort {
    /// Why no key of the sort can be in a partition, if so.
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html>, `KeySpec`.
    #[must_use]
    pub fn absent_from(self, partition: &str) -> Option<&'static str> {
        match (self, partition == "aws-cn") {
            (Self::Sm2, false) => Some("in China only"),
            (Self::MlKem512 | Self::MlKem768 | Self::MlKem1024, true) => Some("not in China"),
            _ => None,
        }
    }

    /// What a key of the sort can do.
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html>, `KeyUsage`.
    #[must_use]
    pub fn usages(self) -> &'static [KeyUsage] {
        match self {
            Self::SymmetricDefault => &[KeyUsage::EncryptDecrypt],
            Self::Hmac224 | Self::Hmac256 | Self::Hmac384 | Self::Hmac512 => &[KeyUsage::GenerateVerifyMac],
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => &[KeyUsage::EncryptDecrypt, KeyUsage::SignVerify],
            Self::EccNistP256 | Self::EccNistP384 | Self::EccNistP521 => {
                &[KeyUsage::SignVerify, KeyUsage::KeyAgreement]
            }
            Self::EccNistEdwards25519 | Self::EccSecgP256K1 | Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => {
                &[KeyUsage::SignVerify]
            }
            Self::MlKem512 | Self::MlKem768 | Self::MlKem1024 => &[KeyUsage::EncapsulateDecapsulate],
            Self::Sm2 => &[KeyUsage::EncryptDecrypt, KeyUsage::SignVerify, KeyUsage::KeyAgreement],
        }
    }
}
