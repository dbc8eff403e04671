//! What EventBridge takes as a schedule.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html>,
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html>

/// The fields of `cron(…)`: name, least and greatest, and words for them.
const FIELDS: [(&str, u32, u32, &[&str]); 6] = [
    ("minutes", 0, 59, &[]),
    ("hours", 0, 23, &[]),
    ("day-of-month", 1, 31, &[]),
    ("month", 1, 12, &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]),
    ("day-of-week", 1, 7, &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]),
    ("year", 1970, 2199, &[]),
];

/// Why a text is no schedule.
pub(super) fn fault(text: &str) -> Option<String> {
    let inside = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    match (inside("rate"), inside("cron")) {
        (Some(rate), _) => rate_fault(rate),
        (None, Some(cron)) => cron_fault(cron),
        (None, None) => Some("is neither `rate(…)` nor `cron(…)`".to_owned()),
    }
}

fn rate_fault(rate: &str) -> Option<String> {
    let Some((number, unit)) = rate.split_once(' ') else {
        return Some("needs a number and a unit: `rate(5 minutes)`".to_owned());
    };
    let one = ["minute", "hour", "day"].contains(&unit);
    let many = ["minutes", "hours", "days"].contains(&unit);
    match number.parse::<u32>() {
        Ok(0) | Err(_) => Some(format!("`{number}` is no whole number from 1 on")),
        Ok(1) if one => None,
        Ok(1) if many => Some(format!("one is `{}`, without s", unit.trim_end_matches('s'))),
        Ok(_) if many => None,
        Ok(_) if one => Some(format!("more than one are `{unit}s`")),
        Ok(_) => Some(format!("`{unit}` is none of minutes, hours and days")),
    }
}

fn cron_fault(cron: &str) -> Option<String> {
    let parts: Vec<&str> = cron.split(' ').collect();
    if parts.len() != FIELDS.len() {
        return Some(format!(
            "has {} fields and must have 6: minutes hours day-of-month month day-of-week year",
            parts.len()
        ));
    }
    for (part, (name, least, most, words)) in parts.iter().zip(FIELDS) {
        let is_day = name.starts_with("day-");
        let sound = part.split(',').all(|item| item_is_sound(item, is_day, (least, most), words));
        if !sound {
            return Some(format!("`{part}` is no {name}"));
        }
    }
    let questions = parts.iter().filter(|part| **part == "?").count();
    (questions != 1).then(|| "needs `?` for just one of day-of-month and day-of-week".to_owned())
}

fn item_is_sound(item: &str, is_day: bool, (least, most): (u32, u32), words: &[&str]) -> bool {
    let is_value = |text: &str| {
        words.contains(&text.to_ascii_uppercase().as_str())
            || text.bytes().all(|byte| byte.is_ascii_digit())
                && text.parse().is_ok_and(|number: u32| (least..=most).contains(&number))
    };
    if is_day {
        // The last day, the weekday nearest to one, and the nth of a weekday in the month.
        let nth = item.split_once('#').is_some_and(|(day, nth)| is_value(day) && ("1"..="5").contains(&nth));
        let near = item.strip_suffix(['L', 'W']).is_some_and(|day| day.is_empty() || day == "L" || is_value(day));
        if item == "?" || nth || near {
            return true;
        }
    }
    let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
    let step_is_sound = step.is_none_or(|step| step.parse().is_ok_and(|number: u32| (1..=most).contains(&number)));
    let range_is_sound = match range.split_once('-') {
        Some((from, to)) => is_value(from) && is_value(to),
        None => range == "*" || is_value(range),
    };
    step_is_sound && range_is_sound
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn schedules_are_judged_as_eventbridge_does() {
        for good in [
            "rate(1 minute)",
            "rate(5 minutes)",
            "rate(7 days)",
            "cron(0 10 * * ? *)",
            "cron(0/15 * * * ? *)",
            "cron(0 18 ? * MON-FRI *)",
            "cron(0 8 1 * ? 2026-2030)",
            "cron(0 8 L * ? *)",
            "cron(0 8 ? * 3#2 *)",
            "cron(0,30 8 3W JAN,feb ? *)",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in [
            "",
            "5 minutes",
            "rate(0 minutes)",
            "rate(1 minutes)",
            "rate(5 minute)",
            "rate(5 weeks)",
            "rate(minutes)",
            "cron(0 10 * * *)",
            "cron(0 10 * * * *)",
            "cron(0 10 ? * ? *)",
            "cron(60 10 * * ? *)",
            "cron(0 10 0 * ? *)",
            "cron(0 10 * FOO ? *)",
            "cron(0/0 10 * * ? *)",
        ] {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }
}
