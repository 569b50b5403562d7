//! Cron tables: named fields by `APScheduler`'s rules.
//!
//! All fields must match, a field left out is everything or its least value, a step may not
//! exceed its range, and 0 is Monday. What `APScheduler` drops without a word is an error here.

use super::cron::{Cron, DayRule, LAST_WEEKDAY};
use super::crontab::{MAX_EXPRESSION_BYTES, check_characters};
use super::error::ScheduleError;
use super::field::{DAY, Field, HOUR, MINUTE, MONTH, SECOND, TABLE_WEEKDAY, WEEK, YEAR};
use super::item::{Dialect, parse_item};
use super::list::{items, trimmed};
use super::years::YearSet;
use std::ops::Range;
use std::sync::Arc;

/// A field of a cron table, in order of significance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TableField {
    /// 1970–9999.
    Year,
    /// 1–12 or `jan`–`dec`.
    Month,
    /// 1–31, `last`, `last fri`, `1st mon` … `5th sun`.
    Day,
    /// ISO week, 1–53.
    Week,
    /// 0–6 or `mon`–`sun`: 0 is Monday.
    DayOfWeek,
    /// 0–23.
    Hour,
    /// 0–59.
    Minute,
    /// 0–59.
    Second,
}

impl TableField {
    /// All fields, the most significant first.
    pub const ALL: [Self; 8] = [
        Self::Year,
        Self::Month,
        Self::Day,
        Self::Week,
        Self::DayOfWeek,
        Self::Hour,
        Self::Minute,
        Self::Second,
    ];

    /// The key it has in a table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Month => "month",
            Self::Day => "day",
            Self::Week => "week",
            Self::DayOfWeek => "day_of_week",
            Self::Hour => "hour",
            Self::Minute => "minute",
            Self::Second => "second",
        }
    }

    /// The field with that key.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    fn rules(self) -> &'static Field {
        match self {
            Self::Year => &YEAR,
            Self::Month => &MONTH,
            Self::Day => &DAY,
            Self::Week => &WEEK,
            Self::DayOfWeek => &TABLE_WEEKDAY,
            Self::Hour => &HOUR,
            Self::Minute => &MINUTE,
            Self::Second => &SECOND,
        }
    }
}

impl Cron {
    /// Parses a cron table: (field, its text). An integer in TOML comes as its decimal text.
    ///
    /// A field left out is `*` if a less significant one is given, else its least value; `week`
    /// and `day_of_week` are `*` when left out.
    ///
    /// ```
    /// use rsched::schedule::{Cron, TableField};
    /// let cron = Cron::table(&[(TableField::Day, "3rd fri"), (TableField::Hour, "0-3")]).unwrap();
    /// assert_eq!(cron.minutes().collect::<Vec<_>>(), [0]);
    /// let errors = Cron::table(&[(TableField::DayOfWeek, "mon-fri/2")]).unwrap_err();
    /// assert_eq!(errors[0].1.help.as_deref(), Some("write numbers: `0-4/2`"));
    /// ```
    ///
    /// # Errors
    /// All wrong fields, each with a span inside that field's text.
    pub fn table(fields: &[(TableField, &str)]) -> Result<Cron, Vec<(TableField, ScheduleError)>> {
        let least = fields.iter().map(|(field, _)| *field).max();
        Self::table_open_below(fields, least)
    }

    /// A table as `except` reads it: the fields below the last one given are open too.
    pub(super) fn open_table(
        fields: &[(TableField, &str)],
    ) -> Result<Cron, Vec<(TableField, ScheduleError)>> {
        let is_empty = fields.is_empty();
        Self::table_open_below(fields, (!is_empty).then_some(TableField::Second))
    }

