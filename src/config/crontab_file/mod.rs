//! Crontab files: crontab(5) text in, the same valid jobs out as of a jobs file, or all diagnostics.
//!
//! Read in three passes. `lines` tells comments, assignments and entries apart, by cron's rules
//! alone; `reader` walks them and knows what holds at each entry (assignments hold for the lines
//! below them, remarks such as `# id: NAME` for the entry below); and once all files are read and
//! every id is known, `entry_job` makes the jobs. What cron accepts is accepted: what is
//! probably a mistake all the same is a warning that says so (`lints`).

mod assignment;
mod encoding;
mod entry_job;
mod environment;
mod file_name;
mod generated_id;
mod line;
mod lints;
mod percent;
mod reader;
mod remark;
mod script;

pub use encoding::utf8_of_crontab;
pub use file_name::FileFormat;

pub(super) use assignment::Assignment;
pub(super) use entry_job::{Around, program_name};
pub(super) use environment::Environment;
pub(super) use line::{Line, TabFile};
pub(super) use reader::{Crontab, WrittenJob, read};
pub(super) use remark::{Remark, parse as parse_remark};

#[cfg(test)]
mod tests;
