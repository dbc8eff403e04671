//! A toy cipher, so that keys, aliases, states and key policies can be tried.
//!
//! It protects nothing: whoever reads this file can undo it. What it keeps of the real one is who may use it, that a
//! ciphertext knows its key, and that another encryption context, key or a changed byte is refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::authorize;
use super::failure::Failure;
use super::input::{Input, missing};
use super::keys::place_of;
use super::locate::{Access, Place, enabled, key, locate};
use super::rotation::seed_of;
use super::specs::{ENCRYPT_DECRYPT, SYMMETRIC_DEFAULT};
use super::state::{Dice, Key};
use crate::call::Call;
use crate::world::World;

/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>.
const PLAINTEXT_BYTES_MAX: usize = 4096;
const CIPHERTEXT_BYTES_MAX: usize = 6144;

/// The first byte of a ciphertext of the sandbox.
const MARK: u8 = 0x53;

const ALGORITHMS: &[&str] = &[SYMMETRIC_DEFAULT, "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"];

pub(super) fn encrypt(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let plaintext = bytes(input, "Plaintext", PLAINTEXT_BYTES_MAX)?;
    let asked = input.one_of("EncryptionAlgorithm", ALGORITHMS)?;
    let place = locate(world, call, written, Access::by_alias("Encrypt"))?;
    let algorithm = usable(key(world, &place)?, "Encrypt", asked)?;
    check_size(key(world, &place)?, algorithm, plaintext.len())?;
    let context = context(input, "EncryptionContext")?;
    let nonce = world.next_serial();
    let key = key(world, &place)?;
    let blob = seal(&key.arn(), &context, nonce, &plaintext);
    Ok(json!({ "CiphertextBlob": STANDARD.encode(blob), "KeyId": key.arn(), "EncryptionAlgorithm": algorithm }))
}

pub(super) fn decrypt(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let blob = bytes(input, "CiphertextBlob", CIPHERTEXT_BYTES_MAX)?;
    let context = context(input, "EncryptionContext")?;
    let asked = input.one_of("EncryptionAlgorithm", ALGORITHMS)?;
    let expected = input.text_within("KeyId", 1, 2048)?;
    let opened = open_with_rights(world, call, &blob, &context, &Use { action: "Decrypt", expected })?;
    let key = key(world, &opened.place)?;
    let algorithm = usable(key, "Decrypt", asked)?;
    let mut reply = Map::new();
    reply.insert("KeyId".to_owned(), json!(key.arn()));
    reply.insert("Plaintext".to_owned(), json!(STANDARD.encode(&opened.plaintext)));
    reply.insert("EncryptionAlgorithm".to_owned(), json!(algorithm));
    insert_material(&mut reply, "KeyMaterialId", key);
    Ok(Value::Object(reply))
}

pub(super) fn re_encrypt(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let blob = bytes(input, "CiphertextBlob", CIPHERTEXT_BYTES_MAX)?;
    let from_context = context(input, "SourceEncryptionContext")?;
    let to_context = context(input, "DestinationEncryptionContext")?;
    let expected = input.text_within("SourceKeyId", 1, 2048)?;
    let written = input.required("DestinationKeyId", 2048)?;
    let source = open_with_rights(world, call, &blob, &from_context, &Use { action: "ReEncryptFrom", expected })?;
    let to = locate(world, call, written, Access::by_alias("ReEncryptTo"))?;
    let from_algorithm =
        usable(key(world, &source.place)?, "ReEncrypt", input.one_of("SourceEncryptionAlgorithm", ALGORITHMS)?)?;
    let to_algorithm =
        usable(key(world, &to)?, "ReEncrypt", input.one_of("DestinationEncryptionAlgorithm", ALGORITHMS)?)?;
    let nonce = world.next_serial();
    let (from_key, to_key) = (key(world, &source.place)?, key(world, &to)?);
    let blob = seal(&to_key.arn(), &to_context, nonce, &source.plaintext);
    let mut reply = Map::new();
    reply.insert("CiphertextBlob".to_owned(), json!(STANDARD.encode(blob)));
    reply.insert("SourceKeyId".to_owned(), json!(from_key.arn()));
    reply.insert("KeyId".to_owned(), json!(to_key.arn()));
    reply.insert("SourceEncryptionAlgorithm".to_owned(), json!(from_algorithm));
    reply.insert("DestinationEncryptionAlgorithm".to_owned(), json!(to_algorithm));
    insert_material(&mut reply, "SourceKeyMaterialId", from_key);
    insert_material(&mut reply, "DestinationKeyMaterialId", to_key);
    Ok(Value::Object(reply))
}

pub(super) fn generate_data_key(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    data_key(world, call, input, "GenerateDataKey")
}

