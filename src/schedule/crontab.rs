//! Crontab strings: crontab(5) as Vixie's cron reads it, and the `L`, `W`, `#` of other crons.
//!
//! Five fields separated by blanks. All wrong fields are reported in one go, each with its place.
//! Strange but standard, and kept: two restricted day fields mean *either* (crontab(5): "the
//! command will be run when either field matches"), and a field counts as unrestricted when its
//! text begins with a star, whatever follows.

use super::cron::{Cron, DayRule, LAST_WEEKDAY};
use super::error::ScheduleError;
use super::field::{CRONTAB_WEEKDAY, DAY, Field, HOUR, MINUTE, MONTH};
use super::hashed::parse_hashed;
use super::item::{Dialect, parse_item, single_value};
use super::list::{items, trimmed};
use super::nickname;
use super::trigger::Trigger;
use std::ops::Range;

/// Longest expression that is read at all: no honest one comes near, and what a text costs is
/// bounded by its length.
pub const MAX_EXPRESSION_BYTES: usize = 1_024;

/// What a crontab-like text (`rsched next EXPR`, `cron = "…"`) parsed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// The trigger.
    pub trigger: Trigger,
    /// The zone named by a `CRON_TZ=` or `TZ=` prefix, with its span.
    pub zone: Option<(String, Range<usize>)>,
    /// Things accepted but worth a word (step larger than its range), with the text's spans.
    pub warnings: Vec<ScheduleError>,
}

/// Parses a five-field crontab expression, a nickname, `@every 90s`, `@reboot`, with optional zone prefix.
///
/// ```
/// use rsched::schedule::parse_expression;
/// assert!(parse_expression("CRON_TZ=Asia/Tokyo 30 4 * * mon-fri").is_ok());
/// let errors = parse_expression("60 0 * * fri-mon").unwrap_err();
/// assert_eq!(errors[0].message, "`60` is out of range for the minute, expected 0-59");
/// assert_eq!(errors[1].help.as_deref(), Some("write `fri-sun,mon`"));
/// assert_eq!(errors[1].span, 9..16);
/// ```
///
/// # Errors
/// Every mistake found (one per wrong field), each with its place.
pub fn parse_expression(text: &str) -> Result<Expression, Vec<ScheduleError>> {
    parse_expression_with(text, ParseOptions::default())
}

/// [`parse_expression`] for a job: its id gives `H` and `~` their values.
///
/// ```
/// use rsched::schedule::{parse_expression, parse_expression_for};
/// let spread = |id| parse_expression_for("H H(0-5) * * *", Some(id)).unwrap().trigger;
/// assert_eq!(spread("backup"), spread("backup"));
/// assert_ne!(spread("backup"), spread("report"));
/// assert_eq!(parse_expression("H 0 * * *").unwrap_err()[0].code, "missing_job_id");
/// ```
///
/// # Errors
/// As [`parse_expression`]; `H` or `~` without an id.
pub fn parse_expression_for(
    text: &str,
    job_id: Option<&str>,
) -> Result<Expression, Vec<ScheduleError>> {
    let options = ParseOptions {
        job_id,
        ..ParseOptions::default()
    };
    parse_expression_with(text, options)
}

/// Whose expression it is, and how strictly it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParseOptions<'a> {
    /// What `H` and `~` are made from; without it they are errors.
    pub job_id: Option<&'a str>,
    /// Whether it was typed on a command line: then help names options, and else keys of a jobs file.
    pub on_command_line: bool,
    /// As cron does in its own files: a range that runs backwards stands for no value at all, which is
    /// a warning here and not an error.
    pub backward_ranges: bool,
}

/// [`parse_expression`] with options.
///
/// # Errors
/// As [`parse_expression`], less what the options admit.
pub fn parse_expression_with(
    text: &str,
    options: ParseOptions<'_>,
) -> Result<Expression, Vec<ScheduleError>> {
    let (zone, rest) = prepared(text, Dialect::Crontab)?;
    let mut warnings = Vec::new();
    let trigger = if text.as_bytes().get(rest.start) == Some(&b'@') {
        nickname::parse(text, rest).map_err(|error| vec![error])?
    } else {
        Trigger::Cron(parse_fields(text, rest, options, &mut warnings)?)
    };
    Ok(Expression {
        trigger,
        zone,
        warnings,
    })
}

/// The zone in front of an expression with its place, and the place of the rest.
type ZoneAndRest = (Option<(String, Range<usize>)>, Range<usize>);

