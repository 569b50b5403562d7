//! `hosts`: where a scheduler, or a job, runs. One jobs file may be on many machines.

use super::reader::{Entry, Problems};
use super::value::{TextKind, filled_text, items};
use std::fmt;
use std::sync::Arc;

/// Names of hosts, or any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hosts(Option<Arc<[String]>>);

impl Hosts {
    /// Whether a host of that name is one of them. Host names are the same in upper and lower case
    /// (RFC 1123).
    ///
    /// ```
    /// use rsched::config::Hosts;
    /// assert!(Hosts::default().include("web1"));
    /// assert!(Hosts::from(["web1", "web2"]).include("WEB1"));
    /// assert!(!Hosts::from(["web1"]).include("db1"));
    /// ```
    #[must_use]
    pub fn include(&self, host: &str) -> bool {
        let is_it = |name: &String| name.eq_ignore_ascii_case(host);
        self.0.as_ref().is_none_or(|names| names.iter().any(is_it))
    }

    /// Reads an array of names, of which `*` is any.
    pub(super) fn read(entry: &Entry<'_>, problems: &mut Problems) -> Option<Self> {
        let items = items(entry, "an array of host names", problems)?;
        if items.is_empty() {
            let problem = entry.error("empty", "`hosts` is an empty array: no host may run this");
            problems.push(problem.help("name the hosts, or write `[\"*\"]` for any"));
        }
        let names: Option<Vec<String>> = items
            .iter()
            .map(|item| {
                filled_text(item, TextKind::Name, problems).map(std::borrow::Cow::into_owned)
            })
            .collect();
        let names = names?;
        let is_any = names.iter().any(|name| name == "*");
        Some(Self((!is_any).then(|| names.into())))
    }
}

impl<const N: usize> From<[&str; N]> for Hosts {
    fn from(names: [&str; N]) -> Self {
        Self(Some(names.map(str::to_owned).into()))
    }
}

/// As in a sentence: `` `web1`, `web2` ``.
impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().flat_map(|names| names.iter());
        for (index, name) in names.enumerate() {
            let separator = if index > 0 { ", " } else { "" };
            write!(f, "{separator}`{name}`")?;
        }
        if self.0.is_none() {
            f.write_str("any host")?;
        }
        Ok(())
    }
}
