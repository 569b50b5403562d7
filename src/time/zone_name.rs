//! Names of zones: which texts can be one, and which one was probably meant.

use std::sync::LazyLock;

/// The longest name in the tz database has 32 bytes.
const MAX_BYTES: usize = 64;

/// Files of the database that are no places: a machine's own choice, a rule to copy from, an
/// explicit "not set", and the two subtrees that repeat the database.
const NOT_ZONES: [&str; 5] = ["posixrules", "localtime", "Factory", "posix", "right"];

/// Abbreviations that people write for a zone, with the place they nearly always mean.
const ABBREVIATIONS: [(&str, &str); 12] = [
    ("pst", "America/Los_Angeles"),
    ("pdt", "America/Los_Angeles"),
    ("mdt", "America/Denver"),
    ("cst", "America/Chicago"),
    ("cdt", "America/Chicago"),
    ("edt", "America/New_York"),
    ("bst", "Europe/London"),
    ("cest", "Europe/Berlin"),
    ("eest", "Europe/Helsinki"),
    ("jst", "Asia/Tokyo"),
    ("aest", "Australia/Sydney"),
    ("z", "UTC"),
];

/// Can this be a zone's name? Only such a name is ever joined to a directory.
pub(super) fn is_wellformed(name: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'_');
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(legal);
    let first_part = name.split('/').next().unwrap_or_default();
    // Without dots, `.` and `..` cannot be parts; an empty part covers leading slashes.
    name.len() <= MAX_BYTES && name.split('/').all(is_part) && !NOT_ZONES.contains(&first_part)
}

/// The name as an error should show it: a megabyte is cut.
pub(super) fn shortened(name: &str) -> String {
    if name.len() <= MAX_BYTES {
        return name.to_owned();
    }
    let cut = (0..=MAX_BYTES)
        .rev()
        .find(|&at| name.is_char_boundary(at))
        .unwrap_or(0);
    format!("{}…", &name[..cut])
}

/// The zone that was probably meant, if one comes near.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    if name.len() > MAX_BYTES {
        return None;
    }
    let wanted = name.trim().to_ascii_lowercase().replace(' ', "_");
    if wanted.is_empty() {
        return None;
    }
    if let Some(&(_, zone)) = ABBREVIATIONS.iter().find(|&&(short, _)| short == wanted) {
        return Some(zone);
    }
    let wanted = fixed_offset(&wanted).unwrap_or(wanted);
    let is_zone = |(_, whole, _): &&Known| whole.text == wanted;
    let wanted_city = city(&wanted);
    let is_city = |(_, _, of_zone): &&Known| of_zone.text == wanted_city;
    let found = ZONES
        .iter()
        .find(is_zone)
        .or_else(|| ZONES.iter().find(is_city));
    found
        .map(|(name, ..)| *name)
        .or_else(|| most_similar(&wanted))
}

/// `utc+3`, `gmt-05:00`, `+03`: the `Etc` zone, whose sign is the other way round.
fn fixed_offset(wanted: &str) -> Option<String> {
    let offset = wanted
        .strip_prefix("utc")
        .or_else(|| wanted.strip_prefix("gmt"))
        .unwrap_or(wanted);
    let (sign, limit) = if offset.starts_with('+') {
        ('-', 14)
    } else {
        ('+', 12)
    };
    let digits = offset.strip_prefix(['+', '-'])?;
    let hours = digits
        .strip_suffix(":00")
        .or_else(|| digits.strip_suffix("00"))
        .unwrap_or(digits);
    let hours: u8 = if hours.len() <= 2 {
        hours.parse().ok()?
    } else {
        return None;
    };
    (1..=limit)
        .contains(&hours)
        .then(|| format!("etc/gmt{sign}{hours}"))
}

fn city(zone: &str) -> &str {
    zone.rsplit('/').next().unwrap_or(zone)
}

/// A name in lower case, and how often each character is in it: a file may hold thousands of unknown
/// zones, and the distance to each of six hundred names is worth computing for the few that can be near.
struct Comparable {
    text: String,
    /// In characters.
    length: usize,
    /// By character; some share a place, which makes them look nearer than they are.
    counts: [u8; 32],
}

impl Comparable {
    fn new(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let mut counts = [0_u8; 32];
        for character in text.chars() {
            let count = &mut counts[character as usize % 32];
            *count = count.saturating_add(1);
        }
        Self {
            length: text.chars().count(),
            text,
            counts,
        }
    }

    /// The distance, if it is at most `limit`.
    fn distance(&self, other: &Self, limit: usize) -> Option<usize> {
        // One edit brings at most one character, and takes at most one.
        let missing = |one: &[u8; 32], other: &[u8; 32]| -> usize {
            let counts = one.iter().zip(other);
            counts
                .map(|(one, other)| usize::from(one.saturating_sub(*other)))
                .sum()
        };
        let can_be_near = self.length.abs_diff(other.length) <= limit
            && missing(&self.counts, &other.counts) <= limit
            && missing(&other.counts, &self.counts) <= limit;
        if !can_be_near {
            return None;
        }
        let distance = strsim::damerau_levenshtein(&self.text, &other.text);
        Some(distance).filter(|distance| *distance <= limit)
    }
}

