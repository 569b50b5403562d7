//! Where zones come from: the machine's tz database (`TZif`) first, chrono-tz's copy otherwise.
//! The only file of `time/` that opens files.
//!
//! The machine's copy comes first because it is the one that gets updated. A name is checked to be
//! a plain relative one before it is ever joined to a directory: names are looked up, not opened.

use super::{Zone, bundled, zone_name};
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Where the tz database is on Linux, the BSDs, Solaris and some Nix machines.
const DIRECTORIES: [&str; 4] = [
    "/usr/share/zoneinfo",
    "/usr/lib/zoneinfo",
    "/usr/share/lib/zoneinfo",
    "/etc/zoneinfo",
];

/// Where the machine's zone is, unless `$TZ` says it.
const ETC: &str = "/etc";

/// The largest zone has 4 KiB; anything like this is no zone file.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// No such zone; with the nearest name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone `{name}`")]
pub struct UnknownZone {
    /// What was asked for, cut to the length a zone name may have.
    pub name: String,
    /// The nearest zone name, for "did you mean".
    pub suggestion: Option<String>,
}

/// The source of zones, with a cache: the same name gives the same `Arc`. `Send + Sync`.
///
/// A database answers from its cache for as long as it lives. To see an update of the tz database,
/// make a new one and compare the zones (`Zone: PartialEq`).
#[derive(Debug)]
pub struct ZoneDatabase {
    /// `None`: the bundled copy only.
    directory: Option<PathBuf>,
    cache: Mutex<HashMap<String, Arc<Zone>>>,
}

impl ZoneDatabase {
    /// The machine's tz database (`$TZDIR`, /usr/share/zoneinfo, …) where there is one, else the
    /// bundled copy.
    #[must_use]
    pub fn system() -> Self {
        Self::new(candidates().find(|directory| directory.is_dir()))
    }

    /// chrono-tz's copy only: the same answers on every machine (tests).
    #[must_use]
    pub fn bundled() -> Self {
        Self::new(None)
    }

    /// The compiled tz database in a directory; zones it lacks come from the bundled copy.
    #[must_use]
    pub fn in_directory(directory: &Path) -> Self {
        Self::new(Some(directory.to_owned()))
    }

    fn new(directory: Option<PathBuf>) -> Self {
        Self {
            directory,
            cache: Mutex::default(),
        }
    }

    /// The zone of an IANA name. Names are looked up, never used as paths out of the database
    /// (`../x` is unknown).
    ///
    /// ```
    /// use rsched::time::ZoneDatabase;
    /// let zones = ZoneDatabase::system();
    /// assert_eq!(zones.get("Europe/Helsinki").unwrap().name(), "Europe/Helsinki");
    /// let error = zones.get("helsinki").unwrap_err();
    /// assert_eq!(error.suggestion.as_deref(), Some("Europe/Helsinki"));
    /// ```
    ///
    /// # Errors
    /// An unknown name, with a suggestion.
    pub fn get(&self, name: &str) -> Result<Arc<Zone>, UnknownZone> {
        let unknown = || UnknownZone {
            name: zone_name::shortened(name),
            suggestion: zone_name::nearest(name).map(str::to_owned),
        };
        if !zone_name::is_wellformed(name) {
            return Err(unknown());
        }
        // A poisoned cache is still a cache: entries are only ever whole.
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(zone) = cache.get(name) {
            return Ok(Arc::clone(zone));
        }
        let zone = Arc::new(self.load(name).ok_or_else(unknown)?);
        cache.insert(name.to_owned(), Arc::clone(&zone));
        Ok(zone)
    }

    fn load(&self, name: &str) -> Option<Zone> {
        let from_machine = self
            .directory
            .as_ref()
            .and_then(|directory| read_zone(name, &directory.join(name)));
        from_machine.or_else(|| bundled::zone(name))
    }

    /// The machine's zone: `$TZ`, `/etc/localtime`, `/etc/timezone`, else UTC.
    ///
    /// `$TZ` is an IANA name, a path to a zone file, or a POSIX rule, with or without a leading
    /// `:`; empty or nonsense is UTC, as in every C program.
    #[must_use]
    pub fn machine_zone(&self) -> Arc<Zone> {
        let zone = self.machine_zone_from(tz_variable().as_deref(), Path::new(ETC));
        Arc::new(zone.as_the_machine_s())
    }

    /// What a zone that was got from such a database is by now. None if the machine has no whole
    /// file for it, as may be in the midst of an update: then it best stays what it is.
    #[must_use]
    pub fn updated(&self, zone: &Zone) -> Option<Arc<Zone>> {
        if zone.is_the_machine_s() {
            let files = machine_zone_files(tz_variable().as_deref(), Path::new(ETC));
            let leads_nowhere = |file: &PathBuf| file.is_symlink() && !file.exists();
            return (!files.iter().any(leads_nowhere)).then(|| self.machine_zone());
        }
        let directory = self
            .directory
            .as_ref()
            .filter(|_| zone_name::is_wellformed(zone.name()))?;
        read_zone(zone.name(), &directory.join(zone.name())).map(Arc::new)
    }

