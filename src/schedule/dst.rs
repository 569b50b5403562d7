//! From wall-clock readings to instants: what happens where a zone's offset changes.
//!
//! A zone is a row of spans of constant offset. Within a span a reading is an instant shifted by
//! the offset; between spans readings are skipped (a gap) or come again (a fold), and the policy
//! decides what becomes of the fires among them. Everything is done span by span, and spans that
//! hold no reading are jumped over.

use super::cron::Cron;
use super::search::{FIRST_READING, LAST_READING, Readings};
use crate::time::civil::{CivilTime, SECONDS_PER_DAY};
use crate::time::{OffsetSpan, Zone};
use std::fmt::Write as _;

/// Which wall-clock times around an offset change fire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DstPolicy {
    /// The default: every wall time fires once. One that was skipped fires at the first instant
    /// after the gap, one that comes twice the first time. A schedule of all 24 hours follows
    /// real time instead, as with [`DstPolicy::Wall`].
    #[default]
    Once,
    /// A skipped wall time does not fire, one that comes twice fires twice: what `APScheduler` documents.
    Wall,
    /// A skipped wall time does not fire, one that comes twice fires the first time.
    Skip,
    /// Vixie's rule: where the minute or hour field begins with `*` as [`DstPolicy::Wall`], else once.
    Cron,
}

/// A gap longer than this is a skipped calendar day or a correction, and is not made up:
/// Vixie's cron draws the line at three hours too.
const LONGEST_MADE_UP_GAP: i64 = 3 * 3600;

/// More than any two offsets of one zone differ by.
const MOST_SHIFT: i64 = 3 * SECONDS_PER_DAY;

/// A part of time, both ends in Unix seconds, in which what happens in some 400 years happens in all.
struct Alike {
    first: i64,
    last: i64,
    /// Seconds after which it happens again.
    cycle: i64,
}

impl Alike {
    /// Whether nothing happens in it before `first` or after `last`, because nothing does between them.
    fn is_silent(&self, first: i64, last: i64) -> bool {
        let (first, last) = (first.max(self.first), last.min(self.last));
        last.saturating_sub(first) > self.cycle
    }
}

/// What a policy comes to for one schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GapsAndFolds {
    /// Skipped readings fire together at the first instant after the gap.
    make_up: bool,
    /// Readings that come again fire again.
    repeat: bool,
}

impl DstPolicy {
    /// What the policy comes to for one wall-clock time at a time: calendar steps.
    pub(super) fn applied_to_dates(self) -> GapsAndFolds {
        GapsAndFolds {
            make_up: matches!(self, Self::Once | Self::Cron),
            repeat: self == Self::Wall,
        }
    }

    /// What the policy comes to for this cron schedule.
    pub(super) fn applied_to(self, cron: &Cron) -> GapsAndFolds {
        let real_time = GapsAndFolds {
            make_up: false,
            repeat: true,
        };
        let once = GapsAndFolds {
            make_up: true,
            repeat: false,
        };
        match self {
            Self::Wall => real_time,
            Self::Skip => GapsAndFolds {
                make_up: false,
                repeat: false,
            },
            Self::Once if cron.fires_every_hour() => real_time,
            Self::Cron if cron.has_time_star() => real_time,
            Self::Once | Self::Cron => once,
        }
    }
}

/// What an offset change does to a fire, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OffsetRemark {
    /// Its time was skipped: it fires behind the gap.
    Moved(String),
    /// Its time comes twice, and it fires both times.
    Repeated(String),
    /// Its time comes twice, and it fires once.
    FirstOfTwo(String),
}

impl OffsetRemark {
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Moved(text) | Self::Repeated(text) | Self::FirstOfTwo(text) => text,
        }
    }
}

/// The instants (Unix seconds) that a set of readings stands for in a zone.
#[derive(Debug)]
pub(super) struct Instants<'a, R> {
    pub readings: &'a R,
    pub zone: &'a Zone,
    pub rule: GapsAndFolds,
}

/// Whether nothing of the span before it matters at this instant or later: it is so far behind
/// the beginning that no reading from there on has been there before.
fn is_far_inside(at: i64, span: OffsetSpan) -> bool {
    at.saturating_sub(MOST_SHIFT) > span.start
}

