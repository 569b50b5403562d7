//! `H` and `~`: values that differ from job to job and never change for one.
//!
//! The value is a hash of the job's id and the field, so that a hundred jobs with `H H * * *` are
//! spread over the day, and each keeps its time through restarts, reloads and new versions. The hash
//! is `SipHash` 2-4 with a zero key: its definition is fixed, which the standard library's is not.

use super::error::ScheduleError;
use super::field::Field;
use super::item::{Dialect, Progression, single_value};
use siphasher::sip::SipHasher24;
use std::hash::Hasher;
use std::ops::Range;

/// A stable hash of some texts and a number; the places where texts meet are part of it.
pub(super) fn stable_hash(texts: &[&str], number: i64) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(0, 0);
    for text in texts {
        hasher.write(text.as_bytes());
        // No UTF-8 text has this byte.
        hasher.write_u8(0xff);
    }
    hasher.write(&number.to_le_bytes());
    hasher.finish()
}

/// `H` alone in the day of month: every month has these days.
const LAST_HASHED_DAY: u16 = 28;

/// The item as one whose value is hashed: `H`, `H/n`, `H(a-b)`, `H(a-b)/n`, `~`, `a~b`, `a~`, `~b`.
/// None if it is none of them.
///
/// # Errors
/// A wrong bound, a range that runs backwards, a step of 0, no id to hash.
pub(super) fn parse_hashed(
    text: &str,
    span: &Range<usize>,
    field: &'static Field,
    job_id: Option<&str>,
) -> Option<Result<Progression, ScheduleError>> {
    let item = &text[span.clone()];
    let is_hashed = item.contains('~')
        || item
            .strip_prefix(['H', 'h'])
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['(', '/']));
    is_hashed.then(|| {
        let slash = item.find('/').unwrap_or(item.len());
        let head = span.start..span.start + slash;
        let (first, last) = bounds(text, &head, field)?;
        let step = if slash < item.len() {
            Some(step(text, head.end + 1..span.end, field)?)
        } else {
            None
        };
        let job_id = job_id.ok_or_else(|| missing_id(text, span))?;
        let hash = stable_hash(&[job_id, field.noun], 0);
        let room = u64::from(last - first) + 1;
        let below = |limit: u64| first + u16::try_from(hash % limit).unwrap_or(0);
        let (first, last) = match step {
            Some(step) => (below(room.min(step.into())), last),
            None => (below(room), below(room)),
        };
        Ok(Progression {
            first,
            last,
            step: step.unwrap_or(1),
        })
    })
}

/// The values to choose from.
fn bounds(
    text: &str,
    head: &Range<usize>,
    field: &'static Field,
) -> Result<(u16, u16), ScheduleError> {
    let written = &text[head.clone()];
    let most = if field.cycle == 7 { 6 } else { field.max };
    let whole_most = if field.noun == "day of month" {
        LAST_HASHED_DAY
    } else {
        most
    };
    let (separator, inner) = if let Some(inner) = written.strip_prefix(['H', 'h']) {
        if inner.is_empty() {
            return Ok((field.min, whole_most));
        }
        if !inner.starts_with('(') || !inner.ends_with(')') || !inner.contains('-') {
            let message = format!("unexpected `{inner}` after `H` in the {} field", field.noun);
            let error = ScheduleError::new("unexpected_text", head.start + 1..head.end, message);
            return Err(error.help("write `H`, `H/n`, `H(a-b)` or `H(a-b)/n`"));
        }
        ('-', head.start + 2..head.end - 1)
    } else {
        if written == "~" {
            return Ok((field.min, whole_most));
        }
        ('~', head.clone())
    };
    let at = inner.start + text[inner.clone()].find(separator).unwrap_or(0);
    let value = |span: Range<usize>, open: u16| {
        if span.is_empty() && separator == '~' {
            Ok(open)
        } else {
            single_value(text, span, field, Dialect::Crontab)
        }
    };
    let first = value(inner.start..at, field.min)?;
    let last = value(at + 1..inner.end, most)?;
    if first > last {
        let message = format!(
            "the range `{written}` of the {} field runs backwards",
            field.noun
        );
        let turned = match separator {
            '~' => format!("{last}~{first}"),
            _ => format!("H({last}-{first})"),
        };
        let error = ScheduleError::new("backward_range", head.clone(), message);
        return Err(error.help(format!("write `{turned}`")));
    }
    Ok((first, last))
}

fn step(text: &str, span: Range<usize>, field: &Field) -> Result<u16, ScheduleError> {
    let written = &text[span.clone()];
    let is_number = !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit());
    match written.parse::<u16>() {
        Ok(0) => {
            let message = format!("a step of 0 in the {} field", field.noun);
            Err(ScheduleError::new("zero_step", span, message)
                .label("not 1 or more")
                .help("a step is at least 1"))
        }
        Ok(step) if is_number => Ok(step),
        _ => {
            let message = format!(
                "`{written}` is no step of the {} field, expected a whole number",
                field.noun
            );
            let code = if is_number {
                "value_out_of_range"
            } else {
                "unexpected_text"
            };
            let start = span.start.saturating_sub(1);
            Err(ScheduleError::new(code, start..span.end, message).help("write `H/5`"))
        }
    }
}

fn missing_id(text: &str, span: &Range<usize>) -> ScheduleError {
    let message = format!(
        "`{}` stands for a value made from the job's id, and there is no id here",
        &text[span.clone()]
    );
    ScheduleError::new("missing_job_id", span.clone(), message)
        .help("say whose it is: `--job-id ID`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_never_changes() {
        // Jobs in the field run at times that come from these.
        assert_eq!(
            stable_hash(&["backup", "minute"], 0),
            2_041_312_761_898_471_524
        );
        assert_ne!(stable_hash(&["ab", "c"], 0), stable_hash(&["a", "bc"], 0));
    }
}
