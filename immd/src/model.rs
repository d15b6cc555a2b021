//! Loads model files into an empty repository: all of them or nothing.

use std::path::PathBuf;

use ais::CcbOperation;
use models::{Document, Problem, Problems};
use repository::{LoadError, LoadItem, NewObject, Repository, StoredChange};

use crate::Error;

/// How many problems are shown.
const PROBLEMS_MAX: usize = 100;

/// Reads the files and gives, one after the other, what a store must hold that has all their classes and objects, with
/// those that every cluster has, and `None` when that is all and good. The repository, which must be empty, stays so.
///
/// # Errors
/// [`Error::ModelFile`]; [`Error::Model`] with every problem by file, line and column.
pub(crate) fn read(
    repository: &mut Repository,
    files: &[PathBuf],
    mut give: impl FnMut(Option<&StoredChange>),
) -> Result<(), Error> {
    let texts = texts(files)?;
    let documents = parsed(files, &texts)?;
    tracing::debug!(files = documents.len(), "the files are read");
    let standard = models::missing_standard_classes(&documents);
    let common = models::standard_objects();
    let options = models::Options {
        limit: PROBLEMS_MAX,
        ..models::Options::default()
    };
    let is_common = |dn: &ais::Dn| common.iter().any(|object| object.dn() == dn);
    let mut classes = standard.clone();
    classes.extend(models::new_classes(&documents, &standard));
    let refused = |error| refused(&documents, &error);
    let mut loading = repository
        .load_begin(&classes, models::long_dns(&documents))
        .map_err(refused)?;
    for class in loading.classes() {
        give(Some(&class));
    }
    let mut missing = missing(&documents, &common).into_iter().peekable();
    let mut added = Ok(());
    let mut add = |operation: CcbOperation| {
        if added.is_ok()
            && let Some(object) = new_object(operation)
        {
            added = loading.add(&object).map(|change| {
                if let Some(change) = change {
                    give(Some(&change));
                }
            });
        }
    };
    models::check_each(&documents, &standard, &options, is_common, |operation| {
        // Both come with parents first, and so must what is made of them.
        while let Some(object) = missing.next_if(|object| depth(object) < depth(&operation)) {
            add(object);
        }
        add(operation);
    })
    .map_err(|problems| failed(&problems))?;
    for object in missing {
        add(object);
    }
    tracing::debug!("the files are checked");
    added.and_then(|()| loading.finish()).map_err(refused)?;
    give(None);
    Ok(())
}

/// The objects that every cluster has and the documents do not bring themselves.
fn missing(documents: &[Document<'_>], common: &[CcbOperation]) -> Vec<CcbOperation> {
    let names: Vec<&str> = common.iter().map(|object| object.dn().as_str()).collect();
    let own: Vec<&str> = documents
        .iter()
        .flat_map(|document| &document.objects)
        .map(|object| &*object.dn.it)
        .filter(|name| names.contains(name))
        .collect();
    let is_missing = |object: &&CcbOperation| !own.contains(&object.dn().as_str());
    common.iter().filter(is_missing).cloned().collect()
}

fn depth(operation: &CcbOperation) -> usize {
    operation.dn().rdns().count()
}

fn new_object(operation: CcbOperation) -> Option<NewObject> {
    match operation {
        CcbOperation::Create { class, dn, attrs } => Some(NewObject { class, dn, attrs }),
        CcbOperation::Modify { .. } | CcbOperation::Delete { .. } => None,
    }
}

/// The content of all files.
fn texts(files: &[PathBuf]) -> Result<Vec<Vec<u8>>, Error> {
    let text = |path: &PathBuf| {
        std::fs::read(path).map_err(|source| Error::ModelFile {
            path: path.clone(),
            source,
        })
    };
    files.iter().map(text).collect()
}

/// Reads all files; where some are no models, the first problem of each is told.
fn parsed<'t>(files: &[PathBuf], texts: &'t [Vec<u8>]) -> Result<Vec<Document<'t>>, Error> {
    let mut documents = Vec::new();
    let mut problems: Vec<Problem> = Vec::new();
    for (path, text) in files.iter().zip(texts) {
        match models::parse(&path.display().to_string(), text) {
            Ok(document) => {
                for warning in &document.warnings {
                    tracing::warn!("{warning}");
                }
                documents.push(document);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(documents)
    } else {
        Err(failed(&Problems {
            total: problems.len(),
            shown: problems,
        }))
    }
}

fn failed(problems: &Problems) -> Error {
    Error::Model(format!("{problems}\nnothing was loaded"))
}

/// The line for what the repository refused, with its place where a file has it.
fn refused(documents: &[Document<'_>], error: &LoadError) -> Error {
    let place = documents.iter().find_map(|document| {
        let at = match &error.item {
            LoadItem::Class(name) => document.classes.iter().find(|class| class.it.name == *name)?.at,
            LoadItem::Object(dn) => {
                let is_it = |object: &&models::XmlObject<'_>| object.dn.it == dn.as_str();
                document.objects.iter().find(is_it)?.at
            }
        };
        Some(format!("{}:{at}: ", document.file))
    });
    let place = place.unwrap_or_default();
    let text = match &error.item {
        LoadItem::Class(name) => format!("{place}class {name}: {}", error.refusal),
        LoadItem::Object(dn) => format!("{place}object {dn}: {}", error.refusal),
    };
    Error::Model(format!("{text}\nnothing was loaded"))
}