pub(super) fn generate_data_key_without_plaintext(
    world: &mut World,
    call: &Call,
    input: &Input,
) -> Result<Value, Failure> {
    let mut reply = data_key(world, call, input, "GenerateDataKeyWithoutPlaintext")?;
    if let Value::Object(members) = &mut reply {
        members.remove("Plaintext");
    }
    Ok(reply)
}

fn data_key(world: &mut World, call: &Call, input: &Input, action: &'static str) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let size = input.number_within("NumberOfBytes", 1, 1024)?;
    let length = match (input.one_of("KeySpec", &["AES_256", "AES_128"])?, size) {
        (Some("AES_256"), None) => 32,
        (Some(_), None) => 16,
        (None, Some(size)) => size,
        (None, None) | (Some(_), Some(_)) => {
            return Err(Failure::validation("Please specify either number of bytes or key spec."));
        }
    };
    let context = context(input, "EncryptionContext")?;
    let place = locate(world, call, written, Access::by_alias(action))?;
    let found = key(world, &place)?;
    enabled(found)?;
    if found.spec != SYMMETRIC_DEFAULT {
        return Err(wrong_usage(found, action));
    }
    let nonce = world.next_serial();
    let plaintext = random(nonce, length);
    let key = key(world, &place)?;
    let blob = seal(&key.arn(), &context, nonce, &plaintext);
    let mut reply = Map::new();
    reply.insert("CiphertextBlob".to_owned(), json!(STANDARD.encode(blob)));
    reply.insert("Plaintext".to_owned(), json!(STANDARD.encode(plaintext)));
    reply.insert("KeyId".to_owned(), json!(key.arn()));
    insert_material(&mut reply, "KeyMaterialId", key);
    Ok(Value::Object(reply))
}

pub(super) fn generate_random(world: &mut World, _call: &Call, input: &Input) -> Result<Value, Failure> {
    let length = input.number_within("NumberOfBytes", 1, 1024)?;
    let length = length.ok_or_else(|| Failure::validation("NumberOfBytes is required."))?;
    let plaintext = random(world.next_serial(), length);
    Ok(json!({ "Plaintext": STANDARD.encode(plaintext) }))
}

fn random(seed: u64, length: i64) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    (0..length).map(|_| low_byte(dice.roll())).collect()
}

fn low_byte(number: u64) -> u8 {
    number.to_le_bytes()[0]
}

/// Checks the state, the usage and the algorithm of a key that is to encrypt or decrypt; gives the algorithm.
fn usable<'asked>(key: &Key, operation: &str, asked: Option<&'asked str>) -> Result<&'asked str, Failure> {
    enabled(key)?;
    if key.usage != ENCRYPT_DECRYPT {
        return Err(wrong_usage(key, operation));
    }
    let algorithm = asked.unwrap_or(SYMMETRIC_DEFAULT);
    if (key.spec == SYMMETRIC_DEFAULT) == (algorithm == SYMMETRIC_DEFAULT) {
        return Ok(algorithm);
    }
    Err(Failure::new(
        "InvalidKeyUsageException",
        format!("Algorithm {algorithm} is incompatible with key spec {}.", key.spec),
    ))
}

fn wrong_usage(key: &Key, operation: &str) -> Failure {
    let message = format!("{} key usage is {} which is not valid for {operation}.", key.arn(), key.usage);
    Failure::new("InvalidKeyUsageException", message)
}

/// What RSA can encrypt is bounded by the modulus less the padding.
/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>.
fn check_size(key: &Key, algorithm: &str, length: usize) -> Result<(), Failure> {
    let modulus = match key.spec.as_str() {
        "RSA_2048" => 256,
        "RSA_3072" => 384,
        "RSA_4096" => 512,
        _ => return Ok(()),
    };
    let padding = if algorithm == "RSAES_OAEP_SHA_1" { 42 } else { 66 };
    let max = modulus - padding;
    if length <= max {
        return Ok(());
    }
    Err(Failure::validation(format!(
        "Algorithm {algorithm} and key spec {} cannot encrypt data larger than {max} bytes.",
        key.spec
    )))
}

fn insert_material(reply: &mut Map<String, Value>, name: &str, key: &Key) {
    if let Some(material) = key.materials.last() {
        reply.insert(name.to_owned(), json!(material.id));
    }
}

/// A member that carries bytes.
fn bytes(input: &Input, name: &str, max: usize) -> Result<Vec<u8>, Failure> {
    let text = input.text(name)?.ok_or_else(|| missing(name))?;
    let decoded = STANDARD.decode(text).map_err(|error| Failure::new("SerializationException", error.to_string()))?;
    let member = name.to_ascii_lowercase().replace("ciphertextblob", "ciphertextBlob");
    let bound = |rule: String| {
        Failure::validation(format!(
            "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have length \
             {rule}"
        ))
    };
    if decoded.is_empty() {
        return Err(bound("greater than or equal to 1".to_owned()));
    }
    if decoded.len() > max {
        return Err(bound(format!("less than or equal to {max}")));
    }
    Ok(decoded)
}

