//! One log line for everything said: events, lines of job output, the daemon's own words.
//!
//! Text is for people, JSON (one object a line) for machines. In both, one record is one line:
//! control characters of untrusted text are escaped, so that a job can neither forge a line nor
//! steer a terminal.

use super::level::Level;
use super::sentence;
use super::usage_text::write_usage;
use crate::config::JobId;
use crate::process::Usage;
use crate::scheduler::{Emitted, RunId};
use crate::sys::journal::BETWEEN_FIELDS;
use crate::time::{BootTime, Now, WallTime, Zone, civil::CivilTime, human};
use serde::Serialize;
use serde_json::value::RawValue;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// What log lines look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
    /// Fields for systemd's journal, see [`crate::sys::journal`].
    Journal,
}

/// A line of a job's output.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutputLine<'a> {
    /// Whose.
    pub job: &'a JobId,
    /// Which run's, if that is known.
    pub run: Option<RunId>,
    /// Without the newline.
    pub bytes: &'a [u8],
    /// It was cut here: the rest follows as a line of its own.
    pub cut: bool,
}

/// Makes lines.
#[derive(Clone, Debug)]
pub struct LogLines {
    /// Text or JSON.
    pub format: LogFormat,
    /// Quieter lines are left out.
    pub level: Level,
    /// The zone of the times.
    pub zone: Arc<Zone>,
}

#[derive(Serialize)]
struct JsonLine<'a> {
    time: String,
    /// Seconds on the boot clock, which nobody sets: lines can be put in order by it.
    uptime: f64,
    level: Level,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<RunId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    executor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fire_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    core_dumped: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    late_by: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<i32>,
    /// Of a run that has ended, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_time: Option<f64>,
    /// … and in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_memory: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a str>,
    /// A job's own JSON, kept whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cut: Option<bool>,
}

impl<'a> JsonLine<'a> {
    fn new(time: String, boot: BootTime, level: Level) -> Self {
        Self {
            time,
            uptime: seconds(boot.saturating_since(BootTime::from_micros(0))),
            level,
            event: None,
            seq: None,
            job_id: None,
            run_id: None,
            executor: None,
            attempt: None,
            fire_time: None,
            outcome: None,
            exit_code: None,
            signal: None,
            core_dumped: None,
            duration: None,
            late_by: None,
            count: None,
            pid: None,
            cpu_time: None,
            peak_memory: None,
            output_bytes: None,
            message: None,
            output: None,
            json: None,
            cut: None,
        }
    }

    fn of_event(
        told: &'a Emitted,
        boot: BootTime,
        usage: Option<&Usage>,
        zone: &Zone,
        message: &'a str,
    ) -> Self {
        Self {
            event: Some(told.name.as_str()),
            seq: Some(told.seq),
            job_id: told.job_id.as_ref().map(JobId::as_str),
            run_id: told.run_id,
            executor: told.executor.as_deref(),
            attempt: told.attempt,
            fire_time: told.fire_time.map(|time| human::rfc3339(time, zone)),
            outcome: told.outcome.map(crate::scheduler::Outcome::as_str),
            exit_code: told.exit_code,
            signal: told.signal,
            core_dumped: told.core_dumped.then_some(true),
            duration: told.duration.map(seconds),
            late_by: told.late_by.map(seconds),
            count: told.count,
            pid: told.pid,
            cpu_time: usage.map(|usage| seconds(usage.cpu_time())),
            peak_memory: usage.and_then(|usage| usage.peak_memory_bytes),
            output_bytes: usage.and_then(|usage| usage.output_bytes),
            message: Some(message),
            ..Self::new(human::rfc3339(told.time, zone), boot, sentence::level(told))
        }
    }
}

/// Seconds with microseconds, as JSON numbers.
fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

