//! Loading a file: everything is checked before anything is changed, and a refusal leaves nothing behind.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ais::{
    AisError, AttrChoice, CcbOperation, ClassCategory, ClassDef, Dn, Object, SYSTEM_ATTRIBUTES, Scope, Value,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use immd_client::SearchParams;
use models::{Document, Options, Problems};

use super::ccb::{Targets, change};
use super::object::{describe, parents};
use super::{Course, Done};
use crate::commands::output::{self, Failure};

/// The largest file that is read, in bytes.
const FILE_MAX: u64 = 1 << 30;
/// The repository's own object, which says whether DNs may be long.
const SERVICE_OBJECT: &str = "opensafImm=opensafImm,safApp=safImmService";

/// Reading one object by its name costs about as much as so many of all.
const GETS_WORTH: usize = 16;
/// So many objects are asked for at once.
const GETS_AT_ONCE: usize = 64;

/// What a checked file brings.
struct Plan {
    document: Document<'static>,
    /// The classes that are not there yet, in the order of the file.
    classes: Vec<ClassDef>,
    /// The objects that are not there yet, parents first.
    operations: Vec<CcbOperation>,
    /// The objects that are there already.
    skipped: Vec<String>,
}

/// Loads the classes of a file and, as one CCB, its objects.
///
/// # Errors
/// What is wrong with the file, or the refusal; nothing of the file is loaded then.
pub(super) async fn import(course: &Course<'_>, file: &Path, done: &mut Done) -> Result<(), Failure> {
    let plan = plan(course, file).await?;
    let mut created = Vec::new();
    let loaded = load(course, &plan, &mut created).await;
    if loaded.is_err() {
        undo(course, &created).await;
    }
    done.ccb = loaded?;
    done.objects = plan
        .operations
        .iter()
        .map(|operation| operation.dn().to_string())
        .collect();
    done.classes = created;
    done.skipped = plan.skipped;
    Ok(())
}

/// Checks a file as [`import`] does, and changes nothing.
///
/// # Errors
/// What is wrong with the file.
pub(super) async fn validate(course: &Course<'_>, file: &Path, done: &mut Done) -> Result<(), Failure> {
    let plan = plan(course, file).await?;
    done.objects = plan
        .operations
        .iter()
        .map(|operation| operation.dn().to_string())
        .collect();
    done.classes = plan.classes.into_iter().map(|class| class.name).collect();
    done.skipped = plan.skipped;
    done.text = "Validation is successful\n";
    Ok(())
}

async fn plan(course: &Course<'_>, file: &Path) -> Result<Plan, Failure> {
    let name = file.display().to_string();
    let bytes = read(file)?;
    let flags = match &course.request.xsd {
        Some(schema) => {
            crate::model::schema_flags(schema).map_err(|error| Failure::new(format!("error - {error}")))?
        }
        None => BTreeSet::new(),
    };
    let document =
        models::parse_with_flags(&name, &bytes, &flags).map_err(|problem| told(&problem.into()))?;
    let known = known_classes(course, &document).await?;
    // DEVIATION(CLI-003): every name must be that of an object.
    let options = Options {
        long_dns: allows_long_dns(course).await,
        ..Options::default()
    };
    let documents = [document];
    let existing = existing_objects(course, &documents, &known, &options).await?;
    let operations = models::check(&documents, &known, &options, |dn| existing.contains_key(dn));
    let operations = operations.map_err(|problems| told(&problems))?;
    let [document] = documents;
    let is_new = |class: &ClassDef| known.iter().all(|known| known.name != class.name);
    let classes: Vec<_> = document
        .classes
        .iter()
        .map(|class| class.it.clone())
        .filter(is_new)
        .collect();
    refuse_runtime(&document, &operations, known.iter().chain(&classes), &existing)?;
    let (operations, skipped) = without_existing(&document, operations, &existing)?;
    course.note(&format!(
        "{name}: {} new classes, {} new objects, {} objects that exist",
        classes.len(),
        operations.len(),
        skipped.len()
    ));
    Ok(Plan {
        document: document.into_owned(),
        classes,
        operations,
        skipped,
    })
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("error - {}: {error}", file.display()));
    let size = std::fs::metadata(file).map_err(failed)?.len();
    if size > FILE_MAX {
        return Err(Failure::new(format!(
            "error - {}: the file has {size} bytes, {FILE_MAX} are allowed",
            file.display()
        )));
    }
    std::fs::read(file).map_err(failed)
}

