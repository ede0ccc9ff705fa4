//! A disk in memory that fails when it is told to, and shows what a crash leaves.
//!
//! It has everything twice: as programs see it, and what is safe. Between the two lie the steps that no sync has
//! made safe yet. [`Simulated::crash`] builds the disk of after a crash, with any choice of those steps: a write may
//! be there, be there in part, be a hole of zeros, or not be there; a name may be the old one or the new
//! one. The choices are made by a seed, so that a test can go through many, and repeat one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Disk, DiskFile, Lock, ReadFile};
use crate::sync::{Condvar, Mutex, MutexGuard, wait_on};

/// What is being done, for those who decide whether it fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Create(PathBuf),
    Open(PathBuf),
    Write(PathBuf, usize),
    Sync(PathBuf),
    Truncate(PathBuf, u64),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    SyncDir(PathBuf),
}

/// How a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// With this error, nothing being done. A sync that fails forgets which bytes were still to be made safe, as
    /// Linux does: what it was asked to make safe may be lost though later syncs succeed.
    Error(io::ErrorKind),
    /// A write does so many bytes and no more.
    Short(usize),
}

type Decide = Box<dyn FnMut(usize, &Step) -> Option<Fault> + Send>;
type Hold = Box<dyn Fn(&Step) -> bool + Send>;

/// A disk in memory. Clones are the same disk.
#[derive(Clone)]
pub(crate) struct Simulated(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Tells who is held that it may go on, and who waits for that that somebody is held.
    bell: Condvar,
}

#[derive(Default)]
struct State {
    nodes: Vec<Node>,
    /// As programs see them.
    names: BTreeMap<PathBuf, usize>,
    safe_names: BTreeMap<PathBuf, usize>,
    /// Changes of names that are not safe, in their order.
    changes: Vec<(PathBuf, Option<usize>)>,
    folders: Vec<PathBuf>,
    steps: usize,
    decide: Option<Decide>,
    /// Which steps take long, until they are released.
    hold: Option<Hold>,
    /// How many are held.
    held: usize,
    /// What is locked. It ends with the process: a crash leaves none of it.
    locked: BTreeSet<PathBuf>,
}

/// A file, whatever its names.
#[derive(Debug, Clone, Default)]
struct Node {
    bytes: Vec<u8>,
    safe: Vec<u8>,
    /// What was done since the last sync.
    dirty: Vec<Edit>,
    /// What a sync that failed forgot: as `dirty`, and no sync makes it safe.
    forgotten: Vec<Edit>,
    /// How many syncs failed.
    failures: usize,
}

#[derive(Debug, Clone)]
enum Edit {
    Write { at: usize, bytes: Vec<u8> },
    Cut(usize),
}

impl Edit {
    /// The sectors that it is part of, in a file that has this length behind it.
    fn sectors(&self, len: usize) -> std::ops::Range<usize> {
        match self {
            Edit::Write { at, bytes } => at / SECTOR..(at + bytes.len()).div_ceil(SECTOR),
            // What is behind the end is gone, and comes back as zeros.
            Edit::Cut(to) => to / SECTOR..len.div_ceil(SECTOR).max(to / SECTOR),
        }
    }

    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Edit::Write { at, bytes } => {
                if to.len() < at + bytes.len() {
                    to.resize(at + bytes.len(), 0);
                }
                to[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Edit::Cut(len) => to.truncate(*len),
        }
    }
}

impl Simulated {
    pub(crate) fn new() -> Simulated {
        Simulated(Arc::default())
    }

    /// Has each step from now on, numbered from 0, fail as `decide` says.
    pub(crate) fn fail(&self, decide: impl FnMut(usize, &Step) -> Option<Fault> + Send + 'static) {
        let mut state = self.0.state.lock();
        state.steps = 0;
        state.decide = Some(Box::new(decide));
    }

    /// Has nothing fail any more.
    pub(crate) fn heal(&self) {
        self.0.state.lock().decide = None;
    }

    /// Has such steps take until they are [released](Simulated::release).
    #[cfg_attr(all(test, not(feature = "async")), expect(dead_code, reason = "futures wait"))]
    pub(crate) fn hold(&self, which: impl Fn(&Step) -> bool + Send + 'static) {
        self.0.state.lock().hold = Some(Box::new(which));
    }

