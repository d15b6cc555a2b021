//! The cluster's directory: what lies where in it, and the lock that says that a cluster runs.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::failure::Failure;

/// The longest path of a Unix socket.
const SOCKET_PATH_MAX: usize = 107;
/// A log longer than this is put aside when its daemon starts.
const LOG_MOST: u64 = 16 << 20;
/// The names that `bin` has links for.
const LINKS: [&str; 19] = [
    "perdure",
    "immlist",
    "immload",
    "immfind",
    "immadm",
    "immcfg",
    "immdump",
    "amf-adm",
    "amf-find",
    "amf-state",
    "amf-report-error",
    "amfpm",
    "amfclusterstatus",
    "ntfread",
    "ntfsend",
    "ntfsubscribe",
    "immxml-merge",
    "immxml-nodegen",
    "immxml-validate",
];

/// A cluster's directory.
#[derive(Debug, Clone)]
pub(super) struct Place {
    dir: PathBuf,
}

/// Held by the supervisor as long as it lives.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Place {
    /// The place that the option, the environment or the default names.
    pub(super) fn find(option: Option<&Path>) -> Result<Place, Failure> {
        let dir = crate::commands::connect::cluster_dir(option);
        let dir = std::path::absolute(&dir)
            .map_err(|error| Failure::failed(format!("find {}", dir.display()), &error))?;
        Ok(Place { dir })
    }

    /// The directory.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The log of a daemon.
    pub(super) fn log(&self, daemon: &str) -> PathBuf {
        self.dir.join("log").join(format!("{daemon}.log"))
    }

    /// The supervisor's record.
    pub(super) fn record(&self) -> PathBuf {
        self.dir.join("daemons.json")
    }

    /// Whether a model is stored.
    pub(super) fn has_model(&self) -> bool {
        let store = self.dir.join(immd::STORE).join("data.mdb");
        store.metadata().is_ok_and(|file| file.len() > 0)
    }

    /// Where the links to the commands are.
    pub(super) fn bin(&self) -> PathBuf {
        self.dir.join("bin")
    }

    /// Makes the directory with all that must be there; says whether it is new.
    pub(super) fn create(&self) -> Result<bool, Failure> {
        let longest = self.dir.join("immd.sock");
        check_socket_path(&longest)?;
        let is_new = !self.dir.exists();
        for dir in [
            self.dir.clone(),
            self.dir.join("log"),
            self.dir.join("nodes"),
            self.bin(),
        ] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&dir)
                .map_err(|error| Failure::failed(format!("make {}", dir.display()), &error))?;
        }
        Ok(is_new)
    }

    /// Removes the directory, where this start made it and nothing came of it.
    pub(super) fn remove(&self) {
        if let Err(error) = fs::remove_dir_all(&self.dir) {
            eprintln!("perdure: {} is left behind: {error}", self.dir.display());
        }
    }

    /// Checks that the node's component socket can be opened.
    pub(super) fn check_node(&self, node: &str) -> Result<(), Failure> {
        check_socket_path(&self.dir.join("nodes").join(node).join("amfnd.sock"))
    }

    /// Takes the lock.
    ///
    /// # Errors
    /// A failure that says who has it.
    pub(super) fn lock(&self) -> Result<Lock, Failure> {
        let path = self.dir.join("lock");
        let failed = |what: &str, error: &dyn std::error::Error| {
            Failure::failed(format!("{what} {}", path.display()), error)
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| failed("open", &error))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid)
                    .map_err(|error| failed("read", &error))?;
                let (dir, pid) = (self.dir.display(), pid.trim());
                return Err(Failure::new(format!(
                    "a cluster already runs in {dir} (pid {pid}); see: perdure status --dir {dir}"
                )));
            }
            Err(error) => return Err(failed("lock", &error)),
        }
        file.set_len(0).map_err(|error| failed("write", &error))?;
        writeln!(file, "{}", std::process::id()).map_err(|error| failed("write", &error))?;
        Ok(Lock { _file: file })
    }

    /// The pid of the supervisor that holds the lock; `None` where none runs.
    pub(super) fn holder(&self) -> Option<i32> {
        let path = self.dir.join("lock");
        let file = File::open(&path).ok()?;
        match flock(&file, FlockOperation::NonBlockingLockShared) {
            Err(rustix::io::Errno::WOULDBLOCK) => fs::read_to_string(&path).ok()?.trim().parse().ok(),
            Ok(()) | Err(_) => None,
        }
    }

    /// Puts links to the commands into `bin`.
    pub(super) fn link_commands(&self) -> Result<(), Failure> {
        let failed =
            |error: io::Error| Failure::failed(format!("make the links in {}", self.bin().display()), &error);
        let program = std::env::current_exe().map_err(failed)?;
        for name in LINKS {
            let link = self.bin().join(name);
            match fs::remove_file(&link) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error)),
            }
            symlink(&program, &link).map_err(failed)?;
        }
        Ok(())
    }

    /// Opens a daemon's log to append to it; a long one is put aside first.
    pub(super) fn open_log(&self, daemon: &str) -> io::Result<File> {
        let path = self.log(daemon);
        if fs::metadata(&path).is_ok_and(|file| file.len() > LOG_MOST) {
            fs::rename(&path, path.with_extension("log.1"))?;
        }
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)
    }
}

fn check_socket_path(path: &Path) -> Result<(), Failure> {
    let length = path.as_os_str().len();
    if length <= SOCKET_PATH_MAX {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the socket path {} has {length} bytes, {SOCKET_PATH_MAX} are possible; give a shorter directory with --dir",
        path.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_is_for_one_and_names_its_holder() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::find(Some(&dir.path().join("d"))).unwrap();
        assert!(place.create().unwrap());
        assert!(!place.create().unwrap());
        assert_eq!(place.holder(), None);
        let lock = place.lock().unwrap();
        let refused = place.lock().unwrap_err();
        let own = std::process::id();
        assert!(refused.lines[0].contains(&format!("(pid {own})")), "{refused}");
        assert_eq!(place.holder(), i32::try_from(own).ok());
        drop(lock);
        place.lock().unwrap();
    }

    #[test]
    fn a_directory_too_deep_for_sockets_is_refused_before_anything_is_made() {
        let place = Place::find(Some(Path::new(&format!("/nowhere/{}", "x".repeat(120))))).unwrap();
        assert!(place.create().unwrap_err().lines[0].contains("shorter directory"));
    }
}
