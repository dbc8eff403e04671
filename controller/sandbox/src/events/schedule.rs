//! Schedules: rates and cron expressions.
//!
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html>.

/// Whether a text is a schedule.
pub(super) fn is_sound(text: &str) -> bool {
    let Some((sort, rest)) = text.split_once('(') else { return false };
    let Some(inside) = rest.strip_suffix(')') else { return false };
    match sort {
        "rate" => is_rate(inside),
        "cron" => is_cron(inside),
        _ => false,
    }
}

fn is_rate(text: &str) -> bool {
    let Some((value, unit)) = text.split_once(' ') else { return false };
    let Ok(value) = value.parse::<u64>() else { return false };
    match unit {
        "minute" | "hour" | "day" => value == 1,
        "minutes" | "hours" | "days" => value > 1,
        _ => false,
    }
}

/// Six fields, of which one of the two for days is `?`.
fn is_cron(text: &str) -> bool {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let &[minutes, hours, month_day, month, week_day, year] = fields.as_slice() else { return false };
    (month_day == "?") != (week_day == "?")
        && is_field(minutes, 0..=59)
        && is_field(hours, 0..=23)
        && (month_day == "?" || is_field(month_day, 1..=31))
        && is_field(month, 1..=12)
        && (week_day == "?" || is_field(week_day, 1..=7))
        && is_field(year, 1970..=2199)
}

/// Numbers within bounds, names of days and months, and the signs between them.
fn is_field(field: &str, range: std::ops::RangeInclusive<u32>) -> bool {
    let names = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDECSUNMONTUEWEDTHUFRISAT";
    let pieces = field.split([',', '-', '#', '/']);
    let mut sound = !field.is_empty();
    for (index, piece) in pieces.enumerate() {
        let bare = piece.trim_end_matches(['L', 'W']);
        let number = bare.parse::<u32>().is_ok_and(|number| number > 0 || index == 0)
            && bare.parse().is_ok_and(|number| range.contains(&number));
        let name = bare.len() == 3 && names.contains(&bare.to_ascii_uppercase());
        sound &= number || name || piece == "*" || (bare.is_empty() && !piece.is_empty());
    }
    sound
}