    /// Has what is held go on, and nothing be held any more.
    #[cfg_attr(all(test, not(feature = "async")), expect(dead_code, reason = "futures wait"))]
    pub(crate) fn release(&self) {
        self.0.state.lock().hold = None;
        self.0.bell.notify_all();
    }

    /// Waits until a step is held.
    #[cfg_attr(all(test, not(feature = "async")), expect(dead_code, reason = "futures wait"))]
    pub(crate) fn wait_until_held(&self) {
        let mut state = self.0.state.lock();
        while state.held == 0 {
            state = wait_on(&self.0.bell, state, None);
        }
    }

    /// Begins a step. Returns how much of it is done, if not all.
    fn begin(&self, step: &Step) -> io::Result<(MutexGuard<'_, State>, Option<usize>)> {
        let (state, part) = self.try_step(step);
        part.map(|part| (state, part))
    }

    /// As [`begin`](Simulated::begin), for what changes something even if it fails.
    fn try_step(&self, step: &Step) -> (MutexGuard<'_, State>, io::Result<Option<usize>>) {
        let mut state = self.0.state.lock();
        while state.hold.as_ref().is_some_and(|hold| hold(step)) {
            state.held += 1;
            self.0.bell.notify_all();
            state = wait_on(&self.0.bell, state, None);
            state.held -= 1;
        }
        let part = state.step(step);
        (state, part)
    }

    /// Whether some file holds these bytes, safe from any crash.
    #[cfg(shuttle)]
    pub(crate) fn has_safe(&self, bytes: &[u8]) -> bool {
        let state = self.0.state.lock();
        state.nodes.iter().any(|node| memchr::memmem::find(&node.safe, bytes).is_some())
    }

    /// How many steps there were since [`fail`](Simulated::fail), or in all.
    pub(crate) fn steps(&self) -> usize {
        self.0.state.lock().steps
    }

    /// The disk as it may be after a crash at this moment: `choose` is asked for a number below its argument
    /// whenever there is a choice.
    pub(crate) fn crash(&self, mut choose: impl FnMut(usize) -> usize) -> Simulated {
        let state = self.0.state.lock();
        let mut names = state.safe_names.clone();
        for (path, node) in &state.changes {
            if choose(2) == 1 {
                match node {
                    Some(node) => drop(names.insert(path.clone(), *node)),
                    None => drop(names.remove(path)),
                }
            }
        }
        let nodes: Vec<Node> = state
            .nodes
            .iter()
            .map(|node| {
                let bytes = node.left(&mut choose);
                Node { safe: bytes.clone(), bytes, ..Node::default() }
            })
            .collect();
        let (safe_names, folders) = (names.clone(), state.folders.clone());
        let state = State { nodes, names, safe_names, folders, ..State::default() };
        Simulated(Arc::new(Shared { state: Mutex::new(state), bell: Condvar::new() }))
    }

    /// The bytes of a file, if there is one.
    pub(crate) fn read(&self, path: impl AsRef<Path>) -> Option<Vec<u8>> {
        let state = self.0.state.lock();
        state.names.get(path.as_ref()).map(|node| state.nodes[*node].bytes.clone())
    }

    /// Puts a file there, safe at once.
    pub(crate) fn put(&self, path: impl AsRef<Path>, bytes: &[u8]) {
        let mut state = self.0.state.lock();
        let (bytes, safe) = (bytes.to_vec(), bytes.to_vec());
        state.nodes.push(Node { bytes, safe, ..Node::default() });
        let node = state.nodes.len() - 1;
        state.names.insert(path.as_ref().to_owned(), node);
        state.safe_names.insert(path.as_ref().to_owned(), node);
    }

    /// The names of all files.
    pub(crate) fn names(&self) -> Vec<PathBuf> {
        self.0.state.lock().names.keys().cloned().collect()
    }
}

/// What the disk writes as a whole, in any order.
const SECTOR: usize = 512;

