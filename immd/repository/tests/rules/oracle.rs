//! A naive model of the repository: whole maps, copied and compared, no index and no overlay.
//!
//! It foretells whether an operation is accepted, except where references of pending changes decide; there it follows
//! the repository, and the state after each commit tells whether that was right.

use std::collections::{BTreeMap, BTreeSet};

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Thing {
    Node {
        size: u32,
        peers: BTreeSet<String>,
        state: u32,
        admin: u32,
        /// Attributes that changes of the class added.
        extras: Vec<u32>,
    },
    Task {
        phase: u32,
    },
    Record {
        value: u32,
    },
}

pub(crate) type Base = BTreeMap<String, Thing>;

fn new_node(extras: &[u32]) -> Thing {
    Thing::Node {
        size: 5,
        peers: BTreeSet::new(),
        state: 1,
        admin: 1,
        extras: extras.to_vec(),
    }
}

/// A change of the class of the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alteration {
    /// Another default of the size.
    Default(u32),
    /// One more attribute, with this default.
    Extra(u32),
    /// Notification of the tags on or off: what open CCBs have checked holds no more.
    Notify,
}

/// The class of the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeClass {
    pub(crate) size: u32,
    pub(crate) extras: Vec<u32>,
    pub(crate) notify: bool,
}

impl NodeClass {
    pub(crate) fn altered(&self, alteration: Alteration) -> NodeClass {
        let mut class = self.clone();
        match alteration {
            Alteration::Default(size) => class.size = size,
            Alteration::Extra(default) => class.extras.push(default),
            Alteration::Notify => class.notify = !class.notify,
        }
        class
    }
}

impl Default for NodeClass {
    fn default() -> NodeClass {
        NodeClass {
            size: 5,
            extras: Vec::new(),
            notify: false,
        }
    }
}

/// What a CCB does to one object.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edit {
    pub(crate) size: Option<u32>,
    pub(crate) peers: Option<BTreeSet<String>>,
}

#[derive(Debug, Clone)]
pub(crate) enum Touch {
    Created(Edit),
    Modified(Edit),
    Deleted,
}

/// A pending CCB.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bundle {
    pub(crate) touched: BTreeMap<String, Touch>,
    /// Every target it ever named.
    pub(crate) named: BTreeSet<String>,
    /// Whether an operation of it was ever accepted: then its implementer knows of it.
    pub(crate) met: bool,
    /// What it has read.
    pub(crate) read: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Yes,
    No,
    Maybe,
}

impl From<bool> for Verdict {
    fn from(yes: bool) -> Verdict {
        if yes { Verdict::Yes } else { Verdict::No }
    }
}

/// A runtime change of one object.
#[derive(Debug, Clone)]
pub(crate) enum Update {
    State(String, u32),
    Admin(String, u32),
    Value(String, u32),
    Task(String, u32),
    Record(String),
    Delete(String),
}

impl Update {
    pub(crate) fn name(&self) -> &str {
        match self {
            Update::State(name, _)
            | Update::Admin(name, _)
            | Update::Value(name, _)
            | Update::Task(name, _)
            | Update::Record(name)
            | Update::Delete(name) => name,
        }
    }
}

pub(crate) fn parent(name: &str) -> Option<&str> {
    name.split_once(',').map(|(_, parent)| parent)
}

pub(crate) fn within(name: &str, root: &str) -> bool {
    name == root || name.ends_with(&format!(",{root}"))
}

/// Everything committed, and all that is pending.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    pub(crate) base: Base,
    pub(crate) bundles: BTreeMap<usize, Bundle>,
    /// A durable runtime change on its way.
    pub(crate) held: Option<Update>,
    pub(crate) class: NodeClass,
    /// A change of the class on its way.
    pub(crate) altering: Option<Alteration>,
}

impl Oracle {
    fn touch(&self, slot: usize, name: &str) -> Option<&Touch> {
        self.bundles.get(&slot)?.touched.get(name)
    }

    fn others_touch(&self, slot: usize, name: &str) -> bool {
        self.bundles
            .iter()
            .any(|(at, bundle)| *at != slot && bundle.touched.contains_key(name))
    }

    fn others_read(&self, slot: usize, root: &str) -> bool {
        let others = self.bundles.iter().filter(|(at, _)| **at != slot);
        others
            .flat_map(|(_, bundle)| &bundle.read)
            .any(|name| within(name, root))
    }

    fn others_read_this(&self, slot: usize, name: &str) -> bool {
        let mut others = self.bundles.iter().filter(|(at, _)| **at != slot);
        others.any(|(_, bundle)| bundle.read.contains(name))
    }

