//! Who could have put something else where a path leads?
//!
//! A path is walked one component at a time from the root, links included, and every directory is
//! judged on the descriptor through which the next component is opened: what was judged is
//! what is used, and nothing can be swapped in between. Judging has one rule: nobody but root, the
//! user we run as, or an owner that was named on purpose may be able to change a thing.

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat};
use nix::unistd::{Gid, Group, Uid, User};
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

/// As many links as the kernel follows in one path (`path_resolution(7)`).
const MAX_LINKS: u32 = 40;

/// Who may own what is to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustPolicy {
    /// The user we run as.
    pub uid: u32,
    /// One more owner, named on purpose: of a file system mounted from elsewhere.
    pub trust_owner: Option<u32>,
}

impl TrustPolicy {
    /// Of those who look at a file, whoever may have written it, and never run it. As for anybody but
    /// root, distrust is a warning.
    pub const UNCHECKED: Self = Self {
        uid: u32::MAX,
        trust_owner: None,
    };

    /// For the user this process runs as.
    #[must_use]
    pub fn of_this_process(trust_owner: Option<u32>) -> Self {
        Self {
            uid: nix::unistd::geteuid().as_raw(),
            trust_owner,
        }
    }

    fn trusts_owner(self, uid: u32) -> bool {
        uid == 0 || uid == self.uid || Some(uid) == self.trust_owner
    }

    /// Why a file or directory with this status may be changed by somebody else, if it may.
    #[must_use]
    pub fn objection(self, path: &Path, status: &FileStat) -> Option<String> {
        self.objection_with(path, status, is_private_group)
    }

    fn objection_with(
        self,
        path: &Path,
        status: &FileStat,
        is_private: impl Fn(u32, u32) -> bool,
    ) -> Option<String> {
        let path = path.display();
        if !self.trusts_owner(status.st_uid) {
            let ours = if self.uid == 0 {
                String::new()
            } else {
                format!(" or uid {}", self.uid)
            };
            return Some(format!(
                "`{path}` belongs to uid {}, expected root{ours}",
                status.st_uid
            ));
        }
        // A link's mode means nothing, and in a sticky directory only owners rename and delete.
        if kind(status) == SFlag::S_IFLNK || is_sticky_directory(status) {
            return None;
        }
        let mode = status.st_mode & 0o7777;
        if mode & 0o002 != 0 {
            return Some(format!(
                "`{path}` is writable by everybody (mode {mode:04o})"
            ));
        }
        if mode & 0o020 != 0 && !is_private(status.st_gid, status.st_uid) {
            return Some(format!(
                "`{path}` is writable by group {} (mode {mode:04o})",
                status.st_gid
            ));
        }
        None
    }
}

fn kind(status: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(status.st_mode) & SFlag::S_IFMT
}

fn is_sticky_directory(status: &FileStat) -> bool {
    kind(status) == SFlag::S_IFDIR && status.st_mode & 0o1000 != 0
}

/// A group of the owner's own name with nobody else in it, as distributions make for every user.
fn is_private_group(gid: u32, owner: u32) -> bool {
    let (Ok(Some(group)), Ok(Some(user))) = (
        Group::from_gid(Gid::from_raw(gid)),
        User::from_uid(Uid::from_raw(owner)),
    ) else {
        return false;
    };
    group.name == user.name && group.mem.iter().all(|member| *member == user.name)
}

/// Where a path leads, and all that speaks against trusting the way.
#[derive(Debug)]
pub struct Walk {
    /// The directories from the root on, each with its resolved path.
    directories: Vec<(OwnedFd, PathBuf)>,
    /// The last component, when it is no directory.
    last: Option<(OsString, FileStat)>,
    /// Why the way, the end included, is not to be trusted.
    pub objections: Vec<String>,
    /// The first link on the way that is somebody else's, who says where it leads.
    pub foreign_link: Option<PathBuf>,
}

