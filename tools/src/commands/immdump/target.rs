//! The file that is written: by a thread of its own, and complete or not there.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::commands::output::Failure;

/// A file that appears under its name when it is complete.
pub(super) struct Target<'a> {
    file: &'a Path,
    /// What is written; the file itself where that is a device or a pipe, which cannot be replaced.
    place: PathBuf,
}

impl Target<'_> {
    pub(super) fn beside(file: &Path) -> Target<'_> {
        let is_special = std::fs::metadata(file).is_ok_and(|there| !there.is_file());
        let mut name = file.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".{}.part", std::process::id()));
        let place = if is_special {
            file.to_path_buf()
        } else {
            file.with_file_name(name)
        };
        Target { file, place }
    }

    fn is_special(&self) -> bool {
        self.place == self.file
    }

    pub(super) fn create(&self) -> io::Result<Behind> {
        Behind::new(File::create(&self.place)?, self.is_special())
    }

    pub(super) fn complete(&self, out: Behind) -> io::Result<()> {
        let sink = out.finish()?;
        if self.is_special() {
            return Ok(());
        }
        sink.sync_all()?;
        std::fs::rename(&self.place, self.file)
    }

    /// Removes what is not complete.
    pub(super) fn discard(&self) {
        if !self.is_special() {
            // It may not have been made at all.
            let _removed = std::fs::remove_file(&self.place);
        }
    }

    pub(super) fn failed(&self, error: &io::Error) -> Failure {
        Failure::new(format!(
            "error - could not write {}: {error}",
            self.file.display()
        ))
    }
}

/// So many bytes go to the thread at once.
const PART: usize = 1 << 20;
/// So many parts may wait for it.
const PARTS_MAX: usize = 8;
/// After so many bytes what is written is sent to the disk, so that little is left for the end.
const SYNC_AFTER: usize = 8 << 20;

/// A file that a thread writes while the next part is made.
pub(super) struct Behind {
    part: Vec<u8>,
    /// None once it is known how the writing ended.
    writing: Option<Writing>,
}

struct Writing {
    parts: SyncSender<Vec<u8>>,
    thread: JoinHandle<io::Result<File>>,
}

impl Writing {
    /// The file with everything in it, or why it is not.
    fn end(self) -> io::Result<File> {
        drop(self.parts);
        let ended = |_| io::Error::other("the thread that writes has panicked");
        self.thread.join().map_err(ended)?
    }
}

impl Behind {
    fn new(file: File, is_special: bool) -> io::Result<Behind> {
        let (parts, queue) = sync_channel(PARTS_MAX);
        let thread = std::thread::Builder::new().name("file".to_owned());
        let thread = thread.spawn(move || write_parts(file, is_special, &queue))?;
        Ok(Behind {
            part: Vec::with_capacity(PART),
            writing: Some(Writing { parts, thread }),
        })
    }

    fn pass(&mut self) -> io::Result<()> {
        let part = std::mem::replace(&mut self.part, Vec::with_capacity(PART));
        let sent = self.writing.as_ref().is_some_and(|w| w.parts.send(part).is_ok());
        if sent { Ok(()) } else { self.end().map(drop) }
    }

    fn end(&mut self) -> io::Result<File> {
        let ended = || io::Error::other("the file can no longer be written");
        self.writing.take().ok_or_else(ended)?.end()
    }

    fn finish(mut self) -> io::Result<File> {
        self.pass()?;
        self.end()
    }
}

impl Drop for Behind {
    /// Whoever writes the file anew must not meet a thread that still writes it.
    fn drop(&mut self) {
        if let Some(writing) = self.writing.take() {
            let _unwanted = writing.end();
        }
    }
}

impl Write for Behind {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.part.len() + bytes.len() > PART {
            self.pass()?;
        }
        self.part.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// What is written is in the file only after [`Behind::finish`].
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_parts(mut file: File, is_special: bool, queue: &Receiver<Vec<u8>>) -> io::Result<File> {
    let mut unsynced = 0;
    for part in queue {
        file.write_all(&part)?;
        unsynced += part.len();
        if unsynced >= SYNC_AFTER && !is_special {
            file.sync_data()?;
            unsynced = 0;
        }
    }
    Ok(file)
}