/// What all dialects begin with: limits, characters, blanks, the zone.
pub(super) fn prepared(text: &str, dialect: Dialect) -> Result<ZoneAndRest, Vec<ScheduleError>> {
    if text.len() > MAX_EXPRESSION_BYTES {
        let message = format!(
            "the expression is {} bytes long, {MAX_EXPRESSION_BYTES} are the most",
            text.len()
        );
        return Err(vec![ScheduleError::new(
            "expression_too_long",
            0..text.len(),
            message,
        )]);
    }
    check_characters(text, dialect)?;
    zone_prefix(text, trimmed(text, 0..text.len()))
}

/// Refuses everything but printable ASCII and the blanks: what looks like a digit or a blank and
/// is none has to be pointed at.
pub(super) fn check_characters(text: &str, dialect: Dialect) -> Result<(), Vec<ScheduleError>> {
    if text.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) {
        return Ok(());
    }
    let is_bad = |c: &char| !matches!(c, '\t' | ' '..='~');
    let errors = text
        .char_indices()
        .filter(|(_, c)| is_bad(c))
        .map(|(at, c)| {
            let span = at..at + c.len_utf8();
            let message = format!(
                "unexpected character `{}`, expected ASCII",
                c.escape_default()
            );
            let error = ScheduleError::new("not_ascii", span, message);
            match c {
                '\n' | '\r' => error.help("write the expression on one line"),
                c if c.is_whitespace() => error.help("write an ordinary blank"),
                '\u{2010}'..='\u{2015}' | '\u{2212}' => error.help("write `-`"),
                c if c.is_numeric() => error.help("write the digits 0 to 9"),
                _ if dialect == Dialect::Table => error.help("values are ASCII numbers and names"),
                _ => error.help("fields are ASCII numbers, names and `*,-/`"),
            }
        });
    // One place is enough to find the others of a text that is in another script altogether.
    Err(errors.take(5).collect())
}

/// A `CRON_TZ=…` or `TZ=…` in front, and what follows it.
fn zone_prefix(text: &str, whole: Range<usize>) -> Result<ZoneAndRest, Vec<ScheduleError>> {
    let written = &text[whole.clone()];
    let Some(prefix) = ["CRON_TZ=", "TZ="]
        .into_iter()
        .find(|prefix| written.starts_with(prefix))
    else {
        return Ok((None, whole));
    };
    let start = whole.start + prefix.len();
    let length = text[start..whole.end]
        .bytes()
        .position(is_blank)
        .unwrap_or(whole.end - start);
    let span = start..start + length;
    if span.is_empty() {
        let error = ScheduleError::new(
            "missing_zone",
            whole.start..start,
            format!("no zone after `{prefix}`"),
        );
        return Err(vec![error.help(format!(
            "write `{prefix}Europe/Helsinki`, without a blank after `=`"
        ))]);
    }
    let rest = trimmed(text, span.end..whole.end);
    Ok((Some((text[span.clone()].to_owned(), span)), rest))
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// How many fields an expression has.
const FIELDS: usize = 5;

/// The five fields of a crontab line.
pub(super) fn parse_fields(
    text: &str,
    span: Range<usize>,
    options: ParseOptions<'_>,
    warnings: &mut Vec<ScheduleError>,
) -> Result<Cron, Vec<ScheduleError>> {
    let mut spans = words(text, span.clone());
    let mut fields: [Range<usize>; FIELDS] = Default::default();
    for (found, field) in fields.iter_mut().enumerate() {
        *field = spans
            .next()
            .ok_or_else(|| vec![too_few_fields(text, &span, found)])?;
    }
    if let Some(extra) = spans.next() {
        let dialect = if options.on_command_line {
            "`--dialect quartz`"
        } else {
            "`dialect = \"quartz\"`"
        };
        return Err(vec![too_many_fields(text, &span, extra.start, dialect)]);
    }
    let [minute, hour, day, month, weekday] = fields;
    let begins_with =
        |span: &Range<usize>, starts: &[u8]| starts.contains(&text.as_bytes()[span.start]);

    let mut cron = Cron::every_second();
    cron.seconds = 1;
    let is_day_free = begins_with(&day, b"*?");
    let is_weekday_free = begins_with(&weekday, b"*?");
    cron.set_day_rule(if is_day_free || is_weekday_free {
        DayRule::Both
    } else {
        DayRule::Either
    });
    cron.set_time_star(begins_with(&minute, b"*") || begins_with(&hour, b"*"));

    let mut errors = Vec::new();
    let mut values = |span: Range<usize>, field: &'static Field, special: Special| {
        let parser = FieldParser {
            text,
            field,
            special,
            options,
        };
        parser
            .parse(span, &mut cron, warnings)
            .unwrap_or_else(|error| {
                errors.push(error);
                0
            })
    };
    let minutes = values(minute, &MINUTE, no_special);
    let hours = values(hour, &HOUR, no_special);
    let days = values(day, &DAY, special_day);
    let months = values(month, &MONTH, no_special);
    let weekdays = values(weekday, &CRONTAB_WEEKDAY, special_weekday);
    if !errors.is_empty() {
        return Err(errors);
    }
    cron.minutes = minutes;
    cron.set_masks(hours, days, months, weekdays | weekdays >> 7);
    Ok(cron.sealed())
}

