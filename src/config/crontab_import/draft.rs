//! One entry on its way to a table of a jobs file.

use super::document::Above;
use super::toml_text::{comment, key, string};
use crate::config::allow::Allowed;
use crate::config::crontab_file::{Around, Crontab, WrittenJob, program_name};
use crate::config::shared_parts::SharedParts;
use crate::config::{Command, Job, JobId, Machine, Mail, Output, Stdin};
use crate::diagnostic::Diagnostic;
use crate::schedule::{ParseOptions, ScheduleSpec, Trigger, parse_expression_with};
use crate::time::{WallTime, duration};
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::time::Duration;

/// Variables that say something to cron alone: a jobs file has keys for that.
const OF_CRON: [&str; 2] = ["CRON_TZ", "RANDOM_DELAY"];

/// Warnings that a jobs file has too.
const OF_SCHEDULES: [&str; 8] = [
    "both_days",
    "either_day",
    "jitter_over_period",
    "offset_change",
    "same_job",
    "sixty_runs",
    "step_exceeds_range",
    "uneven_step",
];

/// Fires that are compared one by one where an expression is written anew.
const COMPARED_FIRES: usize = 400;
/// … and for how long their number is: the dates of 28 years are those of any other.
const COMPARED_TIME: Duration = Duration::from_secs(28 * 366 * 86_400);

/// What a table says, before it is known what all tables share.
pub struct Draft {
    /// What stands above it.
    pub above: Vec<Above>,
    /// What the reader should know.
    notes: Vec<String>,
    id: String,
    /// The expression, without what stands for no value.
    expression: String,
    /// The job as the crontab has it.
    job: Job,
    /// None in a user's crontab.
    pub user: Option<String>,
    /// `CRON_TZ`.
    pub zone: Option<String>,
    /// `RANDOM_DELAY`.
    pub jitter: Option<String>,
    /// Variables without those of cron.
    pub env: BTreeMap<String, String>,
    allow: Vec<&'static str>,
    /// It never fires, which a jobs file refuses.
    pub never_fires: bool,
}

/// What is said once for all tables.
#[derive(Default)]
pub struct Common {
    pub cwd: Option<String>,
    pub shell: Option<String>,
    pub user: Option<String>,
    pub zone: Option<String>,
    pub jitter: Option<String>,
    /// As TOML.
    pub output: Option<String>,
    pub env: BTreeMap<String, String>,
}

impl Draft {
    /// The draft of an entry; none if it is not valid after all. `taken` are the ids there are, in
    /// lower case.
    pub fn new(
        crontab: &Crontab<'_>,
        written: &WrittenJob,
        id: JobId,
        around: Around<'_>,
        taken: &mut HashSet<String>,
    ) -> Option<Self> {
        let text = |span: &std::ops::Range<usize>| crontab.file.text[span.clone()].to_owned();
        let (job, _) = crontab
            .job(written, id, around, &mut SharedParts::default())
            .ok()?;
        let environment = &written.environment;
        let mut draft = Self {
            above: Vec::new(),
            notes: Vec::new(),
            id: key_of(crontab, written, &job, taken),
            expression: job.schedule.text.clone(),
            user: written.entry.user.as_ref().map(text),
            zone: environment.zone.as_ref().map(|zone| zone.name().to_owned()),
            jitter: job.schedule.jitter.map(duration::format),
            env: job.settings.env.clone(),
            allow: written.allow.codes(&OF_SCHEDULES),
            never_fires: !job.schedule.anchored(around.now).can_fire(),
            job,
        };
        draft
            .env
            .retain(|name, _| !OF_CRON.contains(&name.as_str()));
        draft.drop_backward_ranges(around.now);
        draft.note_what_differs(written, around.machine);
        Some(draft)
    }

    pub fn cwd(&self) -> String {
        self.job.settings.cwd.display().to_string()
    }

    pub fn shell(&self) -> String {
        self.job.settings.shell.display().to_string()
    }

