//! What a run has used, as far as the kernel tells the truth about it.

use super::child::Exit;
use std::time::Duration;

/// What the process of a run, and those of its children that it waited for, have used until its end.
/// What goes on in the background counts for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time in their own code.
    pub user_time: Duration,
    /// CPU time in the kernel.
    pub system_time: Duration,
    /// The largest resident memory of any one of them, in bytes. None where it is less than what
    /// the scheduler has had itself: then it cannot be known, see [`Usage::of`].
    pub peak_memory_bytes: Option<u64>,
    /// Bytes that came through its output pipe; none where it has none.
    pub output_bytes: Option<u64>,
}

impl Usage {
    /// All CPU time.
    #[must_use]
    pub fn cpu_time(&self) -> Duration {
        self.user_time.saturating_add(self.system_time)
    }

    /// From what the kernel counted, where it did.
    ///
    /// To the peak of a process the kernel adds that of the memory which it gave up for its
    /// program, and until then a spawned process shares its parent's. (`exec_mmap` in Linux's `fs/exec.c`;
    /// `getrusage(2)` does not say so.) So a number near `own_peak_bytes`, the scheduler's own, says
    /// nothing of the job. Near means by a quarter: the kernel's counts are estimates.
    #[must_use]
    pub fn of(exit: &Exit, own_peak_bytes: u64, output_bytes: Option<u64>) -> Option<Self> {
        let used = exit.usage?;
        let least = own_peak_bytes.saturating_add(own_peak_bytes / 4);
        Some(Self {
            user_time: used.user_time,
            system_time: used.system_time,
            peak_memory_bytes: Some(used.peak_memory_bytes).filter(|peak| *peak > least),
            output_bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::ResourceUsage;

    #[test]
    fn a_peak_that_may_be_ours_is_not_the_jobs() {
        let exit = |peak_memory_bytes| Exit {
            code: Some(0),
            signal: None,
            core_dumped: false,
            usage: Some(ResourceUsage {
                user_time: Duration::from_millis(20),
                system_time: Duration::from_millis(3),
                peak_memory_bytes,
            }),
        };
        let of = |peak| Usage::of(&exit(peak), 1_000_000, Some(5)).unwrap();
        assert_eq!(of(1_250_000).peak_memory_bytes, None);
        assert_eq!(of(1_250_001).peak_memory_bytes, Some(1_250_001));
        assert_eq!(of(1).cpu_time(), Duration::from_millis(23));
        assert_eq!(of(1).output_bytes, Some(5));
    }
}
