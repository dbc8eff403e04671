//! Numbers, times and addresses as conditions write them.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::cmp::Ordering;
use std::net::IpAddr;

/// A decimal number, exact at any length.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Number {
    is_negative: bool,
    /// The digits behind `0.`, without zeros at either end; none for zero.
    digits: String,
    /// By which power of ten that is multiplied.
    point: i64,
}

impl Number {
    /// An integer or decimal, with or without an exponent.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            // The exponent's own sign and digits; nobody writes more than these.
            Some((mantissa, exponent)) => (mantissa, i64::from(exponent.parse::<i32>().ok()?)),
            None => (text, 0),
        };
        let (is_negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(whole) || !is_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let all = format!("{whole}{fraction}");
        let significant = all.trim_start_matches('0');
        let zeros = i64::try_from(all.len() - significant.len()).ok()?;
        let digits = significant.trim_end_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Self { is_negative: false, digits, point: 0 });
        }
        let point = i64::try_from(whole.len()).ok()? - zeros + exponent;
        Some(Self { is_negative, digits, point })
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.digits.is_empty(), number.is_negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let size = || self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits));
        sign(self).cmp(&sign(other)).then_with(|| match sign(self) {
            0 => Ordering::Equal,
            1 => size(),
            _ => size().reverse(),
        })
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A moment, as seconds since 1970 in UTC and nanoseconds.
pub(super) type Moment = (i64, u32);

/// A date in one of the W3C's forms of ISO 8601 (<https://www.w3.org/TR/NOTE-datetime>), or seconds since 1970.
///
/// Four digits alone are a year.
pub(super) fn moment(text: &str) -> Option<Moment> {
    let is_seconds =
        text.len() != 4 && text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit());
    if is_seconds {
        return text.parse().ok().map(|seconds| (seconds, 0));
    }
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut fields = date.split('-');
    let year = digits(fields.next()?, 4)?;
    let month = fields.next().map_or(Some(1), |month| digits(month, 2))?;
    let day = fields.next().map_or(Some(1), |day| digits(day, 2))?;
    if fields.next().is_some() || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    let (seconds, nanoseconds) = match time {
        None => (0, 0),
        Some(time) => time_of_day(time)?,
    };
    Some((days_since_1970(year, month, day) * 86_400 + seconds, nanoseconds))
}

/// Seconds of the day in UTC, and nanoseconds.
fn time_of_day(text: &str) -> Option<(i64, u32)> {
    let (clock, offset) = match text.find(['Z', 'z', '+', '-']) {
        None => (text, 0),
        Some(at) => {
            let (clock, zone) = text.split_at(at);
            (clock, zone_offset(zone)?)
        }
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut fields = clock.split(':');
    let hour = digits(fields.next()?, 2)?;
    let minute = digits(fields.next()?, 2)?;
    let second = fields.next().map_or(Some(0), |second| digits(second, 2))?;
    if fields.next().is_some() || hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanoseconds: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    Some((hour * 3_600 + minute * 60 + second - offset, nanoseconds.parse().ok()?))
}

/// How many seconds the zone is ahead of UTC.
fn zone_offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, rest) = match zone.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, zone.strip_prefix('+')?),
    };
    let (hour, minute) = rest.split_once(':').or_else(|| rest.split_at_checked(2))?;
    Some(sign * (digits(hour, 2)? * 3_600 + digits(minute, 2)? * 60))
}

/// The number that exactly so many digits are.
fn digits(text: &str, count: usize) -> Option<i64> {
    let is_digits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_digits { text.parse().ok() } else { None }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Whole leap days of all years before this one, counted from year 0.
    let leap_days = |year: i64| (year - 1).div_euclid(4) - (year - 1).div_euclid(100) + (year - 1).div_euclid(400);
    let years = (year - 1970) * 365 + leap_days(year) - leap_days(1970);
    let months: i64 = (1..month).map(|month| days_in(year, month)).sum();
    years + months + day - 1
}

/// Whether the address is in the range; an address without a prefix is a range of one.
pub(super) fn is_in_range(range: &str, address: &str) -> bool {
    let (base, prefix) = match range.split_once('/') {
        Some((base, prefix)) => (base, Some(prefix)),
        None => (range, None),
    };
    let (Ok(base), Ok(address)) = (base.parse::<IpAddr>(), address.parse::<IpAddr>()) else {
        return false;
    };
    let (base, address, width) = match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => (u128::from(u32::from(base)), u128::from(u32::from(address)), 32),
        (IpAddr::V6(base), IpAddr::V6(address)) => (u128::from(base), u128::from(address), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
    };
    let length = match prefix {
        None => width,
        Some(prefix) => match prefix.parse::<u32>() {
            Ok(length) if length <= width => length,
            _ => return false,
        },
    };
    // A shift by the whole width is none in Rust: a prefix of 0 takes every address.
    (base ^ address).checked_shr(width - length).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::{Number, is_in_range, moment};

    #[test]
    fn numbers_are_ordered_by_value() {
        let ascending = ["-1e3", "-20", "-3.5", "-3.05", "0", "0.001", "1", "1.5", "10", "99", "1e2000", "1e2001"];
        for pair in ascending.windows(2) {
            let [low, high] = pair else { unreachable!() };
            assert!(Number::parse(low) < Number::parse(high), "{low} {high}");
        }
        for (left, right) in [("5", "5.0"), ("-0", "0"), ("1e3", "1000"), ("0.50", ".5"), ("007", "7")] {
            assert_eq!(Number::parse(left), Number::parse(right), "{left} {right}");
        }
        for text in ["", "-", ".", "x", "1.2.3", "1e", "0x1", "١"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }

    #[test]
    fn moments_are_read() {
        let same = [
            ("1970", "1970-01-01T00:00:00Z"),
            ("2020-02", "2020-02-01T00:00Z"),
            ("2020-02-29", "1582934400"),
            ("2020-01-01T01:00:00+01:00", "2020-01-01T00:00:00Z"),
            ("2019-12-31T23:30-00:30", "2020-01-01"),
            ("2020-01-01T00:00:00.50Z", "2020-01-01T00:00:00.5Z"),
            ("1969-12-31T23:59:59Z", "-1"),
        ];
        for (left, right) in same {
            assert!(moment(left).is_some(), "{left}");
            assert_eq!(moment(left), moment(right), "{left} {right}");
        }
        for text in ["", "x", "2019-02-29", "2020-13", "2020-01-01T", "2020-01-01T1:00Z", "2020-01-01T00:00:00.xZ"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_are_in_ranges() {
        let within = [
            ("203.0.113.0/24", "203.0.113.255"),
            ("0.0.0.0/0", "8.8.8.8"),
            ("::/0", "2001:db8::1"),
            ("2001:DB8:1234:5678::/64", "2001:db8:1234:5678::9"),
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.77/24", "192.0.2.1"),
        ];
        for (range, address) in within {
            assert!(is_in_range(range, address), "{range} {address}");
        }
        let without = [
            ("203.0.113.0/24", "203.0.114.0"),
            ("0.0.0.0/0", "::1"),
            ("192.0.2.1", "192.0.2.2"),
            ("192.0.2.1/33", "192.0.2.1"),
            ("x", "192.0.2.1"),
            ("0.0.0.0/0", "x"),
        ];
        for (range, address) in without {
            assert!(!is_in_range(range, address), "{range} {address}");
        }
    }
}
