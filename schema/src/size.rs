//! About how many bytes things take in a message: enough to cut rows of them into messages of a bounded size.

use ais::{Attr, CcbOperation, ClassDef, Dn, JournalAttr, JournalChange, Object, Parameter, Value};

/// What a message to be bounded should hold at most; one thing larger than that travels alone.
pub const MESSAGE: usize = 1 << 20;

fn value(value: &Value) -> usize {
    24 + match value {
        Value::Name(text) | Value::String(text) => text.len(),
        Value::Any(bytes) => bytes.len(),
        _ => 0,
    }
}

/// Values.
pub fn values(values: &[Value]) -> usize {
    values.iter().map(value).sum()
}

/// A value that is this text.
pub const fn text(text: &str) -> usize {
    24 + text.len()
}

/// An attribute of this name, without its values.
pub const fn attr_head(name: &str) -> usize {
    40 + name.len()
}

fn attr(attr: &Attr) -> usize {
    attr_head(&attr.name) + values(&attr.values)
}

/// An object of this name, without its attributes.
pub fn object_head(dn: &Dn) -> usize {
    32 + dn.as_str().len()
}

/// An object.
pub fn object(object: &Object) -> usize {
    object_head(&object.dn) + object.attrs.iter().map(attr).sum::<usize>()
}

/// A change in the journal.
pub fn journal_change(change: &JournalChange) -> usize {
    let attr = |attr: &JournalAttr| {
        let values = attr.before.iter().chain(&attr.after);
        48 + attr.name.len() + values.map(value).sum::<usize>()
    };
    64 + change.name.len() + change.class.len() + change.attrs.iter().map(attr).sum::<usize>()
}

/// An operation.
pub fn operation(operation: &CcbOperation) -> usize {
    let content: usize = match operation {
        CcbOperation::Create { class, attrs, .. } => class.len() + attrs.iter().map(attr).sum::<usize>(),
        CcbOperation::Modify { changes, .. } => changes.iter().map(|change| 16 + attr(&change.attr)).sum(),
        CcbOperation::Delete { .. } => 0,
    };
    48 + operation.dn().as_str().len() + content
}

/// Parameters.
pub fn parameters(parameters: &[Parameter]) -> usize {
    parameters
        .iter()
        .map(|parameter| 24 + parameter.name.len() + value(&parameter.value))
        .sum()
}

/// A class.
pub fn class(class: &ClassDef) -> usize {
    class.attrs.iter().map(|attr| 64 + attr.name.len()).sum()
}

/// Cuts operations into rows that fit a message each; nothing is one empty row.
pub fn rows(operations: &[CcbOperation]) -> Vec<&[CcbOperation]> {
    let mut rows = Vec::new();
    let (mut begin, mut bytes) = (0, 0);
    for (at, one) in operations.iter().enumerate() {
        let size = operation(one);
        if at > begin && bytes + size > MESSAGE {
            rows.push(&operations[begin..at]);
            (begin, bytes) = (at, 0);
        }
        bytes += size;
    }
    rows.push(&operations[begin..]);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_order_and_stay_small() {
        let delete = |n: usize| CcbOperation::Delete {
            dn: ais::Dn::new(&format!("a={n:0>1000}")).unwrap(),
        };
        let operations: Vec<_> = (0..5000).map(delete).collect();
        let rows = rows(&operations);
        assert!(rows.len() > 4);
        assert!(
            rows.iter()
                .all(|row| row.iter().map(operation).sum::<usize>() <= MESSAGE)
        );
        assert_eq!(rows.concat(), operations);
    }

    #[test]
    fn nothing_is_one_row() {
        assert_eq!(rows(&[]), [&[][..]]);
    }
}
