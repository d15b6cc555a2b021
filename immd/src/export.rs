//! The export of the repository's content to a file (SAI-AIS-IMM-A.02.01, `SA_IMM_ADMIN_EXPORT`): what survives a
//! restart, as a model file that loads again.
//!
//! It is written from a snapshot, piece by piece, while others go on. The file is replaced when the new one is whole.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use ais::{AisError, AttrChoice, ClassCategory, ClassDef, Object, Refusal, SYSTEM_ATTRIBUTES, Scope};
use repository::{SearchParams, Snapshot};
use tokio::sync::mpsc;

use crate::access;
use crate::core::Core;
use crate::server::Peer;

/// Where files go that are named without a directory.
const EXPORTS: &str = "exports";
/// So many objects are handed to the writer at once.
const PIECE: usize = 1000;
/// So many pieces may wait for the writer.
const PIECES_MAX: usize = 4;
const IMPLEMENTER_NAME: &str = SYSTEM_ATTRIBUTES[2];

type Piece = Vec<(String, Object)>;

fn refuse<T>(error: AisError, text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(error, text))
}

/// Writes the content to the file that the URI or path names; gives the file's URI.
///
/// A name without a directory means a file in `exports` of the cluster's directory; others than root and the daemon's
/// own user can name nothing else. What is there must be a regular file, and not in the store.
///
/// # Errors
/// INVALID_PARAM (no such name), ACCESS_DENIED, BUSY (another export is in progress), NO_RESOURCES (the file cannot be
/// written).
pub(crate) async fn export(core: Rc<Core>, peer: Peer, uri: String) -> Result<String, Refusal> {
    let file = target(&core.dir, peer, &uri)?;
    if core.exporting.replace(true) {
        return refuse(AisError::Busy, "another export is in progress");
    }
    let written = write(&core, &file).await;
    core.exporting.set(false);
    written?;
    let uri = format!("file://{}", file.display());
    core.change(|repository| repository.note_export(&uri));
    tracing::info!(uri, uid = peer.uid, "the model is exported");
    Ok(uri)
}

/// The file that is meant.
fn target(dir: &Path, peer: Peer, uri: &str) -> Result<PathBuf, Refusal> {
    let invalid = |rule: &str| refuse(AisError::InvalidParam, format!("the file '{uri}' {rule}"));
    let path = match uri.strip_prefix("file:") {
        None => uri,
        Some(rest) => rest.strip_prefix("//").unwrap_or(rest),
    };
    if path.is_empty() || path.len() > 4000 || path.chars().any(char::is_control) {
        return invalid("has no name that can be used");
    }
    let path = Path::new(path);
    let plain = |part: Component<'_>| matches!(part, Component::RootDir | Component::Normal(_));
    if !path.components().all(plain) || path.file_name().is_none() {
        return invalid("may not have '.' or '..' in its name, and must be a file's");
    }
    if !path.is_absolute() {
        if path.components().count() > 1 {
            return invalid("must be named without a directory, or from the root");
        }
        let exports = dir.join(EXPORTS);
        let made = std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&exports);
        if let Err(error) = made {
            return refuse(AisError::NoResources, format!("{}: {error}", exports.display()));
        }
        return checked(dir, exports.join(path));
    }
    if !access::is_privileged(peer) {
        let text = "only root and the service's own user may name a directory; give a name without one";
        return refuse(AisError::AccessDenied, text);
    }
    checked(dir, path.to_owned())
}

/// The file, with its directory as it really is, if it may be written.
fn checked(dir: &Path, file: PathBuf) -> Result<PathBuf, Refusal> {
    let invalid = |rule: String| {
        refuse(
            AisError::InvalidParam,
            format!("the file {}: {rule}", file.display()),
        )
    };
    let (Some(parent), Some(name)) = (file.parent(), file.file_name()) else {
        return invalid("it has no directory".to_owned());
    };
    let real = match parent.canonicalize() {
        Ok(real) => real,
        Err(error) => return invalid(error.to_string()),
    };
    let store = dir.join(crate::STORE);
    if store.canonicalize().is_ok_and(|store| real.starts_with(store)) {
        return invalid("it is in the store".to_owned());
    }
    match std::fs::symlink_metadata(&file) {
        Ok(there) if !there.is_file() => invalid("what is there is no regular file".to_owned()),
        _ => Ok(real.join(name)),
    }
}

