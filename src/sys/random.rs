//! Bytes nobody can guess, from the kernel. Only for identities: nothing is decided by chance.

use rustix::rand::{GetRandomFlags, getrandom};
use std::io;

/// 128 random bits.
///
/// # Errors
/// The kernel has none to give, as very early at boot.
pub fn u128() -> io::Result<u128> {
    let mut bytes = [0; 16];
    let filled = getrandom(&mut bytes, GetRandomFlags::empty())?;
    // The kernel promises requests of up to 256 bytes to be filled whole.
    if filled < bytes.len() {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
    }
    Ok(u128::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_are_never_alike() {
        assert_ne!(super::u128().unwrap(), super::u128().unwrap());
    }
}
