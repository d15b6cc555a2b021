//! The notifications on disk: a ring of files, written by a thread of its own.
//!
//! A record is its length and checksum, each four bytes, and the message. A file begins with the alarms that are raised, so
//! that older files can go. What was torn by a crash ends the file that it stands in; the next start begins a new one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use ais::ntf::Recorded;
use tracing::{error, warn};

/// A file that is this long is followed by another.
const FILE_MOST: u64 = 4 << 20;
/// So many files are kept.
const FILES_MOST: usize = 8;
/// The longest record that is read.
const RECORD_MOST: u32 = 16 << 20;
/// So many may wait for the disk; more are told, and not written.
const QUEUE_MOST: usize = 10_000;

/// What the thread is told.
struct Job {
    id: u64,
    bytes: Vec<u8>,
    /// The alarms, where this one begins a file.
    begins: Option<Vec<u8>>,
}

/// The thread that writes.
pub(super) struct Writer {
    queue: SyncSender<Job>,
    /// The bytes of the present file.
    length: std::cell::Cell<u64>,
    dropped: std::cell::Cell<u64>,
}

impl Writer {
    /// Starts the thread; a folder that cannot be written costs the log alone.
    pub(super) fn start(folder: PathBuf, last: u64) -> Writer {
        let (queue, jobs) = sync_channel(QUEUE_MOST);
        let thread = std::thread::Builder::new().name("notifications".to_owned());
        if let Err(error) = thread.spawn(move || write_all(&folder, &jobs)) {
            error!(%error, last, "notifications are not kept on disk");
        }
        Writer {
            queue,
            // The first one begins a file.
            length: std::cell::Cell::new(FILE_MOST),
            dropped: std::cell::Cell::new(0),
        }
    }

    /// Has the notification written; never waits. `alarms` are those that are raised, for a new file.
    pub(super) fn write(&self, recorded: &Recorded, alarms: impl FnOnce() -> Vec<Rc<Recorded>>) {
        let begins = (self.length.get() >= FILE_MOST).then(|| {
            let alarms = alarms();
            alarms.iter().flat_map(|alarm| record(alarm)).collect::<Vec<u8>>()
        });
        let bytes = record(recorded);
        let added = bytes.len() as u64;
        let length = match &begins {
            Some(head) => head.len() as u64 + added,
            None => self.length.get() + added,
        };
        let job = Job {
            id: recorded.id,
            bytes,
            begins,
        };
        match self.queue.try_send(job) {
            Ok(()) => self.length.set(length),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                if self.dropped.get() == 0 {
                    error!("the disk does not keep up: notifications are told and not written");
                }
                self.dropped.set(self.dropped.get() + 1);
            }
        }
    }
}

/// A notification as it stands in a file; nothing for one that no message can hold.
fn record(recorded: &Recorded) -> Vec<u8> {
    let bytes = match schema::ntf::to_bytes(recorded) {
        Ok(bytes) => bytes,
        Err(error) => {
            warn!(%error, id = recorded.id, "a notification is not written");
            return Vec::new();
        }
    };
    let Ok(length) = u32::try_from(bytes.len()) else {
        return Vec::new();
    };
    let mut all = Vec::with_capacity(bytes.len() + 8);
    all.extend(length.to_le_bytes());
    all.extend(crc32fast::hash(&bytes).to_le_bytes());
    all.extend(bytes);
    all
}

/// Writes until nobody can ask any more; what waits together is made durable together.
fn write_all(folder: &Path, jobs: &Receiver<Job>) {
    let mut file = None;
    let mut complained = false;
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        batch.extend(jobs.try_iter().take(QUEUE_MOST));
        match write_batch(folder, &mut file, &batch) {
            Ok(()) => complained = false,
            Err(error) => {
                if !complained {
                    error!(%error, folder = %folder.display(), "notifications cannot be written");
                }
                complained = true;
                // The next one that begins a file tries anew.
                file = None;
            }
        }
    }
}

fn write_batch(folder: &Path, file: &mut Option<File>, batch: &[Job]) -> io::Result<()> {
    for job in batch {
        if let Some(head) = &job.begins {
            if let Some(old) = file.take() {
                old.sync_data()?;
            }
            *file = Some(begin(folder, job.id, head)?);
        }
        let file = match file {
            Some(file) => file,
            None => file.insert(begin(folder, job.id, &[])?),
        };
        file.write_all(&job.bytes)?;
    }
    match file {
        Some(file) => file.sync_data(),
        None => Ok(()),
    }
}

