//! Notices an update of the tz database and another machine zone, and has the scheduler take it up.
//!
//! inotify tells most of it at once. The safety wake-up of each minute looks at the files
//! themselves, since not everything that puts another file in the place of one is told: so nothing
//! goes unnoticed for longer than a minute.

use super::event_loop::Daemon;
use super::level::Level;
use super::sentence::counted;
use crate::scheduler::Event;
use crate::sys::clock;
use crate::sys::inode_watch::InodeWatch;
use crate::time::{Zone, ZoneDatabase};
use std::fs::Metadata;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// An update writes many files: it is taken up when none was touched for so long.
const CALM: Duration = Duration::from_secs(1);

/// How often zones may change what files are looked at, and these be found changed already.
const MOST_LOOKS: usize = 4;

/// More zones than this are counted, not named.
const MOST_NAMED: usize = 5;

/// The files that the zones in use come from, as they were when these were read.
pub(super) struct ZoneWatch {
    seen: Vec<(PathBuf, Looks)>,
    /// None: there is none to be had, and the look of each minute must do.
    early: Option<InodeWatch>,
}

/// What tells a file from another, and from itself before a change: of the path itself, and of where
/// a symbolic link leads.
type Looks = [Option<(u64, u64, i64, i64, u64)>; 2];

impl ZoneWatch {
    pub(super) fn new() -> Self {
        Self {
            seen: Vec::new(),
            early: InodeWatch::new().ok(),
        }
    }

    /// What becomes readable when a file may have changed.
    pub(super) fn readiness(&self) -> Option<BorrowedFd<'_>> {
        self.early.as_ref().map(std::os::fd::AsFd::as_fd)
    }

    /// Takes note of what became readable.
    fn acknowledge(&self) {
        if let Some(early) = &self.early {
            early.acknowledge();
        }
    }

    /// Watches these from now on, as they are now.
    fn set(&mut self, paths: Vec<PathBuf>) {
        if let Some(early) = &mut self.early {
            early.set(&paths);
        }
        let look = |path: PathBuf| {
            let looks = looks(&path);
            (path, looks)
        };
        self.seen = paths.into_iter().map(look).collect();
    }

    fn has_changed(&self) -> bool {
        self.seen.iter().any(|(path, seen)| looks(path) != *seen)
    }
}

fn looks(path: &Path) -> Looks {
    // The time of the last change of the inode: unlike that of the content nobody can set it back.
    let of = |file: Metadata| {
        let changed = (file.ctime(), file.ctime_nsec());
        (file.dev(), file.ino(), changed.0, changed.1, file.size())
    };
    [path.symlink_metadata(), path.metadata()].map(|found| found.ok().map(of))
}

impl Daemon {
    /// A file of a zone in use was touched: its zone is looked at when all is calm again.
    pub(super) fn zones_touched(&mut self) {
        self.zone_watch.acknowledge();
        self.zones_at = Some(clock::read().boot + CALM);
    }

    /// Looks at the files of zones, if that is due after one was touched.
    pub(super) fn look_at_touched_zones(&mut self) {
        if self.zones_at.is_some_and(|at| at <= clock::read().boot) {
            self.zones_at = None;
            self.read_zones_again();
        }
    }

    /// Looks whether the files of zones are still those that were read.
    pub(super) fn look_at_zones(&mut self) {
        if self.zone_watch.has_changed() {
            self.read_zones_again();
        }
    }

    /// Reads the zones in use again; if any is another, the scheduler gets it. They are watched
    /// before they are read, so that no change falls between the two.
    pub(super) fn read_zones_again(&mut self) {
        for _ in 0..MOST_LOOKS {
            let database = ZoneDatabase::system();
            let zones = self.setup.scheduler.zones();
            self.zone_watch
                .set(database.sources(zones.iter().map(AsRef::as_ref)));
            let changed: Vec<_> = zones
                .iter()
                .filter_map(|old| Some((old, database.updated(old)?)))
                .filter(|(old, new)| **old != *new)
                .collect();
            if changed.is_empty() {
                return;
            }
            self.say(Level::Info, &what_changed(&changed));
            let zones: Vec<_> = changed.into_iter().map(|(_, new)| new).collect();
            let lines = &mut self.setup.lines;
            if let Some(new) = zones.iter().find(|new| new.updates(&lines.zone)) {
                lines.zone = Arc::clone(new);
                self.setup.control.feed.set_zone(Arc::clone(new));
            }
            self.feed(Event::ZonesUpdated(zones));
        }
    }
}

fn what_changed(changed: &[(&Arc<Zone>, Arc<Zone>)]) -> String {
    let mut parts = Vec::new();
    let mut names = Vec::new();
    for (old, new) in changed {
        if old.name() == new.name() {
            names.push(format!("`{}`", new.name()));
        } else {
            let (old, new) = (old.name(), new.name());
            parts.push(format!(
                "the machine's time zone is now `{new}` and not `{old}`"
            ));
        }
    }
    names.sort_unstable();
    names.dedup();
    if names.len() > MOST_NAMED {
        names = vec![counted(names.len() as u64, "zone")];
    }
    if !names.is_empty() {
        parts.push(format!(
            "the tz database was updated for {}",
            names.join(", ")
        ));
    }
    let mut message = parts.join(", and ");
    if let Some(first) = message.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    message + ": jobs are planned by the new clock"
}
