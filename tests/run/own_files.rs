//! The files on a disk of the tests' own, and what of them is there again when the power was lost.
//!
//! What was written into a file is certain only once that file was synced, and what a directory names
//! only once that directory was: to sync a new file does not make its name certain. Of all else some may have
//! reached the disk and some not. Modes and owners are never lost.

use crate::own_disk::{Request, words};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

const ROOT: u64 = 1;

/// A disk writes so many bytes in one piece.
const SECTOR: usize = 512;

/// Names in directories, and what they name.
type Names = BTreeMap<(u64, String), u64>;

/// A change of a file that was not synced since.
#[derive(Clone)]
enum Written {
    Bytes { at: usize, bytes: Arc<[u8]> },
    Size(usize),
}

/// A change of names in a directory that was not synced since: one goes, one comes, or both at once.
#[derive(Clone)]
struct Renamed {
    gone: Option<String>,
    come: Option<(String, u64)>,
}

#[derive(Clone)]
struct Node {
    mode: u32,
    uid: u32,
    gid: u32,
    data: Arc<Vec<u8>>,
    synced: Arc<Vec<u8>>,
    unsynced: Vec<Written>,
}

impl Node {
    fn new(mode: u32, uid: u32, gid: u32, data: Vec<u8>) -> Self {
        let data = Arc::new(data);
        Self {
            mode,
            uid,
            gid,
            synced: Arc::clone(&data),
            data,
            unsynced: Vec::new(),
        }
    }

    fn sync(&mut self) {
        self.synced = Arc::clone(&self.data);
        self.unsynced.clear();
    }

    fn write(&mut self, written: Written) {
        written.apply(Arc::make_mut(&mut self.data));
        self.unsynced.push(written);
    }

    fn lose_power(&mut self, keeps: &mut dyn FnMut() -> bool) {
        let data = Arc::make_mut(&mut self.synced);
        for written in self.unsynced.drain(..) {
            for sector in written.in_sectors() {
                if keeps() {
                    sector.apply(data);
                }
            }
        }
        self.data = Arc::clone(&self.synced);
    }
}

impl Written {
    fn apply(&self, data: &mut Vec<u8>) {
        match self {
            Self::Size(size) => data.resize(*size, 0),
            Self::Bytes { at, bytes } => {
                let end = at + bytes.len();
                if data.len() < end {
                    data.resize(end, 0);
                }
                data[*at..end].copy_from_slice(bytes);
            }
        }
    }

    fn in_sectors(&self) -> Vec<Self> {
        let Self::Bytes { at, bytes } = self else {
            return vec![self.clone()];
        };
        let (mut sectors, mut begin) = (Vec::new(), 0);
        while begin < bytes.len() {
            let end = (begin + SECTOR - (at + begin) % SECTOR).min(bytes.len());
            sectors.push(Self::Bytes {
                at: at + begin,
                bytes: bytes[begin..end].into(),
            });
            begin = end;
        }
        sectors
    }
}

impl Renamed {
    fn apply(&self, directory: u64, names: &mut Names) {
        if let Some(gone) = &self.gone {
            names.remove(&(directory, gone.clone()));
        }
        if let Some((name, node)) = &self.come {
            names.insert((directory, name.clone()), *node);
        }
    }
}

/// The files. What has no name any more is kept.
#[derive(Clone)]
pub struct Files {
    names: Names,
    synced: Names,
    unsynced: BTreeMap<u64, Vec<Renamed>>,
    nodes: Vec<Node>,
}

impl Files {
    /// An empty disk.
    pub fn new() -> Self {
        Self {
            names: Names::new(),
            synced: Names::new(),
            unsynced: BTreeMap::new(),
            nodes: vec![Node::new(libc::S_IFDIR | 0o755, 0, 0, Vec::new())],
        }
    }

