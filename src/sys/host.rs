//! This process and the host it runs on, as others name them.

use std::fs;
use std::path::Path;

/// Where machine-id(5) says it is, and where D-Bus keeps it on machines without systemd.
const MACHINE_ID_FILES: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

/// Its length in hexadecimal digits.
const MACHINE_ID_DIGITS: usize = 32;

/// Our process id, in our own pid namespace.
#[must_use]
pub fn pid() -> i32 {
    nix::unistd::getpid().as_raw()
}

/// The host's name; `localhost` where the kernel does not tell, or not in UTF-8.
#[must_use]
pub fn name() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_else(|| "localhost".to_owned())
}

/// What tells this machine from others and stays the same: its machine-id(5), or where it has none
/// (in most containers) the host's name.
#[must_use]
pub fn machine_id() -> String {
    let found = MACHINE_ID_FILES
        .iter()
        .find_map(|file| machine_id_in(Path::new(file)));
    found.unwrap_or_else(name)
}

/// The id in a file, if that holds one: an image not yet booted says `uninitialized`.
fn machine_id_in(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let id = text.trim();
    let is_id = id.len() == MACHINE_ID_DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| id.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_holds_no_machine_id_gives_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("machine-id");
        let id = |text: &str| {
            fs::write(&file, text).unwrap();
            machine_id_in(&file)
        };
        let digits = "3D1219c7c4c5404aaa1f6d2a48adfda4";
        assert_eq!(id(&format!("{digits}\n")), Some(digits.to_lowercase()));
        assert_eq!(id("uninitialized\n"), None);
        assert_eq!(id(""), None);
        assert_eq!(id(&digits.replace('c', "x")), None);
        assert_eq!(machine_id_in(folder.path()), None);
        assert!(!machine_id().is_empty());
    }
}
