//! Which format a file is in, as its name tells, and which files of a directory are read.

use std::path::Path;

/// Where cron keeps the files that have a user column.
const SYSTEM_FILE: &str = "/etc/crontab";
/// As [`SYSTEM_FILE`], a directory of them.
const SYSTEM_DIRECTORY: &str = "/etc/cron.d";

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// A jobs file: TOML.
    Toml,
    /// A user's crontab: five fields and a command.
    Crontab,
    /// A system crontab: five fields, a user, and a command.
    SystemCrontab,
}

impl FileFormat {
    /// What a file is by its name: `*.toml` is a jobs file, anything else a crontab, and one with a
    /// user column where cron expects that.
    ///
    /// ```
    /// use rsched::config::FileFormat;
    /// use std::path::Path;
    /// assert_eq!(FileFormat::of(Path::new("jobs.toml")), FileFormat::Toml);
    /// assert_eq!(FileFormat::of(Path::new("backup.cron")), FileFormat::Crontab);
    /// assert_eq!(FileFormat::of(Path::new("/etc/cron.d/certbot")), FileFormat::SystemCrontab);
    /// ```
    #[must_use]
    pub fn of(path: &Path) -> Self {
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            Self::Toml
        } else if is_of_the_system(path) {
            Self::SystemCrontab
        } else {
            Self::Crontab
        }
    }

    /// What the files of a directory are: jobs files, but in cron's own.
    #[must_use]
    pub fn of_directory(path: &Path) -> Self {
        if path == Path::new(SYSTEM_DIRECTORY) {
            Self::SystemCrontab
        } else {
            Self::Toml
        }
    }

    /// Whether a file of that name is read where a directory of files in this format is.
    ///
    /// Crontabs are read by the rule of Debian's cron (cron(8), run-parts(8)): ASCII letters, digits, `_` and `-` only.
    /// It leaves out what packages and editors leave behind: `job.dpkg-old`, `job.bak`, `job~`.
    #[must_use]
    pub fn is_read_in_directory(self, name: &str) -> bool {
        match self {
            Self::Toml => Path::new(name)
                .extension()
                .is_some_and(|extension| extension == "toml"),
            Self::Crontab | Self::SystemCrontab => {
                let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
                !name.is_empty() && name.chars().all(is_allowed)
            }
        }
    }
}

fn is_of_the_system(path: &Path) -> bool {
    path == Path::new(SYSTEM_FILE) || path.parent() == Some(Path::new(SYSTEM_DIRECTORY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_the_format() {
        for (name, format) in [
            ("jobs.toml", FileFormat::Toml),
            ("/etc/cron.d/jobs.toml", FileFormat::Toml),
            ("jobs.cron", FileFormat::Crontab),
            ("my.crontab", FileFormat::Crontab),
            ("/var/spool/cron/crontabs/root", FileFormat::Crontab),
            ("crontab", FileFormat::Crontab),
            (".toml", FileFormat::Crontab),
            ("/etc/crontab", FileFormat::SystemCrontab),
            ("/etc/cron.d/php", FileFormat::SystemCrontab),
        ] {
            assert_eq!(FileFormat::of(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn of_a_directory_of_crontabs_the_leftovers_are_not_read() {
        let is_read = |name| FileFormat::SystemCrontab.is_read_in_directory(name);
        for name in ["php", "e2scrub_all", "a-B-9"] {
            assert!(is_read(name), "{name}");
        }
        for name in [
            ".placeholder",
            "php.dpkg-old",
            "php~",
            "README.txt",
            "jobs.cron",
            "ä",
            "",
        ] {
            assert!(!is_read(name), "{name}");
        }
    }
}