    /// Fields left out are open down to `least`, and their least value below it.
    fn table_open_below(
        fields: &[(TableField, &str)],
        least: Option<TableField>,
    ) -> Result<Cron, Vec<(TableField, ScheduleError)>> {
        let Some(least) = least else {
            let error = ScheduleError::new("empty_table", 0..0, "a cron table without any field")
                .help("give at least one of year, month, day, week, day_of_week, hour, minute, second");
            return Err(vec![(TableField::Minute, error)]);
        };
        let mut cron = Cron::every_second();
        cron.set_day_rule(DayRule::Both);
        cron.set_nth_in_day();
        for field in TableField::ALL {
            if field > least {
                set(&mut cron, field, None);
            }
        }
        let mut errors = Vec::new();
        for &(field, text) in fields {
            match parse_field(&mut cron, field, text) {
                Ok(values) => set(&mut cron, field, Some(values)),
                Err(found) => errors.extend(found.into_iter().map(|error| (field, error))),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let has_star = |field: TableField| match fields.iter().find(|(given, _)| *given == field) {
            Some((_, text)) => text.trim_start().starts_with('*'),
            None => field < least,
        };
        cron.set_time_star(has_star(TableField::Minute) || has_star(TableField::Hour));
        Ok(cron.sealed())
    }
}

/// The values of one field.
enum Values {
    Bits(u64),
    /// None: every year.
    Years(Option<Arc<YearSet>>),
}

/// Sets a field to its values, or to the least one where it is left out.
fn set(cron: &mut Cron, field: TableField, values: Option<Values>) {
    let rules = field.rules();
    let bits = match values {
        Some(Values::Years(years)) => {
            cron.years = years;
            return;
        }
        Some(Values::Bits(bits)) => bits,
        // Left out at the end: `week` and `day_of_week` do not say a time and stay open. The year
        // is never left out at the end.
        None if matches!(
            field,
            TableField::Year | TableField::Week | TableField::DayOfWeek
        ) =>
        {
            return;
        }
        None => 1 << rules.min,
    };
    let [hours, days, months, weekdays] = [
        cron.hours.into(),
        cron.days.into(),
        cron.months.into(),
        cron.weekdays.into(),
    ];
    match field {
        TableField::Second => cron.seconds = bits,
        TableField::Minute => cron.minutes = bits,
        TableField::Hour => cron.set_masks(bits, days, months, weekdays),
        // 0 is Monday here and Sunday in the masks.
        TableField::DayOfWeek => cron.set_masks(hours, days, months, bits << 1 | bits >> 6),
        TableField::Week => cron.weeks = bits,
        TableField::Day => cron.set_masks(hours, bits, months, weekdays),
        TableField::Month => cron.set_masks(hours, days, bits, weekdays),
        TableField::Year => {}
    }
}

/// One field; what is special in `day` goes into `cron` directly.
fn parse_field(
    cron: &mut Cron,
    field: TableField,
    text: &str,
) -> Result<Values, Vec<ScheduleError>> {
    if text.len() > MAX_EXPRESSION_BYTES {
        let message = format!(
            "the field is {} bytes long, {MAX_EXPRESSION_BYTES} are the most",
            text.len()
        );
        return Err(vec![ScheduleError::new(
            "expression_too_long",
            0..text.len(),
            message,
        )]);
    }
    check_characters(text, Dialect::Table)?;
    let rules = field.rules();
    let mut bits = 0;
    let mut years = YearSet::empty();
    for item in items(text, trimmed(text, 0..text.len()), rules.noun) {
        let item = item.map_err(|error| vec![error])?;
        if field == TableField::Day
            && special_day(text, &item, cron).map_err(|error| vec![error])?
        {
            continue;
        }
        let (values, _) =
            parse_item(text, item, rules, Dialect::Table).map_err(|error| vec![error])?;
        if field == TableField::Year {
            years.add(values);
        } else {
            bits |= values.mask();
        }
    }
    if field == TableField::Year {
        // All of them are no restriction, and cheaper to search.
        let is_all = years.iter().count() == usize::from(YEAR.max - YEAR.min) + 1;
        return Ok(Values::Years((!is_all).then(|| Arc::new(years))));
    }
    Ok(Values::Bits(bits))
}

const ORDINALS: [&str; 6] = ["1st", "2nd", "3rd", "4th", "5th", "last"];
const ORDINAL_WORDS: [&str; 6] = ["first", "second", "third", "fourth", "fifth", "last"];

/// `last`, `last fri`, `1st mon` … `5th sun`: true if the item was one and has been added.
fn special_day(text: &str, span: &Range<usize>, cron: &mut Cron) -> Result<bool, ScheduleError> {
    let item = &text[span.clone()];
    let length = item.find([' ', '\t']).unwrap_or(item.len());
    let (word, word_span) = (
        item[..length].to_ascii_lowercase(),
        span.start..span.start + length,
    );
    let weekday_span = trimmed(text, word_span.end..span.end);
    let Some(place) = ORDINALS.iter().position(|ordinal| *ordinal == word) else {
        return wrong_ordinal(&word, word_span, &text[weekday_span]).map_or(Ok(false), Err);
    };
    if weekday_span.is_empty() {
        if word == "last" {
            cron.last_days |= 1;
            return Ok(true);
        }
        let message = format!("expected a weekday after `{word}` in the day of month field");
        let error = ScheduleError::new("missing_value", span.clone(), message);
        return Err(error.help(format!("write `{word} mon`, or the day's number alone")));
    }
    let weekday = &text[weekday_span.clone()];
    let Some(value) = TABLE_WEEKDAY.value_of(weekday.as_bytes()) else {
        let message = format!("`{weekday}` is no weekday, expected mon-sun after `{word}`");
        let error = ScheduleError::new("unknown_name", weekday_span, message).label("not mon-sun");
        let number = weekday
            .parse()
            .ok()
            .filter(|value| *value <= TABLE_WEEKDAY.max);
        let name = number
            .and_then(|value| TABLE_WEEKDAY.name_of(value))
            .or(TABLE_WEEKDAY.name_near(weekday));
        return Err(match name {
            Some(name) => error.help(format!("write `{word} {name}`")),
            None => error.help(format!("write one weekday by its name: `{word} fri`")),
        });
    };
    let nth = if word == "last" {
        LAST_WEEKDAY
    } else {
        u16::try_from(place).unwrap_or(0) + 1
    };
    // 0 is Monday here and Sunday in the masks.
    cron.add_nth_weekday(nth, (value + 1) % 7);
    Ok(true)
}

/// What looks like an ordinal and is none: `0th`, `2th`, `first`, `lastfoo`.
fn wrong_ordinal(word: &str, span: Range<usize>, weekday: &str) -> Option<ScheduleError> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let is_ordinal = digits > 0 && ["st", "nd", "rd", "th"].contains(&&word[digits..]);
    let as_word = ORDINAL_WORDS.iter().position(|ordinal| *ordinal == word);
    if !is_ordinal && as_word.is_none() && !(word.starts_with("last") && word.len() > 4) {
        return None;
    }
    let weekday = if weekday.is_empty() { "fri" } else { weekday };
    let message =
        format!("unknown ordinal `{word}` in the day of month field, expected 1st-5th or last");
    let error = ScheduleError::new("unknown_ordinal", span, message).label("not 1st-5th or last");
    let meant = word[..digits]
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_sub(1))
        .or(as_word);
    Some(match meant.and_then(|place| ORDINALS.get(place)) {
        Some(ordinal) if *ordinal != "last" => error.help(format!("write `{ordinal} {weekday}`")),
        _ => error.help("write `last` for the last day, `last fri` for the last Friday, `1st mon` for the first Monday"),
    })
}
