//! An expression of the command line: told apart from a file, read, and what is wrong with it shown.

use super::args::{DstArg, ExpressionArgs, FileArgs};
use super::exit_code::ExitCode;
use super::jobs_files;
use super::terminal::complain;
use crate::config::{self, Context, ExpressionOptions, InlineTrigger, JobId};
use crate::diagnostic::{Diagnostic, Source, quoted};
use crate::schedule::{DstPolicy, Expression, ScheduleSpec, Trigger};
use crate::time::{UnknownZone, Zone, ZoneDatabase};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name that diagnostics give to an expression.
const EXPRESSION: &str = "<expression>";

/// What the arguments name.
pub(super) enum What<'a> {
    Expression(&'a str),
    Files(Vec<PathBuf>),
}

/// Tells expressions and files apart, and refuses options that go with the other.
pub(super) fn what<'a>(
    arguments: &'a [String],
    jobs: &[String],
    options: &ExpressionArgs,
    file: &FileArgs,
) -> Result<What<'a>, ExitCode> {
    let usage = |message: &str| {
        complain(&message);
        Err(ExitCode::Usage)
    };
    if arguments
        .iter()
        .all(|argument| jobs_files::is_file(argument))
    {
        if let Some(message) = options.misplaced() {
            return usage(message);
        }
        let files: Vec<_> = arguments.iter().map(PathBuf::from).collect();
        return Ok(What::Files(jobs_files::pick(&files)?));
    }
    if arguments.len() == 1 && (file.system || file.file_format.is_some()) {
        let missing = quoted(&arguments[0]);
        return usage(&format!(
            "--system and --file-format go with files, and there is no file {missing}"
        ));
    }
    match arguments {
        [text] if looks_like_a_path(text) => usage(&format!("there is no file {}", quoted(text))),
        [text] if jobs.is_empty() => Ok(What::Expression(text)),
        [text] => usage(&format!(
            "--job goes with jobs files, and there is no file {}",
            quoted(text)
        )),
        several if several.iter().any(|argument| jobs_files::is_file(argument)) => {
            let missing = several
                .iter()
                .find(|argument| !jobs_files::is_file(argument));
            let missing = missing.map_or_else(String::new, |argument| quoted(argument));
            usage(&format!(
                "there is no file {missing} (an expression stands alone, in quotes)"
            ))
        }
        _ => {
            usage("an expression is one argument: put it in quotes, as in rsched next '0 0 * * *'")
        }
    }
}

/// One word with a slash in it or the ending of a file behind it: better called a missing file than an
/// expression of one field.
fn looks_like_a_path(text: &str) -> bool {
    let one_word = !text.contains([' ', '\t', '{', '*', '@']);
    one_word
        && (text.contains('/')
            || Path::new(text).extension().is_some_and(|extension| {
                ["toml", "cron", "crontab"]
                    .iter()
                    .any(|known| extension == *known)
            }))
}

impl ExpressionArgs {
    /// Why these options do not go with files, if they do not.
    fn misplaced(&self) -> Option<&'static str> {
        if self.dst.is_some() {
            Some("--dst goes with an expression; the policy of a job stands in its file")
        } else if self.dialect.is_some() {
            Some("--dialect goes with an expression; the dialect of a job stands in its file")
        } else if self.job_id.is_some() {
            Some("--job-id goes with an expression; one job of a file is named by --job")
        } else {
            None
        }
    }

    /// The zone of `--timezone`, if that is given.
    pub(super) fn named_zone(&self, zones: &ZoneDatabase) -> Result<Option<Arc<Zone>>, ExitCode> {
        let Some(name) = self.timezone.as_deref() else {
            return Ok(None);
        };
        zones.get(name).map(Some).map_err(|unknown| {
            let problem = unknown_zone(&unknown).at(0, 0..name.len());
            wrong_text("--timezone", name, &[problem])
        })
    }

    /// Reads an inline table or an expression; `zone` is that of one that names none.
    pub(super) fn read(
        &self,
        text: &str,
        zone: &Arc<Zone>,
        context: &Context<'_>,
    ) -> Result<InlineTrigger, ExitCode> {
        if let Some(Err(error)) = self.job_id.as_deref().map(JobId::parse) {
            complain(&format_args!("--job-id: {error}"));
            return Err(ExitCode::Usage);
        }
        let options = ExpressionOptions {
            dialect: self.dialect.map(Into::into).unwrap_or_default(),
            job_id: self.job_id.as_deref(),
            on_command_line: true,
        };
        let read = if text.trim_start().starts_with('{') {
            config::parse_inline_trigger(text, zone, options, context)
        } else {
            crontab(text, zone, options, context)
        };
        let mut read = read.map_err(|problems| wrong_text(EXPRESSION, text, &problems))?;
        if let Some(dst) = self.dst {
            set_policy(&mut read.schedule, DstPolicy::from(dst));
        }
        Ok(read)
    }
}

fn unknown_zone(unknown: &UnknownZone) -> Diagnostic {
    let suggestion = unknown.suggestion.as_ref();
    Diagnostic::error("unknown_zone", unknown.to_string())
        .maybe_help(suggestion.map(|zone| format!("did you mean `{zone}`?")))
}

/// Sets the policy of a schedule and of all its parts.
fn set_policy(spec: &mut ScheduleSpec, dst: DstPolicy) {
    spec.dst = dst;
    let mut trigger = &mut spec.trigger;
    while let Trigger::Except { trigger: inner, .. } = trigger {
        trigger = &mut **inner;
    }
    if let Trigger::Any(parts) | Trigger::All(parts) = trigger {
        for part in parts {
            set_policy(part, dst);
        }
    }
}

fn crontab(
    text: &str,
    zone: &Arc<Zone>,
    options: ExpressionOptions<'_>,
    context: &Context<'_>,
) -> Result<InlineTrigger, Vec<Diagnostic>> {
    let Expression {
        trigger,
        zone: named,
        warnings,
    } = options
        .parse(text)
        .map_err(|errors| config::diagnostics_of_expression(errors, 0, 0))?;
    let zone = match named {
        None => Arc::clone(zone),
        Some((name, span)) => {
            let found = context.zones.get(&name);
            found.map_err(|unknown| vec![unknown_zone(&unknown).at(0, span)])?
        }
    };
    Ok(InlineTrigger {
        schedule: ScheduleSpec::new(trigger, zone),
        jitter: None,
        warnings: config::warnings_of_expression(warnings, 0, 0),
    })
}

/// Shows what is odd about an expression.
pub(super) fn warn(text: &str, warnings: &[Diagnostic]) {
    show(EXPRESSION, text, warnings);
}

/// Shows what is wrong with a text of the command line.
pub(super) fn wrong_text(name: &str, text: &str, problems: &[Diagnostic]) -> ExitCode {
    show(name, text, problems);
    ExitCode::Usage
}

fn show(name: &str, text: &str, problems: &[Diagnostic]) {
    let source = Source {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    jobs_files::show(problems, &[source]);
}

impl From<DstArg> for DstPolicy {
    fn from(policy: DstArg) -> Self {
        match policy {
            DstArg::Once => Self::Once,
            DstArg::Wall => Self::Wall,
            DstArg::Skip => Self::Skip,
            DstArg::Cron => Self::Cron,
        }
    }
}