/// One line for each problem.
fn told(problems: &Problems) -> Failure {
    let mut lines: Vec<String> = problems.to_string().lines().map(str::to_owned).collect();
    lines.push("error - nothing of the file is loaded".to_owned());
    Failure { lines, error: None }
}

/// A problem of an object, told as those that the checker finds are.
fn object_problem(document: &Document<'_>, dn: &Dn, what: &str) -> String {
    let place = document.objects.iter().find(|object| object.dn.it == dn.as_str());
    match place {
        Some(object) => format!("{}:{}: object {dn}: {what}", document.file, object.dn.at),
        None => format!("{}: object {dn}: {what}", document.file),
    }
}

/// The existing classes that the file defines or uses, without system attributes.
async fn known_classes(course: &Course<'_>, document: &Document<'_>) -> Result<Vec<ClassDef>, Failure> {
    let names = course.session.read(async |imm| imm.class_names().await).await;
    let names = names.map_err(|error| Failure::of_call("saImmOmAccessorGet_2", &error))?;
    let defined = document
        .classes
        .iter()
        .map(|class| class.it.name.to_ascii_lowercase());
    let used = document
        .objects
        .iter()
        .map(|object| object.class.to_ascii_lowercase());
    let wanted: BTreeSet<String> = defined.chain(used).collect();
    let mut known = Vec::new();
    for name in names {
        // Class names differ in more than case.
        if wanted.contains(&name.to_ascii_lowercase()) {
            let mut class = describe(course, &name).await?;
            class
                .attrs
                .retain(|attr| !SYSTEM_ATTRIBUTES.contains(&attr.name.as_str()));
            known.push(class);
        }
    }
    Ok(known)
}

