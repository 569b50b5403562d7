//! Sizes as a person writes them: `10MiB`, `1GB`, `512`.
//!
//! Exact or refused: `k`, `M` and `G` alone mean 1,000 to some programs and 1,024 to others, so
//! they mean nothing here.

use crate::diagnostic::quoted;
use std::ops::Range;

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(u64);

/// Why a text is no size; `span` is in bytes of that text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SizeError {
    /// The offending bytes of the text.
    pub span: Range<usize>,
    /// What is wrong, lower case, no full stop.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

const UNITS: [(&str, u64); 10] = [
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

const UNITS_HELP: &str = "units are `B`, `kB`, `MB`, `GB`, `TB`, `KiB`, `MiB`, `GiB` and `TiB`";

/// More digits than any size has; with the largest unit they fit 128 bits.
const MAX_DIGITS: usize = 20;

/// The largest: what file offsets and limits of Linux can say.
const MAX_BYTES: u64 = i64::MAX.cast_unsigned();

impl Size {
    /// So many bytes.
    #[must_use]
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// In bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// Parses `"10MiB"`, `"1.5 GB"`, `"4096"` (bytes).
    ///
    /// ```
    /// use rsched::config::Size;
    /// assert_eq!(Size::parse("10MiB").unwrap().bytes(), 10 * 1024 * 1024);
    /// assert_eq!(Size::parse("1.5 GB").unwrap().bytes(), 1_500_000_000);
    /// let error = Size::parse("10M").unwrap_err();
    /// assert_eq!(error.help.as_deref(), Some("write `MiB` (1024 × 1024) or `MB` (1000 × 1000)"));
    /// ```
    ///
    /// # Errors
    /// Anything else, with the place: an unknown unit, a sign, a part of a byte, more than 8 EiB.
    pub fn parse(text: &str) -> Result<Self, SizeError> {
        let start = text.len() - text.trim_start().len();
        // Of blanks alone, the end would be before the start.
        let end = text.trim_end().len().max(start);
        let body = text.get(start..end).unwrap_or_default();
        let number_length = body
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(body.len());
        let (number, rest) = body.split_at(number_length);
        let unit_start = start + number_length + (rest.len() - rest.trim_start().len());
        let unit = rest.trim_start();
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(SizeError {
                span: start..end,
                message: format!("{} is no size", quoted(text)),
                help: Some("write a number and a unit, as in `10MiB`".to_owned()),
            });
        }
        let factor = factor(unit).map_err(|(message, help)| SizeError {
            span: unit_start..end,
            message,
            help,
        })?;
        exact(whole, fraction, factor)
            .map(Self)
            .map_err(|what| SizeError {
                span: start..end,
                message: format!("`{body}` is {what}"),
                help: None,
            })
    }
}

/// What a unit stands for, or what is wrong with it and what to write.
fn factor(unit: &str) -> Result<u64, (String, Option<String>)> {
    if unit.is_empty() {
        return Ok(1);
    }
    if let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) {
        return Ok(*factor);
    }
    let message = format!("unknown unit {}", quoted(unit));
    Err((message, Some(meant(unit))))
}

/// What to write instead of a unit that is none.
fn meant(unit: &str) -> String {
    let letter = unit.to_ascii_uppercase();
    if let Some(index) = ["K", "M", "G", "T"].iter().position(|it| *it == letter) {
        let power = |base: &'static str| vec![base; index + 1].join(" × ");
        let (binary, decimal) = (power("1024"), power("1000"));
        return format!("write `{letter}iB` ({binary}) or `{letter}B` ({decimal})");
    }
    let similar = |(name, _): &&(&str, u64)| name.eq_ignore_ascii_case(unit);
    UNITS.iter().find(similar).map_or_else(
        || UNITS_HELP.to_owned(),
        |(name, _)| format!("did you mean `{name}`?"),
    )
}

