//! Searching: a snapshot of shared objects, turned into answers page by page.

use std::sync::Arc;

use ais::{AisError, AttrChoice, AttrFlags, Dn, Millis, Object, Refusal, SYSTEM_ATTRIBUTES, Scope, Value};

use crate::binding::no_object;
use crate::tree::ROOT;
use crate::{ClassId, ObjectBody, ObjectId, ReadObject, Repository};

/// What to search for.
#[derive(Debug, Clone)]
pub struct SearchParams {
    /// Where to begin; `None` is the whole tree.
    pub root: Option<Dn>,
    /// How deep; `Sublevel` or `Subtree`.
    pub scope: Scope,
    /// Only objects with this attribute and, if given, this value in it.
    pub filter: Option<(String, Option<Value>)>,
    /// What to return. With `Persistent` objects that do not survive a restart are left out.
    pub attrs: AttrChoice,
}

/// The objects a search found, as they were then, in ascending byte order of their DNs.
#[derive(Debug)]
pub struct Snapshot {
    objects: std::vec::IntoIter<Arc<ObjectBody>>,
    attrs: AttrChoice,
    /// What is still to be tested, because only implementers know.
    open: Option<(String, Option<Value>)>,
}

/// What an object must hold to be one that a search asked for; only its implementer knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    name: String,
    wanted: Option<Value>,
    /// Whether the attribute was asked for as well.
    is_shown: bool,
}

impl Test {
    /// The object, with the attribute fetched, if it is one that was searched for.
    pub fn passed(self, mut object: Object) -> Option<Object> {
        let values = object.attr(&self.name).map_or(&[][..], |attr| &attr.values);
        let passes = match &self.wanted {
            None => !values.is_empty(),
            Some(value) => values.contains(value),
        };
        if !self.is_shown {
            object.attrs.retain(|attr| attr.name != self.name);
        }
        passes.then_some(object)
    }
}

/// An object that a reader finds.
#[derive(Debug)]
pub enum Found {
    /// All that the reader asks for is held; [`Repository::view`] shows it.
    Held(Arc<ObjectBody>),
    /// Its implementer must be asked.
    Asked(ReadObject),
}

impl Snapshot {
    /// How many objects are left, those included that only implementers can tell about.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// The objects that are left, as they were.
    pub fn bodies(&self) -> impl Iterator<Item = Arc<ObjectBody>> {
        self.objects.as_slice().iter().cloned()
    }

    /// Whether no object is left.
    pub fn is_empty(&self) -> bool {
        self.objects.len() == 0
    }
}

impl Repository {
    /// Finds objects; copies no attribute.
    ///
    /// DEVIATION(IMM-012): a filter may be on a runtime attribute that is not held here: the objects that can match are
    /// found, and their implementers asked as the search goes on.
    ///
    /// # Errors
    /// NOT_EXIST (the root), INVALID_PARAM (scope ONE, no attribute named in `Some`, an unknown attribute with a
    /// filter on the class).
    pub fn search(&self, params: &SearchParams, now: Millis) -> Result<Snapshot, Refusal> {
        let root = self.search_root(params)?;
        let objects = self.candidates(root, params)?;
        let Some((name, value)) = &params.filter else {
            return Ok(snapshot(objects, params, None));
        };
        let (objects, is_open) = self.filtered(objects, name, value.as_ref(), now);
        let open = is_open.then(|| (name.clone(), value.clone()));
        Ok(snapshot(objects, params, open))
    }

    /// Finds the objects in scope whose NO_DANGLING attributes name this one.
    ///
    /// # Errors
    /// NOT_EXIST (the root), INVALID_PARAM (also where the target does not exist or there is a filter).
    pub fn search_dependents(&self, params: &SearchParams, target: &Dn) -> Result<Snapshot, Refusal> {
        let root = self.search_root(params)?;
        let invalid = |text: String| Err(Refusal::new(AisError::InvalidParam, text));
        if params.filter.is_some() {
            return invalid("a search for dependents takes no filter".to_owned());
        }
        if self.tree.get(target).is_none() {
            return invalid(format!(
                "object '{target}', whose dependents are wanted, does not exist"
            ));
        }
        let in_scope = |body: &ObjectBody| match (&params.root, params.scope) {
            (None, Scope::Subtree) => true,
            (Some(root), Scope::Subtree) => body.dn.is_within(root),
            (_, Scope::Sublevel | Scope::One) => body.parent == root || body.id == root,
        };
        let referrers = self.tree.referrers(target).filter(|body| in_scope(body));
        let ids = referrers.map(|body| body.id).collect();
        Ok(snapshot(self.sorted(ids), params, None))
    }

    /// Checks what all searches have in common and finds where they begin.
    fn search_root(&self, params: &SearchParams) -> Result<ObjectId, Refusal> {
        let invalid = |text: &str| Err(Refusal::new(AisError::InvalidParam, text));
        if params.scope == Scope::One {
            return invalid("a search has the scope SUBLEVEL or SUBTREE");
        }
        if matches!(&params.attrs, AttrChoice::Some(names) if names.is_empty()) {
            return invalid("a search for some attributes names none");
        }
        Ok(match &params.root {
            None => ROOT,
            Some(dn) => self.tree.get(dn).ok_or_else(|| no_object(dn))?.id,
        })
    }

    /// The next object of a search, with what must be tested when its attributes are fetched; `None` at the end.
    pub fn search_next(&self, snapshot: &mut Snapshot, now: Millis) -> Option<ReadObject> {
        let found = self.search_step(snapshot, now)?;
        Some(self.copied(found, &snapshot.attrs, now))
    }

