//! Loads model files into an empty repository: all of them or nothing.

use std::path::{Path, PathBuf};

use ais::{CcbOperation, ClassDef};
use models::{Document, Problem, Problems};
use repository::{LoadItem, NewObject, Prepared, Repository};

use crate::Error;

/// How many problems are shown.
const PROBLEMS_MAX: usize = 100;

/// Reads the files and prepares all their classes and objects, with those that every cluster has.
///
/// # Errors
/// [`Error::ModelFile`]; [`Error::Model`] with every problem by file, line and column.
pub(crate) fn prepare(repository: &mut Repository, files: &[PathBuf]) -> Result<Prepared, Error> {
    let documents = read(files)?;
    tracing::debug!(files = documents.len(), "the files are read");
    let standard = models::missing_standard_classes(&documents);
    let common = models::standard_objects();
    let options = models::Options {
        limit: PROBLEMS_MAX,
        ..models::Options::default()
    };
    let is_common = |dn: &ais::Dn| common.iter().any(|object| object.dn() == dn);
    let own =
        models::check(&documents, &standard, &options, is_common).map_err(|problems| failed(&problems))?;
    let mut classes = standard.clone();
    classes.extend(models::new_classes(&documents, &standard));
    // They are large, and wanted again only to tell the place of what is refused.
    drop(documents);
    tracing::debug!("the files are checked");
    let present: std::collections::BTreeSet<ais::Dn> = own.iter().map(|object| object.dn().clone()).collect();
    let mut objects: Vec<NewObject> = common
        .into_iter()
        .filter(|object| !present.contains(object.dn()))
        .filter_map(new_object)
        .collect();
    objects.extend(own.into_iter().filter_map(new_object));
    tracing::debug!(objects = objects.len(), "the objects are typed");
    repository
        .load_prepare(&classes, &objects)
        .map_err(|error| match read(files) {
            Ok(documents) => refused(&documents, &classes, &objects, &error),
            Err(error) => error,
        })
}

fn new_object(operation: CcbOperation) -> Option<NewObject> {
    match operation {
        CcbOperation::Create { class, dn, attrs } => Some(NewObject { class, dn, attrs }),
        CcbOperation::Modify { .. } | CcbOperation::Delete { .. } => None,
    }
}

/// Reads all files; where some are no models, the first problem of each is told.
fn read(files: &[PathBuf]) -> Result<Vec<Document>, Error> {
    let mut documents = Vec::new();
    let mut problems: Vec<Problem> = Vec::new();
    for path in files {
        match read_one(path)? {
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

fn read_one(path: &Path) -> Result<Result<Document, Problem>, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::ModelFile {
        path: path.to_owned(),
        source,
    })?;
    Ok(models::parse(&path.display().to_string(), &bytes))
}

fn failed(problems: &Problems) -> Error {
    Error::Model(format!("{problems}\nnothing was loaded"))
}

/// The line for what the repository refused, with its place where a file has it.
fn refused(
    documents: &[Document],
    classes: &[ClassDef],
    objects: &[NewObject],
    error: &repository::LoadError,
) -> Error {
    let text = match error.item {
        LoadItem::Class(at) => {
            let name = classes.get(at).map_or("", |class| class.name.as_str());
            let place = documents.iter().find_map(|document| {
                let class = document.classes.iter().find(|class| class.it.name == name)?;
                Some(format!("{}:{}: ", document.file, class.at))
            });
            format!("{}class {name}: {}", place.unwrap_or_default(), error.refusal)
        }
        LoadItem::Object(at) => {
            let dn = objects.get(at).map_or("", |object| object.dn.as_str());
            let place = documents.iter().find_map(|document| {
                let object = document.objects.iter().find(|object| object.dn.it == dn)?;
                Some(format!("{}:{}: ", document.file, object.at))
            });
            format!("{}object {dn}: {}", place.unwrap_or_default(), error.refusal)
        }
    };
    Error::Model(format!("{text}\nnothing was loaded"))
}