    /// The files and directories, there or not, that decide what these zones are: while none of
    /// them changes, no zone does.
    #[must_use]
    pub fn sources<'a>(&self, zones: impl IntoIterator<Item = &'a Zone>) -> Vec<PathBuf> {
        let mut sources: Vec<PathBuf> = candidates().collect();
        // Those behind the one that is taken decide nothing.
        let taken = sources
            .iter()
            .position(|candidate| Some(candidate) == self.directory.as_ref());
        sources.truncate(taken.map_or(sources.len(), |taken| taken + 1));
        for zone in zones {
            if zone.is_the_machine_s() {
                sources.extend(machine_zone_files(tz_variable().as_deref(), Path::new(ETC)));
            }
            let directory = self
                .directory
                .as_ref()
                .filter(|_| zone_name::is_wellformed(zone.name()));
            sources.extend(directory.map(|directory| directory.join(zone.name())));
        }
        sources.sort_unstable();
        sources.dedup();
        sources
    }

    fn machine_zone_from(&self, variable: Option<&str>, etc: &Path) -> Arc<Zone> {
        let localtime = etc.join("localtime");
        match variable.map(|value| value.strip_prefix(':').unwrap_or(value)) {
            Some(path) if Path::new(path) == localtime => {}
            Some(path) if path.starts_with('/') => {
                return self.zone_of_file(Path::new(path)).unwrap_or_else(Zone::utc);
            }
            Some(name) => {
                return self
                    .get(name)
                    .ok()
                    .or_else(|| Zone::from_posix_rule(name).map(Arc::new))
                    .unwrap_or_else(Zone::utc);
            }
            None => {}
        }
        let timezone = || {
            let text = read_small_file(&etc.join("timezone"))?;
            self.get(std::str::from_utf8(&text).ok()?.trim()).ok()
        };
        self.named_by_link(&localtime)
            .or_else(timezone)
            .or_else(|| read_zone("localtime", &localtime).map(Arc::new))
            .unwrap_or_else(Zone::utc)
    }

    /// The zone of a file: by its name in the database if the path or what it links to tells,
    /// else by its content.
    fn zone_of_file(&self, path: &Path) -> Option<Arc<Zone>> {
        self.named_by_path(path)
            .or_else(|| self.named_by_link(path))
            .or_else(|| read_zone("localtime", path).map(Arc::new))
    }

    fn named_by_link(&self, link: &Path) -> Option<Arc<Zone>> {
        let target = std::fs::read_link(link).ok()?;
        // The link says what the administrator chose; where it leads in the end (`Etc/UTC` for
        // `UTC`, a path in a package store) is second best.
        self.named_by_path(&target)
            .or_else(|| self.named_by_path(&std::fs::canonicalize(link).ok()?))
    }

    /// `/usr/share/zoneinfo/Europe/Paris`, `../usr/share/zoneinfo/posix/Europe/Paris` and the like.
    fn named_by_path(&self, path: &Path) -> Option<Arc<Zone>> {
        let path = path.to_str()?;
        let in_database = self
            .directory
            .as_ref()
            .and_then(|directory| path.strip_prefix(directory.to_str()?)?.strip_prefix('/'));
        let name = in_database.or_else(|| Some(path.rsplit_once("zoneinfo/")?.1))?;
        self.get(name.strip_prefix("posix/").unwrap_or(name)).ok()
    }

    /// For `--version`: `system tz database /usr/share/zoneinfo, 2026a` or `bundled tz database 2025b`.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.directory {
            None => format!("bundled tz database {}", chrono_tz::IANA_TZDB_VERSION),
            Some(directory) => {
                let release = release(directory).map(|release| format!(", {release}"));
                format!(
                    "system tz database {}{}",
                    directory.display(),
                    release.unwrap_or_default()
                )
            }
        }
    }
}

/// Where the tz database may be, the first that exists being it.
fn candidates() -> impl Iterator<Item = PathBuf> {
    let named = std::env::var_os("TZDIR").filter(|directory| !directory.is_empty());
    let usual = DIRECTORIES.into_iter().map(PathBuf::from);
    named.map(PathBuf::from).into_iter().chain(usual)
}

fn tz_variable() -> Option<String> {
    std::env::var_os("TZ").map(|value| value.to_string_lossy().into_owned())
}

/// The files outside of the database that decide which the machine's zone is.
fn machine_zone_files(variable: Option<&str>, etc: &Path) -> Vec<PathBuf> {
    match variable.map(|value| value.strip_prefix(':').unwrap_or(value)) {
        Some(path) if Path::new(path).is_absolute() => vec![PathBuf::from(path)],
        Some(_) => Vec::new(),
        None => ["localtime", "timezone"].map(|file| etc.join(file)).into(),
    }
}

/// The release a directory says it holds: the first line of `tzdata.zi`, or `+VERSION` (BSD, macOS).
fn release(directory: &Path) -> Option<String> {
    let source = read_small_file(&directory.join("tzdata.zi"));
    let first_line = source
        .as_deref()
        .and_then(|bytes| bytes.split(|&byte| byte == b'\n').next());
    let version = first_line
        .and_then(|line| line.strip_prefix(b"# version "))
        .map(<[u8]>::to_vec);
    let version = version.or_else(|| read_small_file(&directory.join("+VERSION")))?;
    let version = String::from_utf8(version).ok()?.trim().to_owned();
    let plausible =
        !version.is_empty() && version.len() <= 32 && version.bytes().all(|b| b.is_ascii_graphic());
    plausible.then_some(version)
}

fn read_zone(name: &str, path: &Path) -> Option<Zone> {
    Zone::from_tzif(name, &read_small_file(path)?)
}

/// The content of a regular file of at most [`MAX_FILE_BYTES`].
fn read_small_file(path: &Path) -> Option<Vec<u8>> {
    // Looked at before it is opened: opening a FIFO would wait for a writer.
    let is_small_file =
        |metadata: &std::fs::Metadata| metadata.is_file() && metadata.len() <= MAX_FILE_BYTES;
    std::fs::metadata(path).ok().filter(is_small_file)?;
    let mut bytes = Vec::new();
    File::open(path)
        .ok()?
        .take(MAX_FILE_BYTES)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests;