impl LogLines {
    /// Appends the line for an event, with what the run has used if it ended, unless it is not loud
    /// enough.
    pub(super) fn event(
        &self,
        told: &Emitted,
        boot: BootTime,
        usage: Option<&Usage>,
        line: &mut Vec<u8>,
    ) {
        let level = sentence::level(told);
        if level > self.level {
            return;
        }
        let message = sentence::sentence(told, &self.zone);
        match self.format {
            LogFormat::Json => {
                let json = JsonLine::of_event(told, boot, usage, &self.zone, &message);
                finish_json(&json, line);
            }
            LogFormat::Journal => {
                let json = JsonLine::of_event(told, boot, usage, &self.zone, &message);
                finish_journal(&json, level, &message, line);
            }
            LogFormat::Text => {
                self.begin_text(told.time, level, line);
                escape(message.as_bytes(), line);
                if let Some(run) = told.run_id {
                    // Writing to a vector cannot fail.
                    _ = write!(line, " run={run}");
                }
                if let Some(pid) = told.pid {
                    _ = write!(line, " pid={pid}");
                }
                if let Some(usage) = usage {
                    write_usage(usage, line);
                }
                line.push(b'\n');
            }
        }
    }

    /// A line of the program's own, said before there is a daemon.
    #[must_use]
    pub fn message_line(&self, now: Now, level: Level, message: &str) -> String {
        let mut line = Vec::new();
        self.message(now, level, message, &mut line);
        String::from_utf8_lossy(&line).into_owned()
    }

    /// Appends a line of the daemon's own.
    pub(super) fn message(&self, now: Now, level: Level, message: &str, line: &mut Vec<u8>) {
        if level > self.level {
            return;
        }
        match self.format {
            LogFormat::Json => {
                let json = JsonLine {
                    message: Some(message),
                    ..JsonLine::new(human::rfc3339(now.wall, &self.zone), now.boot, level)
                };
                finish_json(&json, line);
            }
            LogFormat::Journal => {
                let json = JsonLine::new(String::new(), now.boot, level);
                finish_journal(&json, level, message, line);
            }
            LogFormat::Text => {
                self.begin_text(now.wall, level, line);
                escape(message.as_bytes(), line);
                line.push(b'\n');
            }
        }
    }

    /// Whether lines of job output are wanted at all.
    pub(super) fn wants_output(&self) -> bool {
        self.level >= Level::Info
    }

    /// Appends a line of job output.
    pub(super) fn output(&self, now: Now, output: OutputLine<'_>, line: &mut Vec<u8>) {
        match self.format {
            LogFormat::Json => {
                let text = String::from_utf8_lossy(output.bytes);
                let own_json = text
                    .trim_start()
                    .starts_with('{')
                    .then(|| serde_json::from_str::<&RawValue>(text.trim()).ok())
                    .flatten();
                let json = JsonLine {
                    job_id: Some(output.job.as_str()),
                    run_id: output.run,
                    output: own_json.is_none().then_some(&*text),
                    json: own_json,
                    cut: output.cut.then_some(true),
                    ..JsonLine::new(human::rfc3339(now.wall, &self.zone), now.boot, Level::Info)
                };
                finish_json(&json, line);
            }
            LogFormat::Journal => {
                let json = JsonLine {
                    job_id: Some(output.job.as_str()),
                    run_id: output.run,
                    cut: output.cut.then_some(true),
                    ..JsonLine::new(String::new(), now.boot, Level::Info)
                };
                let text = String::from_utf8_lossy(output.bytes);
                let message = format!("{} | {text}", output.job);
                finish_journal(&json, Level::Info, &message, line);
            }
            LogFormat::Text => {
                self.begin_time(now.wall, line);
                line.extend_from_slice(b" OUT   ");
                line.extend_from_slice(output.job.as_str().as_bytes());
                if let Some(run) = output.run {
                    _ = write!(line, " {run}");
                }
                line.extend_from_slice(b" | ");
                escape(output.bytes, line);
                if output.cut {
                    line.extend_from_slice(" …".as_bytes());
                }
                line.push(b'\n');
            }
        }
    }

