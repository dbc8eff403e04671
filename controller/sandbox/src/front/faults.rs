//! How the sandbox misbehaves on demand: every decision follows from a seed and a count of calls.

use std::time::Duration;

use time::OffsetDateTime;

use super::refusal::{Protocol, Refusal};

/// What shall go wrong. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// The same seed and the same sequence of calls always meet the same faults.
    pub seed: u64,
    /// Share of calls (0 to 1) refused as too many, before they have any effect.
    pub throttle: f64,
    /// Share of calls answered with a server error, before they have any effect.
    pub server_error: f64,
    /// Share of calls that have their effect while the answer is lost on the way.
    pub drop_answer: f64,
    /// Share of S3's writes on condition that are answered with a conflict, before they have any effect. Source:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html#conditional-error-response>.
    pub conflict: f64,
    /// The longest delay of a call; each waits a seeded part of it.
    pub delay_max: Duration,
    /// For how many calls after a change IAM and KMS still read as before it; the change itself, and what other writes
    /// see of it, is at once. Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html>, on eventual
    /// consistency.
    pub late_calls: u64,
    /// By how many seconds the caller's clock is behind AWS's; below 0, ahead.
    pub clock_off_seconds: i64,
    /// One mutating call that is cut off.
    pub cut: Option<Cut>,
}

/// A mutating call whose connection breaks. Calls to STS do not count: they change no resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Which mutating call since the faults were set, counted from 1.
    pub nth: u64,
    /// Whether the effect takes place.
    pub when: When,
    /// What happens to the calls after it.
    pub then: Then,
}

/// On which side of the effect the connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Nothing has happened.
    BeforeEffect,
    /// All has happened, and nobody was told.
    AfterEffect,
}

/// What follows a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Later calls work, so that a retry gets through.
    Recover,
    /// Every later call is cut off before its effect, as if the caller had died.
    StayDown,
}

/// What becomes of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Answer,
    Throttle,
    ServerError,
    Conflict,
    DropBeforeEffect,
    DropAfterEffect,
}

/// Where a call stands in the sequence since the faults were set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    /// Counted from 1 over all calls.
    pub(crate) call: u64,
    /// Mutating calls before this one.
    pub(crate) mutations_before: u64,
    /// Whether this one mutates.
    pub(crate) mutating: bool,
    /// Whether it is a write of S3's that names a condition.
    pub(crate) conditional: bool,
}

/// By how much the time of a request may differ, in seconds, for S3 and for the others.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html#RESTAuthenticationTimeStamp> and
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>.
const SKEW_OF_S3_MAX: i64 = 900;
const SKEW_MAX: i64 = 300;

impl Faults {
    /// The refusal of every call from a machine whose clock is wrong.
    pub(crate) fn skewed(&self, protocol: Protocol, now: OffsetDateTime) -> Option<Refusal> {
        let most = if matches!(protocol, Protocol::RestXml | Protocol::WrappedXml) { SKEW_OF_S3_MAX } else { SKEW_MAX };
        let behind = self.clock_off_seconds;
        (behind.abs() > most).then_some(Refusal::Skewed { now, behind_seconds: behind })
    }

    /// What becomes of the call, and how long it waits first.
    pub(crate) fn decide(&self, at: Position) -> (Fate, Duration) {
        let mut random = Random(self.seed ^ at.call.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let delay = self.delay_max.mul_f64(random.share());
        let roll = random.share();
        let throttled = self.throttle;
        let failed = throttled + self.server_error;
        let dropped = failed + self.drop_answer;
        let fate = if let Some(fate) = self.cut.and_then(|cut| cut.fate(at)) {
            fate
        } else if roll < throttled {
            Fate::Throttle
        } else if roll < failed {
            Fate::ServerError
        } else if roll < dropped {
            Fate::DropAfterEffect
        } else if at.conditional && random.share() < self.conflict {
            Fate::Conflict
        } else {
            Fate::Answer
        };
        (fate, delay)
    }
}

impl Cut {
    fn fate(self, at: Position) -> Option<Fate> {
        if at.mutations_before >= self.nth {
            return match self.then {
                Then::Recover => None,
                Then::StayDown => Some(Fate::DropBeforeEffect),
            };
        }
        let reached = at.mutating && at.mutations_before + 1 == self.nth;
        reached.then_some(match self.when {
            When::BeforeEffect => Fate::DropBeforeEffect,
            When::AfterEffect => Fate::DropAfterEffect,
        })
    }
}

/// SplitMix64: small, good enough, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 up to, and without, 1.
    fn share(&mut self) -> f64 {
        // 32 bits fit a float exactly.
        f64::from(u32::try_from(self.next() >> 32).unwrap_or(u32::MAX)) / 4_294_967_296.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Cut, Fate, Faults, Position, Then, When};

    fn fate(faults: &Faults, call: u64, mutations_before: u64, mutating: bool) -> Fate {
        faults.decide(Position { call, mutations_before, mutating, conditional: false }).0
    }

    #[test]
    fn nothing_by_default() {
        assert!((1..1000).all(|n| fate(&Faults::default(), n, n - 1, true) == Fate::Answer));
    }

    #[test]
    fn shares_are_kept_and_seeded() {
        let faults = Faults { seed: 7, throttle: 0.2, server_error: 0.1, drop_answer: 0.1, ..Faults::default() };
        let fates: Vec<Fate> = (1..=10_000).map(|n| fate(&faults, n, 0, false)).collect();
        let count = |wanted| fates.iter().filter(|&&f| f == wanted).count();
        assert!((1_850..2_150).contains(&count(Fate::Throttle)));
        assert!((850..1_150).contains(&count(Fate::ServerError)));
        assert!((850..1_150).contains(&count(Fate::DropAfterEffect)));
        assert_eq!(fates, (1..=10_000).map(|n| fate(&faults, n, 0, false)).collect::<Vec<_>>());
    }

    #[test]
    fn only_writes_on_condition_conflict() {
        let faults = Faults { conflict: 1.0, ..Faults::default() };
        let fate =
            |conditional| faults.decide(Position { call: 1, mutations_before: 0, mutating: true, conditional }).0;
        assert_eq!((fate(true), fate(false)), (Fate::Conflict, Fate::Answer));
    }

    #[test]
    fn a_cut_hits_one_mutation_and_what_follows_if_told() {
        let mut faults =
            Faults { cut: Some(Cut { nth: 2, when: When::AfterEffect, then: Then::Recover }), ..Faults::default() };
        assert_eq!(fate(&faults, 1, 0, true), Fate::Answer);
        assert_eq!(fate(&faults, 2, 1, false), Fate::Answer);
        assert_eq!(fate(&faults, 3, 1, true), Fate::DropAfterEffect);
        assert_eq!(fate(&faults, 4, 2, true), Fate::Answer);
        faults.cut = Some(Cut { nth: 2, when: When::BeforeEffect, then: Then::StayDown });
        assert_eq!(fate(&faults, 3, 1, true), Fate::DropBeforeEffect);
        assert_eq!(fate(&faults, 4, 2, false), Fate::DropBeforeEffect);
    }
}
