//! A time zone: a table of spans of constant offset.
//!
//! The one idea: a zone is a sorted list of spans that covers all of time, so that every question
//! is "which span?". The rule that holds for the far future (the footer of a `TZif` file) is written
//! out for a little more than the 400 years after which the Gregorian calendar repeats exactly,
//! and later instants are mapped back into those years. A coarse index by time leads to the span
//! that is asked for, or to the one before it, without a search.
//!
//! Nothing here knows where zones come from; `zone_database` does.

use super::WallTime;
use super::civil::{self, SECONDS_PER_DAY};
use super::posix_rule::PosixRule;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// A span of time in which a zone's offset does not change: `start <= t < end`, Unix seconds.
/// `i64::MIN` / `i64::MAX` where it has no beginning / end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetSpan {
    /// First second of the span.
    pub start: i64,
    /// First second after the span.
    pub end: i64,
    /// Seconds east of UTC.
    pub offset: i32,
}

impl OffsetSpan {
    const fn contains(&self, unix_seconds: i64) -> bool {
        self.start <= unix_seconds && unix_seconds < self.end
    }
}

/// What a wall-clock reading stands for. All instants in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalTime {
    /// It exists once.
    One(i64),
    /// It was skipped.
    Gap {
        /// First instant after the gap.
        after: i64,
        /// Length of the gap in seconds.
        length: i64,
    },
    /// It comes twice.
    Fold {
        /// The first time.
        first: i64,
        /// The second time.
        second: i64,
    },
}

/// A change of a zone's offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetChange {
    /// First second of the new offset, Unix seconds.
    pub at: i64,
    /// Offset until then, seconds east of UTC.
    pub before: i32,
    /// Offset from then on, seconds east of UTC.
    pub after: i32,
}

/// Offsets larger than this are no zone's (RFC 9636 §3.2 names the same limits).
pub(super) const MAX_OFFSET: i32 = 26 * 3600;

/// Within this distance of a change a wall-clock reading may be doubtful: both offsets can be
/// wrong by [`MAX_OFFSET`].
const DOUBTFUL_SECONDS: i64 = 2 * MAX_OFFSET as i64;

/// Seconds in the 400 years after which dates and weekdays repeat.
const CYCLE_SECONDS: i64 = civil::CYCLE_DAYS * SECONDS_PER_DAY;

/// Years of rule written out before and after the cycle that stands for all later ones, so that
/// no span of that cycle touches the table's irregular parts. Rules that change nothing in some
/// years (they can lean on leap days) still do within 8.
const CYCLE_MARGIN_YEARS: i32 = 12;

/// Where rules of a zone without any table begin: nobody moved a clock before.
const FIRST_RULE_YEAR: i32 = 1900;

/// Length of a bucket of the index, some 48 days: an offset rarely changes twice in one, and the
/// index of five centuries stays within 8 KiB.
const BUCKET_SECONDS: i64 = 1 << 22;

/// Up to the year 2500 or so, which is as far as rules are written out: what a damaged zone file
/// holds of later times is searched for.
const MAX_BUCKETS: usize = 4_000;

/// A table that goes on beyond this year has no use for its rule.
const LAST_RULE_YEAR: i32 = 9999;

/// An IANA zone.
///
/// `==` means the same name and the same offsets at every instant: it tells whether an update of
/// the tz database has changed anything.
#[derive(Clone)]
pub struct Zone {
    name: Box<str>,
    /// Whether it was asked for as the machine's zone, whichever that is, and not by name.
    is_the_machine_s: bool,
    /// Sorted, without holes; neighbours differ in offset; the first begins at `i64::MIN`.
    spans: Vec<OffsetSpan>,
    /// First second of the 400 years that repeat for ever, if any.
    cycle_start: Option<i64>,
    /// The place of the span that holds the first second of each bucket of [`BUCKET_SECONDS`]
    /// from 1970 on, as far as the spans go.
    buckets: Vec<u16>,
}

impl std::fmt::Debug for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Zone({}, {} spans)", self.name, self.spans.len())
    }
}

impl Hash for Zone {
    /// The name tells nearly all zones apart.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.spans == other.spans
            && self.cycle_start == other.cycle_start
    }
}

