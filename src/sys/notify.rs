//! Telling systemd how we are (`sd_notify(3)`).
//!
//! Our own few lines, since the `sd-notify` crate reads the environment anew at each call and
//! cannot reach the abstract sockets (`@…`) that containers are given.

use super::clock;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// The longest status text that is sent, in bytes; a datagram that is too long would be lost whole.
const MAX_STATUS_BYTES: usize = 1024;

/// How often the service manager wants to hear of us, if it watches this process
/// (`sd_watchdog_enabled(3)`).
#[must_use]
pub fn watchdog_interval() -> Option<Duration> {
    let number = |name| std::env::var(name).ok()?.parse::<u64>().ok();
    let ours = std::env::var_os("WATCHDOG_PID").is_none()
        || number("WATCHDOG_PID") == Some(u64::from(std::process::id()));
    number("WATCHDOG_USEC")
        .filter(|&micros| ours && micros > 0)
        .map(Duration::from_micros)
}

/// The way to the service manager, or to nobody.
#[derive(Debug)]
pub struct Notifier {
    socket: Option<(UnixDatagram, SocketAddr)>,
}

impl Notifier {
    /// To the socket that `NOTIFY_SOCKET` names: a path, or `@` and an abstract name. Without one,
    /// everything sent goes nowhere. The variable is not to be passed on to jobs, or they could
    /// speak for us; the environment of a run leaves it out.
    ///
    /// # Errors
    /// The value is neither, or no descriptor is left.
    pub fn new(notify_socket: Option<&OsStr>) -> io::Result<Self> {
        let Some(name) = notify_socket.filter(|name| !name.is_empty()) else {
            return Ok(Self { socket: None });
        };
        let address = match name.as_bytes() {
            [b'@', abstract_name @ ..] => SocketAddr::from_abstract_name(abstract_name)?,
            [b'/', ..] => SocketAddr::from_pathname(name)?,
            _ => {
                let message = format!(
                    "NOTIFY_SOCKET is {}, expected an absolute path or `@` and a name",
                    name.display()
                );
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
        };
        let socket = UnixDatagram::unbound()?;
        // A service manager that does not read must not stop the loop.
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket: Some((socket, address)),
        })
    }

    /// Whether there is somebody to tell.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.socket.is_some()
    }

    /// Start-up, or a reload, is finished.
    ///
    /// # Errors
    /// The socket does not take it.
    pub fn ready(&self) -> io::Result<()> {
        self.send("READY=1")
    }

    /// A reload begins; [`Self::ready`] must follow. With the time systemd 253 and later insist on.
    ///
    /// # Errors
    /// The socket does not take it.
    pub fn reloading(&self) -> io::Result<()> {
        self.send(&format!(
            "RELOADING=1\nMONOTONIC_USEC={}",
            clock::monotonic_micros()
        ))
    }

    /// The end begins.
    ///
    /// # Errors
    /// The socket does not take it.
    pub fn stopping(&self) -> io::Result<()> {
        self.send("STOPPING=1")
    }

    /// The loop still turns.
    ///
    /// # Errors
    /// The socket does not take it.
    pub fn watchdog(&self) -> io::Result<()> {
        self.send("WATCHDOG=1")
    }

    /// One line for `systemctl status`.
    ///
    /// # Errors
    /// The socket does not take it.
    pub fn status(&self, text: &str) -> io::Result<()> {
        // A newline would begin another assignment: job names must not be able to say `READY=1`.
        let mut end = text.len().min(MAX_STATUS_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.send(&format!(
            "STATUS={}",
            text[..end].replace(char::is_control, " ")
        ))
    }

    fn send(&self, state: &str) -> io::Result<()> {
        if let Some((socket, address)) = &self.socket {
            socket.send_to_addr(state.as_bytes(), address)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 4096];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    #[test]
    fn speaks_to_a_path() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let notifier = Notifier::new(Some(path.as_os_str())).unwrap();
        notifier.ready().unwrap();
        assert_eq!(received(&manager), "READY=1");
        notifier.reloading().unwrap();
        let reloading = received(&manager);
        let time = reloading
            .strip_prefix("RELOADING=1\nMONOTONIC_USEC=")
            .unwrap();
        assert!(time.parse::<i64>().unwrap() > 0);
        notifier.stopping().unwrap();
        assert_eq!(received(&manager), "STOPPING=1");
    }

    #[test]
    fn speaks_to_an_abstract_name() {
        let name = format!("rsched-notify-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let manager = UnixDatagram::bind_addr(&address).unwrap();
        let notifier = Notifier::new(Some(OsStr::new(&format!("@{name}")))).unwrap();
        notifier.status("3 running\nREADY=1").unwrap();
        assert_eq!(received(&manager), "STATUS=3 running READY=1");
        notifier.status(&"ä".repeat(2_000)).unwrap();
        assert_eq!(received(&manager).len(), "STATUS=".len() + 1024);
    }

    #[test]
    fn says_nothing_where_nobody_listens() {
        for nobody in [None, Some(OsStr::new(""))] {
            let notifier = Notifier::new(nobody).unwrap();
            assert!(!notifier.is_connected());
            notifier.ready().unwrap();
        }
        assert!(Notifier::new(Some(OsStr::new("relative"))).is_err());
    }

    #[test]
    fn a_manager_that_does_not_read_does_not_block_us() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let _manager = UnixDatagram::bind(&path).unwrap();
        let notifier = Notifier::new(Some(path.as_os_str())).unwrap();
        let full = (0..100_000)
            .find_map(|_| notifier.ready().err())
            .expect("a queue has an end");
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
    }
}