/// A zone, its whole name, and its city.
type Known = (&'static str, Comparable, Comparable);

static ZONES: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    names
        .map(|name| (name, Comparable::new(name), Comparable::new(city(name))))
        .collect()
});

/// By whole name or by city alone; a name one third wrong is another name.
fn most_similar(wanted: &str) -> Option<&'static str> {
    let is_city = !wanted.contains('/');
    let wanted = Comparable::new(wanted);
    let limit = (wanted.length / 3).min(4);
    let nearest = ZONES.iter().filter_map(|(name, whole, city)| {
        let of_city = is_city.then(|| wanted.distance(city, limit)).flatten();
        let distances = [wanted.distance(whole, limit), of_city];
        Some((distances.into_iter().flatten().min()?, *name))
    });
    nearest
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_plain_relative_names_are_names() {
        for name in [
            "UTC",
            "Europe/Paris",
            "America/Argentina/Buenos_Aires",
            "Etc/GMT+5",
            "GMT-0",
            "W-SU",
        ] {
            assert!(is_wellformed(name), "{name}");
        }
        for name in [
            "",
            "/",
            "/etc/passwd",
            "../../etc/passwd",
            "Europe/../UTC",
            "./UTC",
            "Europe/",
            "Europe//Paris",
            "Europe/Paris\0",
            "Europe/Zürich",
            "America/New York",
            "tzdata.zi",
            "posix/Europe/Paris",
            "right/UTC",
            "posixrules",
            "localtime",
            "Factory",
            "right",
            &"A".repeat(65),
            &"A".repeat(1 << 20),
        ] {
            assert!(!is_wellformed(name), "{}", shortened(name));
        }
    }

    #[test]
    fn every_zone_of_the_bundled_copy_has_a_wellformed_name() {
        for zone in chrono_tz::TZ_VARIANTS {
            assert!(is_wellformed(zone.name()), "{zone}");
        }
    }

    #[test]
    fn a_near_miss_names_what_was_meant() {
        for (asked, meant) in [
            ("Helsinki", "Europe/Helsinki"),
            ("europe/paris", "Europe/Paris"),
            ("Europe/Pariss", "Europe/Paris"),
            ("Amercia/New_York", "America/New_York"),
            ("New York", "America/New_York"),
            ("America/New-York", "America/New_York"),
            ("Asia/Helsinki", "Europe/Helsinki"),
            ("utc", "UTC"),
            ("PST", "America/Los_Angeles"),
            ("CEST", "Europe/Berlin"),
            ("UTC+3", "Etc/GMT-3"),
            ("-05:00", "Etc/GMT+5"),
            ("posix/Europe/Paris", "Europe/Paris"),
        ] {
            assert_eq!(nearest(asked), Some(meant), "{asked}");
        }
        for asked in [
            "",
            "0",
            "../../etc/passwd",
            "Middle_Earth/Mordor",
            "UTC+99",
            &"A".repeat(1 << 20),
        ] {
            assert_eq!(nearest(asked), None, "{}", shortened(asked));
        }
    }

    /// [`most_similar`] without a look at the characters.
    fn most_similar_of_all(wanted: &str) -> Option<&'static str> {
        let distance = |zone: &str| {
            let zone = zone.to_ascii_lowercase();
            let of_city = strsim::damerau_levenshtein(wanted, city(&zone));
            let of_whole = strsim::damerau_levenshtein(wanted, &zone);
            if wanted.contains('/') {
                of_whole
            } else {
                of_whole.min(of_city)
            }
        };
        let limit = (wanted.chars().count() / 3).min(4);
        let zones = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let (distance, zone) = zones
            .map(|zone| (distance(zone), zone))
            .min_by_key(|near| near.0)?;
        (distance <= limit).then_some(zone)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn no_zone_is_overlooked_that_is_near(
            place in 0..chrono_tz::TZ_VARIANTS.len(),
            edits in prop::collection::vec((any::<prop::sample::Index>(), "[a-z/_é]?"), 0..5),
            only_city in any::<bool>(),
        ) {
            let name = chrono_tz::TZ_VARIANTS[place].name().to_ascii_lowercase();
            let mut wanted: Vec<char> = if only_city { city(&name) } else { &name }.chars().collect();
            for (at, instead) in edits {
                let at = at.index(wanted.len().max(1)).min(wanted.len());
                let end = (at + 1).min(wanted.len());
                wanted.splice(at..end, instead.chars().chain("x".chars().take(end % 2)));
            }
            let wanted: String = wanted.into_iter().collect();
            prop_assert_eq!(most_similar(&wanted), most_similar_of_all(&wanted), "{}", wanted);
        }
    }

    #[test]
    fn a_shown_name_is_cut_between_characters() {
        assert_eq!(shortened("Europe/Paris"), "Europe/Paris");
        assert_eq!(shortened(&"é".repeat(1000)), format!("{}…", "é".repeat(32)));
        assert_eq!(
            shortened(&format!("a{}", "é".repeat(1000))),
            format!("a{}…", "é".repeat(31))
        );
    }
}
