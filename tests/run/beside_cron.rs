//! A real cron and rsched beside each other, on the same crontabs, for two minutes of real time: they must start the
//! same commands in the same minutes, with the same environment, directory, umask, arguments and standard
//! input, and mail the same. What differs is listed in [`DIFFERENCES`], and nothing else may.
//!
//! `.ci/crons` fetches the crons. All that they touch of the machine is put over it in a namespace.

use crate::scheduler::{PATIENCE, Sandbox, is_root, open_sandbox, skipped, works};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Whose record a line is found in, and not in the other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Only {
    Cron,
    Ours,
}
use Only::{Cron, Ours};

const BOTH: &[&str] = &["debian", "cronie"];
const DEBIAN: &[&str] = &["debian"];
const CRONIE: &[&str] = &["cronie"];

/// Which crons, the line (`*` is anything), whose it is, and why.
type Difference = (&'static [&'static str], &'static str, Only, &'static str);

/// All that may differ between what a cron does and what rsched does (docs/from-cron.md, "What is different").
const DIFFERENCES: &[Difference] = &[
    // What commands find.
    (BOTH, "variable RSCHED_*", Ours, "a run is told who it is"),
    (
        DEBIAN,
        "variable USER=*",
        Ours,
        "Debian's cron sets LOGNAME alone",
    ),
    (
        DEBIAN,
        "variable X= y",
        Cron,
        "Debian's cron cuts blanks off the ends of values, in quotes too",
    ),
    (DEBIAN, "variable X= y ", Ours, "as cronie has it"),
    (
        DEBIAN,
        "argument <ef>",
        Cron,
        "Debian's cron makes one backslash of two, and the shell takes that",
    ),
    (DEBIAN, "argument <e\\f>", Ours, "as cronie has it"),
    (
        DEBIAN,
        "directory /var/spool/cron",
        Cron,
        "where a home does not exist, Debian's cron stays where it is",
    ),
    (DEBIAN, "variable PWD=/var/spool/cron", Cron, "as above"),
    (
        DEBIAN,
        "directory /",
        Ours,
        "where a home does not exist, commands run in /",
    ),
    (DEBIAN, "variable PWD=/", Ours, "as above"),
    (
        CRONIE,
        "variable PATH=/usr/bin:/bin:/usr/sbin:/sbin",
        Cron,
        "cronie's PATH",
    ),
    (
        CRONIE,
        "variable PATH=/usr/bin:/bin",
        Ours,
        "Debian's cron's PATH",
    ),
    (
        CRONIE,
        "variable LC_ALL=*",
        Cron,
        "cronie passes its own locale on",
    ),
    // Mails.
    (DEBIAN, "called *", Cron, "the recipient is an argument"),
    (
        DEBIAN,
        "called *",
        Ours,
        "the recipient is in the message (-t)",
    ),
    (
        DEBIAN,
        "From: *",
        Cron,
        "always from root, and the address alone where there is one",
    ),
    (
        DEBIAN,
        "From: *",
        Ours,
        "from the user of the job, as cronie writes it",
    ),
    (
        DEBIAN,
        "Auto-Submitted: auto-generated",
        Ours,
        "no answers from people on holiday, as cronie has it",
    ),
    (DEBIAN, "Precedence: bulk", Ours, "as above"),
    (DEBIAN, "Subject: *e\\f*", Cron, "two backslashes are one"),
    (DEBIAN, "Subject: *e\\\\f*", Ours, "two backslashes are two"),
    (DEBIAN, "X-Cron-Env: <USER=*", Ours, "as in the environment"),
    (DEBIAN, "X-Cron-Env: <X= y>", Cron, "as in the environment"),
    (DEBIAN, "X-Cron-Env: <X= y >", Ours, "as in the environment"),
    (
        CRONIE,
        "X-Cron-Env: <PATH=/usr/bin:/bin:/usr/sbin:/sbin>",
        Cron,
        "as in the environment",
    ),
    (
        CRONIE,
        "X-Cron-Env: <PATH=/usr/bin:/bin>",
        Ours,
        "as in the environment",
    ),
    (
        CRONIE,
        "X-Cron-Env: <LC_ALL=*",
        Cron,
        "as in the environment",
    ),
    (
        CRONIE,
        "Subject: *; false",
        Cron,
        "cronie does not tell that the command failed",
    ),
    (
        CRONIE,
        "Subject: *; false (failed)",
        Ours,
        "Debian's cron tells, with -L 4",
    ),
    (BOTH, "X-Rsched-*", Ours, "which job and which run"),
];