    fn begin_text(&self, time: WallTime, level: Level, line: &mut Vec<u8>) {
        self.begin_time(time, line);
        line.extend_from_slice(match level {
            Level::Error => b" ERROR ",
            Level::Warn => b" WARN  ",
            Level::Info => b" INFO  ",
            Level::Debug => b" DEBUG ",
        });
    }

    /// `2026-05-01 00:00:00.123+03:00`, always of one width but for odd offsets.
    fn begin_time(&self, time: WallTime, line: &mut Vec<u8>) {
        let seconds = time.unix_seconds();
        let offset = self.zone.span_at(seconds).offset;
        let civil = CivilTime::from_local_seconds(seconds + i64::from(offset));
        let (sign, minutes) = (
            if offset < 0 { '-' } else { '+' },
            offset.unsigned_abs() / 60,
        );
        _ = write!(
            line,
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}{sign}{:02}:{:02}",
            civil.year,
            civil.month,
            civil.day,
            civil.hour,
            civil.minute,
            civil.second,
            time.subsec_micros() / 1_000,
            minutes / 60,
            minutes % 60
        );
    }
}

fn finish_json(json: &JsonLine<'_>, line: &mut Vec<u8>) {
    // Writing to a vector cannot fail, and every field can be serialised. serde_json leaves
    // DEL, C1 controls and bidi marks as they are: legal JSON, but not for a terminal.
    let mut text = Vec::new();
    serde_json::to_writer(&mut text, json).expect("a log line can be written as JSON");
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            if steers_a_terminal(character) {
                _ = write!(line, "\\u{:04x}", u32::from(character));
            } else {
                push(character, line);
            }
        }
    }
    line.push(b'\n');
}

/// A line of fields: those of JSON under names of our own, beside the message and how loud it is
/// (`systemd.journal-fields(7)`).
fn finish_journal(json: &JsonLine<'_>, level: Level, message: &str, line: &mut Vec<u8>) {
    let priority = match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug => 7,
    };
    line.extend_from_slice(b"MESSAGE=");
    escape(message.as_bytes(), line);
    line.push(BETWEEN_FIELDS);
    // Writing to a vector cannot fail.
    _ = write!(line, "PRIORITY={priority}");
    line.push(BETWEEN_FIELDS);
    line.extend_from_slice(b"SYSLOG_IDENTIFIER=rsched");
    let fields = serde_json::to_value(json).unwrap_or_default();
    for (key, value) in fields.as_object().into_iter().flatten() {
        // The journal has these of its own.
        if matches!(key.as_str(), "time" | "uptime" | "level" | "message") {
            continue;
        }
        line.push(BETWEEN_FIELDS);
        _ = write!(line, "RSCHED_{}=", key.to_ascii_uppercase());
        match value.as_str() {
            Some(text) => escape(text.as_bytes(), line),
            None => _ = write!(line, "{value}"),
        }
    }
    line.push(b'\n');
}

/// Appends text so that it stays one line and cannot steer a terminal; tabs stay.
pub(super) fn escape(bytes: &[u8], line: &mut Vec<u8>) {
    // By far most lines need nothing.
    if bytes
        .iter()
        .all(|&byte| (b' '..=b'~').contains(&byte) || byte == b'\t')
    {
        line.extend_from_slice(bytes);
        return;
    }
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\t' => line.push(b'\t'),
                '\r' => line.extend_from_slice(b"\\r"),
                '\n' => line.extend_from_slice(b"\\n"),
                c if u32::from(c) < 0x80 && c.is_control() => {
                    _ = write!(line, "\\x{:02x}", u32::from(c));
                }
                c if steers_a_terminal(c) => {
                    _ = write!(line, "\\u{{{:x}}}", u32::from(c));
                }
                c => push(c, line),
            }
        }
        for byte in chunk.invalid() {
            _ = write!(line, "\\x{byte:02x}");
        }
    }
}

fn push(character: char, line: &mut Vec<u8>) {
    line.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Control characters, line separators, and marks that reorder or hide text. The last ones are
/// letters of no script: nobody misses them in a log.
fn steers_a_terminal(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{61c}'
        )
}