/// The objects that exist of those that the file names, with their classes: its own, their parents, and what they refer
/// to. Where it names many, these are all objects, which is then less to ask.
async fn existing_objects(
    course: &Course<'_>,
    documents: &[Document<'_>],
    known: &[ClassDef],
    options: &Options,
) -> Result<BTreeMap<Dn, String>, Failure> {
    let own: usize = documents.iter().map(|document| document.objects.len()).sum();
    let info = course.session.read(async |imm| imm.info().await).await;
    let there = info.map_err(|error| Failure::of_call("saImmOmInitialize", &error))?;
    let worth = usize::try_from(there.objects).unwrap_or(usize::MAX) / GETS_WORTH;
    if own > worth {
        return all_objects(course).await;
    }
    let names = names(documents, known, options);
    let found = course.session.read(async |imm| {
        let class = async |dn: Dn| {
            let choice = AttrChoice::Some(vec![SYSTEM_ATTRIBUTES[0].to_owned()]);
            match imm.get(&dn, choice).await {
                Ok(object) => Ok(Some(named(object))),
                Err(error) if output::is_code(&error, AisError::NotExist) => Ok(None),
                Err(error) => Err(error),
            }
        };
        let answers = stream::iter(names.iter().cloned()).map(class);
        let found: Vec<Option<(Dn, String)>> = answers.buffered(GETS_AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    });
    found
        .await
        .map_err(|error| Failure::of_call("saImmOmAccessorGet_2", &error))
}

/// The names of the documents' objects, and those that their check asks for.
fn names(documents: &[Document<'_>], known: &[ClassDef], options: &Options) -> BTreeSet<Dn> {
    let own = documents.iter().flat_map(|document| &document.objects);
    let names = own.filter_map(|object| Dn::new(&object.dn.it).ok()).collect();
    let names: RefCell<BTreeSet<Dn>> = RefCell::new(names);
    // What is wrong is told when it is known what exists.
    let _verdict = models::validate(documents, known, options, |dn| {
        names.borrow_mut().insert(dn.clone());
        true
    });
    names.into_inner()
}

/// All objects with their classes.
async fn all_objects(course: &Course<'_>) -> Result<BTreeMap<Dn, String>, Failure> {
    let params = SearchParams {
        root: None,
        scope: Scope::Subtree,
        filter: None,
        attrs: AttrChoice::Some(vec![SYSTEM_ATTRIBUTES[0].to_owned()]),
    };
    let found = course
        .session
        .read(async |imm| imm.search(params.clone()).await?.collect().await);
    let found = found
        .await
        .map_err(|error| Failure::of_call("saImmOmSearchInitialize_2", &error))?;
    Ok(found.into_iter().map(named).collect())
}

/// The name of the object with its class.
fn named(object: Object) -> (Dn, String) {
    let class = object.class().unwrap_or_default().to_owned();
    (object.dn, class)
}

/// Whether DNs may be longer than 255 bytes; not so where that cannot be read.
async fn allows_long_dns(course: &Course<'_>) -> bool {
    let Ok(dn) = Dn::new(SERVICE_OBJECT) else {
        return false;
    };
    let choice = AttrChoice::Some(vec!["longDnsAllowed".to_owned()]);
    let read = course
        .session
        .read(async |imm| imm.get(&dn, choice.clone()).await)
        .await;
    read.is_ok_and(|object| object.value("longDnsAllowed").and_then(Value::as_u32) > Some(0))
}

/// Refuses new objects of runtime classes, which only implementers and the start of a cluster create.
fn refuse_runtime<'a>(
    document: &Document<'_>,
    operations: &[CcbOperation],
    classes: impl Iterator<Item = &'a ClassDef>,
    existing: &BTreeMap<Dn, String>,
) -> Result<(), Failure> {
    let runtime: BTreeSet<&str> = classes
        .filter(|class| class.category == ClassCategory::Runtime)
        .map(|class| class.name.as_str())
        .collect();
    for operation in operations {
        if let CcbOperation::Create { class, dn, .. } = operation
            && runtime.contains(class.as_str())
            && !existing.contains_key(dn)
        {
            let what = format!(
                "belongs to the runtime class '{class}'; such objects are loaded only when a cluster starts"
            );
            return Err(Failure::new(object_problem(document, dn, &what))
                .and("error - nothing of the file is loaded"));
        }
    }
    Ok(())
}

/// The operations on objects that are not there yet, and the names of the others.
fn without_existing(
    document: &Document<'_>,
    operations: Vec<CcbOperation>,
    existing: &BTreeMap<Dn, String>,
) -> Result<(Vec<CcbOperation>, Vec<String>), Failure> {
    let mut skipped = Vec::new();
    let mut wanted = Vec::with_capacity(operations.len());
    for operation in operations {
        match (existing.get(operation.dn()), &operation) {
            (None, _) => wanted.push(operation),
            (Some(other), CcbOperation::Create { class, dn, .. }) if other != class => {
                let what = format!("exists already, with the class '{other}'");
                return Err(Failure::new(object_problem(document, dn, &what))
                    .and("error - nothing of the file is loaded"));
            }
            (Some(_), operation) => skipped.push(operation.dn().to_string()),
        }
    }
    Ok((wanted, skipped))
}

/// Creates the classes, then the objects; gives the CCB, where there were objects.
async fn load(course: &Course<'_>, plan: &Plan, created: &mut Vec<String>) -> Result<Option<u64>, Failure> {
    let imm = course.session.imm();
    for class in &plan.classes {
        let answer = course
            .session
            .patience
            .retry(async || imm.class_create(class).await)
            .await;
        answer.map_err(|error| Failure::of_call("saImmOmClassCreate_2", &error))?;
        created.push(class.name.clone());
    }
    if plan.operations.is_empty() {
        return Ok(None);
    }
    let names: Vec<Dn> = plan
        .operations
        .iter()
        .map(|operation| operation.dn().clone())
        .collect();
    let targets = Targets {
        names: parents(&names),
        scope: Scope::One,
        missing: |dn| format!("error - parent '{dn}' does not exist"),
    };
    match change(course, &targets, &plan.operations).await {
        Ok(ccb) => Ok(ccb),
        Err(refused) => Err(match refused.dn {
            Some(dn) => refused
                .failure
                .and(object_problem(&plan.document, &dn, "was refused")),
            None => refused.failure,
        }),
    }
}

/// Deletes the classes that were created for objects which were refused.
async fn undo(course: &Course<'_>, created: &[String]) {
    let imm = course.session.imm();
    for class in created.iter().rev() {
        let deleted = course
            .session
            .patience
            .retry(async || imm.class_delete(class).await)
            .await;
        if let Err(error) = deleted {
            output::complain(&[format!("warning - the class {class} stays: {error}")]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "<imm:IMM-contents xmlns:imm=\"http://www.saforum.org/IMMSchema\">\n\
                        <object class=\"C\">\n<dn>a=1</dn>\n</object>\n\
                        <object class=\"C\">\n<dn>a=2</dn>\n</object>\n</imm:IMM-contents>\n";

    fn create(dn: &str) -> CcbOperation {
        CcbOperation::Create {
            class: "C".to_owned(),
            dn: Dn::new(dn).unwrap(),
            attrs: Vec::new(),
        }
    }

    #[test]
    fn existing_objects_of_the_class_are_skipped_and_others_refused() {
        let document = models::parse("x.xml", FILE.as_bytes()).unwrap();
        let existing = |class: &str| BTreeMap::from([(Dn::new("a=1").unwrap(), class.to_owned())]);
        let operations = vec![create("a=1"), create("a=2")];
        let (wanted, skipped) = without_existing(&document, operations.clone(), &existing("C")).unwrap();
        assert_eq!((wanted.len(), skipped), (1, vec!["a=1".to_owned()]));
        let refused = without_existing(&document, operations, &existing("D")).unwrap_err();
        assert_eq!(
            refused.lines[0],
            "x.xml:3:1: object a=1: exists already, with the class 'D'"
        );
    }

    #[test]
    fn a_file_is_checked_against_what_it_names_and_nothing_else() {
        let text = "<imm:IMM-contents xmlns:imm=\"http://www.saforum.org/IMMSchema\">\n\
                    <class name=\"C\">\n<category>SA_CONFIG</category>\n\
                    <rdn><name>c</name><type>SA_STRING_T</type><category>SA_CONFIG</category></rdn>\n\
                    <attr><name>to</name><type>SA_NAME_T</type><category>SA_CONFIG</category></attr>\n\
                    <attr><name>text</name><type>SA_STRING_T</type><category>SA_CONFIG</category></attr>\n\
                    </class>\n<object class=\"C\">\n<dn>c=1,b=2,a=1</dn>\n\
                    <attr><name>to</name><value>d=4</value></attr>\n\
                    <attr><name>text</name><value>e=5</value></attr>\n</object>\n</imm:IMM-contents>\n";
        let document = models::parse("x.xml", text.as_bytes()).unwrap();
        let names = names(&[document], &[], &Options::default());
        let names: Vec<&str> = names.iter().map(Dn::as_str).collect();
        assert_eq!(names, ["b=2,a=1", "c=1,b=2,a=1", "d=4"]);
    }

    #[test]
    fn a_file_that_is_not_there_is_told_with_its_name() {
        let failure = read(Path::new("/nowhere/x.xml")).unwrap_err();
        assert!(
            failure.lines[0].starts_with("error - /nowhere/x.xml: No such file"),
            "{failure:?}"
        );
    }
}
