//! From a job to the process of one run: what the jobs file says, in the process layer's words.

use crate::config::{Command, Job, Stdin};
use crate::process::{self, Launch, Program};
use crate::sys::account::Login;
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
    #[must_use]
    pub fn launch(&self, job: &Job, variables: &[(&str, String)]) -> Launch {
        let program = match &job.command {
            Command::Shell(script) => Program::Shell {
                shell: job.shell.clone(),
                script: script.into(),
            },
            Command::Program(arguments) => {
                Program::Direct(arguments.iter().map(OsString::from).collect())
            }
        };
        let environment = if job.clear_env {
            let clear = process::clear_environment(&self.login, &job.shell);
            process::environment_for_run(clear.into_iter(), &job.env, variables)
        } else {
            let own = self.environment.iter().cloned();
            process::environment_for_run(own, &job.env, variables)
        };
        Launch {
            program,
            cwd: job.cwd.clone(),
            environment,
            environment_file: job.env_file.clone(),
            stdin: match &job.stdin {
                Stdin::Nothing => process::Stdin::Nothing,
                Stdin::Text(text) => process::Stdin::Text(text.clone().into_bytes()),
                Stdin::File(path) => process::Stdin::File(path.clone()),
            },
        }
    }
}