impl Walk {
    /// Walks `path` to its end, which must exist.
    ///
    /// # Errors
    /// As `open` would: ENOENT, EACCES, ENOTDIR, ELOOP.
    pub fn to(path: &Path, policy: TrustPolicy) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let root = nix::fcntl::open("/", Self::PATH_FLAGS | OFlag::O_DIRECTORY, Mode::empty())?;
        let mut walk = Self {
            directories: Vec::new(),
            last: None,
            objections: Vec::new(),
            foreign_link: None,
        };
        walk.enter(root, PathBuf::from("/"), policy)?;
        let mut rest: VecDeque<OsString> = components(&path).collect();
        let mut links = 0;
        while let Some(name) = rest.pop_front() {
            if walk.last.is_some() {
                return Err(Errno::ENOTDIR.into());
            }
            if name == ".." {
                // The root is its own parent.
                if walk.directories.len() > 1 {
                    walk.directories.pop();
                }
                continue;
            }
            let found = openat(
                walk.parent(),
                name.as_os_str(),
                Self::PATH_FLAGS,
                Mode::empty(),
            )?;
            let status = fstat(&found)?;
            let found_path = walk.parent_path().join(&name);
            match kind(&status) {
                SFlag::S_IFLNK => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(Errno::ELOOP.into());
                    }
                    if !policy.trusts_owner(status.st_uid) {
                        walk.foreign_link.get_or_insert(found_path.clone());
                    }
                    walk.objections
                        .extend(policy.objection(&found_path, &status));
                    let target = PathBuf::from(readlinkat(&found, "")?);
                    if target.is_absolute() {
                        walk.directories.truncate(1);
                    }
                    for name in components(&target).collect::<Vec<_>>().into_iter().rev() {
                        rest.push_front(name);
                    }
                }
                SFlag::S_IFDIR => walk.enter(found, found_path, policy)?,
                _ => walk.last = Some((name, status)),
            }
        }
        Ok(walk)
    }

    const PATH_FLAGS: OFlag = OFlag::O_PATH
        .union(OFlag::O_NOFOLLOW)
        .union(OFlag::O_CLOEXEC);

    fn enter(&mut self, directory: OwnedFd, path: PathBuf, policy: TrustPolicy) -> io::Result<()> {
        let status = fstat(&directory)?;
        // A path may pass a directory twice (`a/../a`); one complaint will do.
        if let Some(objection) = policy.objection(&path, &status)
            && !self.objections.contains(&objection)
        {
            self.objections.push(objection);
        }
        self.directories.push((directory, path));
        Ok(())
    }

    fn innermost(&self) -> &(OwnedFd, PathBuf) {
        self.directories.last().expect("the root is never popped")
    }

    /// The directory of the last component, or the end itself when that is a directory.
    #[must_use]
    pub fn parent(&self) -> BorrowedFd<'_> {
        self.innermost().0.as_fd()
    }

    fn parent_path(&self) -> &Path {
        &self.innermost().1
    }

    /// Whether everybody may add names to the directory of the last component.
    ///
    /// # Errors
    /// None that Linux gives for an open directory.
    pub fn parent_is_shared(&self) -> io::Result<bool> {
        Ok(fstat(self.parent())?.st_mode & 0o022 != 0)
    }

    /// Whether others may add names to the directory of the last component, though only an owner takes one away: it is
    /// no objection for a name that is there, and is one for names that are still to come.
    ///
    /// # Errors
    /// None that Linux gives for an open directory.
    pub fn parent_is_sticky_and_shared(&self) -> io::Result<bool> {
        let status = fstat(self.parent())?;
        Ok(is_sticky_directory(&status) && status.st_mode & 0o022 != 0)
    }

    /// The last component and its status, unless it is a directory.
    #[must_use]
    pub fn last(&self) -> Option<(&OsStr, &FileStat)> {
        self.last
            .as_ref()
            .map(|(name, status)| (name.as_os_str(), status))
    }

    /// The path with all links resolved.
    #[must_use]
    pub fn resolved(&self) -> PathBuf {
        match &self.last {
            Some((name, _)) => self.parent_path().join(name),
            None => self.parent_path().to_owned(),
        }
    }
}

