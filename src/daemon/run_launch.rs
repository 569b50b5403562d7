//! From a job to the process of one run: what the jobs file says, in the process layer's words.

use crate::config::{Command, Job, RunAs, Stdin};
use crate::process::{self, Credentials, Launch, Limit, LimitKind, Preparation, Program};
use crate::sys::account::Login;
use std::collections::BTreeMap;
use std::ffi::OsString;

/// What runs have from the scheduler that starts them.
#[derive(Clone, Debug)]
pub struct Inheritance {
    /// The scheduler's own environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Who the scheduler is, for jobs that start from nothing else.
    pub login: Login,
}

impl Inheritance {
    /// The process of a run that is told `variables` about itself.
    ///
    /// # Errors
    /// It is not known whom it is to run as.
    pub fn launch(&self, job: &Job, variables: &[(&str, String)]) -> Result<Launch, String> {
        if job.settings.run_as == RunAs::Unasked {
            return Err("nobody has found out who its `user` is".to_owned());
        }
        let program = match &job.command {
            Command::Shell(script) => Program::Shell {
                shell: job.settings.shell.clone(),
                script: script.into(),
            },
            Command::Program(arguments) => {
                Program::Direct(arguments.iter().map(OsString::from).collect())
            }
        };
        let environment = self.basis(job);
        let environment = process::environment_for_run(environment, &job.settings.env, variables);
        Ok(Launch {
            program,
            cwd: job.settings.cwd.clone(),
            environment,
            environment_file: job.settings.env_file.clone(),
            stdin: match &job.settings.stdin {
                Stdin::Nothing => process::Stdin::Nothing,
                Stdin::Text(text) => process::Stdin::Text(text.clone().into_bytes()),
                Stdin::File(path) => process::Stdin::File(path.clone()),
            },
            preparation: preparation_of(job),
        })
    }

    /// What the job's own variables are put upon.
    fn basis(&self, job: &Job) -> BTreeMap<OsString, OsString> {
        let account = job.settings.run_as.account();
        let other = account.map(|account| Login {
            name: account.name.clone(),
            home: account.home.clone(),
        });
        let clear =
            process::clear_environment(other.as_ref().unwrap_or(&self.login), &job.settings.shell);
        if job.settings.clear_env {
            return clear;
        }
        let mut environment: BTreeMap<_, _> = self.environment.iter().cloned().collect();
        // Somebody else is not at home where we are.
        if other.is_some() {
            environment.extend(clear.into_iter().filter(|(name, _)| name != "PATH"));
        }
        environment
    }
}

fn preparation_of(job: &Job) -> Preparation {
    let limits = [
        (LimitKind::Cpu, job.settings.limits.cpu),
        (LimitKind::Memory, job.settings.limits.memory),
        (LimitKind::Files, job.settings.limits.files),
        (LimitKind::Processes, job.settings.limits.processes),
        (LimitKind::Core, job.settings.limits.core),
    ];
    Preparation {
        credentials: job.settings.run_as.account().map(|account| Credentials {
            name: account.name.clone(),
            uid: account.uid,
            gid: account.gid,
            groups: account.groups.clone(),
        }),
        limits: limits
            .into_iter()
            .filter_map(|(kind, value)| value.map(|value| Limit { kind, value }))
            .collect(),
        umask: job.settings.umask,
        nice: job.settings.nice,
        no_new_privileges: job.settings.no_new_privileges,
    }
}
