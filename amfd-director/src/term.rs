//! The term: a number that grows with each start of a director, so that node directors can refuse orders of an older one.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use ais::amf::Term;

use crate::Error;

/// The file in the cluster's directory.
const FILE: &str = "amfd.term";

/// The term of this start: one more than the last, already durable.
pub(crate) fn next(dir: &Path) -> Result<Term, Error> {
    let path = dir.join(FILE);
    let failed = |verb| {
        let path = path.clone();
        move |source| Error::Term { path, verb, source }
    };
    let last = match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse::<u64>().map_err(|_| Error::BadTerm {
            path: path.clone(),
            text: text.trim().chars().take(40).collect(),
        })?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
        Err(error) => return Err(failed("read")(error)),
    };
    let term = Term(last + 1);
    write_durably(dir, &path, term).map_err(failed("written"))?;
    Ok(term)
}

/// Puts the term in the place of the old one: after a power loss the file holds one of the two.
fn write_durably(dir: &Path, path: &Path, term: Term) -> std::io::Result<()> {
    let new = path.with_extension("term.new");
    let mut file = fs::File::create(&new)?;
    writeln!(file, "{}", term.0)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    fs::File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_grows_with_each_start_and_nonsense_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(next(dir.path()).unwrap(), Term(1));
        assert_eq!(next(dir.path()).unwrap(), Term(2));
        fs::write(dir.path().join(FILE), "abc").unwrap();
        assert!(matches!(next(dir.path()), Err(Error::BadTerm { .. })));
        assert_eq!(fs::read_to_string(dir.path().join(FILE)).unwrap(), "abc");
    }
}