impl Node {
    /// What may be left of it: of each sector, what it held after any of the edits that it was part of; and a length that
    /// the file had, or one on the way to it.
    fn left(&self, choose: &mut impl FnMut(usize) -> usize) -> Vec<u8> {
        let edits: Vec<&Edit> = self.forgotten.iter().chain(&self.dirty).collect();
        let mut now = self.safe.clone();
        let mut edited: Vec<usize> = Vec::new();
        for edit in &edits {
            edit.apply(&mut now);
            let sectors = edit.sectors(now.len());
            edited.resize(edited.len().max(sectors.end), 0);
            edited[sectors].iter_mut().for_each(|times| *times += 1);
        }
        // The whole is likelier than each state before it.
        let mut kept = |times: usize| choose(times + 1).max(choose(times + 1));
        let kept_of: Vec<usize> = edited.iter().map(|times| kept(*times)).collect();
        let length_after = kept(edits.len());

        let mut left = vec![0; edited.len() * SECTOR];
        let mut now = self.safe.clone();
        let mut seen = vec![0; edited.len()];
        let (mut length, mut before) = (now.len(), now.len());
        let copy = |sector: usize, now: &[u8], left: &mut Vec<u8>| {
            let at = sector * SECTOR;
            let end = now.len().min(at + SECTOR);
            left[at..at + SECTOR].fill(0);
            if at < end {
                left[at..end].copy_from_slice(&now[at..end]);
            }
        };
        (0..edited.len()).for_each(|sector| copy(sector, &now, &mut left));
        for (done, edit) in (1..).zip(&edits) {
            edit.apply(&mut now);
            for sector in edit.sectors(now.len()) {
                seen[sector] += 1;
                if seen[sector] == kept_of[sector] {
                    copy(sector, &now, &mut left);
                }
            }
            if done == length_after {
                (before, length) = (length, now.len());
            } else if done < length_after {
                length = now.len();
            }
        }
        if before < length {
            length -= choose(length - before + 1) * choose(2);
        }
        let untouched = self.safe.get(left.len()..).unwrap_or_default();
        left.extend_from_slice(untouched);
        left.resize(length, 0);
        left
    }
}