    /// One with a directory of root's own, in which these files are; all of it is synced.
    pub fn with(directory: &str, files: &[(&str, &[u8])]) -> Self {
        let mut disk = Self::new();
        let parent = disk.add(libc::S_IFDIR | 0o700, 0, 0, Vec::new());
        disk.names.insert((ROOT, directory.to_owned()), parent);
        for (name, bytes) in files {
            let file = disk.add(libc::S_IFREG | 0o600, 0, 0, bytes.to_vec());
            disk.names.insert((parent, (*name).to_owned()), file);
        }
        disk.synced = disk.names.clone();
        disk
    }

    /// What is there when the power is lost now: all that was synced, and of all else what is said to be
    /// kept, in any choice.
    pub fn after_power_loss(mut self, keeps: &mut dyn FnMut() -> bool) -> Self {
        for (directory, changes) in std::mem::take(&mut self.unsynced) {
            for change in changes.into_iter().filter(|_| keeps()) {
                change.apply(directory, &mut self.synced);
            }
        }
        self.names = self.synced.clone();
        for node in &mut self.nodes {
            node.lose_power(keeps);
        }
        self
    }

    /// Copies a directory of it, with all below, to where no directory is yet.
    pub fn copy_out(&self, directory: &str, to: &Path) {
        if let Ok(node) = self.find(ROOT, directory) {
            self.copy_node(node, to);
        }
    }

    fn copy_node(&self, number: u64, to: &Path) {
        let node = self.node(number);
        match node.mode & libc::S_IFMT {
            libc::S_IFDIR => {
                fs::create_dir(to).unwrap();
                for ((parent, name), entry) in &self.names {
                    if *parent == number {
                        self.copy_node(*entry, &to.join(name));
                    }
                }
            }
            libc::S_IFREG => fs::write(to, &node.data[..]).unwrap(),
            _ => return,
        }
        fs::set_permissions(to, fs::Permissions::from_mode(node.mode & 0o7777)).unwrap();
    }

    fn node(&self, number: u64) -> &Node {
        &self.nodes[usize::try_from(number - ROOT).unwrap()]
    }

    fn node_mut(&mut self, number: u64) -> &mut Node {
        &mut self.nodes[usize::try_from(number - ROOT).unwrap()]
    }

    fn add(&mut self, mode: u32, uid: u32, gid: u32, data: Vec<u8>) -> u64 {
        self.nodes.push(Node::new(mode, uid, gid, data));
        self.nodes.len() as u64
    }

    /// Names change in a directory.
    fn change_names(&mut self, directory: u64, change: Renamed) {
        change.apply(directory, &mut self.names);
        self.unsynced.entry(directory).or_default().push(change);
    }
}

// What a server is asked for.

impl Files {
    /// Whether it is the directory of the marks of one boot: one that is in a `starts`.
    pub fn is_of_marks(&self, directory: u64) -> bool {
        let parent = |child: u64| self.names.iter().find(|(_, node)| **node == child);
        let above = parent(directory).and_then(|((above, _), _)| parent(*above));
        above.is_some_and(|((_, name), _)| name == "starts")
    }

    pub fn find(&self, directory: u64, name: &str) -> Result<u64, i32> {
        let found = self.names.get(&(directory, name.to_owned()));
        found.copied().ok_or(libc::ENOENT)
    }

    /// `struct fuse_attr`.
    fn attr(&self, number: u64) -> Vec<u8> {
        let node = self.node(number);
        let size = node.data.len() as u64;
        let mut body = [number, size, size.div_ceil(512), 0, 0, 0]
            .map(u64::to_ne_bytes)
            .concat();
        body.extend(words(&[
            0, 0, 0, node.mode, 1, node.uid, node.gid, 0, 4096, 0,
        ]));
        body
    }

    #[expect(clippy::unnecessary_wraps, reason = "an answer, as all are")]
    pub fn attributes(&self, number: u64) -> Result<Vec<u8>, i32> {
        let mut body = vec![0; 16];
        body.extend(self.attr(number));
        Ok(body)
    }

    #[expect(clippy::unnecessary_wraps, reason = "an answer, as all are")]
    pub fn entry(&self, number: u64) -> Result<Vec<u8>, i32> {
        let mut body = number.to_ne_bytes().to_vec();
        body.resize(40, 0);
        body.extend(self.attr(number));
        Ok(body)
    }

