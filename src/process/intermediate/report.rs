//! What the intermediate says on its way: that a step failed, or that it is about to execute the
//! program, and then, if it still can say anything, why that failed.

use crate::process::output_file::Remark;
use crate::process::program;
use crate::process::spawn_error::SpawnError;
use nix::errno::Errno;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::PathBuf;

/// One line of JSON. Behind [`Report::Ready`] the errno of the exec may follow, as it is in memory:
/// by then a limit may leave no memory for anything else.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Report {
    /// A step failed; the program does not run, and never will.
    Failed(SpawnError),
    /// All is done, this program is executed next.
    Ready {
        /// The program.
        program: OsString,
        /// What is strange, but no reason not to execute it.
        remark: Option<Remark>,
    },
}

impl Report {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("nothing in it can fail");
        line.push(b'\n');
        line
    }
}

/// What all that was said means, now that the pipe is closed: whether the program runs. None if the
/// intermediate ended before it could say.
pub(super) fn judge(said: &[u8]) -> Option<Result<Option<Remark>, SpawnError>> {
    let end = said.iter().position(|&byte| byte == b'\n')?;
    let (program, remark) = match serde_json::from_slice(&said[..end]).ok()? {
        Report::Failed(error) => return Some(Err(error)),
        Report::Ready { program, remark } => (PathBuf::from(program), remark),
    };
    let rest = &said[end + 1..];
    match <[u8; 4]>::try_from(rest) {
        Ok(errno) => {
            let errno = Errno::from_raw(i32::from_ne_bytes(errno));
            Some(Err(program::explain(&program, errno)))
        }
        Err(_) => Some(Ok(remark)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::SpawnErrorKind;

    fn ready(remark: Option<Remark>) -> Report {
        Report::Ready {
            program: "/bin/true".into(),
            remark,
        }
    }

    #[test]
    fn a_failure_arrives_as_it_was_and_silence_is_none() {
        let error = SpawnError::from_errno("set `user` to x", Errno::EAGAIN);
        let failed = Report::Failed(error.clone()).encode();
        assert_eq!(judge(&failed), Some(Err(error)));
        let remark = Some(Remark("strange".into()));
        assert_eq!(judge(&ready(remark.clone()).encode()), Some(Ok(remark)));
        for cut in [&failed[..failed.len() - 1], b"", b"garbage\n"] {
            assert_eq!(judge(cut), None);
        }
    }

    #[test]
    fn an_exec_that_failed_is_explained() {
        let mut said = ready(None).encode();
        said.extend((Errno::EAGAIN as i32).to_ne_bytes());
        let error = judge(&said).unwrap().unwrap_err();
        assert_eq!((error.kind, error.transient), (SpawnErrorKind::Busy, true));
        assert!(error.message.contains("`/bin/true`"), "{error}");
    }
}
