//! `watch = true`: the jobs files are read again when they have changed.
//!
//! Any sign from a directory that the files are in, or that a link to them is in, makes us look; what
//! decides is what the files say. So an editor's rename, a swapped link (a Kubernetes `ConfigMap`) and
//! an edit that keeps size and time are all seen, and a touch is not.

use super::event_loop::{Daemon, FILES_WATCH};
use super::level::Level;
use crate::sys::clock;
use crate::sys::directory_watch::DirectoryWatch;
use crate::time::BootTime;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// From the first sign to the look, and from that to a second: an editor needs some steps, and so does
/// who copies several files.
const SETTLING: Duration = Duration::from_millis(500);

/// Links followed from a file to what it means; the kernel's own limit.
const MAX_LINKS: usize = 40;

/// The watch over the files.
#[derive(Debug)]
pub(super) struct FilesWatch {
    directories: DirectoryWatch,
    /// When to look, after a sign.
    pub look_at: Option<BootTime>,
    /// What the files said at the last look, if that was new: it is taken if they still say so at the
    /// next. A file that is written in place is empty for a moment, which no sign tells.
    candidate: Option<u64>,
}

/// A file that is gone is told of so often.
const GONE_REMINDER: Duration = Duration::from_secs(60 * 60);

impl Daemon {
    /// Says, once an hour, which files are gone: the jobs run on, and the next start would fail.
    pub(super) fn remind_of_gone_files(&mut self) {
        let is_gone = |path: &&PathBuf| {
            let found = path.metadata();
            path.as_os_str() != "-"
                && found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        };
        let paths = self.setup.source.paths().iter();
        let gone: Vec<PathBuf> = paths.filter(is_gone).cloned().collect();
        let now = clock::read().boot;
        if gone.is_empty() {
            self.told_gone_at = None;
            return;
        }
        let is_due = |at: BootTime| now.saturating_since(at) >= GONE_REMINDER;
        if self.told_gone_at.is_none_or(is_due) {
            self.told_gone_at = Some(now);
            for path in gone {
                let path = path.display();
                let why =
                    format!("`{path}` is gone: its jobs run on, and the next start would fail");
                self.say(Level::Warn, &why);
            }
        }
    }

    /// Begins or ends to watch, as the files now want it.
    pub(super) fn watch_files(&mut self) {
        if !self.setup.watches_files {
            if let Some(watch) = self.files_watch.take() {
                drop(self.poller.remove(&watch.directories));
            }
            return;
        }
        if self.files_watch.is_none() {
            match self.begin_watch() {
                Ok(watch) => self.files_watch = Some(watch),
                Err(error) => {
                    let why = format!("The jobs files are not watched: {error}");
                    self.say(Level::Warn, &why);
                    return;
                }
            }
        }
        self.watch_directories();
    }

    fn begin_watch(&self) -> io::Result<FilesWatch> {
        let directories = DirectoryWatch::new()?;
        self.poller.add(&directories, FILES_WATCH)?;
        Ok(FilesWatch {
            directories,
            // Watched first, then looked at: an edit since they were read is not lost.
            look_at: Some(clock::read().boot),
            candidate: None,
        })
    }

    /// Where the files are can change with what links say.
    fn watch_directories(&mut self) {
        let Some(watch) = &self.files_watch else {
            return;
        };
        let mut problems = Vec::new();
        for path in self.setup.source.paths() {
            for directory in directories_of(path) {
                if let Err(error) = watch.directories.add(&directory) {
                    problems.push(format!("Cannot watch `{}`: {error}", directory.display()));
                }
            }
        }
        for problem in problems {
            self.say(Level::Warn, &problem);
        }
    }

    /// Something happened where the files are.
    pub(super) fn files_stirred(&mut self) {
        let Some(watch) = &mut self.files_watch else {
            return;
        };
        if watch.directories.drain().unwrap_or(true) && watch.look_at.is_none() {
            watch.look_at = Some(clock::read().boot + SETTLING);
        }
    }

    /// Reads the files again, if they say something else than when they were last read, and the same
    /// twice.
    pub(super) fn look_at_files(&mut self) {
        let Some(watch) = &mut self.files_watch else {
            return;
        };
        if watch.look_at.is_none_or(|at| at > clock::read().boot) {
            return;
        }
        if self.reloading.is_under_way() {
            // What it finds out is what a change is to be told from.
            watch.look_at = Some(clock::read().boot + SETTLING);
            return;
        }
        watch.look_at = None;
        let change = self.setup.source.change();
        let settled = std::mem::replace(&mut watch.candidate, change) == change;
        if change.is_some() && !settled {
            watch.look_at = Some(clock::read().boot + SETTLING);
        } else if change.is_some() && self.stop_requests == 0 {
            watch.candidate = None;
            // What is wrong with them is logged.
            self.reload(None);
        }
        self.watch_directories();
    }
}

/// The directories in which something happens when the file changes: its own, and those of all links
/// on the way to it.
fn directories_of(path: &Path) -> Vec<PathBuf> {
    let mut path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut directories = Vec::new();
    if path.is_dir() {
        directories.push(path.clone());
    }
    for _ in 0..MAX_LINKS {
        directories.extend(path.parent().map(Path::to_owned));
        let Ok(target) = fs::read_link(&path) else {
            break;
        };
        // What a relative link means begins where the link is.
        path = path.parent().unwrap_or(Path::new("/")).join(target);
    }
    directories.extend(path.canonicalize().ok().and_then(|path| {
        let parent = path.parent()?;
        Some(parent.to_owned())
    }));
    directories.dedup();
    directories
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn the_directories_of_all_links_on_the_way_are_watched() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for directory in ["mount", "mount/..first", "etc"] {
            fs::create_dir(root.join(directory)).unwrap();
        }
        fs::write(root.join("mount/..first/jobs.toml"), "").unwrap();
        symlink("..first", root.join("mount/..data")).unwrap();
        symlink("..data/jobs.toml", root.join("mount/jobs.toml")).unwrap();
        symlink("../mount/jobs.toml", root.join("etc/jobs.toml")).unwrap();
        let found = directories_of(&root.join("etc/jobs.toml"));
        let canonical: Vec<_> = found
            .iter()
            .map(|path| path.canonicalize().unwrap())
            .collect();
        for directory in ["etc", "mount", "mount/..first"] {
            assert!(
                canonical.contains(&root.join(directory)),
                "{directory} in {canonical:?}"
            );
        }
    }
}
