//! Unique ids and access keys, made up from the world's serial number.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>.

use super::Context;

/// The alphabet of unique ids.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A fresh unique id: four letters that say the kind, and seventeen more.
pub(super) fn fresh(context: &mut Context<'_>, prefix: &str) -> String {
    let serial = context.world.next_serial();
    format!("{prefix}{}", base32(serial, 17))
}

/// A fresh access key: its id, twenty characters, and its secret, forty.
pub(super) fn access_key(context: &mut Context<'_>) -> (String, String) {
    let serial = context.world.next_serial();
    (format!("AKIA{}", base32(serial, 16)), base32(!serial, 40))
}

/// The unique id of something that is the same in every world, from its name (FNV-1a).
pub(super) fn from_name(prefix: &str, name: &str) -> String {
    let hash =
        name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    format!("{prefix}{}", base32(hash, 17))
}

/// `length` characters that follow from the seed; twelve of each 64 bits.
fn base32(seed: u64, length: usize) -> String {
    let mut text = String::with_capacity(length);
    let mut state = seed;
    while text.len() < length {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = mix(state);
        for _ in 0..12.min(length - text.len()) {
            let index = usize::try_from(bits & 31).unwrap_or_default();
            text.extend(BASE32.get(index).map(|b| char::from(*b)));
            bits >>= 5;
        }
    }
    text
}

/// The finaliser of SplitMix64, a mix that is one to one.
fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