    /// The size that a reader in this bundle sees; `None` where it may not read.
    pub(crate) fn may_read(&self, slot: usize, name: &str) -> Option<u32> {
        if self.others_touch(slot, name) {
            return None;
        }
        let changed = match self.touch(slot, name) {
            Some(Touch::Deleted) => return None,
            Some(Touch::Created(edit)) => return edit.size,
            Some(Touch::Modified(edit)) => edit.size,
            None => None,
        };
        match self.base.get(name)? {
            Thing::Node { size, .. } => Some(changed.unwrap_or(*size)),
            Thing::Task { .. } | Thing::Record { .. } => None,
        }
    }

    pub(crate) fn may_alter(&self, alteration: Alteration) -> Verdict {
        let busy = self.altering.is_some() || matches!(self.held, Some(Update::Admin(..)));
        (!busy && self.class.altered(alteration) != self.class).into()
    }

    /// The change of the class arrived.
    pub(crate) fn altered(&mut self, alteration: Alteration) {
        self.class = self.class.altered(alteration);
        if let Alteration::Extra(default) = alteration {
            for thing in self.base.values_mut() {
                if let Thing::Node { extras, .. } = thing {
                    extras.push(default);
                }
            }
        }
        self.interfered(alteration);
    }

    /// Bundles that a change of the class aborts.
    pub(crate) fn interfered(&mut self, alteration: Alteration) {
        if alteration == Alteration::Notify {
            self.bundles.retain(|_, bundle| !bundle.met);
        }
    }

    fn held_within(&self, root: &str) -> bool {
        self.held.as_ref().is_some_and(|held| within(held.name(), root))
    }

    pub(crate) fn may_create(&self, slot: usize, name: &str) -> Verdict {
        let pending = self.touch(slot, name).is_some() || self.others_touch(slot, name);
        if pending || self.altering.is_some() || self.base.contains_key(name) {
            return Verdict::No;
        }
        let Some(parent) = parent(name) else {
            return Verdict::Yes;
        };
        if let Some(touch) = self.touch(slot, parent) {
            return (!matches!(touch, Touch::Deleted)).into();
        }
        let deleted = self
            .bundles
            .values()
            .any(|bundle| matches!(bundle.touched.get(parent), Some(Touch::Deleted)));
        (matches!(self.base.get(parent), Some(Thing::Node { .. })) && !deleted).into()
    }

    pub(crate) fn may_modify(&self, slot: usize, name: &str) -> Verdict {
        let is_read = || self.others_read_this(slot, name);
        match self.touch(slot, name) {
            Some(Touch::Deleted) => Verdict::No,
            Some(Touch::Created(_) | Touch::Modified(_)) => Verdict::Yes,
            None => {
                let there = matches!(self.base.get(name), Some(Thing::Node { .. }));
                (there && !self.others_touch(slot, name) && !is_read()).into()
            }
        }
    }

    pub(crate) fn may_delete(&self, slot: usize, name: &str) -> Verdict {
        match self.touch(slot, name) {
            Some(Touch::Deleted) => return Verdict::Yes,
            Some(Touch::Created(_) | Touch::Modified(_)) => {}
            None if matches!(self.base.get(name), Some(Thing::Node { .. })) => {}
            None => return Verdict::No,
        }
        if self.others_read(slot, name) {
            return Verdict::No;
        }
        let others = self.bundles.iter().filter(|(at, _)| **at != slot);
        let mut touched = others.flat_map(|(_, bundle)| bundle.touched.keys());
        if touched.any(|touched| within(touched, name)) {
            return Verdict::No;
        }
        let goes_too = |record: &str| {
            let touch = parent(record).and_then(|parent| self.touch(slot, parent));
            matches!(touch, Some(Touch::Deleted))
        };
        let new_below =
            matches!(&self.held, Some(Update::Record(record)) if within(record, name) && !goes_too(record));
        if new_below {
            return Verdict::No;
        }
        if self.is_named_within(name) {
            Verdict::Maybe
        } else {
            Verdict::Yes
        }
    }

    /// Whether anything names an object there, committed or pending.
    fn is_named_within(&self, root: &str) -> bool {
        let pending = self.bundles.values().flat_map(|bundle| &bundle.named);
        pending.chain(self.all_peers()).any(|target| within(target, root))
    }

    fn all_peers(&self) -> impl Iterator<Item = &String> {
        self.base.values().flat_map(peers_of)
    }

    pub(crate) fn may_update(&self, update: &Update) -> Verdict {
        let name = update.name();
        let there = self.base.get(name);
        let is_held = self.held.as_ref().is_some_and(|held| match held {
            Update::Delete(root) => within(name, root),
            other => other.name() == name,
        });
        match update {
            Update::State(..) => matches!(there, Some(Thing::Node { .. })).into(),
            Update::Admin(..) => {
                let is_node = matches!(there, Some(Thing::Node { .. }));
                (is_node && !is_held && self.altering.is_none()).into()
            }
            Update::Value(..) => (matches!(there, Some(Thing::Record { .. })) && !is_held).into(),
            Update::Task(..) => (there.is_none() && self.has_runtime_parent(name)).into(),
            Update::Record(_) => (there.is_none() && !is_held && self.has_runtime_parent(name)).into(),
            Update::Delete(_) => {
                let runtime = matches!(there, Some(Thing::Task { .. } | Thing::Record { .. }));
                let named = self.all_peers().any(|target| within(target, name));
                if !runtime || named || is_held || self.held_within(name) {
                    return Verdict::No;
                }
                if self.is_named_within(name) {
                    Verdict::Maybe
                } else {
                    Verdict::Yes
                }
            }
        }
    }

