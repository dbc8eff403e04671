//! "Did you mean …?"

/// The candidate most like `wanted`, if one is like it at all.
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Comparing costs the product of the lengths; no name people mistype is so long.
    if wanted.len() > 200 {
        return None;
    }
    let wanted_lower = wanted.to_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate.len().abs_diff(wanted.len()) > 4 || candidate == wanted {
            continue;
        }
        let distance = strsim::damerau_levenshtein(&wanted_lower, &candidate.to_lowercase());
        // A third of the letters may differ: `bukcet` is a bucket, `role` is not a `rule`'s neighbour by chance.
        let near = distance <= (wanted.chars().count().max(3) / 3).min(4);
        if near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The help line for an unknown word: the nearest candidate, or the list where it is short.
pub fn help<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(near) = nearest(wanted, candidates.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let mut all: Vec<&str> = candidates.into_iter().collect();
    all.sort_unstable();
    all.dedup();
    let listed = all.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
    (!all.is_empty() && all.len() <= 16).then(|| format!("there is {listed}"))
}