    /// Where what it prints goes, as TOML.
    pub fn output(&self) -> String {
        match &self.job.settings.output {
            Output::Mail(mail) => mail_as_toml(mail),
            _ => string("log"),
        }
    }

    /// What stands for no value in a crontab is an error in a jobs file.
    fn drop_backward_ranges(&mut self, now: WallTime) {
        let options = ParseOptions {
            job_id: Some(self.job.id.as_str()),
            backward_ranges: true,
            ..ParseOptions::default()
        };
        let Ok(parsed) = parse_expression_with(&self.expression, options) else {
            return;
        };
        let is_backward = |at: usize| {
            let mut warnings = parsed.warnings.iter();
            warnings.any(|w| w.code == "backward_range" && w.span.start == at)
        };
        let mut kept_fields = Vec::new();
        let mut dropped = Vec::new();
        let mut at = 0;
        for field in self.expression.split(' ') {
            let mut kept = Vec::new();
            for item in field.split(',') {
                if is_backward(at) {
                    dropped.push(item);
                } else {
                    kept.push(item);
                }
                at += item.len() + 1;
            }
            kept_fields.push(kept.join(","));
        }
        if dropped.is_empty() {
            return;
        }
        let note = format!(
            "`{}` runs backwards and stands for no value",
            dropped.join(",")
        );
        self.notes.push(note);
        if self.never_fires {
            return;
        }
        // Of two restricted day fields either may match: one without values leaves it to the other, as a
        // star does where both must.
        for day in [2, 4] {
            if let Some(field) = kept_fields.get_mut(day).filter(|field| field.is_empty()) {
                "*".clone_into(field);
            }
        }
        let expression = kept_fields.join(" ");
        let same = parse_expression_with(&expression, options)
            .is_ok_and(|again| self.fires_alike(again.trigger, now));
        if same {
            self.expression = expression;
        } else {
            // A star that was not the first is the first now, which cron goes by.
            self.never_fires = true;
            self.notes.push("write it by hand".to_owned());
        }
    }

    /// Whether another trigger has the same fires, as far as some years tell.
    fn fires_alike(&self, trigger: Trigger, now: WallTime) -> bool {
        let ours = self.job.schedule.anchored(now);
        let theirs = ScheduleSpec {
            trigger,
            ..self.job.schedule.spec.clone()
        };
        let theirs = theirs.anchored(now);
        let mut at = now;
        for _ in 0..COMPARED_FIRES {
            let (one, other) = (ours.next_after(at), theirs.next_after(at));
            if one != other {
                return false;
            }
            let Some(next) = one else { break };
            at = next;
        }
        let end = now + COMPARED_TIME;
        ours.count_between(now, end) == theirs.count_between(now, end)
    }

    fn note_what_differs(&mut self, written: &WrittenJob, machine: Option<&dyn Machine>) {
        if self.never_fires && self.notes.is_empty() {
            self.notes
                .push("there is no such day: it never fires".to_owned());
        }
        let is_trap = |odd: &Diagnostic| odd.code == "unescaped_percent";
        if written.oddities.iter().any(is_trap) {
            self.notes.push(
                "a `%` ended the command in the crontab, and the rest is its stdin: was `\\%` meant?"
                    .to_owned(),
            );
        }
        let is_unknown = |user: &String| machine.is_some_and(|it| it.home_of(user).is_none());
        if self.user.as_ref().is_some_and(is_unknown) {
            self.notes
                .push("this machine does not know the user: set `cwd` to its home".to_owned());
        }
    }