impl Eq for Zone {}

impl Zone {
    /// UTC.
    #[must_use]
    pub fn utc() -> Arc<Zone> {
        Arc::new(Self::fixed("UTC", 0))
    }

    /// A zone that never changes its offset (seconds east of UTC).
    #[must_use]
    pub fn fixed(name: &str, offset: i32) -> Zone {
        Self::from_changes(name, offset, Vec::new(), None)
    }

    /// From the offset before all changes, the changes as (Unix seconds, offset from then on) in
    /// order, and the rule that holds after the last of them.
    pub(super) fn from_changes(
        name: &str,
        first_offset: i32,
        mut changes: Vec<(i64, i32)>,
        rule: Option<&PosixRule>,
    ) -> Zone {
        let last_change = changes.last().map(|&(at, _)| at);
        let first_year = last_change.map_or(FIRST_RULE_YEAR, year_of).max(1);
        let mut cycle_start = None;
        if let Some(rule) = rule
            && first_year <= LAST_RULE_YEAR
        {
            if last_change.is_none() {
                changes.push((i64::MIN, rule.standard_offset()));
            }
            let cycle_year = first_year + CYCLE_MARGIN_YEARS;
            let end_year = cycle_year + 400 + CYCLE_MARGIN_YEARS;
            let mut written_out = rule.changes(first_year..end_year);
            // The year after might undo the last change at the same instant, and it may itself undo the
            // one before it.
            if let Some((last, _)) = written_out.pop() {
                written_out.retain(|&(at, _)| at < last);
            }
            let is_later = |&(at, _): &(i64, i32)| last_change.is_none_or(|last| at > last);
            changes.extend(written_out.into_iter().filter(is_later));
            cycle_start = Some(civil::days_from_civil(cycle_year, 1, 1) * SECONDS_PER_DAY);
        }
        let mut spans = merged_spans(first_offset, &changes);
        // A rule may change nothing for ever (no daylight saving, or two changes that cancel out):
        // then the last span really has no end. Otherwise it is cut off by the end of the table.
        cycle_start =
            cycle_start.filter(|&start| spans.last().is_some_and(|last| last.start > start));
        if cycle_start.is_some() {
            spans.pop();
        }
        Zone {
            name: name.into(),
            is_the_machine_s: false,
            buckets: buckets(&spans),
            spans,
            cycle_start,
        }
    }

    /// The IANA name, `UTC`, or for a machine zone without one something like `localtime`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it stands for the machine's zone, so that it is another one when the machine's is.
    #[must_use]
    pub fn is_the_machine_s(&self) -> bool {
        self.is_the_machine_s
    }

    /// The same, standing for the machine's zone.
    #[must_use]
    pub fn as_the_machine_s(&self) -> Zone {
        Zone {
            is_the_machine_s: true,
            ..self.clone()
        }
    }

    /// Whether this is what another zone is by now: the same name, or the machine's both.
    #[must_use]
    pub fn updates(&self, old: &Zone) -> bool {
        self.is_the_machine_s == old.is_the_machine_s
            && (self.is_the_machine_s || self.name == old.name)
    }

    /// The instant at which this zone's clock shows what `old`'s shows at `at`: the later one of two,
    /// and after a gap if it is in one.
    ///
    /// ```
    /// use rsched::time::{WallTime, Zone};
    /// let (was, is) = (Zone::fixed("Here", 7200), Zone::fixed("Here", 3600));
    /// let at = WallTime::from_unix_seconds;
    /// assert_eq!(is.same_reading(at(50_000), &was), at(53_600));
    /// ```
    #[must_use]
    pub fn same_reading(&self, at: WallTime, old: &Zone) -> WallTime {
        let second = at.unix_seconds();
        let (was, is) = (old.span_at(second).offset, self.span_at(second).offset);
        if was == is {
            // Also where the clock shows the same twice.
            return at;
        }
        let there = match self.resolve(second.saturating_add(i64::from(was))) {
            LocalTime::One(instant) => instant,
            LocalTime::Gap { after, .. } => after,
            LocalTime::Fold { second, .. } => second,
        };
        WallTime::from_unix_seconds(there) + Duration::from_micros(at.subsec_micros().into())
    }

