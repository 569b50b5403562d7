//! What a jobs file may ask for at most: generous for people, bounded for a machine.
//! (An expression's own limit is [`crate::schedule::MAX_EXPRESSION_BYTES`].)

/// Longest jobs file that whoever reads it should take. The parsed tree is some ten times as big.
pub const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Most jobs in all files together: loading them takes about a second.
pub const MAX_JOBS: usize = 100_000;

/// Most variables in one environment table.
pub const MAX_ENV_VARIABLES: usize = 1_000;

/// Longest string.
pub const MAX_STRING_BYTES: usize = 64 * 1024;

/// From this many bytes on Linux refuses an argument or `NAME=value` (`MAX_ARG_STRLEN`, with its
/// NUL): better said when the file is read than when the job is due.
pub const MAX_ARGUMENT_BYTES: usize = 131_072;

/// Longest job id.
pub const MAX_ID_BYTES: usize = 128;

/// Most parts of one `any`, `all` or `except`: the holidays of a lifetime.
pub(super) const MAX_PARTS: usize = 1_000;

/// Most problems kept of one load: nobody reads more, and a file of 16 MiB can hold millions.
pub(super) const MAX_PROBLEMS: usize = 10_000;

/// Most duplicates whose first place is looked for: each costs a walk through the whole file.
pub(super) const MAX_DUPLICATE_LOOKUPS: usize = 20;

/// Longest file in which the first places of duplicates are looked for.
pub(super) const MAX_DUPLICATE_LOOKUP_BYTES: usize = 1024 * 1024;