#[cfg(test)]
mod hostile;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(format: LogFormat) -> LogLines {
        LogLines {
            format,
            level: Level::Info,
            zone: Zone::utc(),
        }
    }

    fn output(format: LogFormat, bytes: &[u8]) -> String {
        let job = JobId::parse("backup").unwrap();
        let mut line = Vec::new();
        let now = Now {
            wall: WallTime::from_micros(1_767_225_600_123_456),
            boot: BootTime::from_micros(1_500_000),
        };
        lines(format).output(
            now,
            OutputLine {
                job: &job,
                run: None,
                bytes,
                cut: false,
            },
            &mut line,
        );
        String::from_utf8(line).expect("a log line is UTF-8")
    }

    #[test]
    fn a_line_of_output_names_its_job() {
        assert_eq!(
            output(LogFormat::Text, b"done"),
            "2026-01-01 00:00:00.123+00:00 OUT   backup | done\n"
        );
    }

    #[test]
    fn lines_can_be_put_in_order_though_the_clock_was_set() {
        let line: serde_json::Value =
            serde_json::from_str(&output(LogFormat::Json, b"done")).unwrap();
        assert_eq!(line["uptime"], 1.5);
    }

    #[test]
    fn a_jobs_own_json_is_kept_whole() {
        let line = output(LogFormat::Json, br#"{"b": 1, "a": [2.50]}"#);
        assert!(line.contains(r#""json":{"b": 1, "a": [2.50]}"#), "{line}");
        let line = output(LogFormat::Json, b"{not json");
        assert!(line.contains(r#""output":"{not json""#), "{line}");
    }

    #[test]
    fn the_journal_gets_fields() {
        let job = JobId::parse("backup").unwrap();
        let told = Emitted {
            seq: 7,
            exit_code: Some(0),
            ..Emitted::about(crate::scheduler::EventName::JobExecuted, &job)
        };
        let mut line = Vec::new();
        lines(LogFormat::Journal).event(&told, BootTime::from_micros(0), None, &mut line);
        let text = String::from_utf8(line).unwrap().replace('\x1f', "\n");
        for field in [
            "MESSAGE=Job \"backup\" executed successfully (exit 0)",
            "PRIORITY=6",
            "SYSLOG_IDENTIFIER=rsched",
            "RSCHED_EVENT=job_executed",
            "RSCHED_JOB_ID=backup",
            "RSCHED_SEQ=7",
            "RSCHED_EXIT_CODE=0",
        ] {
            assert!(text.lines().any(|line| line == field), "{field} in {text}");
        }
        // What a job prints can add no field.
        let forged = output(LogFormat::Journal, b"x\x1fRSCHED_JOB_ID=other\nPRIORITY=0");
        assert_eq!(forged.matches('\x1f').count(), 3, "{forged:?}");
        assert_eq!(forged.matches('\n').count(), 1, "{forged:?}");
    }

    #[test]
    fn quiet_lines_are_left_out() {
        let mut line = Vec::new();
        let loud = LogLines {
            level: Level::Warn,
            ..lines(LogFormat::Text)
        };
        let now = Now {
            wall: WallTime::from_micros(0),
            boot: BootTime::from_micros(0),
        };
        loud.message(now, Level::Info, "x", &mut line);
        assert!(line.is_empty());
        assert!(!loud.wants_output());
    }

    proptest! {
        #[test]
        fn one_record_is_one_line_without_control_characters(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for format in [LogFormat::Text, LogFormat::Json] {
                let line = output(format, &bytes);
                let body = line.strip_suffix('\n').unwrap();
                prop_assert!(!body.chars().any(|c| c != '\t' && steers_a_terminal(c)), "{body:?}");
                if format == LogFormat::Json {
                    let value: serde_json::Value = serde_json::from_str(body).unwrap();
                    prop_assert_eq!(value["job_id"].as_str(), Some("backup"));
                }
            }
        }
    }
}
