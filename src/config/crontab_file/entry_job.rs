//! An entry as a job: cron's environment, directory and rules, said in the words of a jobs file.

use super::generated_id::{generated_id, slug};
use super::percent;
use super::reader::{Crontab, WrittenJob};
use crate::config::inline::{diagnostics_of_expression, warnings_of_expression};
use crate::config::settings::DEFAULT_SHELL;
use crate::config::shared_parts::{EntrySettings, SharedParts};
use crate::config::{
    Account, AccountError, Command, Job, JobId, JobSchedule, JobSettings, Machine, NO_LIMIT, RunAs,
    Stdin,
};
use crate::diagnostic::{Diagnostic, quoted};
use crate::schedule::{DstPolicy, ParseOptions, ScheduleSpec, parse_expression_with};
use crate::time::{WallTime, Zone};
use std::path::PathBuf;
use std::sync::Arc;

/// What a crontab says nothing of.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The zone of entries without `CRON_TZ`.
    pub zone: &'a Arc<Zone>,
    /// Now.
    pub now: WallTime,
    /// Whom to ask for home directories.
    pub machine: Option<&'a dyn Machine>,
}

/// What people would call an entry after its command.
pub fn program_name(crontab: &Crontab<'_>, written: &WrittenJob) -> String {
    let command = &crontab.file.text[written.entry.command.clone()];
    slug(&percent::split(command).script)
}

impl<'t> Crontab<'t> {
    /// The id of a job: the one named above its entry, else a generated one.
    pub fn id(&self, written: &WrittenJob, is_taken: impl Fn(&str) -> bool) -> JobId {
        if let Some((id, _)) = &written.id {
            return id.clone();
        }
        let line = &self.file.text[written.line.clone()];
        let command = &self.file.text[written.entry.command.clone()];
        let script = percent::split(command).script;
        generated_id(line, &script, is_taken)
    }

    /// The job of an entry, with everything that is odd about it. What it has in common with others is
    /// taken from `parts`.
    ///
    /// # Errors
    /// What is wrong with its fields.
    pub fn job(
        &self,
        written: &WrittenJob,
        id: JobId,
        around: Around<'_>,
        parts: &mut SharedParts<'t>,
    ) -> Result<(Job, Vec<Diagnostic>), Vec<Diagnostic>> {
        let (schedule, mut oddities) = self.shared_schedule(written, &id, around, parts)?;
        oddities.extend(written.oddities.iter().cloned());
        let split = percent::split(&self.file.text[written.entry.command.clone()]);
        let settings = self
            .settings(written, split.stdin, around.machine, parts)
            .map_err(|error| vec![*error])?;
        // Nothing at all before the `%` is what a shell does nothing for.
        let is_nothing = split.script.trim().is_empty();
        let script = if is_nothing {
            ":".to_owned()
        } else {
            split.script
        };
        let job = Job {
            id,
            about: None,
            schedule,
            command: Command::Shell(script),
            enabled: true,
            settings,
        };
        Ok((job, oddities))
    }

    fn settings(
        &self,
        written: &WrittenJob,
        stdin: Option<String>,
        machine: Option<&dyn Machine>,
        parts: &mut SharedParts<'t>,
    ) -> Result<Arc<JobSettings>, Box<Diagnostic>> {
        let (entry, environment) = (&written.entry, &written.environment);
        let make = |stdin| {
            let run_as = self.run_as(written, machine)?;
            Ok(JobSettings {
                shell: environment.get("SHELL").unwrap_or(DEFAULT_SHELL).into(),
                cwd: self.directory(written, run_as.account(), machine),
                env: environment.of_jobs(),
                clear_env: true,
                stdin,
                output: environment.output(entry.mails_failures_only),
                run_as,
                max_instances: if entry.single { 1 } else { NO_LIMIT },
                // Whatever a crontab says nothing of.
                ..JobSettings::default()
            })
        };
        if let Some(text) = stdin {
            return Ok(parts.settings(Arc::new(make(Stdin::Text(text))?)));
        }
        let alike = EntrySettings {
            user: entry.user.clone().map(|span| &self.file.text[span]),
            mails_failures_only: entry.mails_failures_only,
            single: entry.single,
        };
        parts.settings_of_entry(environment, alike, || make(Stdin::Nothing))
    }

