//! One job's table, with the defaults and the file's environment, as a [`Job`].

use super::allow::Allowed;
use super::reader::{Entry, Problems, Table};
use super::schedule::schedule;
use super::schedule_keys::ScheduleKeys;
use super::settings::{DEFAULT_GRACE, DEFAULT_KILL_AFTER, DEFAULT_SHELL, Grace, Settings};
use super::trigger::{self, Reading, WrittenTrigger};
use super::value::{TextKind, filled_text};
use super::{
    About, Accounts, Command, Executors, ExpressionOptions, Job, JobId, JobSchedule, JobSettings,
    command, suggestion,
};
use crate::diagnostic::{Diagnostic, Location, quoted};
use crate::schedule::{Lint, Trigger};
use crate::time::{WallTime, Zone, ZoneDatabase};
use std::collections::BTreeMap;
use std::sync::Arc;
use toml::de::DeValue;

/// What holds for every job.
pub(super) struct Surroundings<'t, 'a> {
    pub zones: &'a ZoneDatabase,
    /// Of this machine, for the `hosts` of a job.
    pub host_name: &'a str,
    /// `[scheduler]`'s zone, or the machine's.
    pub zone: Arc<Zone>,
    pub now: WallTime,
    pub accounts: Option<&'a dyn Accounts>,
    /// The pools that a job may name.
    pub executors: Executors,
    /// `[scheduler] allow`.
    pub allowed: Allowed,
    /// `[defaults]`.
    pub defaults: Settings<'t>,
    /// `[env]` and the defaults' `env` on top.
    pub env: BTreeMap<String, String>,
}

impl<'t> Surroundings<'t, '_> {
    /// Reads the table of the job with that id, and whether it may be the same as another; none if
    /// anything is wrong with it.
    pub(super) fn job(
        &self,
        id: JobId,
        mut table: Table<'t>,
        problems: &mut Problems,
    ) -> Option<(Job, bool)> {
        let before = problems.errors();
        let settings = Settings::read(&mut table, self.zones, problems);
        let allow = settings.allow.clone();
        let allowed = [&allow, &self.defaults.allow, &self.allowed];
        let mut found = Problems::default();
        let job = self.job_with(id, table, settings, &mut found);
        problems.append(found, |problem| Allowed::show(&allowed, problem));
        let job = job.filter(|_| problems.errors() == before)?;
        Some((job, Allowed::silences(&allowed, "same_job")))
    }

    fn job_with(
        &self,
        id: JobId,
        mut table: Table<'t>,
        settings: Settings<'t>,
        problems: &mut Problems,
    ) -> Option<Job> {
        let before = problems.errors();
        let dialect = settings.schedule.named_dialect();
        let reading = Reading {
            zones: self.zones,
            options: ExpressionOptions {
                dialect: dialect
                    .or_else(|| self.defaults.schedule.named_dialect())
                    .unwrap_or_default(),
                job_id: Some(id.as_str()),
                on_command_line: false,
            },
        };
        let trigger = trigger::read(&mut table, reading, problems);
        let schedule = trigger.and_then(|trigger| {
            let place = Location {
                source: table.file.index,
                span: table.span.clone(),
            };
            self.schedule(trigger, &settings.schedule, &place, problems)
        });
        let written = table.take("command");
        let command = written_command(written.as_ref(), &table, problems);
        let name = table.take("name").and_then(|entry| {
            filled_text(&entry, TextKind::Name, problems).map(std::borrow::Cow::into_owned)
        });
        let directory = table.file.directory;
        finish(table, problems);
        let process = settings.process.or(&self.defaults.process);
        let policy = settings
            .run
            .policy(&self.defaults.run, &self.executors, problems);
        if process.account.user.is_some() {
            problems.extend(bare_program(written.as_ref(), command.as_ref()));
        }
        let run_as = process.account.find(self.accounts, problems);
        let ((schedule, command), policy) = schedule.zip(command).zip(policy)?;
        if problems.errors() > before {
            return None;
        }
        let defaults = &self.defaults;
        let mut env = self.env.clone();
        env.extend(settings.env);
        let hosts = settings.hosts.or_else(|| defaults.hosts.clone());
        let elsewhere = hosts.filter(|hosts| !hosts.include(self.host_name));
        let grace = settings.misfire_grace_time.or(defaults.misfire_grace_time);
        let enabled = elsewhere.is_none() && settings.enabled.or(defaults.enabled).unwrap_or(true);
        let description = settings.description;
        let description = description.or_else(|| defaults.description.clone());
        // Whether it is said or not, it is the same.
        let name = name.filter(|name| *name != id.as_str());
        Some(Job {
            id,
            about: About::of(name, description),
            schedule: Arc::new(schedule),
            command,
            enabled,
            settings: Arc::new(JobSettings {
                tags: settings
                    .tags
                    .or_else(|| defaults.tags.clone())
                    .unwrap_or_default(),
                shell: settings
                    .shell
                    .or_else(|| defaults.shell.clone())
                    .unwrap_or_else(|| DEFAULT_SHELL.into()),
                cwd: settings
                    .cwd
                    .or_else(|| defaults.cwd.clone())
                    .unwrap_or_else(|| directory.to_owned()),
                env,
                clear_env: process
                    .clear_env
                    .unwrap_or_else(|| process.account.user.is_some()),
                env_file: process.env_file,
                stdin: process.stdin.unwrap_or_default(),
                output: process.output.unwrap_or_default(),
                run_as,
                umask: process.umask,
                nice: process.nice,
                no_new_privileges: process.no_new_privileges.unwrap_or(false),
                limits: process.limits,
                elsewhere,
                max_instances: settings
                    .max_instances
                    .or(defaults.max_instances)
                    .unwrap_or(1),
                misfire_grace_time: match grace.unwrap_or(Grace::Within(DEFAULT_GRACE)) {
                    Grace::Within(length) => Some(length),
                    Grace::Forever => None,
                },
                coalesce: settings.coalesce.or(defaults.coalesce).unwrap_or_default(),
                timeout: settings.timeout.or(defaults.timeout),
                kill_after: settings
                    .kill_after
                    .or(defaults.kill_after)
                    .unwrap_or(DEFAULT_KILL_AFTER),
                on_lost: settings.on_lost.or(defaults.on_lost).unwrap_or_default(),
                policy,
            }),
        })
    }

    /// The schedule of a job, if it ever fires.
    fn schedule(
        &self,
        trigger: WrittenTrigger<'t>,
        job: &ScheduleKeys<'t>,
        job_place: &Location,
        problems: &mut Problems,
    ) -> Option<JobSchedule> {
        let place = trigger
            .entry
            .map_or_else(|| job_place.clone(), |entry| entry.location());
        let read = schedule(
            trigger,
            job,
            &self.defaults.schedule,
            &self.zone,
            self.now,
            problems,
        )?;
        let JobSchedule {
            spec, jitter, text, ..
        } = &read;
        if !spec.anchored(self.now).can_fire() {
            let problem = Diagnostic::error("never_fires", format!("`{text}` never fires"))
                .at(place.source, place.span.clone());
            problems.push(match spec.trigger.fired() {
                Trigger::All(_) => problem.label("its parts never agree"),
                _ => problem
                    .label("no calendar has such a day")
                    .help("check day, month and year against each other"),
            });
            return None;
        }
        // Of a step larger than its range the parser has told, with the very place.
        let is_new = |lint: &Lint| lint.code != "step_exceeds_range";
        for lint in spec.lints(self.now, *jitter).into_iter().filter(is_new) {
            let problem = Diagnostic::warning(lint.code, lint.message)
                .at(place.source, place.span.clone())
                .maybe_help(lint.help.map(str::to_owned));
            problems.push(problem);
        }
        Some(read)
    }
}

