//! Texts that nobody typed: one sees it by what they look like.

/// Starts of names that belong to the cloud.
const OWN_NAMES: [&str; 3] = ["default.", "default:", "AWSServiceRole"];

/// Whether a text was made up by the cloud: a time or a window of it, a zone or a region, a digest, an address, a name of
/// its own.
pub(super) fn is_made_up(text: &str) -> bool {
    is_window(text)
        || is_zone(text)
        || is_digest(text)
        || text.parse::<std::net::IpAddr>().is_ok()
        || text.parse::<jiff::Timestamp>().is_ok()
        || OWN_NAMES.iter().any(|start| text.starts_with(start))
        || text.starts_with("arn:") && text.contains(":role/aws-service-role/")
}

/// `sun:03:30-sun:04:30`, `08:30-09:30`, `05:30`.
fn is_window(text: &str) -> bool {
    let is_number = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_day = |part: &str| {
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].contains(&part.to_ascii_lowercase().as_str())
    };
    let is_time = |part: &str| {
        let parts: Vec<&str> = part.split(':').collect();
        match parts.as_slice() {
            [hour, minute] => is_number(hour) && is_number(minute),
            [day, hour, minute] => is_day(day) && is_number(hour) && is_number(minute),
            _ => false,
        }
    };
    text.split('-').count() <= 2 && text.split('-').all(is_time)
}

/// A region, a zone by its name or by its id: `eu-west-1`, `eu-west-1a`, `euw1-az1`.
fn is_zone(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_lower = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_place = |part: &&str| {
        let mut bytes = part.bytes();
        bytes.next().is_some_and(|byte| byte.is_ascii_digit()) && bytes.all(|byte| byte.is_ascii_lowercase())
    };
    match parts.as_slice() {
        [area, zone] => {
            zone.strip_prefix("az").is_some_and(is_digits)
                && area.ends_with(|char: char| char.is_ascii_digit())
        }
        [area, middle @ .., place] => {
            area.len() == 2
                && is_lower(area)
                && !middle.is_empty()
                && middle.iter().all(is_lower)
                && is_place(place)
        }
        _ => false,
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A digest in hexadecimal or in base 64.
fn is_digest(text: &str) -> bool {
    let is_hex = text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_base64 = text.len() == 44
        && text.ends_with('=')
        && text
            .trim_end_matches('=')
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte));
    is_hex || is_base64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_up_looks_like_it() {
        for text in [
            "sun:03:30-sun:04:30",
            "08:30-09:30",
            "05:30",
            "eu-west-1",
            "us-gov-east-1b",
            "use1-az4",
            "10.0.0.62",
            "default.postgres18",
            "2026-06-25T07:00:00.000Z",
            "oVuPGs6ZSqhRhMOw6q4PWulcs9C2DN1HTcJ57D/2fwE=",
            "arn:aws:iam::1:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        ] {
            assert!(is_made_up(text), "{text}");
        }
    }

    #[test]
    fn what_a_person_would_type_does_not() {
        for text in [
            "",
            "a",
            "my-app",
            "30",
            "arn:aws:iam::aws:policy/ReadOnlyAccess",
            "a-b-c",
            "alias/aws/sns",
            "ssh from vpc",
            "1:2",
        ] {
            assert!(!is_made_up(text), "{text}");
        }
    }
}
