//! How loud what is said is.

use serde::Serialize;

/// How loud a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something did not work.
    Error,
    /// Something a person should look at.
    Warn,
    /// What happens, job output among it.
    Info,
    /// More than one usually wants.
    Debug,
}