/// A new file, and one old one less.
fn begin(folder: &Path, id: u64, head: &[u8]) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{id:020}.log"));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(head)?;
    let all = files(folder)?;
    for old in all.iter().take(all.len().saturating_sub(FILES_MOST)) {
        fs::remove_file(old)?;
    }
    File::open(folder)?.sync_all()?;
    Ok(file)
}

/// The files in the order of their notifications.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            all.push(path);
        }
    }
    all.sort();
    Ok(all)
}

/// Gives all that the files hold, in their order.
pub(super) fn read(folder: &Path, take: &mut dyn FnMut(Recorded)) {
    let all = match files(folder) {
        Ok(all) => all,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(error) => {
            warn!(%error, folder = %folder.display(), "old notifications cannot be read");
            return;
        }
    };
    for path in all {
        if let Err(error) = read_file(&path, take) {
            warn!(%error, path = %path.display(), "old notifications cannot be read");
        }
    }
}

fn read_file(path: &Path, take: &mut dyn FnMut(Recorded)) -> io::Result<()> {
    let mut file = io::BufReader::new(File::open(path)?);
    loop {
        let mut head = [0; 8];
        if !fills(&mut file, &mut head)? {
            return Ok(());
        }
        let [l0, l1, l2, l3, c0, c1, c2, c3] = head;
        let length = u32::from_le_bytes([l0, l1, l2, l3]);
        if length > RECORD_MOST {
            return Ok(());
        }
        let mut bytes = vec![0; length as usize];
        if !fills(&mut file, &mut bytes)? || crc32fast::hash(&bytes) != u32::from_le_bytes([c0, c1, c2, c3]) {
            // Torn by a crash.
            return Ok(());
        }
        match schema::ntf::from_bytes(&bytes) {
            Ok(recorded) => take(recorded),
            Err(error) => warn!(%error, path = %path.display(), "an old notification is not understood"),
        }
    }
}

/// Whether there were so many bytes.
fn fills(file: &mut impl io::Read, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use ais::ntf::{ClassId, Detail, EventType, Notification};

    use super::*;

    fn told(id: u64) -> Recorded {
        Recorded {
            id,
            time: 5,
            notification: Notification {
                event: EventType::ApplicationEvent,
                object: "o".repeat(1_000),
                notifying: String::new(),
                class: ClassId::default(),
                text: String::new(),
                info: Vec::new(),
                correlated: Vec::new(),
                detail: Detail::Miscellaneous,
            },
        }
    }

    fn job(id: u64, begins: bool) -> Job {
        Job {
            id,
            bytes: record(&told(id)),
            begins: begins.then(Vec::new),
        }
    }

    fn ids(folder: &Path) -> Vec<u64> {
        let mut found = Vec::new();
        read(folder, &mut |recorded| found.push(recorded.id));
        found
    }

    #[test]
    fn what_is_written_is_read_and_a_torn_end_costs_the_torn_record_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = None;
        write_batch(dir.path(), &mut file, &[job(1, true), job(2, false)]).unwrap();
        write_batch(dir.path(), &mut None, &[job(3, true)]).unwrap();
        assert_eq!(ids(dir.path()), [1, 2, 3]);
        let first = &files(dir.path()).unwrap()[0];
        let bytes = fs::read(first).unwrap();
        for cut in [1, 9, 500, bytes.len() / 2 + 3] {
            fs::write(first, &bytes[..bytes.len() - cut]).unwrap();
            let found = ids(dir.path());
            assert_eq!(found.last(), Some(&3), "{cut}");
            assert!(!found.contains(&2), "{cut}");
        }
        let mut flipped = bytes.clone();
        flipped[20] ^= 1;
        fs::write(first, flipped).unwrap();
        assert_eq!(ids(dir.path()), [3]);
    }

    #[test]
    fn the_files_are_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = None;
        for id in 1..30 {
            write_batch(dir.path(), &mut file, &[job(id, true)]).unwrap();
        }
        assert_eq!(files(dir.path()).unwrap().len(), FILES_MOST);
        assert_eq!(ids(dir.path()).last(), Some(&29));
    }
}
