//! `[api]`: the control API on TCP, which is off unless the file asks for it.

use super::api::{ApiSettings, TokenFile};
use super::command;
use super::reader::{Entry, Problems, Table};
use super::value::{TextKind, boolean, filled_text, items, table};
use crate::diagnostic::quoted;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// What stands in front of all paths where nothing else is said.
const DEFAULT_PREFIX: &str = "/scheduler";

/// Longest prefix.
const MAX_PREFIX_BYTES: usize = 128;

/// Reads the table; none where it asks for nothing.
pub(super) fn settings(entry: &Entry<'_>, problems: &mut Problems) -> Option<ApiSettings> {
    let mut api = table(entry, "`[api]`".into(), problems)?;
    let before = problems.errors();
    let listen = api.take("listen");
    let address = listen.and_then(|entry| address(&entry, problems));
    let prefix = api
        .take("prefix")
        .and_then(|entry| prefix(&entry, problems));
    let token = api.take("token_file").and_then(|entry| {
        let text = filled_text(&entry, TextKind::Line, problems)?;
        if text == "none" {
            return Some((TokenFile::None, entry));
        }
        let path = command::path(&entry, problems)?;
        Some((TokenFile::Path(path), entry))
    });
    let hosts = api
        .take("allowed_hosts")
        .and_then(|entry| hosts(&entry, problems));
    let allow_jobs = api
        .take("allow_jobs")
        .and_then(|entry| boolean(&entry, problems));
    if let Some(listen) = listen {
        needs_token(&listen, address, token.as_ref(), &api, problems);
    }
    api.finish(problems);
    let (address, (token_file, _)) = address.zip(token)?;
    (problems.errors() == before).then(|| ApiSettings {
        listen: address,
        prefix: prefix.unwrap_or_else(|| DEFAULT_PREFIX.to_owned()),
        token_file,
        allowed_hosts: hosts.unwrap_or_default(),
        allow_jobs: allow_jobs.unwrap_or(false),
    })
}

/// Who may give orders may run anything: without a token only this machine's own users could, and
/// that has to be written out.
fn needs_token(
    listen: &Entry<'_>,
    address: Option<SocketAddr>,
    token: Option<&(TokenFile, Entry<'_>)>,
    api: &Table<'_>,
    problems: &mut Problems,
) {
    match (address, token) {
        (Some(address), Some((TokenFile::None, entry))) if !address.ip().is_loopback() => {
            let message =
                format!("`{address}` can be reached from elsewhere, and there is no token");
            let problem = entry
                .error("api_without_token", message)
                .related(listen.location(), "listens here");
            problems.push(problem.help("name a file that holds a token of 32 characters or more"));
        }
        (_, None) if !api.has("token_file") => {
            let problem = listen.error("api_without_token", "`listen` without `token_file`");
            problems.push(problem.help(
                "name a file that holds a token of 32 characters or more; on a loopback address \
                 `token_file = \"none\"` lets every user of this machine in",
            ));
        }
        _ => {}
    }
}

/// `127.0.0.1:9747`, `[::1]:9747`, `localhost:9747`.
fn address(entry: &Entry<'_>, problems: &mut Problems) -> Option<SocketAddr> {
    let text = filled_text(entry, TextKind::Line, problems)?;
    let local = text.strip_prefix("localhost:").map(|port| {
        let port = port.parse().ok()?;
        Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
    });
    let address = local.unwrap_or_else(|| text.parse().ok());
    if address.is_none() {
        let message = format!(
            "`listen` is {}, expected an address and a port",
            quoted(&text)
        );
        let problem = entry.error("bad_address", message);
        problems.push(problem.help("write `\"127.0.0.1:9747\"`"));
    }
    address
}

fn prefix(entry: &Entry<'_>, problems: &mut Problems) -> Option<String> {
    let text = filled_text(entry, TextKind::Line, problems)?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '.');
    let is_path = text.starts_with('/')
        && !text.ends_with('/')
        && !text.contains("//")
        && !text.split('/').any(|part| matches!(part, "." | ".."))
        && text.len() <= MAX_PREFIX_BYTES
        && text.chars().all(is_plain);
    if is_path {
        return Some(text.into_owned());
    }
    let message = format!(
        "`prefix` is {}, expected the beginning of a path",
        quoted(&text)
    );
    let problem = entry.error("bad_prefix", message);
    problems.push(problem.help("write `\"/scheduler\"`"));
    None
}

fn hosts(entry: &Entry<'_>, problems: &mut Problems) -> Option<Vec<String>> {
    items(entry, "an array of host names", problems)?
        .iter()
        .map(|item| {
            let text = filled_text(item, TextKind::Line, problems)?;
            let is_host = |c: char| {
                c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']' | '_')
            };
            if text.chars().all(is_host) {
                return Some(text.to_ascii_lowercase());
            }
            let message = format!("{} is no host name", quoted(&text));
            problems.push(item.error("bad_host", message));
            None
        })
        .collect()
}