/// `whole.fraction` times the factor, if that is a whole number and not too large a one.
fn exact(whole: &str, fraction: &str, factor: u64) -> Result<u64, &'static str> {
    let (whole, fraction) = (
        whole.trim_start_matches('0'),
        fraction.trim_end_matches('0'),
    );
    if whole.len() > MAX_DIGITS {
        return Err("too large");
    }
    if fraction.len() > MAX_DIGITS {
        return Err("no whole number of bytes");
    }
    let value = |digits: &str| {
        digits
            .bytes()
            .fold(0_u128, |sum, digit| sum * 10 + u128::from(digit - b'0'))
    };
    let scale = 10_u128.pow(u32::try_from(fraction.len()).unwrap_or_default());
    let parts = value(fraction).saturating_mul(u128::from(factor));
    if parts % scale != 0 {
        return Err("no whole number of bytes");
    }
    let bytes = value(whole)
        .saturating_mul(u128::from(factor))
        .saturating_add(parts / scale);
    u64::try_from(bytes)
        .ok()
        .filter(|bytes| *bytes <= MAX_BYTES)
        .ok_or("too large")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_exact() {
        for (text, bytes) in [
            ("0", 0),
            ("4096", 4096),
            (" 1 B ", 1),
            ("2kB", 2_000),
            ("2KB", 2_000),
            ("2KiB", 2_048),
            ("1.5KiB", 1_536),
            ("0.5MB", 500_000),
            ("10MiB", 10_485_760),
            ("1GB", 1_000_000_000),
            ("1GiB", 1_073_741_824),
            ("3TB", 3_000_000_000_000),
            ("1TiB", 1_099_511_627_776),
            ("9223372036854775807", i64::MAX.cast_unsigned()),
        ] {
            assert_eq!(Size::parse(text), Ok(Size(bytes)), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_says_where_and_why() {
        for (text, span, message, help) in [
            (
                "",
                0..0,
                "`` is no size",
                Some("write a number and a unit, as in `10MiB`"),
            ),
            (
                " \t",
                2..2,
                "` \\t` is no size",
                Some("write a number and a unit, as in `10MiB`"),
            ),
            (
                "-1",
                0..2,
                "`-1` is no size",
                Some("write a number and a unit, as in `10MiB`"),
            ),
            (
                "1.",
                0..2,
                "`1.` is no size",
                Some("write a number and a unit, as in `10MiB`"),
            ),
            (
                ".5MB",
                0..4,
                "`.5MB` is no size",
                Some("write a number and a unit, as in `10MiB`"),
            ),
            (
                "1..5MB",
                0..6,
                "`1..5MB` is no size",
                Some("write a number and a unit, as in `10MiB`"),
            ),
            (
                "10 g",
                3..4,
                "unknown unit `g`",
                Some("write `GiB` (1024 × 1024 × 1024) or `GB` (1000 × 1000 × 1000)"),
            ),
            (
                "10mib",
                2..5,
                "unknown unit `mib`",
                Some("did you mean `MiB`?"),
            ),
            (
                "10 parsecs",
                3..10,
                "unknown unit `parsecs`",
                Some("units are `B`, `kB`, `MB`, `GB`, `TB`, `KiB`, `MiB`, `GiB` and `TiB`"),
            ),
            ("0.5", 0..3, "`0.5` is no whole number of bytes", None),
            (
                "0.0001kB",
                0..8,
                "`0.0001kB` is no whole number of bytes",
                None,
            ),
            (
                "9223372036854775808",
                0..19,
                "`9223372036854775808` is too large",
                None,
            ),
            (
                "99999999999999999999TiB",
                0..23,
                "`99999999999999999999TiB` is too large",
                None,
            ),
            (
                "999999999999999999999",
                0..21,
                "`999999999999999999999` is too large",
                None,
            ),
        ] {
            let error = SizeError {
                span,
                message: message.to_owned(),
                help: help.map(str::to_owned),
            };
            assert_eq!(Size::parse(text), Err(error), "{text}");
        }
    }
}