fn written_command(
    written: Option<&Entry<'_>>,
    table: &Table<'_>,
    problems: &mut Problems,
) -> Option<Command> {
    if let Some(entry) = written {
        return command::command(entry, problems);
    }
    problems.extend(missing_command(table));
    None
}

/// A program that is looked for in PATH, in a job of another user: whoever may put a file into a directory of that
/// PATH says what is run.
fn bare_program(entry: Option<&Entry<'_>>, command: Option<&Command>) -> Option<Diagnostic> {
    let (Some(entry), Some(Command::Program(words))) = (entry, command) else {
        return None;
    };
    let program = words.first().filter(|program| !program.contains('/'))?;
    let message = format!(
        "{} is looked for in PATH, and the job has a `user`",
        quoted(program)
    );
    let place = entry.location();
    let problem = Diagnostic::warning("bare_program", message).at(place.source, place.span);
    Some(problem.help(format!(
        "write the whole path, as in {}",
        quoted(&format!("/usr/bin/{program}"))
    )))
}

/// Not said where a mistyped `command` is: that is reported anyway.
fn missing_command(table: &Table<'_>) -> Option<Diagnostic> {
    let is_command = |entry: &Entry<'_>| suggestion::nearest(entry.key, &["command"]).is_some();
    if table.rest().iter().any(is_command) {
        return None;
    }
    let problem = table.error(
        "missing_command",
        format!("{} has no `command`", table.name),
    );
    Some(problem.help("add `command = \"…\"`, or an array of program and arguments"))
}

fn finish(table: Table<'_>, problems: &mut Problems) {
    table.finish_with(problems, |entry| {
        if entry.key == "id" {
            let problem = entry.key_error(
                "unknown_key",
                "a job in `[jobs.ID]` has its id in the table's name",
            );
            return Some(problem.help("leave `id` out, or write `[[jobs]]`"));
        }
        if is_header_of_job(entry) {
            let message = "jobs are written both as `[jobs.ID]` and as `[[jobs]]`";
            return Some(
                entry
                    .key_error("mixed_jobs", message)
                    .help("use one form in a file"),
            );
        }
        trigger::misplaced_argument(entry)
    });
}

/// After a `[[jobs]]`, TOML takes `[jobs.other]` for a part of that job. `[jobs.id.part]` is one.
fn is_header_of_job(entry: &Entry<'_>) -> bool {
    let is_table = matches!(entry.value, DeValue::Table(_));
    let header = entry.file.text.get(entry.span()).unwrap_or_default();
    let path = header
        .strip_prefix('[')
        .and_then(|rest| rest.split(']').next());
    let behind = path.and_then(|path| {
        path.trim()
            .strip_prefix("jobs")?
            .trim_start()
            .strip_prefix('.')
    });
    is_table && behind.is_some_and(|id| id.trim().trim_matches(['"', '\'']) == entry.key)
}
