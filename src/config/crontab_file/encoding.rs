//! What a crontab is written in: cron takes bytes, so comments of people may be in any encoding.

/// A crontab in UTF-8, as far as its comments go: those that are in something else are taken for
/// Latin-1, in which every byte is a character. Whatever else a line has stays as it is.
///
/// ```
/// use rsched::config::utf8_of_crontab;
/// let bytes = b"# T\xe4glich\n@daily caf\xe9\n# t\xc3\xa4glich\n".to_vec();
/// assert_eq!(utf8_of_crontab(bytes), b"# T\xc3\xa4glich\n@daily caf\xe9\n# t\xc3\xa4glich\n");
/// ```
#[must_use]
pub fn utf8_of_crontab(bytes: Vec<u8>) -> Vec<u8> {
    if std::str::from_utf8(&bytes).is_ok() {
        return bytes;
    }
    let mut text = Vec::with_capacity(bytes.len() + bytes.len() / 8);
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        let is_comment = line.trim_ascii_start().starts_with(b"#");
        if is_comment && std::str::from_utf8(line).is_err() {
            let line: String = line.iter().map(|&byte| char::from(byte)).collect();
            text.extend(line.into_bytes());
        } else {
            text.extend(line);
        }
    }
    text
}