/// A span, with what of its beginning the span before it decides.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    span: OffsetSpan,
    /// The readings before it that were skipped: from here to its first reading. Empty if none were.
    gap_from: i64,
    /// The first instant of it whose reading has not been there before.
    new_from: i64,
}

impl Stretch {
    fn offset(&self) -> i64 {
        self.span.offset.into()
    }

    /// The reading at its first instant. Only for a span that has a beginning.
    fn first_reading(&self) -> i64 {
        self.span.start + self.offset()
    }

    fn gap(&self) -> i64 {
        if self.span.start == i64::MIN {
            0
        } else {
            self.first_reading() - self.gap_from
        }
    }
}

impl<R: Readings> Instants<'_, R> {
    /// The first instant at or after `from`.
    #[inline]
    pub(super) fn first_from(&self, from: i64) -> Option<i64> {
        let span = self.zone.span_at(from);
        if is_far_inside(from, span) {
            // Nothing of the span before it matters, and mostly nothing of the one behind it.
            let offset = i64::from(span.offset);
            let is_end_far = span.end.saturating_sub(from) > MOST_SHIFT;
            match self.readings.first_from(from.saturating_add(offset)) {
                Some(reading) if reading - offset < span.end => return Some(reading - offset),
                // All spans in between have no reading of their own and no readings that come again,
                // so that it can be looked up where it is found.
                Some(reading) if is_end_far => {
                    let later = self.zone.span_at(reading - offset);
                    let at = reading - i64::from(later.offset);
                    if is_far_inside(at, later) && at < later.end {
                        return Some(at);
                    }
                }
                // The last readings of all may come again where the span ends.
                None if is_end_far => return None,
                _ => {}
            }
        }
        self.first_near_change(from)
    }

    /// Where no other years have to be tried than 400 in a row. A schedule may have all its readings in
    /// gaps: on Sunday, 28 March, Europe's clocks always change.
    fn alike(&self) -> Option<Alike> {
        let cycle = self.zone.cycle().filter(|_| self.readings.repeat())?;
        Some(Alike {
            // Behind the beginning of each, so that the span before it is one that repeats.
            first: cycle.start.max(FIRST_READING) + MOST_SHIFT,
            last: LAST_READING - MOST_SHIFT,
            cycle: cycle.end - cycle.start,
        })
    }

    /// [`Self::first_from`], span by span.
    fn first_near_change(&self, from: i64) -> Option<i64> {
        let alike = self.alike();
        let begin = from;
        let mut from = from;
        loop {
            if let Some(alike) = &alike
                && alike.is_silent(begin, from.saturating_sub(1))
            {
                return None;
            }
            let span = self.zone.span_at(from);
            let offset = i64::from(span.offset);
            let first = if is_far_inside(from, span) {
                from
            } else {
                let stretch = self.stretch(span);
                if from <= span.start && self.makes_up(&stretch) {
                    return Some(span.start);
                }
                if self.rule.repeat {
                    from
                } else {
                    from.max(stretch.new_from)
                }
            };
            let reading = self.readings.first_from(first.saturating_add(offset));
            if let Some(reading) = reading
                && reading - offset < span.end
            {
                return Some(reading - offset);
            }
            if span.end == i64::MAX {
                return None;
            }
            // Readings of later spans may be earlier ones again, but not by more than this.
            from = if span.end.saturating_sub(first) > MOST_SHIFT {
                span.end.max(reading?.saturating_sub(MOST_SHIFT))
            } else {
                span.end
            };
        }
    }

    /// The last instant at or before `until`.
    pub(super) fn last_until(&self, until: i64) -> Option<i64> {
        let alike = self.alike();
        let end = until;
        let mut until = until;
        loop {
            if let Some(alike) = &alike
                && alike.is_silent(until.saturating_add(1), end)
            {
                until = until.min(alike.first);
            }
            let span = self.zone.span_at(until);
            let stretch = self.stretch(span);
            let offset = stretch.offset();
            let first = if self.rule.repeat {
                span.start
            } else {
                stretch.new_from
            };
            let reading = self.readings.last_until(until.saturating_add(offset));
            if let Some(reading) = reading
                && reading - offset >= first
            {
                return Some(reading - offset);
            }
            if self.makes_up(&stretch) {
                return Some(span.start);
            }
            if span.start == i64::MIN {
                return None;
            }
            until = if until.saturating_sub(span.start) > MOST_SHIFT {
                (span.start - 1).min(reading?.saturating_add(MOST_SHIFT))
            } else {
                span.start - 1
            };
        }
    }

    /// How many instants there are from `first` to `last`, both included.
    pub(super) fn count(&self, first: i64, last: i64) -> u64 {
        // Behind the last reading, and what an offset can make of it, there is nothing to count.
        let last = last.min(LAST_READING + 2 * SECONDS_PER_DAY);
        let mut total = 0;
        let mut from = first;
        while from <= last {
            let span = self.zone.span_at(from);
            let stretch = self.stretch(span);
            let offset = stretch.offset();
            let start = if self.rule.repeat {
                from
            } else {
                from.max(stretch.new_from)
            };
            let end = last.min(span.end.saturating_sub(1));
            total += self
                .readings
                .count(start.saturating_add(offset), end.saturating_add(offset));
            // One fire for a whole gap, and none of its own if the first reading behind it fires.
            if from <= span.start
                && self.makes_up(&stretch)
                && !self.has_reading(stretch.first_reading())
            {
                total += 1;
            }
            if span.end == i64::MAX {
                break;
            }
            from = span.end;
        }
        total
    }

    /// What is to be said where the fire at `at` touches a gap or a fold.
    pub(super) fn remark(&self, at: i64) -> Option<OffsetRemark> {
        let span = self.zone.span_at(at);
        let stretch = self.stretch(span);
        let zone = self.zone.name();
        let reading = at.saturating_add(stretch.offset());
        if at == span.start && self.makes_up(&stretch) {
            let end = stretch.first_reading() - 1;
            let skipped = self.readings.first_from(stretch.gap_from)?;
            let mut note = format!(
                "moved by the gap: {} does not exist on {} in {zone}",
                clock(skipped),
                date(skipped)
            );
            let others =
                self.readings.count(skipped + 1, end) + u64::from(self.has_reading(reading));
            if others > 0 {
                let _ = write!(note, ", {others} more of its times fall on this instant");
            }
            return Some(OffsetRemark::Moved(note));
        }
        // The second pass of a fold that began here, or the first pass of one that ends this span.
        let is_second = at < stretch.new_from;
        let next = (span.end < i64::MAX).then(|| self.stretch(self.zone.span_at(span.end)));
        let is_first = next.is_some_and(|next| reading >= next.first_reading());
        let which = match (is_second, is_first, self.rule.repeat) {
            (true, ..) => "this is the second time",
            (_, true, true) => "this is the first time, and it fires both times",
            (_, true, false) => "this is the first time, the second does not fire",
            _ => return None,
        };
        let note = format!(
            "{} comes twice on {} in {zone}: {which}",
            clock(reading),
            date(reading)
        );
        Some(if self.rule.repeat {
            OffsetRemark::Repeated(note)
        } else {
            OffsetRemark::FirstOfTwo(note)
        })
    }

    /// A sentence where the gap before the span that begins at `start` has readings that do not
    /// fire at all.
    pub(super) fn lost_in_gap(&self, start: i64) -> Option<String> {
        let stretch = self.stretch(self.zone.span_at(start));
        if stretch.gap() <= 0 || self.makes_up(&stretch) {
            return None;
        }
        let skipped = self.readings.first_from(stretch.gap_from)?;
        (skipped < stretch.first_reading()).then(|| {
            format!(
                "{} does not exist on {} in {}: it does not fire then",
                clock(skipped),
                date(skipped),
                self.zone.name()
            )
        })
    }

    /// Whether a fire at the span's first instant makes up for skipped readings.
    fn makes_up(&self, stretch: &Stretch) -> bool {
        let gap = stretch.gap();
        self.rule.make_up
            && gap > 0
            && gap <= LONGEST_MADE_UP_GAP
            && self
                .readings
                .first_from(stretch.gap_from)
                .is_some_and(|reading| reading < stretch.first_reading())
    }

    fn has_reading(&self, reading: i64) -> bool {
        self.readings.first_from(reading) == Some(reading)
    }

    fn stretch(&self, span: OffsetSpan) -> Stretch {
        if span.start == i64::MIN {
            return Stretch {
                span,
                gap_from: i64::MIN,
                new_from: i64::MIN,
            };
        }
        let before = i64::from(self.zone.span_at(span.start - 1).offset);
        let fold = (before - i64::from(span.offset)).max(0);
        Stretch {
            span,
            gap_from: (span.start + before).min(span.start + i64::from(span.offset)),
            new_from: span.start + fold,
        }
    }
}