/// Records how it is run in a file named after who runs it, its first argument and the minute.
const RECORD: &str = r#"#!/bin/sh
who=cron
[ -z "${RSCHED_RUN_ID-}" ] || who=rsched
at=$(date +%s)
name=$1 minute=$((at / 60))
shift
file=${0%/*}/seen/$who.run.$name.$minute
{
  printf 'second %s\n' $((at % 60))
  for argument; do printf 'argument <%s>\n' "$argument"; done
  printf 'directory %s\n' "$(pwd -P)"
  printf 'umask %s\n' "$(umask)"
  printf 'user %s\n' "$(id)"
  tr '\0' '\n' < /proc/$$/environ | sed 's/^/variable /'
  od -An -v -tx1 | sed 's/^/input/'
} > "$file.part" 2>&1
mv "$file.part" "$file"
echo "$name $minute"
"#;

/// Stores how it is called and what it is handed.
const SENDMAIL: &str = r#"#!/bin/sh
self=$(readlink -f "$0") who=cron
[ "${self%.rsched}" = "$self" ] || who=rsched
file=${self%/*}/seen/$who.mail.$$
{ printf 'called by %s: %s\n' "$(id -un)" "$*"; cat; } > "$file.part"
mv "$file.part" "$file"
"#;

/// What follows the command, for each rule of `%`.
const PERCENTS: [(&str, &str); 11] = [
    ("percent-none", "a"),
    ("percent-ends-the-command", "a%b"),
    ("percents-are-newlines", "a%b%c%%d"),
    ("percent-at-the-end", "a%"),
    ("percents-at-the-end", "a%b%%"),
    ("percent-escaped-in-the-command", "50\\% a\\%b"),
    ("percent-escaped-in-the-input", "a%b \\% c\\%"),
    ("percent-and-another-backslash", "\\\"x\\\" %\\n \\\" \\x"),
    ("percent-after-two-backslashes", "a%b\\\\%c"),
    ("percent-and-a-backslash-at-the-end", "a%b\\"),
    ("percent-and-other-letters", "ä%ö%ü"),
];

/// Entries that run, with the minutes of the two in which they do.
type Entries = Vec<(&'static str, [bool; 2])>;

/// Two minutes, from their numbers since 1970.
#[derive(Clone, Copy)]
struct Window {
    first: u64,
}

impl Window {
    /// One that begins soon, but leaves time to start.
    fn next() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Self {
            first: (now.as_secs() + 20) / 60 + 1,
        }
    }

    /// The first minute as date(1) formats it.
    fn date(self, sandbox: &Sandbox, format: &str, zone: Option<&str>) -> String {
        let mut command = sandbox.bare_command("date".as_ref());
        command.args(["-d", &format!("@{}", self.first * 60), format]);
        command.envs(zone.map(|zone| ("TZ", zone)));
        let output = command.output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

/// Root's crontab, and what of it runs when.
fn user_crontab(cron: &str, window: Window, sandbox: &Sandbox) -> (String, Entries) {
    let record = sandbox.path("record");
    let record = record.display();
    let always = [true, true];
    let even = window.first.is_multiple_of(2);
    let at = window.date(sandbox, "+%-M %-H %-d %b", None);
    let day: usize = window.date(sandbox, "+%u", None).parse().unwrap();
    // Midnight may come in between.
    let days = [day, day % 7 + 1].map(|day| day.to_string()).join(",");
    let other_day = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"][(day + 3) % 7];
    let mut percents = String::new();
    for (name, rest) in PERCENTS {
        writeln!(percents, "* * * * * {record} {name} {rest}").unwrap();
    }
    let mut tab = format!(
        "# What a person might have.\n\
         * * * * * {record} plain\n\
         \t*  *\t* * *\t{record}   blanks\n\
         MAILTO=ops@example.org\n\
         X = ' y '\n\
         * * * * * {record} arguments \"a b\" 'c  d' e\\\\f 50\\% $X * # no comment\n\
         * * * * * {record} stdin%one%two \\% three%%'four'\n\
         {percents}\
         PATH=/usr/local/bin:/usr/bin:/bin\n\
         SHELL=/bin/bash\n\
         HOME=/tmp\n\
         * * * * * {record} bash $((1 + 1)); false\n\
         MAILFROM=cron@example.org\n\
         CONTENT_TYPE=\"text/plain; charset=ISO-8859-1\"\n\
         CONTENT_TRANSFER_ENCODING=7bit\n\
         * * * * * {record} headers\n\
         0-58/2 * * * * {record} even\n\
         1-59/2 * * * * {record} odd\n\
         {at} * {record} once\n\
         * * * * {days} {record} today\n\
         * * * * {other_day} {record} never\n\
         * * 31 2 * {record} never\n\
         @reboot {record} reboot\n\
         MAILTO=\"\"\n\
         * * * * * {record} unmailed\n"
    );
    let mut entries: Entries = vec![
        ("plain", always),
        ("blanks", always),
        ("arguments", always),
        ("stdin", always),
        ("bash", always),
        ("headers", always),
        ("even", [even, !even]),
        ("odd", [!even, even]),
        ("once", [true, false]),
        ("today", always),
        ("unmailed", always),
    ];
    entries.extend(PERCENTS.map(|(name, _)| (name, always)));
    if cron == "cronie" {
        let tokyo = window.date(sandbox, "+%-M %-H", Some("Asia/Tokyo"));
        let kathmandu = window.date(sandbox, "+%-M %-H", Some("Asia/Kathmandu"));
        write!(
            tab,
            "MAILTO=ops\n\
             * * * * * -n {record} quiet\n\
             * * * * * -n {record} loud; false\n\
             -* * * * * {record} unlogged\n\
             CRON_TZ=Asia/Tokyo\n\
             {tokyo} * * * {record} tokyo\n\
             {kathmandu} * * * {record} never\n\
             CRON_TZ=Asia/Kathmandu\n\
             {kathmandu} * * * {record} kathmandu\n\
             CRON_TZ=\n\
             {at} * {record} here\n"
        )
        .unwrap();
        entries.extend([("quiet", always), ("loud", always), ("unlogged", always)]);
        let once = [true, false];
        entries.extend([("tokyo", once), ("kathmandu", once), ("here", once)]);
    }
    (tab, entries)
}

/// Where `.ci/crons` puts a cron.
fn program_of(cron: &str) -> PathBuf {
    let crons = std::env::var_os("RSCHED_CRONS").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("crons");
    crons.unwrap_or_else(beside).join(cron).join("run")
}

/// The cron and rsched, in their namespaces, until it is dropped.
struct Beside(Child);

impl Beside {
    fn start(sandbox: &Sandbox, program: &Path) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run/beside_cron.sh");
        let mut command = sandbox.bare_command("unshare".as_ref());
        command
            .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
            .arg(script)
            .args([sandbox.path(""), env!("CARGO_BIN_EXE_rsched").into()])
            .arg(program)
            .stdin(Stdio::piped());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // With the first process of its namespace all others end.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The lines of what one of them has done in the window, by what was run and when.
type Records = BTreeMap<String, Vec<String>>;

/// What `who` has recorded: runs by name and minute (`plain 29920982`), and mails by the first line of their body,
/// which is the same.
fn records(sandbox: &Sandbox, who: &str, kind: &str) -> Records {
    let prefix = format!("{who}.{kind}.");
    let mut records = Records::new();
    for entry in fs::read_dir(sandbox.path("seen")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let is_whole = Path::new(&name).extension().is_none_or(|it| it != "part");
        let Some(rest) = name.strip_prefix(&prefix).filter(|_| is_whole) else {
            continue;
        };
        // It may be renamed just now: it is seen the next time.
        let Ok(text) = fs::read_to_string(entry.path()) else {
            continue;
        };
        let (key, lines) = if kind == "mail" {
            let (head, body) = text.split_once("\n\n").unwrap();
            let body = body.strip_suffix('\n').unwrap();
            (body.to_owned(), head.lines())
        } else {
            (rest.replace('.', " "), text.lines())
        };
        let lines = lines.map(str::to_owned).collect();
        let earlier = records.insert(key.clone(), lines);
        assert_eq!(earlier, None, "{who} has done it twice: {key}");
    }
    records
}

/// Which of them are of the window.
fn of_window(records: &Records, window: Window) -> BTreeSet<String> {
    let is_of_it = |key: &&String| {
        let minute = key.rsplit(' ').next().unwrap();
        let minute: u64 = minute.parse().unwrap();
        minute == window.first || minute == window.first + 1
    };
    records.keys().filter(is_of_it).cloned().collect()
}

fn compare(cron: &'static str) {
    let program = program_of(cron);
    if !program.exists() {
        let place = program.display();
        skipped(&format!(
            "no {cron} to run beside at {place}: `.ci/crons` fetches it"
        ));
        return;
    }
    let namespaces = ["--mount", "--pid", "--fork", "--mount-proc", "true"];
    if !is_root("running a cron") || !works("unshare", &namespaces) {
        return;
    }
    let sandbox = open_sandbox("");
    let window = Window::next();
    let entries = prepare(cron, window, &sandbox);
    let due = Due::new(&entries, window);
    let beside = Beside::start(&sandbox, &program);
    let deadline = Instant::now() + Duration::from_secs(160) + PATIENCE;
    while !due.is_done(&sandbox, window) && Instant::now() < deadline {
        // Minutes are what this is about: nothing could make them shorter.
        thread::park_timeout(Duration::from_millis(500));
    }
    drop(beside);

    let mut found = BTreeSet::new();
    let mut wrong = String::new();
    for (kind, expected) in [("run", &due.runs), ("mail", &due.mails)] {
        let theirs = records(&sandbox, "cron", kind);
        let ours = records(&sandbox, "rsched", kind);
        assert_eq!(of_window(&theirs, window), *expected, "{kind}s of {cron}");
        let log = sandbox.read("rsched.log");
        assert_eq!(
            of_window(&ours, window),
            *expected,
            "{kind}s of rsched\n{log}"
        );
        for records in [&theirs, &ours] {
            let reboots = records.keys().filter(|key| key.starts_with("reboot"));
            assert_eq!(reboots.count(), 1, "{kind}s when both started");
        }
        for key in expected {
            for (only, line) in differences(&theirs[key], &ours[key]) {
                let listed = DIFFERENCES.iter().position(|(crons, pattern, whose, _)| {
                    crons.contains(&cron) && *whose == only && is_such(&line, pattern)
                });
                match listed {
                    Some(number) => drop(found.insert(number)),
                    None => writeln!(wrong, "{kind} {key}, only {only:?}: {line}").unwrap(),
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "not listed as a difference to {cron}:\n{wrong}"
    );
    for (number, difference) in DIFFERENCES.iter().enumerate() {
        let is_there = !difference.0.contains(&cron) || found.contains(&number);
        assert!(
            is_there,
            "there is no such difference to {cron}: {difference:?}"
        );
    }
    let (runs, mails) = (due.runs.len(), due.mails.len());
    println!("beside {cron}: {runs} runs and {mails} mails alike");
}

/// Writes the crontabs and the programs that record.
fn prepare(cron: &str, window: Window, sandbox: &Sandbox) -> Entries {
    let (user, mut entries) = user_crontab(cron, window, sandbox);
    sandbox.write("user", &user);
    let record = sandbox.path("record").display().to_string();
    let mut system = format!("* * * * * daemon {record} daemon\n");
    entries.push(("daemon", [true, true]));
    // His home does not exist. Cronie runs nothing then; Debian's cron and rsched do.
    if cron == "debian" {
        writeln!(system, "* * * * * nobody {record} nobody").unwrap();
        entries.push(("nobody", [true, true]));
    }
    sandbox.write("system", &system);
    for (name, script) in [
        ("record", RECORD),
        ("sendmail", SENDMAIL),
        ("sendmail.rsched", SENDMAIL),
    ] {
        sandbox.write(name, script);
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(sandbox.path(name), executable).unwrap();
    }
    fs::create_dir(sandbox.path("seen")).unwrap();
    let everybody = fs::Permissions::from_mode(0o777);
    fs::set_permissions(sandbox.path("seen"), everybody).unwrap();
    entries
}

/// What has to be done in the window.
struct Due {
    runs: BTreeSet<String>,
    mails: BTreeSet<String>,
}

impl Due {
    fn new(entries: &Entries, window: Window) -> Self {
        let mut runs = BTreeSet::new();
        for (name, minutes) in entries {
            for (minute, _) in (window.first..).zip(minutes).filter(|(_, runs)| **runs) {
                runs.insert(format!("{name} {minute}"));
            }
        }
        let is_mailed = |key: &&String| !key.starts_with("unmailed") && !key.starts_with("quiet");
        let mails = runs.iter().filter(is_mailed).cloned().collect();
        Self { runs, mails }
    }

    fn is_done(&self, sandbox: &Sandbox, window: Window) -> bool {
        ["cron", "rsched"].iter().all(|who| {
            let of = |kind| of_window(&records(sandbox, who, kind), window);
            of("run").is_superset(&self.runs) && of("mail").is_superset(&self.mails)
        })
    }
}

/// The lines that only one of them has, in whatever order they stand. When in the minute it ran is left out: a
/// machine has other things to do.
fn differences(theirs: &[String], ours: &[String]) -> Vec<(Only, String)> {
    let set = |lines: &[String]| -> BTreeSet<String> {
        let lines = lines.iter().filter(|line| !line.starts_with("second "));
        lines.cloned().collect()
    };
    let (theirs, ours) = (set(theirs), set(ours));
    let only_theirs = theirs.difference(&ours).map(|line| (Cron, line.clone()));
    let only_ours = ours.difference(&theirs).map(|line| (Ours, line.clone()));
    only_theirs.chain(only_ours).collect()
}

/// Whether a line is one of a difference, in which `*` is anything.
fn is_such(line: &str, pattern: &str) -> bool {
    let Some((start, mut rest)) = pattern.split_once('*') else {
        return line == pattern;
    };
    let Some(mut line) = line.strip_prefix(start) else {
        return false;
    };
    while let Some((middle, behind)) = rest.split_once('*') {
        let Some(at) = line.find(middle) else {
            return false;
        };
        line = &line[at + middle.len()..];
        rest = behind;
    }
    line.ends_with(rest)
}

#[test]
fn beside_debians_cron_the_same_is_run_in_the_same_way_and_mailed() {
    compare("debian");
}

#[test]
fn beside_cronie_the_same_is_run_in_the_same_way_and_mailed() {
    compare("cronie");
}
