//! The memory of this process.
#![expect(unsafe_code, reason = "malloc_trim and madvise")]

use std::ffi::c_void;
use std::fs;
use std::ops::Range;

/// The largest resident memory we have had since our program started, in bytes; nothing where the kernel
/// does not tell.
///
/// Not `getrusage`: that counts what was before our program started too.
#[must_use]
pub fn own_peak_bytes() -> u64 {
    status_bytes("VmHWM:")
}

/// What a line of `proc_pid_status(5)` says.
fn status_bytes(key: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    // Kibibytes, whatever else the line says.
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default().saturating_mul(1024)
}

/// Gives back to the kernel what we hold and may not need again: memory that was freed
/// (`malloc_trim(3)`), and the code that has run so far, most of it once, to read the command line and
/// the files. What runs again is mapped again, without a look at the disk unless memory is short.
pub fn give_back() {
    give_back_freed();
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let here = give_back as *const () as usize;
    let Some(code) = maps
        .lines()
        .filter_map(code_in)
        .find(|code| code.contains(&here))
    else {
        return;
    };
    // SAFETY: a mapping of a file that we cannot have written to is read from the file again when it is
    // touched (madvise(2)); no reference to what is in it becomes invalid. What a debugger wrote into it
    // (its breakpoints) is gone.
    unsafe { libc::madvise(code.start as *mut c_void, code.len(), libc::MADV_DONTNEED) };
}

/// Has blocks of a megabyte and more given back as soon as they are freed, for as long as the program
/// runs. By itself glibc's allocator raises that limit with the first large block, and later ones are
/// then put among small ones that stay.
pub fn keep_large_blocks_apart() {
    // SAFETY: it takes no pointers.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 20)
    };
}

#[cfg(target_env = "gnu")]
fn give_back_freed() {
    // SAFETY: it takes no pointers, and locks the heap as every allocation does.
    unsafe { libc::malloc_trim(0) };
}

/// The allocator here does so by itself, or has no way to.
#[cfg(not(target_env = "gnu"))]
fn give_back_freed() {}

/// The addresses of a mapping of a file that can be run and not be written to, of a line of
/// `proc_pid_maps(5)`.
fn code_in(line: &str) -> Option<Range<usize>> {
    let words: Vec<_> = line.split_ascii_whitespace().collect();
    let [range, mode, _offset, _device, inode, ..] = words[..] else {
        return None;
    };
    // What is in no file cannot be had from it again: a program that unpacked itself, for one.
    if mode != "r-xp" || inode == "0" {
        return None;
    }
    let (start, end) = range.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).ok();
    Some(address(start)?..address(end)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_have_some() {
        assert!(own_peak_bytes() > 100_000);
    }

    #[test]
    fn code_is_what_runs_and_is_not_written_to() {
        let line =
            |mode| format!("55d0c0a00000-55d0c0f01000 {mode} 0002d000 fe:00 1234  /usr/bin/rsched");
        let code = Some(0x55d0_c0a0_0000..0x55d0_c0f0_1000);
        assert_eq!(code_in(&line("r-xp")), code);
        let in_no_file = "55d0c0a00000-55d0c0f01000 r-xp 00000000 00:00 0";
        assert_eq!(code_in(in_no_file), None);
        for other in ["r--p", "rw-p", "rwxp", "r-xs"] {
            assert_eq!(code_in(&line(other)), None, "{other}");
        }
        assert_eq!(code_in(""), None);
    }

    #[cfg(target_env = "gnu")]
    #[test]
    fn what_was_freed_is_given_back_and_the_program_goes_on() {
        let resident = || status_bytes("VmRSS:");
        // Small ones, which the allocator keeps, below one that stays. Other tests run beside.
        let many: Vec<_> = (0..1_000_000)
            .map(|number| Box::new([number; 16]))
            .collect();
        let last = Box::new([7_u8; 64]);
        let before = resident();
        drop(many);
        give_back();
        let after = resident();
        assert!(after + 30_000_000 < before, "{before} → {after}");
        assert_eq!(last[0], 7);
    }
}