/// The words between blanks.
pub(super) fn words(text: &str, span: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = span.start;
    std::iter::from_fn(move || {
        let bytes = &text.as_bytes()[..span.end];
        let start = at + bytes[at..].iter().position(|&byte| !is_blank(byte))?;
        at = bytes[start..]
            .iter()
            .position(|&byte| is_blank(byte))
            .map_or(span.end, |length| start + length);
        Some(start..at)
    })
}

/// An item that is no plain value, range or step: true if it was one and has been added.
type Special = fn(&str, &Range<usize>, &mut Cron) -> Result<bool, ScheduleError>;

/// Reads one field.
struct FieldParser<'a> {
    text: &'a str,
    field: &'static Field,
    special: Special,
    options: ParseOptions<'a>,
}

impl FieldParser<'_> {
    /// The values as bits; special items go into `cron` directly.
    fn parse(
        &self,
        span: Range<usize>,
        cron: &mut Cron,
        warnings: &mut Vec<ScheduleError>,
    ) -> Result<u64, ScheduleError> {
        let (text, field) = (self.text, self.field);
        let mut mask = 0;
        for item in items(text, span, field.noun) {
            let item = item?;
            if let Some(hashed) = parse_hashed(text, &item, field, self.options.job_id) {
                mask |= hashed?.mask();
                continue;
            }
            if (self.special)(text, &item, cron)? {
                continue;
            }
            match parse_item(text, item, field, Dialect::Crontab) {
                Ok((values, warning)) => {
                    mask |= values.mask();
                    if let Some(warning) = warning {
                        cron.set_lone_step();
                        warnings.push(warning);
                    }
                }
                Err(mut error)
                    if self.options.backward_ranges && error.code == "backward_range" =>
                {
                    error
                        .message
                        .push_str(": cron accepts it, and it stands for no value");
                    warnings.push(error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(mask)
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "one of three functions of one type"
)]
fn no_special(_: &str, _: &Range<usize>, _: &mut Cron) -> Result<bool, ScheduleError> {
    Ok(false)
}

/// `L` (or `last`), `L-n`, `LW` and `nW`.
fn special_day(text: &str, span: &Range<usize>, cron: &mut Cron) -> Result<bool, ScheduleError> {
    let item = &text[span.clone()];
    match item.as_bytes() {
        [b'L' | b'l'] => cron.last_days |= 1,
        [b'L' | b'l', b'W' | b'w'] => cron.nearest_weekdays |= 1,
        [b'L' | b'l', b'-', ..] => {
            let before = span.start + 2..span.end;
            cron.last_days |= 1 << small_number(text, before, 1..=30, "days before the last")?;
        }
        [b'0'..=b'9', .., b'W' | b'w']
            if item.bytes().filter(|byte| !byte.is_ascii_digit()).count() == 1 =>
        {
            let day = single_value(text, span.start..span.end - 1, &DAY, Dialect::Crontab)?;
            cron.nearest_weekdays |= 1 << day;
        }
        _ if item.eq_ignore_ascii_case("last") => cron.last_days |= 1,
        _ if item.len() > 5 && item[..5].eq_ignore_ascii_case("last-") => {
            let message = format!(
                "unexpected `{}` after `last` in the day of month field",
                &item[4..]
            );
            let error = ScheduleError::new("unexpected_text", span.start + 4..span.end, message);
            return Err(error.help(format!("write `L{}`", &item[4..])));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// `d#n` and `dL` (or `d#L`, as some write it), d being a number or a name.
fn special_weekday(
    text: &str,
    span: &Range<usize>,
    cron: &mut Cron,
) -> Result<bool, ScheduleError> {
    let item = &text[span.clone()];
    let (day_end, nth) = if let Some(hash) = item.find('#') {
        let number = span.start + hash + 1..span.end;
        let nth = if item[hash + 1..].eq_ignore_ascii_case("L") {
            LAST_WEEKDAY
        } else {
            small_number(text, number, 1..=5, "weekday of the month")?
        };
        (span.start + hash, nth)
    } else if item.len() > 1
        && item.ends_with(['L', 'l'])
        && item.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        (span.end - 1, LAST_WEEKDAY)
    } else {
        return Ok(false);
    };
    let weekday = single_value(
        text,
        span.start..day_end,
        &CRONTAB_WEEKDAY,
        Dialect::Crontab,
    )?;
    cron.add_nth_weekday(nth, weekday % 7);
    Ok(true)
}

/// The number behind `#` or `L-`, the whole of `span`.
fn small_number(
    text: &str,
    span: Range<usize>,
    range: std::ops::RangeInclusive<u16>,
    noun: &str,
) -> Result<u16, ScheduleError> {
    let written = &text[span.clone()];
    let digits = written.bytes().take_while(u8::is_ascii_digit).count();
    let (least, most) = (range.start(), range.end());
    if digits == 0 {
        let span = span.start - 1..span.end;
        let message = format!(
            "expected a number ({noun}) after `{}`, {least}-{most}",
            &text[span.start..=span.start]
        );
        return Err(ScheduleError::new("missing_value", span, message)
            .help(format!("write a number {least}-{most}")));
    }
    if digits < written.len() {
        let span = span.start + digits..span.end;
        let message = format!(
            "unexpected `{}` after `{}`",
            &written[digits..],
            &written[..digits]
        );
        return Err(
            ScheduleError::new("unexpected_text", span, message).label("expected `,` or the end")
        );
    }
    let value = written.parse().ok().filter(|value| range.contains(value));
    value.ok_or_else(|| {
        let message =
            format!("`{written}` is out of range for the {noun}, expected {least}-{most}");
        ScheduleError::new("value_out_of_range", span, message).label(format!("not {least}-{most}"))
    })
}

fn too_few_fields(text: &str, span: &Range<usize>, found: usize) -> ScheduleError {
    let form = "an expression is `minute hour day-of-month month day-of-week`";
    if found == 0 {
        return ScheduleError::new(
            "empty_expression",
            span.clone(),
            "the expression is empty, expected 5 fields",
        )
        .help(format!("{form}, such as `30 6 * * mon-fri`"));
    }
    let written = &text[span.clone()];
    let count = if found == 1 {
        "1 field".to_owned()
    } else {
        format!("{found} fields")
    };
    let error = ScheduleError::new(
        "too_few_fields",
        span.clone(),
        format!("{count} found, expected 5"),
    );
    if found == 1 && written.len() > 1 && written.bytes().all(|byte| byte == b'*') {
        return error.help("write blanks between the fields: `* * * * *`");
    }
    let is_nickname = |name: &&&str| name[1..].eq_ignore_ascii_case(written);
    if let Some(name) = nickname::NAMES.iter().find(is_nickname) {
        return error.help(format!("write `{name}`"));
    }
    let missing = ["minute", "hour", "day of month", "month", "day of week"];
    error.help(format!("{form}; missing: {}", missing[found..].join(", ")))
}

/// Other programs disagree on what a sixth field is, and guessing wrong runs a job sixty times too often.
fn too_many_fields(text: &str, span: &Range<usize>, extra: usize, dialect: &str) -> ScheduleError {
    let extra = extra..span.end;
    let count = words(text, span.clone()).count();
    let field = |number: usize| {
        words(text, span.clone())
            .nth(number)
            .unwrap_or(extra.clone())
    };
    let first = &text[field(0)];
    let first_five = &text[span.start..field(4).end];
    let later_five = &text[field(1).start..field(5).end];
    if count > 7
        || text[extra.clone()].contains(['/', '"', '\''])
            && text[field(5)].starts_with(['/', '"', '\''])
    {
        let message = format!("{count} fields found, expected 5");
        return ScheduleError::new("too_many_fields", extra, message).help(format!(
            "write `{first_five}`; a command does not belong to the expression"
        ));
    }
    let message = if count == 6 {
        "6 fields found, expected 5: other programs read the sixth as a leading second or as a trailing year"
    } else {
        "7 fields found, expected 5: other programs read them with a leading second and a trailing year"
    };
    let error = ScheduleError::new("too_many_fields", extra.clone(), message);
    let last = &text[words(text, span.clone()).last().unwrap_or(extra)];
    error.help(if count == 6 {
        format!(
            "if `{first}` is a second, write `{later_five}` for second 0, or a table with `second = \"{first}\"`; \
             if `{last}` is a year, write `{first_five}`, or a table with `year = \"{last}\"`; \
             {dialect} reads six and seven fields"
        )
    } else {
        format!(
            "write `{later_five}`, or a table with `second = \"{first}\"` and `year = \"{last}\"`; \
             {dialect} reads six and seven fields"
        )
    })
}
