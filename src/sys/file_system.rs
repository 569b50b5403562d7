//! Which file systems live on another machine: locks on them, and what is forced to disk, are promises
//! of others.

use nix::sys::statfs::statfs;
use std::path::Path;

/// The magic numbers of statfs(2), and of the kernel's `magic.h` where that names none.
const NETWORK: [(i128, &str); 9] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x5346_414f, "AFS"),
    (0x00c3_6400, "Ceph"),
    (0x7461_636f, "OCFS2"),
    (0x0116_1970, "GFS2"),
    (0x0102_1997, "9P"),
];

/// The name of the network file system that the path is on; none if it is on no such, or nobody knows.
#[must_use]
pub fn network_file_system(path: &Path) -> Option<&'static str> {
    let found = statfs(path).ok()?.filesystem_type();
    // Its type is another one on each architecture, on some of 32 bits with a sign.
    name_of(i128::from(found.0) & 0xffff_ffff)
}

fn name_of(magic: i128) -> Option<&'static str> {
    let known = NETWORK.iter().find(|(number, _)| *number == magic);
    known.map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::statfs::{NFS_SUPER_MAGIC, TMPFS_MAGIC};

    #[test]
    fn what_is_mounted_from_elsewhere_has_a_name_and_what_is_here_has_none() {
        assert_eq!(name_of(i128::from(NFS_SUPER_MAGIC.0)), Some("NFS"));
        assert_eq!(name_of(i128::from(TMPFS_MAGIC.0)), None);
        assert_eq!(network_file_system(Path::new("/proc")), None);
        assert_eq!(network_file_system(Path::new("/nonexistent")), None);
    }
}
