//! Text that was made to do harm, in every place of a record where somebody else's text can stand: none of it
//! ends a line, steers a terminal, or breaks the JSON.
//!
//! `RSCHED_LOG_FACTOR=34` tries a million records.

use super::{JobId, Level, LogFormat, LogLines, OutputLine};
use crate::process::Usage;
use crate::scheduler::{Emitted, EventName, Outcome, RunId};
use crate::time::{BootTime, Now, WallTime, Zone};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use std::time::Duration;

/// Three records in three formats each.
const RECORDS_OF_A_CASE: u32 = 9;

/// Records that are tried as a rule.
const RECORDS: u32 = 30_000;

/// What terminals, lines, JSON and the journal take for something else than text.
const TRICKS: [&[u8]; 34] = [
    b"\x1b[2J",
    b"\x1b[31;1m",
    b"\x1b[1A\x1b[2K\r",
    b"\x1b]0;title\x07",
    b"\x1b]52;c;cm0gLXJmIC8=\x07",
    b"\x1b]8;;http://evil.test\x1b\\",
    b"\x1bP$q\"p\x1b\\",
    b"\x1bc",
    b"\xc2\x9b31m",
    b"\x9b31m",
    b"\xc2\x85",
    b"\xc2\x90",
    b"\r",
    b"\n",
    b"\r\n",
    b"\n2026-01-01 00:00:00.000+00:00 INFO  Job \"backup\" executed successfully (exit 0)",
    b"\x0b\x0c",
    b"\x08\x08\x08",
    b"\0",
    b"\x1f",
    b"\x1fPRIORITY=0",
    b"\x7f",
    b"\xe2\x80\xa8",
    b"\xe2\x80\xa9",
    b"\xe2\x80\xae",
    b"\xe2\x80\x8b",
    b"\xe2\x81\xa6",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\"}\n{\"level\":\"info\",\"message\":\"",
    b"{\"a\": \"\x1b[0m",
    b"{\"a\": 1}",
    b"\\u001b[0m\\\"",
];

/// Tricks, and any bytes at all, between words.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => select(&TRICKS[..]).prop_map(<[u8]>::to_vec),
        2 => prop::collection::vec(any::<u8>(), 0..12),
        1 => any::<char>().prop_map(|c| c.to_string().into_bytes()),
        1 => Just(b"t\xc3\xa4glich um \xe6\xbc\xa2 ".to_vec()),
    ];
    prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
}

fn told(name: EventName, outcome: Option<Outcome>, text: &str) -> Emitted {
    let job = JobId::parse("backup").unwrap();
    Emitted {
        executor: Some(text.into()),
        run_id: Some(RunId::from_u64(7)),
        fire_time: Some(WallTime::from_micros(1)),
        outcome,
        duration: Some(Duration::from_millis(4_200)),
        count: Some(3),
        pid: Some(4711),
        detail: Some(text.to_owned()),
        output_tail: Some(text.into()),
        ..Emitted::about(name, &job)
    }
}

/// The records of a case, each with what of it must be there to be read in JSON.
fn records(
    lines: &LogLines,
    bytes: &[u8],
    name: EventName,
    outcome: Option<Outcome>,
) -> [Vec<u8>; 3] {
    let text = String::from_utf8_lossy(bytes);
    let now = Now {
        wall: WallTime::from_micros(1_767_225_600_123_456),
        boot: BootTime::from_micros(0),
    };
    let mut records = [const { Vec::new() }; 3];
    let job = JobId::parse("backup").unwrap();
    let output = OutputLine {
        job: &job,
        run: Some(RunId::from_u64(7)),
        bytes,
        cut: bytes.len().is_multiple_of(2),
    };
    lines.output(now, output, &mut records[0]);
    lines.message(now, Level::Error, &text, &mut records[1]);
    let usage = Usage::default();
    lines.event(
        &told(name, outcome, &text),
        now.boot,
        Some(&usage),
        &mut records[2],
    );
    records
}

/// What a terminal does not show as it is; written down once more, apart from what makes the lines.
fn acts(character: char) -> bool {
    let code = u32::from(character);
    let reorders = [0x200b..=0x200f, 0x2028..=0x202e, 0x2060..=0x2069];
    code < 0x20
        || (0x7f..=0x9f).contains(&code)
        || reorders.iter().any(|range| range.contains(&code))
        || code == 0xfeff
        || code == 0x61c
}

fn check(format: LogFormat, record: &[u8]) -> Result<(), TestCaseError> {
    let line = str::from_utf8(record).map_err(|error| TestCaseError::fail(error.to_string()))?;
    let body = line.strip_suffix('\n');
    let Some(body) = body else {
        return Err(TestCaseError::fail("no end of line"));
    };
    // A tab stays in text, as letters stay.
    let may_stand = |c| match format {
        LogFormat::Text => c == '\t',
        LogFormat::Json => false,
        LogFormat::Journal => c == '\t' || c == '\x1f',
    };
    let acting = body.chars().find(|&c| acts(c) && !may_stand(c));
    prop_assert_eq!(acting, None, "in {:?}", body);
    if format == LogFormat::Json {
        let value: Value = serde_json::from_str(body)
            .map_err(|error| TestCaseError::fail(format!("{error}: {body}")))?;
        prop_assert!(value["level"].is_string());
    }
    if format == LogFormat::Journal {
        let names: Vec<_> = body
            .split('\x1f')
            .map(|it| it.split_once('=').map(|it| it.0))
            .collect();
        let is_ours = |name: Option<&str>| {
            matches!(name, Some("MESSAGE" | "PRIORITY" | "SYSLOG_IDENTIFIER"))
                || name.is_some_and(|name| name.starts_with("RSCHED_"))
        };
        prop_assert!(names.iter().copied().all(is_ours), "{names:?}");
        let priorities = names.iter().filter(|name| **name == Some("PRIORITY"));
        prop_assert_eq!(priorities.count(), 1);
    }
    Ok(())
}

fn cases() -> u32 {
    let factor = std::env::var("RSCHED_LOG_FACTOR").ok();
    let factor: u32 = factor.and_then(|factor| factor.parse().ok()).unwrap_or(1);
    RECORDS * factor / RECORDS_OF_A_CASE
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn h7_no_text_of_others_ends_a_line_steers_a_terminal_or_breaks_the_json(
        bytes in hostile(),
        name in select(&EventName::ALL[..]),
        outcome in prop::option::of(select(&Outcome::ALL[..])),
    ) {
        for format in [LogFormat::Text, LogFormat::Json, LogFormat::Journal] {
            let lines = LogLines { format, level: Level::Debug, zone: Zone::utc() };
            for record in records(&lines, &bytes, name, outcome) {
                check(format, &record)?;
            }
        }
    }
}
