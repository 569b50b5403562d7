//! The jobs file as a whole: what cron does with all its jobs, then the jobs, each under its comments.

use super::draft::{Common, Draft, allowed};
use super::shared::{most_common, shared_variables};
use super::toml_text::{comment, key, string};
use crate::config::JobId;
use crate::config::allow::Allowed;
use crate::config::crontab_file::{Around, Assignment, Crontab, Remark, WrittenJob, parse_remark};
use crate::config::settings::DEFAULT_SHELL;
use crate::diagnostic::quoted;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

/// What stands above a job.
pub enum Above {
    /// A comment, or nothing.
    Line(String),
    /// The comments above the first assignment of this variable.
    Variable(String),
}

/// The drafts of the jobs so far.
pub struct Document {
    out: String,
    /// The comments that the crontab begins with, unless they are those of an entry.
    header: Option<Vec<String>>,
    /// What stands above what comes next.
    above: Vec<Above>,
    /// The comments directly above each variable's first assignment.
    variables: BTreeMap<String, Vec<String>>,
    drafts: Vec<Draft>,
    /// Ids in use, in lower case.
    taken: HashSet<String>,
}

impl Document {
    /// `name` is what the crontab is called, `ids` are those of its entries.
    pub fn new(name: &str, ids: &[JobId]) -> Self {
        Self {
            out: format!(
                "# Made from the crontab {} by `rsched import crontab`: it fires as that does.\n",
                quoted(name)
            ),
            header: None,
            above: Vec::new(),
            variables: BTreeMap::new(),
            drafts: Vec::new(),
            taken: ids
                .iter()
                .map(|id| id.as_str().to_ascii_lowercase())
                .collect(),
        }
    }

    /// A blank line; several are one.
    pub fn blank_line(&mut self) {
        self.end_header();
        let is_blank = |above: &Above| matches!(above, Above::Line(line) if line.is_empty());
        if self.above.last().is_some_and(|above| !is_blank(above)) {
            self.above.push(Above::Line(String::new()));
        }
    }

    /// A comment, unless it says something that is a key of a jobs file.
    pub fn comment(&mut self, line: &str) {
        match parse_remark(line, 0..line.len()) {
            Some(Remark::Id(..) | Remark::Allow(_)) => {}
            _ => self.above.push(Above::Line(comment(line))),
        }
    }

    /// What stood above so far is what the crontab begins with, if that has not been found yet.
    fn end_header(&mut self) {
        if self.header.is_none() && self.drafts.is_empty() {
            let line = |above| match above {
                Above::Line(line) => Some(line),
                Above::Variable(_) => None,
            };
            self.header = Some(self.above.drain(..).filter_map(line).collect());
        }
    }

    /// A variable: comments directly above it go where it goes, if it is the first of that name.
    pub fn assignment(&mut self, assignment: &Assignment<'_>) {
        self.end_header();
        if self.variables.contains_key(assignment.name) {
            return;
        }
        let mut block = Vec::new();
        while let Some(Above::Line(line)) = self.above.pop_if(|above| is_comment(above)) {
            block.insert(0, line);
        }
        self.above.push(Above::Variable(assignment.name.to_owned()));
        self.variables.insert(assignment.name.to_owned(), block);
    }

    /// A job, with its id.
    pub fn entry(
        &mut self,
        crontab: &Crontab<'_>,
        written: &WrittenJob,
        id: JobId,
        around: Around<'_>,
    ) {
        if let Some(mut draft) = Draft::new(crontab, written, id, around, &mut self.taken) {
            draft.above = std::mem::take(&mut self.above);
            self.drafts.push(draft);
        }
    }