    /// As [`Repository::search_next`], but copies nothing of what is held.
    pub fn search_step(&self, snapshot: &mut Snapshot, now: Millis) -> Option<Found> {
        loop {
            let body = snapshot.objects.next()?;
            match &snapshot.open {
                Some((name, wanted)) if is_asked_for(&body, name) => {
                    // Its implementer may have left meanwhile: then it has no value.
                    let wanted = wanted.as_ref();
                    if let Some(read) = self.read_to_test(&body, &snapshot.attrs, name, wanted, now) {
                        return Some(Found::Asked(read));
                    }
                }
                Some(_) | None => {
                    return Some(self.found(body, &snapshot.attrs, now));
                }
            }
        }
    }

    /// The object with the attribute to be tested among those to be fetched; `None` where nobody can be asked.
    fn read_to_test(
        &self,
        body: &ObjectBody,
        choice: &AttrChoice,
        name: &str,
        wanted: Option<&Value>,
        now: Millis,
    ) -> Option<ReadObject> {
        let mut read = self.view(body, choice, now).read();
        let is_shown = read.object.attr(name).is_some();
        if !is_shown {
            let choice = AttrChoice::Some(vec![name.to_owned()]);
            let more = self.view(body, &choice, now).read();
            read.object.attrs.extend(more.object.attrs);
            match (&mut read.fetch, more.fetch) {
                (Some(fetch), Some(more)) => fetch.names.extend(more.names),
                (none @ None, more) => *none = more,
                (Some(_), None) => {}
            }
        }
        let asked = read.fetch.as_ref();
        if !asked.is_some_and(|fetch| fetch.names.iter().any(|asked| asked == name)) {
            return None;
        }
        read.test = Some(Test {
            name: name.to_owned(),
            wanted: wanted.cloned(),
            is_shown,
        });
        Some(read)
    }

    /// The objects in scope that can match at all, in order: by the cheaper of the tree and the classes.
    fn candidates(&self, root: ObjectId, params: &SearchParams) -> Result<Vec<Arc<ObjectBody>>, Refusal> {
        let classes = self.classes_for(params)?;
        let instances: Option<usize> = classes
            .as_ref()
            .map(|ids| ids.iter().map(|id| self.tree.instance_count(*id)).sum());
        if params.scope == Scope::Sublevel {
            let own = (root != ROOT).then_some(root);
            let ids = own.into_iter().chain(self.tree.children(root)).collect();
            return Ok(self.sorted(ids));
        }
        if root != ROOT
            && let Some(ids) = self.tree.subtree_within(root, instances.unwrap_or(usize::MAX))
        {
            return Ok(self.sorted(ids));
        }
        let Some(classes) = classes else {
            return Ok(self.tree.all().cloned().collect());
        };
        let mut found: Vec<Arc<ObjectBody>> = Vec::new();
        for class in &classes {
            let within =
                |body: &&Arc<ObjectBody>| params.root.as_ref().is_none_or(|root| body.dn.is_within(root));
            found.extend(self.tree.instances(*class).filter(within).cloned());
        }
        if classes.len() > 1 {
            found.sort_unstable_by(|a, b| a.dn.cmp(&b.dn));
        }
        Ok(found)
    }

    /// The classes that can match the filter; `None` where all can.
    fn classes_for(&self, params: &SearchParams) -> Result<Option<Vec<ClassId>>, Refusal> {
        let Some((name, value)) = &params.filter else {
            return Ok(None);
        };
        if name != SYSTEM_ATTRIBUTES[0] {
            let all = self.classes.visible();
            let having = all
                .filter(|class| class.lookup(name).is_some())
                .map(|class| class.id());
            return Ok(Some(having.collect()));
        }
        let Some(value) = value else { return Ok(None) };
        let found = value.as_str().and_then(|name| self.class(name).ok());
        if let (Some(class), AttrChoice::Some(names)) = (found, &params.attrs)
            && let Some(unknown) = names.iter().find(|name| class.lookup(name).is_none())
        {
            return Err(Refusal::new(
                AisError::InvalidParam,
                format!("attribute '{unknown}' does not exist in class '{}'", class.name()),
            ));
        }
        Ok(Some(found.map(|class| class.id()).into_iter().collect()))
    }

    /// The objects that match or may match, and whether any only may.
    fn filtered(
        &self,
        mut objects: Vec<Arc<ObjectBody>>,
        name: &str,
        value: Option<&Value>,
        now: Millis,
    ) -> (Vec<Arc<ObjectBody>>, bool) {
        let mut is_open = false;
        objects.retain(|body| {
            let verdict = body
                .class
                .lookup(name)
                .map_or(Some(false), |attr| self.matches(body, attr, value, now));
            is_open |= verdict.is_none();
            verdict.unwrap_or(true)
        });
        (objects, is_open)
    }

    fn sorted(&self, ids: Vec<ObjectId>) -> Vec<Arc<ObjectBody>> {
        let mut found: Vec<Arc<ObjectBody>> = ids
            .into_iter()
            .filter_map(|id| self.tree.by_id(id))
            .cloned()
            .collect();
        found.sort_unstable_by(|a, b| a.dn.cmp(&b.dn));
        found
    }
}

/// Whether only the object's implementer knows the attribute.
fn is_asked_for(body: &ObjectBody, name: &str) -> bool {
    body.class
        .position(name)
        .and_then(|at| body.class.attr(at))
        .is_some_and(|def| !def.flags.intersects(AttrFlags::CONFIG | AttrFlags::CACHED))
}

fn snapshot(
    mut objects: Vec<Arc<ObjectBody>>,
    params: &SearchParams,
    open: Option<(String, Option<Value>)>,
) -> Snapshot {
    if params.attrs == AttrChoice::Persistent {
        objects.retain(|body| body.is_persistent());
    }
    Snapshot {
        objects: objects.into_iter(),
        attrs: params.attrs.clone(),
        open,
    }
}