fn components(path: &Path) -> impl Iterator<Item = OsString> + '_ {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    const POLICY: TrustPolicy = TrustPolicy {
        uid: 1000,
        trust_owner: None,
    };

    fn status(mode: u32, uid: u32, gid: u32) -> FileStat {
        let mut status = nix::sys::stat::stat("/").unwrap();
        (status.st_mode, status.st_uid, status.st_gid) = (mode, uid, gid);
        status
    }

    fn objects(policy: TrustPolicy, status: &FileStat) -> bool {
        // Group 1000 is the private group of user 1000.
        policy
            .objection_with(Path::new("/x"), status, |gid, uid| gid == uid)
            .is_some()
    }

    #[test]
    fn every_combination_of_write_bits_is_judged() {
        for mode in 0..0o1000 {
            let by_group = mode & 0o020 != 0;
            let by_others = mode & 0o002 != 0;
            assert_eq!(
                objects(POLICY, &status(0o100_000 | mode, 1000, 7)),
                by_group || by_others,
                "{mode:o}"
            );
            assert_eq!(
                objects(POLICY, &status(0o100_000 | mode, 1000, 1000)),
                by_others,
                "{mode:o}"
            );
            assert_eq!(
                objects(POLICY, &status(0o040_000 | mode, 0, 7)),
                by_group || by_others,
                "{mode:o}"
            );
            assert!(
                !objects(POLICY, &status(0o041_000 | mode, 0, 7)),
                "sticky {mode:o}"
            );
            // A sticky bit means nothing on a file.
            assert_eq!(
                objects(POLICY, &status(0o101_000 | mode, 0, 7)),
                by_group || by_others,
                "{mode:o}"
            );
        }
    }

    #[test]
    fn owners_are_root_ourselves_and_the_one_that_was_named() {
        let root = TrustPolicy {
            uid: 0,
            trust_owner: None,
        };
        let mounted = TrustPolicy {
            uid: 0,
            trust_owner: Some(501),
        };
        for (policy, owner, trusted) in [
            (POLICY, 0, true),
            (POLICY, 1000, true),
            (POLICY, 501, false),
            (root, 0, true),
            (root, 1000, false),
            (root, 501, false),
            (mounted, 501, true),
            (mounted, 1000, false),
        ] {
            for kind in [0o100_600, 0o040_700, 0o041_777, 0o120_777] {
                assert_eq!(
                    !objects(policy, &status(kind, owner, owner)),
                    trusted,
                    "{policy:?} {owner} {kind:o}"
                );
            }
        }
    }

    #[test]
    fn links_are_resolved_as_the_kernel_does() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::write(root.join("a/b/file"), "").unwrap();
        symlink("b", root.join("a/relative")).unwrap();
        symlink(root.join("a"), root.join("absolute")).unwrap();
        symlink("../absolute/relative/file", root.join("a/far")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        let policy = TrustPolicy::of_this_process(None);
        for path in [
            "a/b/file",
            "absolute/relative/../b/./file",
            "absolute/far",
            "a/relative/file",
        ] {
            let walk = Walk::to(&root.join(path), policy).unwrap();
            assert_eq!(walk.resolved(), root.join("a/b/file"), "{path}");
            assert_eq!(walk.resolved(), root.join(path).canonicalize().unwrap());
            assert!(walk.last().is_some());
        }
        assert_eq!(
            Walk::to(&root.join("absolute/.."), policy)
                .unwrap()
                .resolved(),
            root
        );
        let errno = |path| {
            Walk::to(&root.join(path), policy)
                .unwrap_err()
                .raw_os_error()
                .map(Errno::from_raw)
        };
        assert_eq!(errno("loop"), Some(Errno::ELOOP));
        assert_eq!(errno("a/none"), Some(Errno::ENOENT));
        assert_eq!(errno("a/b/file/x"), Some(Errno::ENOTDIR));
        assert_eq!(
            Walk::to(Path::new("/../.."), policy).unwrap().resolved(),
            Path::new("/")
        );
    }

    #[test]
    fn a_writable_directory_anywhere_on_the_way_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("open/inner")).unwrap();
        fs::create_dir(root.join("tidy")).unwrap();
        symlink("../open/inner", root.join("tidy/link")).unwrap();
        let policy = TrustPolicy::of_this_process(None);
        let objections = |path: &str| Walk::to(&root.join(path), policy).unwrap().objections;
        assert_eq!(objections("tidy/link"), Vec::<String>::new());
        fs::set_permissions(root.join("open"), fs::Permissions::from_mode(0o777)).unwrap();
        let expected = format!(
            "`{}` is writable by everybody (mode 0777)",
            root.join("open").display()
        );
        assert_eq!(objections("tidy/link"), std::slice::from_ref(&expected));
        assert_eq!(objections("open/inner"), [expected]);
        fs::set_permissions(root.join("open"), fs::Permissions::from_mode(0o1777)).unwrap();
        assert_eq!(objections("tidy/link"), Vec::<String>::new());
    }
}
