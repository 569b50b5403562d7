//! `TZif`, the format of compiled zones (RFC 9636, versions 1 to 4): bytes in, offsets out.
//!
//! Every read is bounds-checked, so that no file can do more than be refused. Names and the
//! daylight saving flag are skipped: a schedule needs offsets only.

use super::posix_rule::PosixRule;
use super::zone::{MAX_OFFSET, Zone};

/// The four bytes every file begins with.
pub(super) const MAGIC: &[u8; 4] = b"TZif";

const HEADER_BYTES: usize = 44;

/// Counts of the header, in the file's order.
struct Header {
    version: u8,
    ut_indicators: usize,
    standard_indicators: usize,
    leap_seconds: usize,
    times: usize,
    types: usize,
    name_bytes: usize,
}

impl Header {
    /// Bytes of the data block that follows, with times of that many bytes.
    fn block_bytes(&self, time_bytes: usize) -> Option<usize> {
        [
            self.times.checked_mul(time_bytes + 1)?,
            self.types.checked_mul(6)?,
            self.name_bytes,
            self.leap_seconds.checked_mul(time_bytes + 4)?,
            self.standard_indicators,
            self.ut_indicators,
        ]
        .into_iter()
        .try_fold(0_usize, usize::checked_add)
    }
}

impl Zone {
    /// The zone in the bytes of a `TZif` file; `None` if they are not one, or count leap seconds (the
    /// `right/` zones, which POSIX clocks cannot use).
    ///
    /// ```
    /// use rsched::time::Zone;
    /// assert_eq!(Zone::from_tzif("Europe/Paris", b"no zone file"), None);
    /// ```
    #[must_use]
    pub fn from_tzif(name: &str, bytes: &[u8]) -> Option<Zone> {
        let (header, rest) = read_header(bytes)?;
        if header.version == 0 {
            return read_block::<4>(name, &header, rest, None);
        }
        // From version 2 on, the 32-bit block is followed by a second file with 64-bit times and a
        // footer between newlines.
        let rest = rest.get(header.block_bytes(4)?..)?;
        let (header, rest) = read_header(rest)?;
        let footer = rest.get(header.block_bytes(8)?..)?.strip_prefix(b"\n")?;
        let end = footer.iter().position(|&byte| byte == b'\n')?;
        let rule = match std::str::from_utf8(&footer[..end]).ok()? {
            // No rule is known: the last offset stays.
            "" => None,
            text => Some(PosixRule::parse(text)?),
        };
        read_block::<8>(name, &header, rest, rule.as_ref())
    }
}

fn read_header(bytes: &[u8]) -> Option<(Header, &[u8])> {
    let (header, rest) = bytes.split_at_checked(HEADER_BYTES)?;
    let header = header.strip_prefix(MAGIC)?;
    let count = |index: usize| {
        let start = 16 + 4 * index;
        let bytes = header.get(start..start + 4)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(bytes)).ok()
    };
    let header = Header {
        version: header[0],
        ut_indicators: count(0)?,
        standard_indicators: count(1)?,
        leap_seconds: count(2)?,
        times: count(3)?,
        types: count(4)?,
        name_bytes: count(5)?,
    };
    Some((header, rest))
}

fn read_block<const TIME_BYTES: usize>(
    name: &str,
    header: &Header,
    block: &[u8],
    rule: Option<&PosixRule>,
) -> Option<Zone> {
    if header.leap_seconds != 0 {
        return None;
    }
    let (times, rest) = block.split_at_checked(header.times.checked_mul(TIME_BYTES)?)?;
    let (types_of_times, rest) = rest.split_at_checked(header.times)?;
    let types = rest.get(..header.types.checked_mul(6)?)?;
    let offset_of = |index: usize| {
        let entry = types.chunks_exact(6).nth(index)?;
        let offset = i32::from_be_bytes(entry.get(..4)?.try_into().ok()?);
        (-MAX_OFFSET..=MAX_OFFSET)
            .contains(&offset)
            .then_some(offset)
    };
    // Before the first transition, type 0 holds (RFC 9636 §3.2).
    let first_offset = offset_of(0)?;
    let mut changes: Vec<(i64, i32)> = Vec::with_capacity(header.times);
    for (time, &type_index) in times.chunks_exact(TIME_BYTES).zip(types_of_times) {
        let at = signed_big_endian(time);
        if changes.last().is_some_and(|&(last, _)| at <= last) {
            return None;
        }
        changes.push((at, offset_of(usize::from(type_index))?));
    }
    Some(Zone::from_changes(name, first_offset, changes, rule))
}

