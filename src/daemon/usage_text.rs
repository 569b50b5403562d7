//! What a run has used, in a line of the log.

use crate::process::Usage;
use std::io::Write as _;

/// Appends ` cpu=0.31s peak=45MiB output=12KiB`.
pub(super) fn write_usage(usage: &Usage, line: &mut Vec<u8>) {
    // Writing to a vector cannot fail.
    _ = write!(line, " cpu={:.2}s", usage.cpu_time().as_secs_f64());
    if let Some(bytes) = usage.peak_memory_bytes {
        _ = write!(line, " peak={}", short_size(bytes));
    }
    if let Some(bytes) = usage.output_bytes {
        _ = write!(line, " output={}", short_size(bytes));
    }
}

/// `312B`, `1.5KiB`, `45MiB`: enough digits to compare runs by eye.
fn short_size(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    // Whole numbers: nothing of this is ever rounded up to 1024.
    let power = (bytes.ilog2() / 10).min(6);
    let unit = units[power as usize - 1];
    let tenths = u128::from(bytes) * 10 / (1 << (10 * power));
    if tenths < 100 {
        format!("{}.{}{unit}", tenths / 10, tenths % 10)
    } else {
        format!("{}{unit}", tenths / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn sizes_have_two_digits_or_more() {
        for (bytes, text) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1.0KiB"),
            (1536, "1.5KiB"),
            (10 * 1024 - 1, "9.9KiB"),
            (10 * 1024, "10KiB"),
            ((1 << 20) - 1, "1023KiB"),
            (45 << 20, "45MiB"),
            (3 << 29, "1.5GiB"),
            (u64::MAX, "15EiB"),
        ] {
            assert_eq!(short_size(bytes), text);
        }
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        let text = |usage| {
            let mut line = Vec::new();
            write_usage(&usage, &mut line);
            String::from_utf8(line).unwrap()
        };
        let usage = Usage {
            user_time: Duration::from_millis(1_200),
            system_time: Duration::from_millis(34),
            peak_memory_bytes: Some(45 << 20),
            output_bytes: Some(312),
        };
        assert_eq!(text(usage), " cpu=1.23s peak=45MiB output=312B");
        assert_eq!(text(Usage::default()), " cpu=0.00s");
    }
}