    pub fn make(
        &mut self,
        directory: u64,
        name: &str,
        mode: u32,
        by: &Request,
    ) -> Result<Vec<u8>, i32> {
        if self.find(directory, name).is_ok() {
            return Err(libc::EEXIST);
        }
        let number = self.add(mode, by.u32(24), by.u32(28), Vec::new());
        let come = Some((name.to_owned(), number));
        self.change_names(directory, Renamed { gone: None, come });
        self.entry(number)
    }

    pub fn remove(&mut self, directory: u64, name: &str) -> Result<Vec<u8>, i32> {
        let number = self.find(directory, name)?;
        if self.names.keys().any(|(parent, _)| *parent == number) {
            return Err(libc::ENOTEMPTY);
        }
        let gone = Some(name.to_owned());
        self.change_names(directory, Renamed { gone, come: None });
        Ok(Vec::new())
    }

    pub fn rename(&mut self, from: u64, to: u64, names: &[String]) -> Result<Vec<u8>, i32> {
        let number = self.find(from, &names[0])?;
        let gone = Some(names[0].clone());
        let come = Some((names[1].clone(), number));
        if from == to {
            self.change_names(to, Renamed { gone, come });
        } else {
            self.change_names(to, Renamed { gone: None, come });
            self.change_names(from, Renamed { gone, come: None });
        }
        Ok(Vec::new())
    }

    pub fn change(&mut self, number: u64, request: &Request) -> Result<(), i32> {
        let (which, node) = (request.u32(40), self.node_mut(number));
        if which & 1 != 0 {
            node.mode = request.u32(108);
        }
        if which & 2 != 0 {
            node.uid = request.u32(116);
        }
        if which & 4 != 0 {
            node.gid = request.u32(120);
        }
        if which & 8 != 0 {
            let size = usize::try_from(request.u64(56)).map_err(|_| libc::EFBIG)?;
            node.write(Written::Size(size));
        }
        Ok(())
    }

    pub fn read(&self, number: u64, at: u64, size: u32) -> Result<Vec<u8>, i32> {
        let at = usize::try_from(at).map_err(|_| libc::EFBIG)?;
        let data = self.node(number).data.get(at..).unwrap_or_default();
        Ok(data[..data.len().min(size as usize)].to_vec())
    }

    pub fn write(&mut self, number: u64, at: u64, bytes: &[u8]) -> Result<Vec<u8>, i32> {
        let at = usize::try_from(at).map_err(|_| libc::EFBIG)?;
        let length = u32::try_from(bytes.len()).unwrap();
        let bytes = bytes.into();
        self.node_mut(number).write(Written::Bytes { at, bytes });
        Ok(words(&[length, 0]))
    }

    #[expect(clippy::unnecessary_wraps, reason = "an answer, as all are")]
    pub fn sync(&mut self, number: u64) -> Result<Vec<u8>, i32> {
        self.node_mut(number).sync();
        Ok(Vec::new())
    }

    /// Makes certain what a directory names.
    #[expect(clippy::unnecessary_wraps, reason = "an answer, as all are")]
    pub fn sync_directory(&mut self, number: u64) -> Result<Vec<u8>, i32> {
        for change in self.unsynced.remove(&number).unwrap_or_default() {
            change.apply(number, &mut self.synced);
        }
        Ok(Vec::new())
    }

    pub fn list(&self, directory: u64, after: u64, size: u32) -> Vec<u8> {
        let entries = self
            .names
            .iter()
            .filter(|((parent, _), _)| *parent == directory);
        let mut body = Vec::new();
        for (number, ((_, name), node)) in (1_u64..).zip(entries) {
            if number <= after {
                continue;
            }
            let mut entry = [*node, number].map(u64::to_ne_bytes).concat();
            entry.extend(words(&[u32::try_from(name.len()).unwrap(), 0]));
            entry.extend(name.as_bytes());
            entry.resize(entry.len().next_multiple_of(8), 0);
            if body.len() + entry.len() > size as usize {
                break;
            }
            body.extend(entry);
        }
        body
    }
}