/// At most eight bytes of two's complement.
fn signed_big_endian(bytes: &[u8]) -> i64 {
    let sign = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) {
        -1
    } else {
        0
    };
    bytes
        .iter()
        .fold(sign, |number, &byte| number << 8 | i64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{LocalTime, OffsetSpan};
    use proptest::prelude::*;

    /// A file with one block, as `zic` would lay it out.
    fn block(version: u8, time_bytes: usize, offsets: &[i32], times: &[(i64, u8)]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(version);
        bytes.extend([0; 15]);
        for count in [0, 0, 0, times.len(), offsets.len(), 4] {
            bytes.extend(u32::try_from(count).unwrap().to_be_bytes());
        }
        for (at, _) in times {
            bytes.extend(&at.to_be_bytes()[8 - time_bytes..]);
        }
        bytes.extend(times.iter().map(|&(_, type_index)| type_index));
        for offset in offsets {
            bytes.extend(offset.to_be_bytes());
            bytes.extend([0, 0]);
        }
        bytes.extend(b"ABC\0");
        bytes
    }

    fn version_2(offsets: &[i32], times: &[(i64, u8)], footer: &str) -> Vec<u8> {
        let mut bytes = block(b'2', 4, &[0], &[]);
        bytes.extend(block(b'2', 8, offsets, times));
        bytes.extend(format!("\n{footer}\n").bytes());
        bytes
    }

    #[test]
    fn version_1_has_only_its_table() {
        let zone =
            Zone::from_tzif("Old", &block(0, 4, &[0, 3600], &[(-100, 1), (100, 0)])).unwrap();
        assert_eq!(
            zone.span_at(0),
            OffsetSpan {
                start: -100,
                end: 100,
                offset: 3600
            }
        );
        assert_eq!(
            zone.span_at(i64::MAX),
            OffsetSpan {
                start: 100,
                end: i64::MAX,
                offset: 0
            }
        );
    }

    #[test]
    fn the_footer_goes_on_where_the_table_ends() {
        let bytes = version_2(&[600, 3600], &[(0, 1)], "CET-1CEST,M3.5.0,M10.5.0/3");
        let zone = Zone::from_tzif("New", &bytes).unwrap();
        assert_eq!(
            zone.span_at(-1),
            OffsetSpan {
                start: i64::MIN,
                end: 0,
                offset: 600
            }
        );
        assert_eq!(
            zone.span_at(0),
            OffsetSpan {
                start: 0,
                end: 7_520_400,
                offset: 3600
            }
        );
        assert_eq!(zone.span_at(1_753_000_000).offset, 7200);
    }

    #[test]
    fn a_change_of_name_alone_is_no_change() {
        let zone = Zone::from_tzif("Same", &version_2(&[0, 0], &[(5, 1), (9, 0)], "")).unwrap();
        assert_eq!(
            zone.span_at(7),
            OffsetSpan {
                start: i64::MIN,
                end: i64::MAX,
                offset: 0
            }
        );
        assert_eq!(zone.resolve(7), LocalTime::One(7));
    }

    #[test]
    fn files_that_lie_are_refused() {
        let good = version_2(&[0, 3600], &[(0, 1), (9, 0)], "UTC0");
        assert!(Zone::from_tzif("Z", &good).is_some());
        for length in 0..good.len() {
            assert_eq!(
                Zone::from_tzif("Z", &good[..length]),
                None,
                "cut at {length}"
            );
        }
        assert_eq!(
            Zone::from_tzif("Z", &version_2(&[0], &[(0, 1)], "UTC0")),
            None,
            "no such type"
        );
        assert_eq!(
            Zone::from_tzif("Z", &version_2(&[0], &[(9, 0), (9, 0)], "UTC0")),
            None,
            "not ascending"
        );
        assert_eq!(
            Zone::from_tzif("Z", &version_2(&[i32::MAX], &[], "UTC0")),
            None,
            "absurd offset"
        );
        assert_eq!(
            Zone::from_tzif("Z", &version_2(&[0], &[], "what")),
            None,
            "no rule"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_can_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Zone::from_tzif("Any", &bytes);
            let mut with_header = block(b'3', 4, &[0], &[]);
            with_header.extend(MAGIC);
            with_header.extend(&bytes);
            let _ = Zone::from_tzif("Any", &with_header);
        }

        #[test]
        fn no_flipped_byte_can_make_it_panic(
            at in 0_usize..200,
            byte in any::<u8>(),
            times in proptest::collection::btree_map(any::<i64>(), 0_u8..3, 0..8),
            instant in any::<i64>(),
        ) {
            let times: Vec<_> = times.into_iter().collect();
            let mut bytes = version_2(&[0, 3600, -90_000], &times, "EST5EDT,M3.2.0,M11.1.0");
            let place = at % bytes.len();
            bytes[place] = byte;
            if let Some(zone) = Zone::from_tzif("Any", &bytes) {
                let span = zone.span_at(instant);
                prop_assert!(span.start <= instant && (instant < span.end || span.end == i64::MAX));
                let _ = (zone.resolve(instant), zone.next_transition_after(instant));
            }
        }
    }
}
