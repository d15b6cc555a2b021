//! The store on a real file system: what is committed comes back, what is damaged is noticed.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::Path;

use immd::store::{LmdbStore, Store, StoreError, Table, Write};

const MAP: usize = 1 << 30;

fn put(table: Table, key: u64, value: &[u8]) -> Write {
    Write {
        table,
        key,
        value: Some(value.to_vec()),
    }
}

fn delete(table: Table, key: u64) -> Write {
    Write {
        table,
        key,
        value: None,
    }
}

fn all(store: &LmdbStore, table: Table) -> Vec<(u64, Vec<u8>)> {
    let mut found = Vec::new();
    store
        .scan(table, &mut |key, value| {
            found.push((key, value.to_vec()));
            Ok(())
        })
        .unwrap();
    found
}

/// A store with small and large records, some deleted again, so that all kinds of pages are in the file.
fn fill(path: &Path) {
    let mut store = LmdbStore::open(path, MAP).unwrap();
    for round in 0..20u64 {
        let writes: Vec<Write> = (0..100u8)
            .map(|n| {
                let size = 40 + usize::from(n % 7) * 700;
                put(Table::Objects, round * 100 + u64::from(n), &vec![n; size])
            })
            .collect();
        store.commit(&[&writes]).unwrap();
    }
    let deletes: Vec<Write> = (300..900).map(|key| delete(Table::Objects, key)).collect();
    store.commit(&[&deletes, &[put(Table::Meta, 1, b"one")]]).unwrap();
}

#[test]
fn what_is_committed_comes_back_in_order() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path());
    let store = LmdbStore::open(dir.path(), MAP).unwrap();
    let objects = all(&store, Table::Objects);
    assert_eq!(objects.len(), 1400);
    assert!(objects.is_sorted_by_key(|(key, _)| *key));
    assert_eq!(all(&store, Table::Meta), [(1, b"one".to_vec())]);
    assert!(all(&store, Table::Classes).is_empty());
}

#[test]
fn a_second_process_is_kept_out() {
    let dir = tempfile::tempdir().unwrap();
    let _first = LmdbStore::open(dir.path(), MAP).unwrap();
    let second = LmdbStore::open(dir.path(), MAP).err().unwrap();
    assert!(
        second.to_string().contains("another daemon has it open"),
        "{second}"
    );
}

#[test]
fn a_full_store_refuses_and_keeps_what_it_has() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = LmdbStore::open(dir.path(), 1 << 20).unwrap();
    store.commit(&[&[put(Table::Objects, 1, b"small")]]).unwrap();
    let large = put(Table::Objects, 2, &vec![7; 2 << 20]);
    let error = store
        .commit(&[&[put(Table::Objects, 3, b"goes with it"), large]])
        .unwrap_err();
    assert!(matches!(error, StoreError::Full { limit_mib: 1, .. }), "{error}");
    assert_eq!(all(&store, Table::Objects), [(1, b"small".to_vec())]);
    store.commit(&[&[put(Table::Objects, 4, b"goes on")]]).unwrap();
}

/// Damages every part of the file in turn; opening and reading must give an error or the right records, never a crash.
#[test]
fn damage_is_noticed_before_the_file_is_mapped() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path());
    let file = dir.path().join("data.mdb");
    let sound = std::fs::read(&file).unwrap();
    let expected = all(&LmdbStore::open(dir.path(), MAP).unwrap(), Table::Objects);
    let mut noticed = 0;
    let mut harmless = 0;
    // Headers and the beginnings of pages closely, the rest here and there; 4099 is prime.
    let positions = (0..200)
        .step_by(16)
        .chain((4096..4300).step_by(16))
        .chain((8192..sound.len()).step_by(8 * 4096).map(|page| page + 8))
        .chain((8192..sound.len()).step_by(10 * 4099));
    for at in positions {
        let mut damaged = sound.clone();
        for byte in damaged.iter_mut().skip(at).take(16) {
            *byte = !*byte;
        }
        std::fs::write(&file, &damaged).unwrap();
        match LmdbStore::open(dir.path(), MAP) {
            Err(StoreError::Damaged { .. }) => {
                noticed += 1;
                assert_eq!(std::fs::read(&file).unwrap(), damaged, "the file was touched");
            }
            Err(other) => panic!("byte {at}: {other}"),
            // Damage inside a record is for the record's checksum to find, a free page may hold anything.
            Ok(store) => {
                harmless += 1;
                assert_eq!(all(&store, Table::Objects).len(), expected.len(), "byte {at}");
            }
        }
    }
    assert!(noticed > 20, "{noticed} noticed, {harmless} harmless");
    for length in [1, 100, 4096, 4196, 9000, sound.len() / 2] {
        std::fs::write(&file, &sound[..length]).unwrap();
        assert!(
            matches!(LmdbStore::open(dir.path(), MAP), Err(StoreError::Damaged { .. })),
            "cut at {length}"
        );
    }
    std::fs::write(&file, b"").unwrap();
    assert!(all(&LmdbStore::open(dir.path(), MAP).unwrap(), Table::Objects).is_empty());
}