async fn write(core: &Rc<Core>, file: &Path) -> Result<(), Refusal> {
    let params = SearchParams {
        root: None,
        scope: Scope::Subtree,
        filter: None,
        attrs: AttrChoice::Persistent,
    };
    let now = core.now();
    let (classes, mut snapshot) = core.read(|repository| {
        let classes = repository.class_names();
        let classes: Result<Vec<ClassDef>, Refusal> = classes
            .iter()
            .map(|name| repository.class_describe(name))
            .collect();
        Ok::<_, Refusal>((classes?, repository.search(&params, now)?))
    })?;
    let classes: Vec<ClassDef> = classes.into_iter().map(stripped).collect();
    let (give, take) = mpsc::channel(PIECES_MAX);
    let to = file.to_owned();
    let own = classes.clone();
    let writer = tokio::task::spawn_blocking(move || write_file(&to, &own, take));
    while !snapshot.is_empty() {
        // A writer that failed takes no more, and says why.
        if give.send(piece(core, &mut snapshot, &classes)).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    drop(give);
    let failed = |error: String| Refusal::new(AisError::NoResources, format!("{}: {error}", file.display()));
    match writer.await {
        Ok(written) => written.map_err(|error| failed(error.to_string())),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// The next objects, as they are written.
fn piece(core: &Core, snapshot: &mut Snapshot, classes: &[ClassDef]) -> Piece {
    let now = core.now();
    let mut objects = Vec::with_capacity(PIECE);
    while objects.len() < PIECE {
        let Some(read) = core.read(|repository| repository.search_next(snapshot, now)) else {
            break;
        };
        objects.extend(kept(read.object, classes));
    }
    objects
}

/// The class without the attributes that the repository adds itself.
fn stripped(mut class: ClassDef) -> ClassDef {
    class
        .attrs
        .retain(|attr| !SYSTEM_ATTRIBUTES.contains(&attr.name.as_str()));
    class
}

/// The object with its class, without system attributes but for the implementer of a runtime object (as immdump).
fn kept(mut object: Object, classes: &[ClassDef]) -> Option<(String, Object)> {
    let class = object.class()?.to_owned();
    let definition = classes.iter().find(|definition| definition.name == class)?;
    let is_runtime = definition.category == ClassCategory::Runtime;
    object.attrs.retain(|attr| {
        !SYSTEM_ATTRIBUTES.contains(&attr.name.as_str()) || (is_runtime && attr.name == IMPLEMENTER_NAME)
    });
    Some((class, object))
}

/// Writes beside the file, and then in its place.
fn write_file(file: &Path, classes: &[ClassDef], mut pieces: mpsc::Receiver<Piece>) -> io::Result<()> {
    let mut name = std::ffi::OsString::from(".");
    name.push(file.file_name().unwrap_or_default());
    name.push(format!(".{}", std::process::id()));
    let beside = file.with_file_name(name);
    // What a daemon with this number left when it died.
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|sink| {
            let mut writer = models::Writer::new(BufWriter::new(sink), classes)?;
            while let Some(piece) = pieces.blocking_recv() {
                for (class, object) in piece {
                    writer.object(&class, &object.dn, &object.attrs)?;
                }
            }
            let mut out = writer.finish()?;
            out.flush()?;
            out.get_ref().sync_all()
        })
        .and_then(|()| std::fs::rename(&beside, file));
    if written.is_err() {
        // The first error is the one to be told.
        drop(std::fs::remove_file(&beside));
    }
    written?;
    let parent = file.parent().unwrap_or(Path::new("/"));
    File::open(parent)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(uid: u32) -> Peer {
        Peer {
            uid,
            gid: uid,
            pid: 1,
        }
    }

    #[test]
    fn files_are_named_without_tricks() {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join(crate::STORE);
        std::fs::create_dir(&store).unwrap();
        std::os::unix::fs::symlink(&store, dir.path().join("link")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("passwd")).unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        let code = |uid, uri: &str| target(dir.path(), peer(uid), uri).map_err(|refusal| refusal.error);
        let invalid = Err(AisError::InvalidParam);
        let inside = dir.path().canonicalize().unwrap();
        assert_eq!(code(0, "a.xml"), Ok(inside.join("exports/a.xml")));
        assert_eq!(code(4_000_000, "file:a.xml"), Ok(inside.join("exports/a.xml")));
        assert_eq!(code(0, &at("b.xml")), Ok(inside.join("b.xml")));
        assert_eq!(
            code(0, &format!("file://{}", at("b.xml"))),
            Ok(inside.join("b.xml"))
        );
        assert_eq!(code(4_000_000, &at("b.xml")), Err(AisError::AccessDenied));
        for wrong in ["", "file:", "..", "../a", "a/b", "/", "a\nb", &"x".repeat(5000)] {
            assert_eq!(code(0, wrong), invalid, "{wrong:?}");
        }
        for wrong in ["imm/data.mdb", "link/x.xml", "passwd", "imm", "none/x.xml"] {
            assert_eq!(code(0, &at(wrong)), invalid, "{wrong}");
        }
    }
}
