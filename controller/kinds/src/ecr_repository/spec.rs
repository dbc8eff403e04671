//! What TOML says of a repository.

use trueup_specs::decode::Within;
use trueup_specs::{PolicySpec, Reference, Text, spec, words};

use crate::fields;

spec! {
    /// A private ECR repository.
    ///
    /// Name and encryption are for good: AWS can change neither.
    pub struct EcrRepositorySpec {
        /// The repository's name, with its namespaces: `team/app`.
        /// Default: the name in the address, dots as dashes. 2 to 256 lower-case letters, digits, `.`, `_`, `-` and `/`.
        /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html>
        pub name: Option<Text>,
        /// Whether a tag can be moved to another image.
        /// Default: `"MUTABLE"`.
        /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html>
        pub image_tag_mutability: Option<ImageTagMutability>,
        /// Tags that are an exception to that, with `*` for any characters: `["latest", "dev-*"]`.
        /// 1 to 5, of up to 128 letters, digits, `.`, `_`, `-` and at most two `*`; only with `"IMMUTABLE_WITH_EXCLUSION"` or
        /// `"MUTABLE_WITH_EXCLUSION"`.
        /// Default: none.
        pub image_tag_mutability_exclusion_filters: Option<Vec<Text>>,
        /// Whether an image is scanned when it comes, where the registry's own rules do not say.
        /// Default: false.
        /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html>
        pub scan_on_push: Option<bool>,
        /// How images are encrypted.
        /// Default: `{ encryption_type = "AES256" }`, as ECR does by itself. It is for good.
        /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html>
        pub encryption: Option<EncryptionSpec>,
        /// Who may do what with the repository and its images; a statement names no resource.
        /// At most 10,240 characters. Default: no policy.
        /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html>
        pub policy: Option<PolicySpec>,
        /// Which images go, and when: the rules of the lifecycle policy.
        /// Default: no policy, all images stay.
        /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html>
        pub lifecycle: Option<Vec<RuleSpec>>,
    }
}

spec! {
    /// How a repository's images are encrypted.
    pub struct EncryptionSpec {
        /// The sort of encryption.
        /// Default: `"KMS"` where a key is named, else `"AES256"`.
        pub encryption_type: Option<EncryptionType>,
        /// The KMS key, by its address or ARN.
        /// Default: none; with `"KMS"` and `"KMS_DSSE"`, AWS's own key `aws/ecr`.
        pub kms_key: Option<Reference<fields::Key>>,
    }
}

spec! {
    /// One rule of a lifecycle policy.
    ///
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html>
    pub struct RuleSpec {
        /// When the rule is applied: 1 first. No two rules have the same; one for images of any tag comes last.
        pub priority: Within<1, 2_147_483_647>,
        /// What the rule is for. Default: none.
        pub description: Option<Text>,
        /// Which images it is about.
        pub selection: SelectionSpec,
        /// What is done with them. Default: `{ type = "expire" }`.
        pub action: Option<ActionSpec>,
    }
}

spec! {
    /// The images a rule is about.
    pub struct SelectionSpec {
        /// Whether images with tags are meant, without, or all.
        pub tag_status: TagStatus,
        /// Images that have a tag for each of these, with at most four `*` in each. Only with `"tagged"`, and not together with
        /// `tag_prefix_list`. Default: none.
        pub tag_pattern_list: Option<Vec<Text>>,
        /// Images that have a tag for each of these, which begins with it. Only with `"tagged"`, and not together with
        /// `tag_pattern_list`. Default: none.
        pub tag_prefix_list: Option<Vec<Text>>,
        /// What is counted.
        pub count_type: CountType,
        /// How many: images that stay, or days. At least 1.
        pub count_number: Within<1, 2_147_483_647>,
        /// Where the images are kept. Default: `"archive"` with `"sinceImageTransitioned"`, else `"standard"`; nothing else fits.
        pub storage_class: Option<StorageClass>,
    }
}

spec! {
    /// What a rule does.
    pub struct ActionSpec {
        /// Whether images are removed, or moved to another storage class.
        #[key = "type"]
        pub sort: ActionType,
        /// Where images are moved. Default: `"archive"` with `"transition"`, which is the only one there is.
        pub target_storage_class: Option<StorageClass>,
    }
}

words! {
    /// Whether a tag can be moved to another image.
    pub enum ImageTagMutability {
        /// It can.
        Mutable = "MUTABLE",
        /// It can't.
        Immutable = "IMMUTABLE",
        /// It can't, but for some tags.
        ImmutableWithExclusion = "IMMUTABLE_WITH_EXCLUSION",
        /// It can, but for some tags.
        MutableWithExclusion = "MUTABLE_WITH_EXCLUSION",
    }
}

words! {
    /// A sort of encryption.
    pub enum EncryptionType {
        /// S3's own keys.
        Aes256 = "AES256",
        /// A KMS key.
        Kms = "KMS",
        /// A KMS key, twice.
        KmsDsse = "KMS_DSSE",
    }
}

words! {
    /// Whether an image has tags.
    pub enum TagStatus {
        /// It has those of a list.
        Tagged = "tagged",
        /// It has none.
        Untagged = "untagged",
        /// Either.
        Any = "any",
    }
}

words! {
    /// What a rule counts.
    pub enum CountType {
        /// Images: the newest of that number stay.
        ImageCountMoreThan = "imageCountMoreThan",
        /// Days since the image came.
        SinceImagePushed = "sinceImagePushed",
        /// Days since it was last pulled.
        SinceImagePulled = "sinceImagePulled",
        /// Days since it was archived.
        SinceImageTransitioned = "sinceImageTransitioned",
    }
}

words! {
    /// Where images are kept.
    pub enum StorageClass {
        /// Ready to be pulled.
        Standard = "standard",
        /// Cheaper, and to be restored first.
        Archive = "archive",
    }
}

words! {
    /// What a rule does with images.
    pub enum ActionType {
        /// It removes them.
        Expire = "expire",
        /// It moves them to another storage class.
        Transition = "transition",
    }
}
