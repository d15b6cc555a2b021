//! Searching: a snapshot of shared objects, turned into answers page by page.

use std::sync::Arc;

use ais::{AisError, AttrChoice, ClassCategory, Dn, Millis, Refusal, SYSTEM_ATTRIBUTES, Scope, Value};

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
}

impl Snapshot {
    /// How many objects are left.
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
    /// # Errors
    /// NOT_EXIST (the root), INVALID_PARAM (scope ONE, no attribute named in `Some`, an unknown attribute with a
    /// filter on the class), NO_RESOURCES (filter on a runtime attribute that the repository does not hold).
    pub fn search(&self, params: &SearchParams, now: Millis) -> Result<Snapshot, Refusal> {
        let invalid = |text: &str| Err(Refusal::new(AisError::InvalidParam, text));
        if params.scope == Scope::One {
            return invalid("a search has the scope SUBLEVEL or SUBTREE");
        }
        if matches!(&params.attrs, AttrChoice::Some(names) if names.is_empty()) {
            return invalid("a search for some attributes names none");
        }
        let root = match &params.root {
            None => ROOT,
            Some(dn) => self.tree.get(dn).ok_or_else(|| no_object(dn))?.id,
        };
        let mut objects = self.candidates(root, params)?;
        if let Some((name, value)) = &params.filter {
            objects = self.filtered(objects, name, value.as_ref(), now)?;
        }
        if params.attrs == AttrChoice::Persistent {
            objects.retain(|body| body.is_persistent());
        }
        Ok(Snapshot {
            objects: objects.into_iter(),
            attrs: params.attrs.clone(),
        })
    }

    /// The next object of a search; `None` at the end.
    pub fn search_next(&self, snapshot: &mut Snapshot, now: Millis) -> Option<ReadObject> {
        let body = snapshot.objects.next()?;
        Some(self.read_object(&body, &snapshot.attrs, now))
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

    fn filtered(
        &self,
        objects: Vec<Arc<ObjectBody>>,
        name: &str,
        value: Option<&Value>,
        now: Millis,
    ) -> Result<Vec<Arc<ObjectBody>>, Refusal> {
        let mut kept = Vec::with_capacity(objects.len());
        for body in objects {
            let Some(attr) = body.class.lookup(name) else {
                continue;
            };
            match self.matches(&body, attr, value, now) {
                Some(true) => kept.push(body),
                Some(false) => {}
                None => {
                    let what = match body.class.category() {
                        ClassCategory::Config => "object",
                        ClassCategory::Runtime => "runtime object",
                    };
                    return Err(Refusal::new(
                        AisError::NoResources,
                        format!(
                            "attribute '{name}' of {what} '{}' is not held here and cannot be searched for",
                            body.dn
                        ),
                    ));
                }
            }
        }
        Ok(kept)
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
