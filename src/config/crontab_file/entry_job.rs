//! An entry as a job: cron's environment, directory and rules, said in the words of a jobs file.

use super::generated_id::{generated_id, slug};
use super::percent;
use super::reader::{Crontab, WrittenJob};
use crate::config::inline::{diagnostics_of_expression, warnings_of_expression};
use crate::config::settings::DEFAULT_SHELL;
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

impl Crontab<'_> {
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

    /// The job of an entry, with everything that is odd about it.
    ///
    /// # Errors
    /// What is wrong with its fields.
    pub fn job(
        &self,
        written: &WrittenJob,
        id: JobId,
        around: Around<'_>,
    ) -> Result<(Job, Vec<Diagnostic>), Vec<Diagnostic>> {
        let text = self.file.text;
        let entry = &written.entry;
        let (schedule, mut oddities) = self.schedule(written, &id, around)?;
        oddities.extend(written.oddities.iter().cloned());
        let run_as = self
            .run_as(written, around.machine)
            .map_err(|error| vec![*error])?;
        let split = percent::split(&text[entry.command.clone()]);
        // Nothing at all before the `%` is what a shell does nothing for.
        let is_nothing = split.script.trim().is_empty();
        let script = if is_nothing {
            ":".to_owned()
        } else {
            split.script
        };
        let environment = &written.environment;
        let words = text[entry.schedule.clone()].split([' ', '\t']);
        let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
        let settings = JobSettings {
            shell: environment.get("SHELL").unwrap_or(DEFAULT_SHELL).into(),
            cwd: self.directory(written, run_as.account(), around.machine),
            env: environment.of_jobs(),
            clear_env: true,
            stdin: split.stdin.map_or(Stdin::Nothing, Stdin::Text),
            output: environment.output(entry.mails_failures_only),
            run_as,
            max_instances: if entry.single { 1 } else { NO_LIMIT },
            // Whatever a crontab says nothing of.
            ..JobSettings::default()
        };
        let schedule = JobSchedule::new(schedule, environment.delay, words.join(" "));
        let job = Job {
            id,
            about: None,
            schedule: Arc::new(schedule),
            command: Command::Shell(script),
            enabled: true,
            settings: Arc::new(settings),
        };
        Ok((job, oddities))
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
