//! The write-ahead log: copied into the file by its writer, so that it does not grow.

use crate::bench::Bench;
use crate::past::batches;
use std::fs;

#[test]
fn the_log_is_copied_into_the_file_whenever_it_has_some_length() {
    const MIB: u64 = 1024 * 1024;
    let bench = Bench::new();
    let (mut writer, _) = bench.open().unwrap();
    let mut written = 0;
    for (index, records) in batches(400).into_iter().enumerate() {
        let made_at = i64::try_from(index).unwrap() + 1;
        writer.write(made_at, records).unwrap();
        let log = fs::metadata(bench.beside("-wal")).unwrap().len();
        written = written.max(log);
        assert!(log < 2 * MIB, "{log} bytes after {made_at} batches");
    }
    assert!(written > MIB, "{written} bytes: there was nothing to copy");
    // Most of it has come to where it belongs while it was in use.
    assert!(fs::metadata(bench.path()).unwrap().len() > MIB / 4);
    writer.close();
}