/// The encryption context in one text, whatever the order of its members.
fn context(input: &Input, name: &str) -> Result<String, Failure> {
    let Some(members) = input.object(name)? else { return Ok(String::new()) };
    let mut pairs: Vec<String> = members.iter().map(|(key, value)| format!("{key:?}={value}")).collect();
    pairs.sort();
    Ok(pairs.join(","))
}

/// A ciphertext: mark, length of the key's ARN, ARN, nonce, then check sum and plaintext under the key stream.
fn seal(arn: &str, context: &str, nonce: u64, plaintext: &[u8]) -> Vec<u8> {
    let length = u16::try_from(arn.len()).unwrap_or(u16::MAX).to_be_bytes();
    let mut blob = vec![MARK];
    blob.extend(length);
    blob.extend(arn.bytes());
    blob.extend(nonce.to_be_bytes());
    let mut body = check_sum(plaintext).to_be_bytes().to_vec();
    body.extend(plaintext);
    apply_stream(arn, context, nonce, &mut body);
    blob.extend(body);
    blob
}

fn check_sum(plaintext: &[u8]) -> u64 {
    let text: String = plaintext.iter().map(|byte| char::from(*byte)).collect();
    seed_of(&text)
}

fn apply_stream(arn: &str, context: &str, nonce: u64, body: &mut [u8]) {
    // The replicas of a multi-Region key undo each other's work, so the region has no part in it.
    let id = arn.rsplit('/').next().unwrap_or_default();
    let mut dice = Dice::new(seed_of(&format!("{id} {context}")) ^ nonce);
    for byte in body {
        *byte ^= low_byte(dice.roll());
    }
}

/// What a ciphertext says of itself before it is opened.
struct Sealed<'blob> {
    arn: &'blob str,
    nonce: u64,
    body: &'blob [u8],
}

fn read_sealed(blob: &[u8]) -> Option<Sealed<'_>> {
    let (mark, rest) = blob.split_first()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (arn, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let (nonce, body) = rest.split_first_chunk::<8>()?;
    let arn = std::str::from_utf8(arn).ok().filter(|_| *mark == MARK)?;
    Some(Sealed { arn, nonce: u64::from_be_bytes(*nonce), body })
}

fn open(sealed: &Sealed<'_>, context: &str) -> Option<Vec<u8>> {
    let mut body = sealed.body.to_vec();
    apply_stream(sealed.arn, context, sealed.nonce, &mut body);
    let (sum, plaintext) = body.split_first_chunk::<8>()?;
    (u64::from_be_bytes(*sum) == check_sum(plaintext)).then(|| plaintext.to_vec())
}

/// What a ciphertext is opened for.
struct Use<'input> {
    action: &'static str,
    /// The key the caller says it is, if it says.
    expected: Option<&'input str>,
}

struct Opened {
    place: Place,
    plaintext: Vec<u8>,
}

/// Opens a ciphertext with the key it names, which the caller must be allowed to use.
fn open_with_rights(
    world: &World,
    call: &Call,
    blob: &[u8],
    context: &str,
    purpose: &Use<'_>,
) -> Result<Opened, Failure> {
    let invalid = || Failure::new("InvalidCiphertextException", "");
    let expected = match purpose.expected {
        Some(written) => Some(locate(world, call, written, Access::by_alias(purpose.action))?),
        None => None,
    };
    let sealed = read_sealed(blob).ok_or_else(invalid)?;
    let named = sealed_place(sealed.arn, &call.region).ok_or_else(invalid)?;
    if expected.as_ref().is_some_and(|expected| *expected != named) {
        return Err(Failure::new(
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
        ));
    }
    let found = key(world, &named).map_err(|_| {
        Failure::new(
            "AccessDeniedException",
            "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you \
             are not allowed to access.",
        )
    })?;
    authorize::check(world, call, found, purpose.action)?;
    enabled(found)?;
    let place = place_of(found);
    let plaintext = open(&sealed, context).ok_or_else(invalid)?;
    Ok(Opened { place, plaintext })
}

/// The key a ciphertext names, as the caller's region has it.
fn sealed_place(arn: &str, region: &str) -> Option<Place> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let &["arn", "aws", "kms", made_in, account, resource] = parts.as_slice() else { return None };
    let id = resource.strip_prefix("key/")?;
    let region = if id.starts_with("mrk-") { region } else { made_in };
    Some(Place { account: account.to_owned(), region: region.to_owned(), id: id.to_owned() })
}
