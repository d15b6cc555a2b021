//! How objects were at an earlier time: the present, with what happened since undone.

use std::collections::BTreeMap;

use ais::{Attr, Dn, JournalChange, JournalKind, Object, SYSTEM_ATTRIBUTES, Scope, Value};

/// What is known of the earlier state of an object that was changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Then {
    /// It was not there.
    Absent,
    /// It was there, is not any more or is another one, and had this.
    Other(Object),
    /// It is the same object; these attributes had these values.
    Same(BTreeMap<String, Vec<Value>>),
}

/// Which objects are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    /// The object to begin with; `None` is the whole tree.
    pub(crate) root: Option<Dn>,
    /// How far below it.
    pub(crate) scope: Scope,
}

impl Range {
    pub(crate) fn contains(&self, dn: &Dn) -> bool {
        let Some(root) = &self.root else {
            return self.scope == Scope::Subtree || dn.parent().is_none();
        };
        match self.scope {
            Scope::One | Scope::Sublevel => dn == root || dn.parent().as_ref() == Some(root),
            Scope::Subtree => dn.is_within(root),
        }
    }
}

/// What happened since, undone object by object.
#[derive(Debug)]
pub(crate) struct Past {
    range: Range,
    then: BTreeMap<Dn, Then>,
}

impl Past {
    /// Nothing happened yet.
    pub(crate) fn new(range: Range) -> Past {
        Past {
            range,
            then: BTreeMap::new(),
        }
    }

    /// Undoes a change that was made before all those undone so far.
    pub(crate) fn undo(&mut self, change: JournalChange) {
        let Ok(dn) = Dn::new(&change.name) else { return };
        if !self.range.contains(&dn) {
            return;
        }
        match change.kind {
            JournalKind::Created => {
                self.then.insert(dn, Then::Absent);
            }
            JournalKind::Deleted => {
                let object = gone(dn.clone(), change);
                self.then.insert(dn, Then::Other(object));
            }
            JournalKind::Changed => {
                let values = change.attrs.into_iter().map(|attr| (attr.name, attr.before));
                match self.then.entry(dn).or_insert_with(|| Then::Same(BTreeMap::new())) {
                    Then::Same(known) => known.extend(values),
                    Then::Other(object) => values.for_each(|(name, values)| set(object, name, values)),
                    // What was created later cannot have been changed before.
                    Then::Absent => {}
                }
            }
            JournalKind::ClassPut | JournalKind::ClassDeleted => {}
        }
    }

    /// The objects that were there and come before this one in the order of names; all that are left without one.
    pub(crate) fn gone_before(&mut self, dn: Option<&Dn>) -> Vec<Object> {
        let mut gone = Vec::new();
        while let Some(entry) = self.then.first_entry() {
            if dn.is_some_and(|dn| entry.key() >= dn) {
                break;
            }
            if let Then::Other(object) = entry.remove() {
                gone.push(object);
            }
        }
        gone
    }

    /// An object of the present as it was; `None` where it was not there. Objects come in the order of their names.
    pub(crate) fn as_it_was(&mut self, mut object: Object) -> Option<Object> {
        match self.then.remove(&object.dn) {
            None => Some(object),
            Some(Then::Absent) => None,
            Some(Then::Other(other)) => Some(other),
            Some(Then::Same(values)) => {
                for (name, values) in values {
                    set(&mut object, name, values);
                }
                Some(object)
            }
        }
    }
}

/// An object that was deleted.
fn gone(dn: Dn, change: JournalChange) -> Object {
    let class = Attr::single(SYSTEM_ATTRIBUTES[0], Value::String(change.class));
    let mut object = Object {
        dn,
        attrs: vec![class],
    };
    for attr in change.attrs {
        set(&mut object, attr.name, attr.before);
    }
    object
}

/// Gives the object these values of an attribute.
fn set(object: &mut Object, name: String, values: Vec<Value>) {
    let present = object.attrs.iter_mut().find(|attr| attr.name == name);
    match (present, values.first()) {
        (Some(attr), _) => attr.values = values,
        (None, Some(first)) => object.attrs.push(Attr {
            name,
            value_type: first.value_type(),
            values,
        }),
        (None, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use ais::JournalAttr;

    use super::*;

    fn dn(text: &str) -> Dn {
        Dn::new(text).unwrap()
    }

    fn change(kind: JournalKind, name: &str, before: u32, after: u32) -> JournalChange {
        JournalChange {
            kind,
            name: name.to_owned(),
            class: "Thing".to_owned(),
            attrs: vec![JournalAttr {
                name: "weight".to_owned(),
                before: vec![Value::Uint32(before)],
                after: vec![Value::Uint32(after)],
            }],
        }
    }

    fn object(name: &str, weight: u32) -> Object {
        Object {
            dn: dn(name),
            attrs: vec![Attr::single("weight", Value::Uint32(weight))],
        }
    }

    fn past(changes: Vec<JournalChange>) -> Past {
        let mut past = Past::new(Range {
            root: None,
            scope: Scope::Subtree,
        });
        for change in changes {
            past.undo(change);
        }
        past
    }

    #[test]
    fn changes_are_undone_from_the_newest_on() {
        use JournalKind::{Changed, Created, Deleted};
        let mut past = past(vec![
            change(Changed, "a=1", 2, 3),
            change(Changed, "a=1", 1, 2),
            change(Created, "a=2", 0, 5),
            change(Deleted, "a=2", 8, 0),
            change(Changed, "a=2", 7, 8),
            change(Deleted, "a=3", 9, 0),
            change(Created, "a=4", 0, 1),
        ]);
        let weight = |object: Option<Object>| object.and_then(|o| o.value("weight").cloned());
        assert_eq!(weight(past.as_it_was(object("a=1", 3))), Some(Value::Uint32(1)));
        assert_eq!(weight(past.as_it_was(object("a=2", 5))), Some(Value::Uint32(7)));
        let gone = past.gone_before(Some(&dn("a=4")));
        assert_eq!(gone.len(), 1);
        assert_eq!((gone[0].dn.as_str(), gone[0].class()), ("a=3", Some("Thing")));
        assert_eq!(past.as_it_was(object("a=4", 1)), None);
        assert_eq!(weight(past.as_it_was(object("a=5", 4))), Some(Value::Uint32(4)));
    }

    #[test]
    fn a_range_has_its_root_and_what_is_below() {
        let within = |root: Option<&str>, scope, name| {
            Range {
                root: root.map(dn),
                scope,
            }
            .contains(&dn(name))
        };
        assert!(within(None, Scope::Subtree, "b=1,a=1"));
        assert!(!within(None, Scope::Sublevel, "b=1,a=1"));
        assert!(within(Some("a=1"), Scope::Sublevel, "b=1,a=1"));
        assert!(!within(Some("a=1"), Scope::Sublevel, "c=1,b=1,a=1"));
        assert!(within(Some("a=1"), Scope::Subtree, "c=1,b=1,a=1"));
    }
}