    /// The span that holds the instant; right for every year from 1 to 9999 and beyond (footer
    /// rule). O(1) from 1970 on, O(log n) before and in the far future.
    ///
    /// ```
    /// use rsched::time::ZoneDatabase;
    /// let paris = ZoneDatabase::bundled().get("Europe/Paris").unwrap();
    /// let summer = paris.span_at(1_753_000_000); // July 2025
    /// assert_eq!(summer.offset, 7200);
    /// assert_eq!(paris.span_at(summer.end).offset, 3600);
    /// ```
    #[must_use]
    #[inline]
    pub fn span_at(&self, unix_seconds: i64) -> OffsetSpan {
        // Nothing to look up, and nothing for what follows to wait for.
        if let [only] = self.spans[..] {
            return only;
        }
        if let Some(span) = self.indexed_span(unix_seconds) {
            return span;
        }
        self.find_span(unix_seconds)
    }

    /// The span where the index leads to it: nearly always in the years it covers.
    #[inline]
    fn indexed_span(&self, unix_seconds: i64) -> Option<OffsetSpan> {
        let bucket = usize::try_from(unix_seconds / BUCKET_SECONDS).unwrap_or(0);
        let last = self.buckets.len() - 1;
        let place = usize::from(self.buckets[bucket.min(last)]);
        // The span that begins the bucket, or the one after it.
        let is_it = |span: &&OffsetSpan| span.contains(unix_seconds);
        let span = self.spans.get(place).filter(is_it);
        span.or_else(|| self.spans.get(place + 1).filter(is_it))
            .copied()
    }

    /// The 400 years whose offsets come again in the same order for ever; none where one offset holds in
    /// the end. Unix seconds.
    pub(crate) fn cycle(&self) -> Option<Range<i64>> {
        self.cycle_start
            .map(|start| start..start.saturating_add(CYCLE_SECONDS))
    }

    /// The next change of offset strictly after the instant.
    ///
    /// ```
    /// use rsched::time::ZoneDatabase;
    /// let troll = ZoneDatabase::bundled().get("Antarctica/Troll").unwrap();
    /// let change = troll.next_transition_after(1_767_225_600).unwrap();
    /// assert_eq!((change.at, change.before, change.after), (1_774_746_000, 0, 7200));
    /// ```
    #[must_use]
    pub fn next_transition_after(&self, unix_seconds: i64) -> Option<OffsetChange> {
        let span = self.span_at(unix_seconds);
        (span.end != i64::MAX).then(|| OffsetChange {
            at: span.end,
            before: span.offset,
            after: self.span_at(span.end).offset,
        })
    }

    /// What the wall-clock reading `local_seconds` (civil time counted as if it were UTC) stands for.
    ///
    /// ```
    /// use rsched::time::civil::CivilTime;
    /// use rsched::time::{LocalTime, ZoneDatabase};
    /// let paris = ZoneDatabase::bundled().get("Europe/Paris").unwrap();
    /// let skipped = CivilTime { year: 2026, month: 3, day: 29, hour: 2, minute: 30, second: 0 };
    /// let gap = LocalTime::Gap { after: 1_774_746_000, length: 3600 };
    /// assert_eq!(paris.resolve(skipped.to_local_seconds()), gap);
    /// ```
    #[must_use]
    #[inline]
    pub fn resolve(&self, local_seconds: i64) -> LocalTime {
        let guess = self.span_at(local_seconds);
        let instant = local_seconds.saturating_sub(i64::from(guess.offset));
        let from_start = instant.saturating_sub(guess.start);
        let to_end = guess.end.saturating_sub(instant);
        if from_start > DOUBTFUL_SECONDS && to_end > DOUBTFUL_SECONDS {
            return LocalTime::One(instant);
        }
        self.resolve_near_change(local_seconds)
    }