impl State {
    /// Counts a step. Returns how much of it is done, if not all.
    fn step(&mut self, step: &Step) -> io::Result<Option<usize>> {
        let number = self.steps;
        self.steps += 1;
        match self.decide.as_mut().and_then(|decide| decide(number, step)) {
            None => Ok(None),
            Some(Fault::Error(kind)) => Err(kind.into()),
            Some(Fault::Short(bytes)) => Ok(Some(bytes)),
        }
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn name(&mut self, path: &Path, node: Option<usize>) {
        match node {
            Some(node) => drop(self.names.insert(path.to_owned(), node)),
            None => drop(self.names.remove(path)),
        }
        self.changes.push((path.to_owned(), node));
    }

    fn make(&mut self, path: &Path) -> io::Result<usize> {
        let folder = path.parent().unwrap_or(Path::new(""));
        if !folder.as_os_str().is_empty() && !self.folders.iter().any(|f| f == folder) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.nodes.push(Node::default());
        let node = self.nodes.len() - 1;
        self.name(path, Some(node));
        Ok(node)
    }
}

impl Disk for Simulated {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let (mut state, _) = self.begin(&Step::Create(path.to_owned()))?;
        let node = match state.find(path) {
            Ok(node) => {
                state.nodes[node].bytes.clear();
                state.nodes[node].dirty.push(Edit::Cut(0));
                node
            }
            Err(_) => state.make(path)?,
        };
        Ok(self.handle(&state, node, path))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let (mut state, _) = self.begin(&Step::Create(path.to_owned()))?;
        let node = match state.find(path) {
            Ok(node) => node,
            Err(_) => state.make(path)?,
        };
        Ok(self.handle(&state, node, path))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        let (state, _) = self.begin(&Step::Open(path.to_owned()))?;
        let node = state.find(path)?;
        Ok(self.handle(&state, node, path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (mut state, _) = self.begin(&Step::Rename(from.to_owned(), to.to_owned()))?;
        let node = state.find(from)?;
        state.name(to, Some(node));
        state.name(from, None);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let (mut state, _) = self.begin(&Step::Remove(path.to_owned()))?;
        state.find(path)?;
        state.name(path, None);
        Ok(())
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let (mut state, _) = self.begin(&Step::Create(path.to_owned()))?;
        if !state.folders.iter().any(|folder| folder == path) {
            state.folders.push(path.to_owned());
        }
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let (mut state, _) = self.begin(&Step::SyncDir(path.to_owned()))?;
        let (here, elsewhere) = std::mem::take(&mut state.changes)
            .into_iter()
            .partition(|(name, _)| name.parent() == Some(path));
        state.changes = elsewhere;
        let here: Vec<(PathBuf, Option<usize>)> = here;
        for (name, node) in here {
            match node {
                Some(node) => drop(state.safe_names.insert(name, node)),
                None => drop(state.safe_names.remove(&name)),
            }
        }
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        match self.0.state.lock().locked.insert(path.to_owned()) {
            true => Ok(Box::new(Locked(self.clone(), path.to_owned()))),
            false => Err(io::Error::new(io::ErrorKind::ResourceBusy, "process 1")),
        }
    }

    fn size(&self, path: &Path) -> io::Result<Option<u64>> {
        let state = self.0.state.lock();
        Ok(state.names.get(path).map(|node| state.nodes[*node].bytes.len() as u64))
    }
}

impl Simulated {
    fn handle(&self, state: &State, node: usize, path: &Path) -> Box<Handle> {
        let known = state.nodes[node].failures;
        Box::new(Handle { disk: self.clone(), node, path: path.to_owned(), at: 0, known })
    }
}

/// A lock that is held.
#[derive(Debug)]
struct Locked(Simulated, PathBuf);

impl Lock for Locked {}

impl Drop for Locked {
    fn drop(&mut self) {
        self.0.0.state.lock().locked.remove(&self.1);
    }
}

/// An open file.
#[derive(Debug)]
struct Handle {
    disk: Simulated,
    node: usize,
    path: PathBuf,
    /// Where reading goes on.
    at: usize,
    /// How many failed syncs of the file it knows of.
    known: usize,
}

impl DiskFile for Handle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (mut state, part) = self.disk.begin(&Step::Write(self.path.clone(), bytes.len()))?;
        let bytes = &bytes[..part.unwrap_or(bytes.len()).min(bytes.len())];
        let node = &mut state.nodes[self.node];
        let edit = Edit::Write { at: node.bytes.len(), bytes: bytes.to_vec() };
        edit.apply(&mut node.bytes);
        node.dirty.push(edit);
        Ok(bytes.len())
    }

    fn sync(&mut self) -> io::Result<()> {
        let (mut state, part) = self.disk.try_step(&Step::Sync(self.path.clone()));
        let node = &mut state.nodes[self.node];
        let dirty = std::mem::take(&mut node.dirty);
        // As Linux does, each open file is told once of what could not be written, whoever's sync it was.
        node.failures += usize::from(part.is_err());
        let known = std::mem::replace(&mut self.known, node.failures);
        if known < node.failures {
            node.forgotten.extend(dirty);
            return Err(part.err().unwrap_or_else(|| io::ErrorKind::Other.into()));
        }
        if dirty.iter().any(|edit| matches!(edit, Edit::Cut(_))) {
            // What lay behind is gone, forgotten or not.
            node.forgotten.clear();
        }
        dirty.iter().for_each(|edit| edit.apply(&mut node.safe));
        Ok(())
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let (mut state, _) = self.disk.begin(&Step::Truncate(self.path.clone(), len))?;
        let node = &mut state.nodes[self.node];
        let edit = Edit::Cut(len as usize);
        edit.apply(&mut node.bytes);
        node.dirty.push(edit);
        Ok(())
    }
}

impl Read for Handle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let state = self.disk.0.state.lock();
        let rest = state.nodes[self.node].bytes.get(self.at..).unwrap_or_default();
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        Ok(n)
    }
}

impl ReadFile for Handle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.0.state.lock().nodes[self.node].bytes.len() as u64)
    }

    fn seek(&mut self, to: u64) -> io::Result<()> {
        self.at = to as usize;
        Ok(())
    }

    fn system(&self) -> Option<&std::fs::File> {
        None
    }
}

impl std::fmt::Debug for Simulated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulated").finish_non_exhaustive()
    }
}
