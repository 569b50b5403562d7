//! The fields of the two cron languages: their nouns, bounds and names.
//!
//! A crontab and a cron table count the days of the week differently (0 is Sunday in the one,
//! Monday in the other), so each language has its own constants; everything else is shared.

/// What one field may hold.
#[derive(Debug)]
pub(super) struct Field {
    /// What its values are called in messages.
    pub noun: &'static str,
    /// Least value.
    pub min: u16,
    /// Greatest value.
    pub max: u16,
    /// Three-letter names, lower case; the first one stands for `first_name`.
    pub names: &'static [&'static str],
    /// The value of the first name.
    pub first_name: u16,
    /// What the greatest value of a range that wraps is counted by: 60 minutes, 7 weekdays.
    pub cycle: u16,
    /// How the values are written, for messages.
    pub values: &'static str,
}

const MONTHS: &[&str] = &[
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const SUNDAY_FIRST: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONDAY_FIRST: &[&str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The names in full: what people write where the three letters are meant.
const LONG_NAMES: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
];

pub(super) static SECOND: Field = plain("second", 0, 59, "0-59");
pub(super) static MINUTE: Field = plain("minute", 0, 59, "0-59");
pub(super) static HOUR: Field = plain("hour", 0, 23, "0-23");
pub(super) static DAY: Field = plain("day of month", 1, 31, "1-31");
pub(super) static WEEK: Field = plain("week", 1, 53, "1-53");
pub(super) static YEAR: Field = plain("year", FIRST_YEAR, LAST_YEAR, "1970-9999");
pub(super) static MONTH: Field = Field {
    names: MONTHS,
    first_name: 1,
    ..plain("month", 1, 12, "1-12 or jan-dec")
};
/// 0 and 7 are Sunday; a Sunday that ends a range counts as 7.
pub(super) static CRONTAB_WEEKDAY: Field = Field {
    names: SUNDAY_FIRST,
    cycle: 7,
    ..plain("day of week", 0, 7, "0-7 or sun-sat")
};
/// 1 is Sunday, as Quartz has it.
pub(super) static QUARTZ_WEEKDAY: Field = Field {
    names: SUNDAY_FIRST,
    first_name: 1,
    ..plain("day of week", 1, 7, "1-7 or sun-sat")
};
/// 0 is Monday, as `APScheduler` has it.
pub(super) static TABLE_WEEKDAY: Field = Field {
    names: MONDAY_FIRST,
    ..plain("day of week", 0, 6, "0-6 or mon-sun")
};

/// The first year a schedule can fire in.
pub(super) const FIRST_YEAR: u16 = 1970;
/// The last year a schedule can fire in.
pub(super) const LAST_YEAR: u16 = 9999;

const fn plain(noun: &'static str, min: u16, max: u16, values: &'static str) -> Field {
    Field {
        noun,
        min,
        max,
        names: &[],
        first_name: 0,
        cycle: max - min + 1,
        values,
    }
}

impl Field {
    /// The value of a name in any case.
    pub(super) fn value_of(&self, word: &[u8]) -> Option<u16> {
        let index = self
            .names
            .iter()
            .position(|name| name.as_bytes().eq_ignore_ascii_case(word))?;
        u16::try_from(index)
            .ok()
            .map(|index| index + self.first_name)
    }

    /// The name of a value, where it has one.
    pub(super) fn name_of(&self, value: u16) -> Option<&'static str> {
        let index = value.checked_sub(self.first_name)?;
        let names = self.names;
        // Weekday 7 is weekday 0 in a crontab.
        names
            .get(usize::from(index))
            .or_else(|| names.get(usize::from(index).checked_sub(7)?))
            .copied()
    }

    /// The name that `word` was probably meant to be: `monday` → `mon`, `sept` → `sep`, `wen` → `wed`.
    pub(super) fn name_near(&self, word: &str) -> Option<&'static str> {
        let word = word.to_ascii_lowercase();
        let shortened = self.names.iter().find(|name| {
            word.len() > 3
                && LONG_NAMES
                    .iter()
                    .any(|long| long.starts_with(*name) && long.starts_with(&word))
        });
        let misspelt = || {
            self.names
                .iter()
                // The distance to a word of a thousand letters takes long to find.
                .find(|name| word.len() <= 4 && strsim::damerau_levenshtein(name, &word) == 1)
        };
        shortened.or_else(misspelt).copied()
    }
}

/// The noun of the field that a word would be a name in, of all fields with names.
pub(super) fn noun_of_name(word: &[u8]) -> Option<&'static str> {
    [&MONTH, &CRONTAB_WEEKDAY]
        .into_iter()
        .find(|field| field.value_of(word).is_some())
        .map(|field| field.noun)
}