fn clock(reading: i64) -> String {
    let time = CivilTime::from_local_seconds(reading);
    let mut text = format!("{:02}:{:02}", time.hour, time.minute);
    if time.second != 0 {
        let _ = write!(text, ":{:02}", time.second);
    }
    text
}

fn date(reading: i64) -> String {
    let CivilTime {
        year, month, day, ..
    } = CivilTime::from_local_seconds(reading);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::{DstPolicy, Instants, LAST_READING, Readings, SECONDS_PER_DAY};
    use crate::schedule::cron::Cron;
    use crate::schedule::{Trigger, parse_quartz};
    use crate::time::ZoneDatabase;
    use std::cell::Cell;

    /// Readings that count how often they are asked for.
    struct Counted<'a>(&'a Cron, Cell<u32>);

    impl Counted<'_> {
        fn count_question(&self) {
            self.1.set(self.1.get() + 1);
        }
    }

    impl Readings for Counted<'_> {
        fn first_from(&self, from: i64) -> Option<i64> {
            self.count_question();
            self.0.first_from(from)
        }

        fn last_until(&self, until: i64) -> Option<i64> {
            self.count_question();
            self.0.last_until(until)
        }

        fn count(&self, first: i64, last: i64) -> u64 {
            self.count_question();
            self.0.count(first, last)
        }

        fn repeat(&self) -> bool {
            self.0.repeat()
        }
    }

    /// In London, Sunday 28 March is the day on which 1:00 becomes 2:00, in every year since 1977 that has
    /// one. It had two others before: 1971, all of it in summer time, and 1976, when the change came on
    /// the 21st (from Python's zoneinfo).
    #[test]
    fn the_gap_that_holds_all_times_of_a_schedule_is_found_out_from_400_years() {
        const IN_1971: i64 = 38_966_704;
        const IN_1976: i64 = 196_819_504;
        /// Seconds of the year 9999's last day.
        const END: i64 = 253_402_214_400;
        let london = ZoneDatabase::bundled().get("Europe/London").unwrap();
        let expression = parse_quartz("4 5 1 28 3 1").unwrap();
        let Trigger::Cron(cron) = &expression.trigger else {
            panic!("a cron");
        };
        let readings = Counted(cron, Cell::new(0));
        let instants = Instants {
            readings: &readings,
            zone: &london,
            rule: DstPolicy::Skip.applied_to(cron),
        };
        for (at, next) in [
            (0, Some(IN_1971)),
            (IN_1971 + 1, Some(IN_1976)),
            (IN_1976 + 1, None),
            (END / 2, None),
            (END, None),
        ] {
            assert_eq!(instants.first_from(at), next, "from {at}");
        }
        for (at, last) in [
            (IN_1971 - 1, None),
            (IN_1976 - 1, Some(IN_1971)),
            (IN_1976, Some(IN_1976)),
            (END / 2, Some(IN_1976)),
            (END, Some(IN_1976)),
            (i64::MAX, Some(IN_1976)),
        ] {
            assert_eq!(instants.last_until(at), last, "until {at}");
        }
        // 400 years have 57 such Sundays. Trying all up to the year 9999 took 9,000 questions.
        let questions = readings.1.take();
        assert!(questions < 1_500, "{questions} questions");
    }

    #[test]
    fn a_count_ends_with_the_last_year_and_not_with_time() {
        let london = ZoneDatabase::bundled().get("Europe/London").unwrap();
        let expression = parse_quartz("0 30 1 * * ?").unwrap();
        let Trigger::Cron(cron) = &expression.trigger else {
            panic!("a cron");
        };
        let readings = Counted(cron, Cell::new(0));
        let instants = Instants {
            readings: &readings,
            zone: &london,
            rule: DstPolicy::Once.applied_to(cron),
        };
        let end_of_time = i64::MAX / 1_000_000;
        assert_eq!(
            instants.count(LAST_READING - SECONDS_PER_DAY, end_of_time),
            1
        );
        assert_eq!(instants.count(LAST_READING, end_of_time), 0);
        // London's clocks change twice in each of the 284,000 years behind.
        let questions = readings.1.take();
        assert!(questions < 10, "{questions} questions");
    }
}