    /// The table, with what is not said for all.
    pub fn table(&self, common: &Common) -> String {
        let mut out = String::new();
        let mut line = |key: &str, value: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{key} = {value}");
        };
        let own = |value: &Option<String>, shared: &Option<String>| {
            value.clone().filter(|value| Some(value) != shared.as_ref())
        };
        line("cron", &string(&self.expression));
        if let Some(zone) = own(&self.zone, &common.zone) {
            line("timezone", &string(&zone));
        }
        if let Some(jitter) = own(&self.jitter, &common.jitter) {
            line("jitter", &string(&jitter));
        }
        if let Command::Shell(script) = &self.job.command {
            line("command", &string(script));
        }
        if let Stdin::Text(text) = &self.job.settings.stdin {
            line("stdin", &string(text));
        }
        if let Some(user) = own(&self.user, &common.user) {
            line("user", &string(&user));
        }
        if let Some(cwd) = own(&Some(self.cwd()), &common.cwd) {
            line("cwd", &string(&cwd));
        }
        if let Some(shell) = own(&Some(self.shell()), &common.shell) {
            line("shell", &string(&shell));
        }
        if let Some(output) = own(&Some(self.output()), &common.output) {
            line("output", &output);
        }
        let variables = self.env.iter();
        let variables = variables.filter(|(name, value)| common.env.get(*name) != Some(value));
        let variables: Vec<_> = variables
            .map(|(name, value)| format!("{} = {}", key(name), string(value)))
            .collect();
        if !variables.is_empty() {
            line("env", &format!("{{ {} }}", variables.join(", ")));
        }
        if self.job.settings.max_instances == 1 {
            line("max_instances", "1");
        }
        if !self.allow.is_empty() {
            let codes: Vec<_> = self.allow.iter().map(|code| string(code)).collect();
            line("allow", &format!("[{}]", codes.join(", ")));
        }
        let mut table = String::new();
        for note in &self.notes {
            let _ = writeln!(table, "# note: {note}");
        }
        let header = format!("[jobs.{}]\n", key(&self.id));
        let body = header + &out;
        if !self.never_fires {
            return table + &body;
        }
        for line in body.lines() {
            let _ = writeln!(table, "# {}", comment(line));
        }
        table
    }
}

fn mail_as_toml(mail: &Mail) -> String {
    if *mail == Mail::default() {
        return string("mail");
    }
    let to = mail.to.as_deref().map_or("true".to_owned(), string);
    let mut keys = vec![format!("mail = {to}")];
    let texts = [
        ("from", &mail.from),
        ("content_type", &mail.content_type),
        ("transfer_encoding", &mail.transfer_encoding),
    ];
    for (key, text) in texts {
        keys.extend(text.as_deref().map(|it| format!("{key} = {}", string(it))));
    }
    if mail.only_failures {
        keys.push("only_failures = true".to_owned());
    }
    format!("{{ {} }}", keys.join(", "))
}

/// The codes that a whole file silences, as far as a jobs file knows them.
pub fn allowed(allow: &Allowed) -> Vec<&'static str> {
    allow.codes(&OF_SCHEDULES)
}

/// The table's name: the job's id, but without its hash where no times come from that.
fn key_of(
    crontab: &Crontab<'_>,
    written: &WrittenJob,
    job: &Job,
    taken: &mut HashSet<String>,
) -> String {
    if written.id.is_some() || job.schedule.jitter.is_some() || is_hashed(crontab, written, job) {
        return job.id.to_string();
    }
    let name = program_name(crontab, written).replace('.', "-");
    let numbered = (2_u32..).map(|number| format!("{name}-{number}"));
    let mut keys = std::iter::once(name.clone()).chain(numbered);
    keys.find(|key| taken.insert(key.to_ascii_lowercase()))
        .unwrap_or(name)
}

/// Whether `H` or `~` would make it fire at other times under another id.
fn is_hashed(crontab: &Crontab<'_>, written: &WrittenJob, job: &Job) -> bool {
    let text = &crontab.file.text[written.entry.schedule.clone()];
    let fires_so = |id: &&str| {
        let options = ParseOptions {
            job_id: Some(id),
            backward_ranges: true,
            ..ParseOptions::default()
        };
        parse_expression_with(text, options)
            .is_ok_and(|parsed| parsed.trigger == job.schedule.spec.trigger)
    };
    // One other id may give the same values by chance.
    !["a", "b", "c"].iter().all(fires_so)
}
