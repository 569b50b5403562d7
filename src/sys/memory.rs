//! The memory of this process.

use std::fs;

/// The largest resident memory we have had since our program started, in bytes; nothing where the kernel
/// does not tell.
///
/// Not `getrusage`: that counts what was before our program started too.
#[must_use]
pub fn own_peak_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    // Kibibytes, whatever else the line says (proc_pid_status(5)).
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default().saturating_mul(1024)
}

#[cfg(test)]
mod tests {
    #[test]
    fn we_have_some() {
        assert!(super::own_peak_bytes() > 100_000);
    }
}