    /// Walks the spans the reading could lie in, in order of time.
    fn resolve_near_change(&self, local_seconds: i64) -> LocalTime {
        let latest = local_seconds.saturating_add(i64::from(MAX_OFFSET));
        let mut span = self.span_at(local_seconds.saturating_sub(i64::from(MAX_OFFSET)));
        let mut found = None;
        let mut gap = None;
        loop {
            let instant = local_seconds.saturating_sub(i64::from(span.offset));
            if span.contains(instant) {
                match found {
                    None => found = Some(instant),
                    Some(first) => {
                        return LocalTime::Fold {
                            first,
                            second: instant,
                        };
                    }
                }
            }
            if span.end == i64::MAX || span.end > latest {
                break;
            }
            let next = self.span_at(span.end);
            let (skipped_from, skipped_to) = (
                next.start.saturating_add(i64::from(span.offset)),
                next.start.saturating_add(i64::from(next.offset)),
            );
            if gap.is_none() && skipped_from <= local_seconds && local_seconds < skipped_to {
                gap = Some(LocalTime::Gap {
                    after: next.start,
                    length: i64::from(next.offset) - i64::from(span.offset),
                });
            }
            span = next;
        }
        match (found, gap) {
            (Some(instant), _) => LocalTime::One(instant),
            (None, Some(gap)) => gap,
            // Only at the very ends of the number range: everywhere else local time runs through
            // every reading or jumps over it.
            (None, None) => LocalTime::One(local_seconds.saturating_sub(i64::from(span.offset))),
        }
    }

    #[cold]
    fn find_span(&self, unix_seconds: i64) -> OffsetSpan {
        let Some(cycle_start) = self.cycle_start else {
            return self.table_span(unix_seconds);
        };
        let into_cycle = unix_seconds.saturating_sub(cycle_start);
        if into_cycle < CYCLE_SECONDS {
            return self.table_span(unix_seconds);
        }
        let shift = into_cycle / CYCLE_SECONDS * CYCLE_SECONDS;
        let span = self.table_span(unix_seconds - shift);
        OffsetSpan {
            start: span.start.saturating_add(shift),
            end: span.end.saturating_add(shift),
            offset: span.offset,
        }
    }

    fn table_span(&self, unix_seconds: i64) -> OffsetSpan {
        self.indexed_span(unix_seconds).unwrap_or_else(|| {
            let is_before = |span: &OffsetSpan| span.start <= unix_seconds;
            let after = self.spans.partition_point(is_before);
            self.spans[after.saturating_sub(1)]
        })
    }
}

/// The index of spans by time: at least one bucket.
fn buckets(spans: &[OffsetSpan]) -> Vec<u16> {
    let last_start = spans.last().map_or(0, |last| last.start);
    let count = usize::try_from(last_start / BUCKET_SECONDS).unwrap_or(0) + 1;
    let count = count.min(MAX_BUCKETS);
    let mut buckets = vec![0; count];
    let mut start = 0;
    let mut place = 0;
    for bucket in &mut buckets {
        while spans.get(place + 1).is_some_and(|next| next.start <= start) {
            place += 1;
        }
        // A table too long for the index would be read from its end, where the search goes on.
        *bucket = u16::try_from(place).unwrap_or(u16::MAX);
        start += BUCKET_SECONDS;
    }
    buckets
}

fn year_of(unix_seconds: i64) -> i32 {
    civil::civil_from_days(unix_seconds.div_euclid(SECONDS_PER_DAY)).0
}

/// Spans from changes; one that changes nothing (daylight saving by name only) is none.
fn merged_spans(first_offset: i32, changes: &[(i64, i32)]) -> Vec<OffsetSpan> {
    let mut spans = vec![OffsetSpan {
        start: i64::MIN,
        end: i64::MAX,
        offset: first_offset,
    }];
    for &(at, offset) in changes {
        let last = spans.last_mut().expect("there is always a first span");
        if at <= last.start {
            // Two changes at one instant: the later word counts, and it may undo the change.
            last.offset = offset;
            if let [.., before, now] = spans[..]
                && before.offset == now.offset
            {
                spans.pop();
                spans.last_mut().expect("two were there").end = i64::MAX;
            }
        } else if last.offset != offset {
            last.end = at;
            spans.push(OffsetSpan {
                start: at,
                end: i64::MAX,
                offset,
            });
        }
    }
    spans.shrink_to_fit();
    spans
}

#[cfg(test)]
mod tests;
