//! Bytes in a file that has no name and lies in memory: how a text becomes somebody's stdin without
//! a thread that writes, and whatever its size without two sides that wait for each other.

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, SealFlag, fcntl, open};
use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::stat::Mode;
use std::ffi::CStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};

/// A descriptor to read `bytes` from, from their beginning. Nobody can change them any more.
///
/// `name` is for people who look at `/proc/PID/fd`.
///
/// # Errors
/// ENOMEM, EMFILE, ENFILE; ENOENT where `/proc` is not mounted.
pub fn holding(name: &CStr, bytes: &[u8]) -> io::Result<OwnedFd> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    // Where `vm.memfd_noexec` is 2 it must be said that nothing in it is a program; before Linux
    // 6.3 it cannot be said.
    let no_program = MFdFlags::from_bits_retain(libc::MFD_NOEXEC_SEAL);
    let file = match memfd_create(name, flags | no_program) {
        Err(Errno::EINVAL) => memfd_create(name, flags),
        result => result,
    };
    let mut file = File::from(file?);
    file.write_all(bytes)?;
    let seals = SealFlag::F_SEAL_WRITE
        | SealFlag::F_SEAL_GROW
        | SealFlag::F_SEAL_SHRINK
        | SealFlag::F_SEAL_SEAL;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
    // Opened anew: read-only, and with a position of its own.
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    Ok(open(path.as_str(), flags, Mode::empty())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_was_put_in_is_read_from_the_beginning_and_cannot_be_changed() {
        let bytes = vec![7; 1_000_000];
        let mut file = File::from(holding(c"test", &bytes).unwrap());
        let mut read = Vec::new();
        file.read_to_end(&mut read).unwrap();
        assert!(read == bytes);
        assert!(file.write(b"x").is_err());
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        // Somebody who has it can open it for writing: nothing comes of that.
        if let Ok(mut writable) = File::options().write(true).open(path) {
            let error = writable.write(b"x").unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EPERM));
        }
    }
}
