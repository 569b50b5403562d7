//! What the intermediate is to do, on its way there.

use crate::process::launch::{Launch, Program};
use crate::process::output_file::OutputFile;
use crate::process::preparation::Preparation;
use crate::process::start::OutputTarget;
use crate::process::stdin::Stdin;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A [`Launch`] in a form that can be written down: its text for stdin is open already.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    arguments: Vec<OsString>,
    cwd: OsString,
    environment: Vec<(OsString, OsString)>,
    environment_file: Option<OsString>,
    stdin_file: Option<OsString>,
    output_file: Option<OutputOrder>,
    mark: Option<OsString>,
    preparation: Preparation,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct OutputOrder {
    path: OsString,
    max_size: Option<u64>,
    keep: u32,
}

impl Order {
    /// `mark`: the path of the mark of its start, absolute.
    pub(super) fn of(launch: &Launch, output: &OutputTarget<'_>, mark: Option<PathBuf>) -> Self {
        let variable = |(name, value): (&OsString, &OsString)| (name.clone(), value.clone());
        Self {
            arguments: launch.arguments(),
            cwd: launch.cwd.clone().into(),
            environment: launch.environment.iter().map(variable).collect(),
            environment_file: launch.environment_file.clone().map(OsString::from),
            stdin_file: match &launch.stdin {
                Stdin::File(path) => Some(path.clone().into()),
                Stdin::Nothing | Stdin::Text(_) => None,
            },
            output_file: match output {
                OutputTarget::File(file) => Some(OutputOrder {
                    path: file.path.clone().into(),
                    max_size: file.max_size,
                    keep: file.keep,
                }),
                OutputTarget::Inherit | OutputTarget::Discard | OutputTarget::Pipe(_) => None,
            },
            mark: mark.map(OsString::from),
            preparation: launch.preparation.clone(),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("it has neither maps nor anything that can fail")
    }

    pub(super) fn decode(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// The mark to be made before anything else.
    pub(super) fn mark(&self) -> Option<&Path> {
        self.mark.as_deref().map(Path::new)
    }

    /// The file to write to, if the output is not where it should be already.
    pub(super) fn output_file(&self) -> Option<OutputFile> {
        self.output_file.clone().map(|file| OutputFile {
            path: file.path.into(),
            max_size: file.max_size,
            keep: file.keep,
        })
    }

    /// What is to be executed once all is prepared.
    pub(super) fn into_launch(self) -> Launch {
        Launch {
            program: Program::Direct(self.arguments),
            cwd: self.cwd.into(),
            environment: self.environment.into_iter().collect(),
            environment_file: self.environment_file.map(Into::into),
            stdin: self
                .stdin_file
                .map_or(Stdin::Nothing, |path| Stdin::File(path.into())),
            preparation: self.preparation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::preparation::{Credentials, Limit, LimitKind};
    use std::collections::BTreeMap;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn what_is_written_down_is_read_again_byte_by_byte() {
        let bytes = |first: u8| OsString::from_vec((first..=255).collect());
        let launch = Launch {
            program: Program::Direct(vec!["x".into(), bytes(1), OsString::new()]),
            cwd: bytes(2).into(),
            environment: BTreeMap::from([(bytes(3), bytes(4))]),
            environment_file: Some(bytes(5).into()),
            stdin: Stdin::File(bytes(6).into()),
            preparation: Preparation {
                credentials: Some(Credentials {
                    name: "ü".into(),
                    uid: u32::MAX - 1,
                    gid: 0,
                    groups: vec![1, 2],
                }),
                limits: vec![Limit {
                    kind: LimitKind::Core,
                    value: u64::MAX,
                }],
                umask: Some(0o27),
                nice: Some(-20),
                no_new_privileges: true,
            },
        };
        let file = OutputFile {
            path: bytes(7).into(),
            max_size: Some(8),
            keep: 9,
        };
        let mark = PathBuf::from(bytes(8));
        let order = Order::of(&launch, &OutputTarget::File(&file), Some(mark.clone())).encode();
        let order = Order::decode(&order).unwrap();
        assert_eq!(order.mark(), Some(mark.as_path()));
        assert_eq!(order.output_file(), Some(file));
        assert_eq!(order.into_launch(), launch);
    }
}
