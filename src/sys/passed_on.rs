//! What a process passes on to those it starts, as `/proc` tells of any process, and our own umask.

use nix::sys::stat::Mode;
use nix::unistd::Pid;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt as _;

/// Its environment when it was started, and how it makes files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOn {
    /// Its variables.
    pub environment: Vec<(OsString, OsString)>,
    /// The bits it takes from the mode of files; none where the kernel does not tell (before 4.7).
    pub umask: Option<u32>,
}

impl PassedOn {
    /// By the process with this pid.
    ///
    /// # Errors
    /// It is gone, or another user's.
    pub fn by(pid: Pid) -> io::Result<Self> {
        let environment = fs::read(format!("/proc/{pid}/environ"))?;
        let status = fs::read(format!("/proc/{pid}/status"))?;
        let variables = environment.split(|&byte| byte == 0);
        Ok(Self {
            environment: variables.filter_map(variable).collect(),
            umask: umask_in(&String::from_utf8_lossy(&status)),
        })
    }
}

/// Sets our own umask.
pub fn set_umask(mask: u32) {
    nix::sys::stat::umask(Mode::from_bits_truncate(mask));
}

fn umask_in(status: &str) -> Option<u32> {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("Umask:"))?;
    u32::from_str_radix(mask.trim(), 8).ok()
}

fn variable(text: &[u8]) -> Option<(OsString, OsString)> {
    // A name is not empty: one that begins with `=` is looked through to the next.
    let length = 1 + text.iter().skip(1).position(|&byte| byte == b'=')?;
    let part = |part: &[u8]| OsString::from_vec(part.to_vec());
    Some((part(&text[..length]), part(&text[length + 1..])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_process_is_read_as_it_was_started() {
        let mut child = Command::new("sh")
            .args(["-c", "umask 027; echo; read line"])
            .env_clear()
            .envs([("A", "1"), ("EMPTY", ""), ("B", "x=y\nz")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = [0];
        io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut said).unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
        let passed_on = PassedOn::by(pid).unwrap();
        let mut variables = passed_on.environment;
        variables.sort();
        let expected = [("A", "1"), ("B", "x=y\nz"), ("EMPTY", "")];
        assert_eq!(variables, expected.map(|(a, b)| (a.into(), b.into())));
        assert_eq!(passed_on.umask, Some(0o27));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(PassedOn::by(pid).is_err());
    }
}
