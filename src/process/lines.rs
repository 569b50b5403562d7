//! Bytes into lines, in bounded memory.
//!
//! Nothing is dropped: a line that is too long comes in pieces, each saying whether it continues
//! one and whether more follows.

/// The longest piece of a line that is passed on at once.
pub const MAX_LINE_BYTES: usize = 16 * 1024;

/// A buffer that grew beyond this is given back when its line is done, so that a thousand
/// quiet jobs do not each keep 16 KiB for the one long line they once wrote.
const KEPT_CAPACITY: usize = 1024;

/// A line of output, without its newline, or a piece of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// At most [`MAX_LINE_BYTES`]. Any bytes: output need not be UTF-8.
    pub bytes: &'a [u8],
    /// It goes on where the last one was cut.
    pub continued: bool,
    /// It was cut here: the next one goes on with it.
    pub cut: bool,
}

/// Collects bytes and gives lines.
#[derive(Debug, Default)]
pub struct LineSplitter {
    /// The beginning of a line whose end has not come.
    partial: Vec<u8>,
    /// A piece of this line was given already.
    continued: bool,
}

impl LineSplitter {
    /// Takes the next bytes and gives all pieces that are complete.
    pub fn feed(&mut self, mut input: &[u8], sink: &mut impl FnMut(Line<'_>)) {
        while !input.is_empty() {
            let room = MAX_LINE_BYTES - self.partial.len();
            // A newline just behind a full line still ends it uncut.
            let window = &input[..input.len().min(room + 1)];
            if let Some(end) = window.iter().position(|&byte| byte == b'\n') {
                self.end_line(&input[..end], sink);
                input = &input[end + 1..];
            } else if window.len() > room {
                self.partial.extend_from_slice(&input[..room]);
                self.cut(input[room], sink);
                input = &input[room..];
            } else {
                self.partial.extend_from_slice(input);
                return;
            }
        }
    }

    /// There will be no more: gives the last line if it had no newline.
    pub fn finish(&mut self, sink: &mut impl FnMut(Line<'_>)) {
        if !self.partial.is_empty() || self.continued {
            self.end_line(&[], sink);
        }
    }

    fn end_line(&mut self, rest: &[u8], sink: &mut impl FnMut(Line<'_>)) {
        let continued = std::mem::take(&mut self.continued);
        if self.partial.is_empty() {
            // The usual case: no copy.
            sink(Line {
                bytes: rest,
                continued,
                cut: false,
            });
            return;
        }
        self.partial.extend_from_slice(rest);
        sink(Line {
            bytes: &self.partial,
            continued,
            cut: false,
        });
        if self.partial.capacity() > KEPT_CAPACITY {
            self.partial = Vec::new();
        }
        self.partial.clear();
    }

    /// Gives a full buffer, but keeps the first bytes of a character whose rest is still to come.
    fn cut(&mut self, next: u8, sink: &mut impl FnMut(Line<'_>)) {
        let end = character_boundary(&self.partial, next);
        sink(Line {
            bytes: &self.partial[..end],
            continued: self.continued,
            cut: true,
        });
        self.continued = true;
        self.partial.drain(..end);
    }
}

/// The end of `bytes`, or up to three bytes before it where that is within a UTF-8 character.
fn character_boundary(bytes: &[u8], next: u8) -> usize {
    let continues = |byte: u8| byte & 0b1100_0000 == 0b1000_0000;
    if !continues(next) {
        return bytes.len();
    }
    // Not text, or no character this long: cut anywhere.
    (1..=3)
        .find(|back| {
            bytes
                .len()
                .checked_sub(*back)
                .is_some_and(|at| bytes[at] >= 0b1100_0000)
        })
        .map_or(bytes.len(), |back| bytes.len() - back)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// (bytes, continued, cut) of all pieces, the input given in chunks of `size`.
    fn split(input: &[u8], size: usize) -> Vec<(Vec<u8>, bool, bool)> {
        let mut pieces = Vec::new();
        let mut sink =
            |line: Line<'_>| pieces.push((line.bytes.to_vec(), line.continued, line.cut));
        let mut splitter = LineSplitter::default();
        for chunk in input.chunks(size) {
            splitter.feed(chunk, &mut sink);
            assert!(splitter.partial.len() <= MAX_LINE_BYTES);
        }
        splitter.finish(&mut sink);
        pieces
    }

    fn whole(text: &str) -> (Vec<u8>, bool, bool) {
        (text.as_bytes().to_vec(), false, false)
    }

    #[test]
    fn lines_come_whole_however_they_arrive() {
        for size in 1..12 {
            assert_eq!(
                split(b"one\n\ntwo\r\n\xff\0\nlast", size)[..2],
                [whole("one"), whole("")]
            );
            assert_eq!(split(b"a\nb", size), [whole("a"), whole("b")]);
            assert_eq!(split(b"\n", size), [whole("")]);
        }
        assert_eq!(split(b"", 1), []);
    }

    #[test]
    fn a_line_of_just_the_limit_is_not_cut_and_one_byte_more_is() {
        let full = "x".repeat(MAX_LINE_BYTES);
        for size in [1, 4_096, 1 << 20] {
            assert_eq!(split(format!("{full}\n").as_bytes(), size), [whole(&full)]);
            assert_eq!(split(full.as_bytes(), size), [whole(&full)]);
            let pieces = split(format!("{full}y\nz\n").as_bytes(), size);
            assert_eq!(
                pieces,
                [
                    (full.clone().into_bytes(), false, true),
                    (b"y".to_vec(), true, false),
                    whole("z")
                ]
            );
        }
    }

    #[test]
    fn characters_are_not_cut_in_two() {
        for width in ["ä", "€", "😀"] {
            for lead in 0..4 {
                let text = format!("{}{}", "x".repeat(lead), width.repeat(MAX_LINE_BYTES));
                for (bytes, ..) in split(text.as_bytes(), 65_536) {
                    assert!(String::from_utf8(bytes).is_ok());
                }
            }
        }
    }

    #[test]
    fn a_long_line_leaves_no_memory_behind() {
        let mut splitter = LineSplitter::default();
        splitter.feed(&[b'x'; MAX_LINE_BYTES - 1], &mut |_| {});
        splitter.feed(b"\nshort", &mut |_| {});
        assert!(splitter.partial.capacity() <= KEPT_CAPACITY);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_byte_is_lost_or_invented(
            parts in prop::collection::vec((0_u8..=255, 0_usize..40_000), 0..6), size in 1_usize..70_000,
        ) {
            let input: Vec<u8> = parts.into_iter().flat_map(|(byte, count)| std::iter::repeat_n(byte, count).chain([b'\n'])).collect();
            let mut rebuilt = Vec::new();
            let mut cut_before = false;
            for (bytes, continued, cut) in split(&input, size) {
                prop_assert!(bytes.len() <= MAX_LINE_BYTES && !(cut && bytes.is_empty()));
                prop_assert_eq!(continued, cut_before);
                rebuilt.extend(bytes);
                if !cut { rebuilt.push(b'\n'); }
                cut_before = cut;
            }
            prop_assert_eq!(rebuilt, input);
        }
    }
}