    /// The schedule of an entry. One without oddities is that of all entries with these fields below the
    /// same assignments, unless ids have a say in it: `H`, `~`, and whatever else has such a letter.
    fn shared_schedule(
        &self,
        written: &WrittenJob,
        id: &JobId,
        around: Around<'_>,
        parts: &mut SharedParts<'t>,
    ) -> Result<(Arc<JobSchedule>, Vec<Diagnostic>), Vec<Diagnostic>> {
        let (text, environment) = (self.file.text, &written.environment);
        let fields = &text[written.entry.schedule.clone()];
        if let Some(schedule) = parts.schedule_of_entry(environment, fields) {
            return Ok((schedule, Vec::new()));
        }
        let (spec, oddities) = self.schedule(written, id, around)?;
        let words = fields.split([' ', '\t']).filter(|word| !word.is_empty());
        let words: Vec<_> = words.collect();
        let schedule = JobSchedule::new(spec, environment.delay, words.join(" "));
        let schedule = parts.schedule(Arc::new(schedule));
        if oddities.is_empty() && !fields.contains(['H', 'h', '~']) {
            parts.keep_schedule_of_entry(environment, fields, &schedule);
        }
        Ok((schedule, oddities))
    }

    fn schedule(
        &self,
        written: &WrittenJob,
        id: &JobId,
        around: Around<'_>,
    ) -> Result<(ScheduleSpec, Vec<Diagnostic>), Vec<Diagnostic>> {
        let span = written.entry.schedule.clone();
        let (source, start) = (self.file.index, span.start);
        let options = ParseOptions {
            job_id: Some(id.as_str()),
            backward_ranges: true,
            ..ParseOptions::default()
        };
        let expression = parse_expression_with(&self.file.text[span.clone()], options)
            .map_err(|errors| diagnostics_of_expression(errors, source, start))?;
        let zone = written.environment.zone.as_ref().unwrap_or(around.zone);
        let spec = ScheduleSpec {
            dst: DstPolicy::Cron,
            ..ScheduleSpec::new(expression.trigger, Arc::clone(zone))
        };
        let mut found = warnings_of_expression(expression.warnings, source, start);
        let is_said = |code: &str| found.iter().any(|problem| problem.code == code);
        let never = is_said("backward_range").then_some("never_fires");
        let mut lints = spec.lints(around.now, written.environment.delay);
        // Better said at the item itself, or of the range that is the reason.
        lints.retain(|lint| !is_said(lint.code) && never != Some(lint.code));
        found.extend(lints.into_iter().map(|lint| {
            let problem = Diagnostic::warning(lint.code, lint.message);
            let problem = problem.at(source, span.clone());
            problem.maybe_help(lint.help.map(str::to_owned))
        }));
        Ok((spec, found))
    }

    /// Whom it runs as.
    fn run_as(
        &self,
        written: &WrittenJob,
        machine: Option<&dyn Machine>,
    ) -> Result<RunAs, Box<Diagnostic>> {
        let Some(span) = written.entry.user.clone() else {
            return Ok(RunAs::Ourselves);
        };
        let name = &self.file.text[span.clone()];
        let Some(found) = machine.and_then(|machine| machine.account(name)) else {
            return Ok(RunAs::Unasked);
        };
        found.map(RunAs::Account).map_err(|error| {
            let shown = quoted(name);
            let (code, message, help) = match error {
                AccountError::NotRoot => (
                    "not_root",
                    format!("a command of {shown}: only root may run it as its user"),
                    Some("run rsched as root, or the user's own crontab as that user"),
                ),
                AccountError::Unanswered(why) => (
                    "unknown_user",
                    format!("cannot find out who {shown} is: {why}"),
                    None,
                ),
                AccountError::NoUser | AccountError::NoGroup | AccountError::NoOwnGroup => (
                    "unknown_user",
                    format!("there is no user {shown} on this machine"),
                    Some("a system crontab names the user before the command"),
                ),
            };
            let problem = Diagnostic::error(code, message).at(self.file.index, span);
            Box::new(problem.maybe_help(help.map(str::to_owned)))
        })
    }

    /// Where cron runs it: HOME, which is the user's own home unless the crontab says otherwise.
    fn directory(
        &self,
        written: &WrittenJob,
        account: Option<&Account>,
        machine: Option<&dyn Machine>,
    ) -> PathBuf {
        let known = || match (&written.entry.user, account) {
            (_, Some(account)) => Some(account.home.clone()),
            (Some(user), None) => machine?.home_of(&self.file.text[user.clone()]),
            (None, None) => machine?.own_home(),
        };
        // Debian's cron does not mind a home that is not there, as that of many users of daemons.
        let is_there = |home: &PathBuf| machine.is_none_or(|it| it.is_directory(home));
        let home = written.environment.home();
        let home = home.or_else(|| known().filter(is_there));
        home.unwrap_or_else(|| PathBuf::from("/"))
    }
}