    /// All of it. `allow` is what the file silences.
    pub fn finish(mut self, allow: &Allowed) -> String {
        let common = self.common();
        for line in self.header.iter().flatten() {
            let _ = writeln!(self.out, "{line}");
        }
        self.settings(&common, allow);
        for draft in &self.drafts {
            self.out.push('\n');
            self.out.push_str(&self.lines(&draft.above, &common));
            self.out.push_str(&draft.table(&common));
        }
        let rest = self.lines(&self.above, &common);
        if !rest.is_empty() {
            self.out.push('\n');
        }
        self.out.push_str(rest.trim_end_matches('\n'));
        if !rest.is_empty() {
            self.out.push('\n');
        }
        self.out
    }

    /// What stands above something, as text: of variables that are set for all the comments stand there.
    fn lines(&self, above: &[Above], common: &Common) -> String {
        let mut lines: Vec<&str> = Vec::new();
        for above in above {
            match above {
                Above::Line(line) => lines.push(line),
                Above::Variable(name) if common.env.contains_key(name) => {}
                Above::Variable(name) => {
                    lines.extend(self.variables[name].iter().map(String::as_str));
                }
            }
        }
        // What went elsewhere leaves blank lines.
        let is_blank = |line: &&str| line.is_empty();
        let first = lines.iter().position(|line| !line.is_empty());
        let mut lines = lines.split_off(first.unwrap_or(lines.len()));
        lines.dedup_by(|one, other| is_blank(&&**one) && is_blank(&&**other));
        lines.into_iter().flat_map(|line| [line, "\n"]).collect()
    }

    /// What jobs that fire share.
    fn common(&self) -> Common {
        let fires = |draft: &&Draft| !draft.never_fires;
        let mut firing: Vec<_> = self.drafts.iter().filter(fires).collect();
        if firing.is_empty() {
            firing.extend(&self.drafts);
        }
        let of = |value: fn(&Draft) -> Option<String>| {
            most_common(firing.iter().map(|draft| value(draft)))
        };
        let environments: Vec<_> = firing.iter().map(|draft| &draft.env).collect();
        Common {
            cwd: of(|draft| Some(draft.cwd())),
            shell: of(|draft| Some(draft.shell())),
            user: of(|draft| draft.user.clone()),
            zone: of(|draft| draft.zone.clone()),
            jitter: of(|draft| draft.jitter.clone()),
            output: of(|draft| Some(draft.output())),
            env: shared_variables(&environments),
        }
    }

    fn settings(&mut self, common: &Common, allow: &Allowed) {
        let out = &mut self.out;
        let allowed = allowed(allow);
        if !allowed.is_empty() {
            let codes: Vec<_> = allowed.iter().map(|code| string(code)).collect();
            let _ = write!(out, "\n[scheduler]\nallow = [{}]\n", codes.join(", "));
        }
        out.push_str(
            "\n# As cron does it: whatever is due starts, whatever else runs.\n\
             [executors.default]\nmax_workers = \"unlimited\"\n\
             \n[defaults]\nmax_instances = \"unlimited\"\n",
        );
        let mut line = |key: &str, value: &Option<String>| {
            if let Some(value) = value {
                let _ = writeln!(out, "{key} = {}", string(value));
            }
        };
        line("user", &common.user);
        line("cwd", &common.cwd);
        line(
            "shell",
            &common.shell.clone().filter(|shell| shell != DEFAULT_SHELL),
        );
        line("timezone", &common.zone);
        line("jitter", &common.jitter);
        if let Some(output) = common.output.as_ref().filter(|it| *it != "\"log\"") {
            let _ = writeln!(out, "output = {output}");
        }
        out.push_str("clear_env = true\ndst = \"cron\"\n");
        if common.env.is_empty() {
            return;
        }
        out.push_str("\n[env]\n");
        for (name, value) in &common.env {
            for line in self.variables.get(name).into_iter().flatten() {
                let _ = writeln!(out, "{line}");
            }
            let _ = writeln!(out, "{} = {}", key(name), string(value));
        }
    }
}

fn is_comment(above: &Above) -> bool {
    matches!(above, Above::Line(line) if !line.is_empty())
}
