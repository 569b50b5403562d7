//! Which language a crontab-like text is in, and whose it is: what it takes to read one.

use crate::schedule::{
    Expression, ParseOptions, ScheduleError, parse_expression_with, parse_quartz,
};

/// The language of expressions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Five fields by cron's rules, and the nicknames.
    #[default]
    Crontab,
    /// Six or seven fields, second first, year last.
    Quartz,
}

/// How expressions are read.
///
/// ```
/// use rsched::config::{Dialect, ExpressionOptions};
/// let quartz = ExpressionOptions { dialect: Dialect::Quartz, ..ExpressionOptions::default() };
/// assert!(quartz.parse("0 30 6 ? * MON-FRI").is_ok());
/// let of_a_job = ExpressionOptions { job_id: Some("backup"), ..ExpressionOptions::default() };
/// assert!(of_a_job.parse("H H(0-5) * * *").is_ok());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExpressionOptions<'a> {
    /// The language.
    pub dialect: Dialect,
    /// What `H` and `~` are made from; without it they are errors.
    pub job_id: Option<&'a str>,
    /// Whether it was typed on a command line: then help names options, and else keys of a jobs file.
    pub on_command_line: bool,
}

impl ExpressionOptions<'_> {
    /// Parses an expression.
    ///
    /// # Errors
    /// Every mistake found, each with its place in the text.
    pub fn parse(self, text: &str) -> Result<Expression, Vec<ScheduleError>> {
        match self.dialect {
            Dialect::Crontab => {
                let options = ParseOptions {
                    job_id: self.job_id,
                    on_command_line: self.on_command_line,
                    ..ParseOptions::default()
                };
                parse_expression_with(text, options)
            }
            Dialect::Quartz => parse_quartz(text),
        }
    }
}
