//! Distinguished names: `safSu=SU1,safSg=Web,safApp=Shop`, leaf first.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// The longest DN in bytes when long DNs are allowed (OpenSAF practice; 255 without them).
pub const DN_LENGTH_MAX: usize = 2048;

/// The name of an object: its RDN, then its parent's DN, separated by a comma.
///
/// Compared byte by byte, as OpenSAF does. A comma inside an RDN is escaped with a backslash. Cloning is cheap.
/// The root of the tree has no `Dn`; functions that accept it take `Option<&Dn>`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dn(Arc<str>);

/// Why a text is not a DN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DnError {
    /// Nothing was given.
    #[error("a DN may not be empty")]
    Empty,
    /// Longer than [`DN_LENGTH_MAX`].
    #[error("the DN has {0} bytes, at most {DN_LENGTH_MAX} are allowed")]
    TooLong(usize),
    /// A byte outside the printable ASCII characters.
    #[error("the DN '{0}' has a character that is not printable ASCII at byte {1}")]
    NotPrintable(String, usize),
    /// `\#` stands for an escaped comma inside OpenSAF and is therefore refused in names.
    #[error("the DN '{0}' contains '\\#', which is reserved")]
    Reserved(String),
    /// An RDN without text, as in `a=1,,b=2`.
    #[error("the DN '{0}' has an empty RDN")]
    EmptyRdn(String),
    /// A text that is not one RDN.
    #[error(
        "'{0}' is not one RDN: a comma in it must be escaped with a backslash, and it may not end in one"
    )]
    NotOneRdn(String),
}

impl Dn {
    /// The DN with this text.
    ///
    /// # Errors
    /// [`DnError`] when the text is empty, too long, not printable ASCII, or has an empty RDN.
    pub fn new(text: &str) -> Result<Dn, DnError> {
        if text.is_empty() {
            return Err(DnError::Empty);
        }
        if text.len() > DN_LENGTH_MAX {
            return Err(DnError::TooLong(text.len()));
        }
        if let Some(at) = text.bytes().position(|b| !b.is_ascii_graphic()) {
            return Err(DnError::NotPrintable(text.to_owned(), at));
        }
        if text.contains("\\#") {
            return Err(DnError::Reserved(text.to_owned()));
        }
        if split(text).any(str::is_empty) {
            return Err(DnError::EmptyRdn(text.to_owned()));
        }
        Ok(Dn(text.into()))
    }

    /// The child of `parent` with this RDN, where `None` is the root.
    ///
    /// # Errors
    /// [`DnError`] as for [`Dn::new`], and where `rdn` is not one RDN.
    pub fn child(rdn: &str, parent: Option<&Dn>) -> Result<Dn, DnError> {
        let child = match parent {
            Some(parent) => Dn::new(&format!("{rdn},{parent}")),
            None => Dn::new(rdn),
        }?;
        if child.rdn() == rdn {
            Ok(child)
        } else {
            Err(DnError::NotOneRdn(rdn.to_owned()))
        }
    }

    /// The text of the DN.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first RDN with its escapes, for example `safSu=SU1`.
    pub fn rdn(&self) -> &str {
        &self.0[..first_comma(&self.0).unwrap_or(self.0.len())]
    }

    /// The attribute name of the first RDN, for example `safSu`; the whole RDN where it has no `=`.
    pub fn rdn_name(&self) -> &str {
        let rdn = self.rdn();
        rdn.split_once('=').map_or(rdn, |(name, _)| name)
    }

    /// The value of the first RDN with its escapes removed, for example `SU1`.
    ///
    /// For an association object this is the DN that it points to.
    pub fn rdn_value(&self) -> String {
        let rdn = self.rdn();
        rdn.split_once('=')
            .map_or("", |(_, value)| value)
            .replace("\\,", ",")
    }

    /// The parent's DN; `None` for a child of the root.
    pub fn parent(&self) -> Option<Dn> {
        first_comma(&self.0).map(|at| Dn(self.0[at + 1..].into()))
    }

    /// The RDNs, leaf first.
    pub fn rdns(&self) -> impl Iterator<Item = &str> {
        split(&self.0)
    }

    /// Whether this object is `ancestor` or below it.
    pub fn is_within(&self, ancestor: &Dn) -> bool {
        let (own, other) = (self.as_str(), ancestor.as_str());
        own.strip_suffix(other)
            .is_some_and(|front| front.is_empty() || (front.ends_with(',') && !front.ends_with("\\,")))
    }

    /// The text with its commas escaped, as an RDN value embeds it.
    pub fn escaped(&self) -> String {
        self.0.replace(',', "\\,")
    }
}

/// The byte position of the first comma that is not escaped.
fn first_comma(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (0..bytes.len()).find(|&at| bytes[at] == b',' && (at == 0 || bytes[at - 1] != b'\\'))
}

/// The parts between unescaped commas.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let now = rest?;
        if let Some(at) = first_comma(now) {
            rest = Some(&now[at + 1..]);
            Some(&now[..at])
        } else {
            rest = None;
            Some(now)
        }
    })
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for Dn {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Dn {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Dn {
    type Err = DnError;
    fn from_str(text: &str) -> Result<Dn, DnError> {
        Dn::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dn(text: &str) -> Dn {
        Dn::new(text).unwrap()
    }

    #[test]
    fn an_escaped_comma_belongs_to_its_rdn() {
        let name = dn("safSISU=safSu=A\\,safSg=B\\,safApp=C,safSi=X,safApp=C");
        assert_eq!(name.rdn_name(), "safSISU");
        assert_eq!(name.rdn_value(), "safSu=A,safSg=B,safApp=C");
        assert_eq!(name.parent(), Some(dn("safSi=X,safApp=C")));
        assert_eq!(name.rdns().count(), 3);
        assert_eq!(dn("safApp=C").parent(), None);
    }

    #[test]
    fn descent_needs_a_whole_rdn() {
        assert!(dn("safSg=B,safApp=C").is_within(&dn("safApp=C")));
        assert!(dn("safApp=C").is_within(&dn("safApp=C")));
        assert!(!dn("xsafApp=C").is_within(&dn("safApp=C")));
        assert!(!dn("a=b\\,safApp=C").is_within(&dn("safApp=C")));
    }

    #[test]
    fn bad_texts_are_refused_with_the_rule() {
        assert_eq!(Dn::new(""), Err(DnError::Empty));
        assert!(matches!(Dn::new("a=b c"), Err(DnError::NotPrintable(_, 3))));
        assert!(matches!(Dn::new("a=1,,b=2"), Err(DnError::EmptyRdn(_))));
        assert!(matches!(Dn::new("a=\\#"), Err(DnError::Reserved(_))));
        assert!(matches!(Dn::new(&"x".repeat(2049)), Err(DnError::TooLong(2049))));
        let parent = dn("safApp=C");
        for rdn in ["a=1,b=2", "a=1\\"] {
            assert_eq!(
                Dn::child(rdn, Some(&parent)),
                Err(DnError::NotOneRdn(rdn.to_owned()))
            );
        }
        assert!(Dn::child("a=1\\,b", Some(&parent)).is_ok());
    }
}