    fn has_runtime_parent(&self, name: &str) -> bool {
        let Some(parent) = parent(name) else { return true };
        let leaves = matches!(&self.held, Some(Update::Delete(root)) if within(parent, root));
        let fits = matches!(
            self.base.get(parent),
            Some(Thing::Node { .. } | Thing::Record { .. })
        );
        fits && !leaves
    }

    pub(crate) fn update(&mut self, update: Update) {
        match update {
            Update::State(name, value) => {
                if let Some(Thing::Node { state, .. }) = self.base.get_mut(&name) {
                    *state = value;
                }
            }
            Update::Admin(name, value) => {
                if let Some(Thing::Node { admin, .. }) = self.base.get_mut(&name) {
                    *admin = value;
                }
            }
            Update::Value(name, new) => {
                if let Some(Thing::Record { value }) = self.base.get_mut(&name) {
                    *value = new;
                }
            }
            Update::Task(name, phase) => {
                self.base.insert(name, Thing::Task { phase });
            }
            Update::Record(name) => {
                self.base.insert(name, Thing::Record { value: 0 });
            }
            Update::Delete(name) => self.base.retain(|own, _| !within(own, &name)),
        }
    }

    /// The model after this bundle; `None` where a reference would dangle.
    pub(crate) fn committed(&self, bundle: &Bundle) -> Option<Base> {
        let mut base = self.base.clone();
        for (name, touch) in &bundle.touched {
            match touch {
                Touch::Deleted => base.retain(|own, _| !within(own, name)),
                Touch::Created(edit) => {
                    let mut thing = new_node(&self.class.extras);
                    apply(&mut thing, edit);
                    base.insert(name.clone(), thing);
                }
                Touch::Modified(edit) => {
                    if let Some(thing) = base.get_mut(name) {
                        apply(thing, edit);
                    }
                }
            }
        }
        let stands =
            |target: &String| matches!(base.get(target), Some(Thing::Node { .. } | Thing::Record { .. }));
        let sound = base.values().flat_map(peers_of).all(stands);
        sound.then_some(base)
    }

    /// Whether the change on its way is in the bundle's way to the store.
    pub(crate) fn is_in_the_way(&self, bundle: &Bundle) -> bool {
        if self.altering.is_some() && bundle.met {
            return true;
        }
        self.held.as_ref().is_some_and(|held| {
            bundle.touched.iter().any(|(name, touch)| {
                name == held.name() || (matches!(touch, Touch::Deleted) && within(held.name(), name))
            })
        })
    }
}

fn peers_of(thing: &Thing) -> impl Iterator<Item = &String> {
    let peers = match thing {
        Thing::Node { peers, .. } => Some(peers),
        Thing::Task { .. } | Thing::Record { .. } => None,
    };
    peers.into_iter().flatten()
}

fn apply(thing: &mut Thing, edit: &Edit) {
    if let Thing::Node { size, peers, .. } = thing {
        if let Some(new) = edit.size {
            *size = new;
        }
        if let Some(new) = &edit.peers {
            peers.clone_from(new);
        }
    }
}

impl Bundle {
    pub(crate) fn create(&mut self, name: &str, size: u32) {
        let edit = Edit {
            size: Some(size),
            peers: None,
        };
        self.touched.insert(name.to_owned(), Touch::Created(edit));
    }

    /// The edit of a modification.
    pub(crate) fn edit(&mut self, name: &str) -> &mut Edit {
        let touch = self
            .touched
            .entry(name.to_owned())
            .or_insert_with(|| Touch::Modified(Edit::default()));
        match touch {
            Touch::Created(edit) | Touch::Modified(edit) => edit,
            Touch::Deleted => panic!("'{name}' was deleted and then changed"),
        }
    }

    pub(crate) fn delete(&mut self, name: &str, base: &Base) {
        let made = |own: &String, touch: &Touch| within(own, name) && matches!(touch, Touch::Created(_));
        let dropped: Vec<String> = self
            .touched
            .iter()
            .filter(|(own, touch)| made(own, touch))
            .map(|(own, _)| own.clone())
            .collect();
        for own in dropped {
            self.touched.remove(&own);
            self.read.remove(&own);
        }
        let going = base.keys().filter(|own| within(own, name));
        self.touched
            .extend(going.map(|own| (own.clone(), Touch::Deleted)));
    }
}
