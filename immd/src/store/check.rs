//! Checks the structure of a store's data file before it is mapped.
//!
//! The library that maps the file follows every page number and offset that stands in it, so a damaged file would
//! end the process by SIGSEGV or SIGBUS, or be damaged further by the next commit. This walks the newest state of
//! the file with plain reads: both meta pages, the B-tree of free pages, the main B-tree and those below it. It
//! looks at structure alone; the records carry checksums of their own.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

const PAGE_HEADER: usize = 16;
const NODE_HEADER: usize = 8;
const MAGIC: u32 = 0xBEEF_C0DE;
const VERSION: u32 = 1;
const NO_PAGE: u64 = u64::MAX;
/// A deeper tree does not fit the library's cursors.
const DEPTH_MAX: u16 = 32;

const BRANCH: u16 = 0x01;
const LEAF: u16 = 0x02;
const OVERFLOW: u16 = 0x04;
const META: u16 = 0x08;
/// The bits that say of which kind a page is.
const KIND: u16 = 0x6f;

const NODE_BIG_DATA: u16 = 0x01;
const NODE_SUB_DATABASE: u16 = 0x02;

/// What is wrong with the file.
#[derive(Debug)]
pub(super) enum Fault {
    /// Its content.
    Damaged(String),
    /// It could not be read.
    Io(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Fault {
        Fault::Io(error)
    }
}

fn damaged<T>(reason: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Damaged(reason.into()))
}

/// Checks the file; a missing or empty one is a new store.
pub(super) fn check_file(path: &Path) -> Result<(), Fault> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let length = file.metadata()?.len();
    if length == 0 {
        return Ok(());
    }
    let meta = read_newest_meta(&file)?;
    let page_count = length / meta.page_size as u64;
    let mut walk = Walk {
        file,
        page_size: meta.page_size,
        page_count,
        last_page: meta.last_page,
        seen: vec![0; usize::try_from(page_count / 64 + 1).unwrap_or(usize::MAX)],
        free: Vec::new(),
    };
    walk.tree(meta.free, Role::Free)?;
    walk.tree(meta.main, Role::Main)?;
    walk.free_pages_are_unused()
}

/// The root of a B-tree and its size.
#[derive(Debug, Clone, Copy)]
struct Tree {
    depth: u16,
    entries: u64,
    root: u64,
}

impl Tree {
    const BYTES: usize = 48;

    fn read(bytes: &[u8]) -> Option<Tree> {
        Some(Tree {
            depth: u16_at(bytes, 6)?,
            entries: u64_at(bytes, 32)?,
            root: u64_at(bytes, 40)?,
        })
    }
}

struct Meta {
    page_size: usize,
    free: Tree,
    main: Tree,
    last_page: u64,
    transaction: u64,
}

fn read_newest_meta(file: &File) -> Result<Meta, Fault> {
    let first = read_meta(file, 0)?;
    let second = read_meta(file, first.page_size as u64)?;
    if first.page_size != second.page_size {
        return damaged("its two headers disagree");
    }
    let first_is_even = first.transaction.is_multiple_of(2);
    // Commits go to the two headers in turn. A number out of step would bring back an older state.
    let (newest, older) = if second.transaction > first.transaction {
        (second, first.transaction)
    } else {
        (first, second.transaction)
    };
    let in_step = newest.transaction == older.saturating_add(1) && first_is_even;
    if in_step || (newest.transaction == 0 && older == 0) {
        Ok(newest)
    } else {
        damaged("its two headers do not follow each other")
    }
}

fn read_meta(file: &File, offset: u64) -> Result<Meta, Fault> {
    let mut bytes = [0; PAGE_HEADER + 136];
    read_at(file, &mut bytes, offset, "a header")?;
    let body = &bytes[PAGE_HEADER..];
    let flags = u16_at(&bytes, 10);
    if flags.is_none_or(|flags| flags & META == 0) || u32_at(body, 0) != Some(MAGIC) {
        return damaged("the data file has no valid header");
    }
    if u32_at(body, 4) != Some(VERSION) {
        return damaged("the data file is of another format version");
    }
    let read = || {
        Some(Meta {
            page_size: u32_at(body, 24)? as usize,
            free: Tree::read(&body[24..24 + Tree::BYTES])?,
            main: Tree::read(&body[72..72 + Tree::BYTES])?,
            last_page: u64_at(body, 120)?,
            transaction: u64_at(body, 128)?,
        })
    };
    match read() {
        Some(meta) if (512..=65536).contains(&meta.page_size) && meta.page_size.is_power_of_two() => Ok(meta),
        _ => damaged("a header holds an impossible page size"),
    }
}

/// What the leaves of a tree hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Lists of free pages.
    Free,
    /// The trees of the tables.
    Main,
    /// Records.
    Table,
}

struct Walk {
    file: File,
    page_size: usize,
    page_count: u64,
    last_page: u64,
    /// One bit for each page of the file that is in use.
    seen: Vec<u64>,
    free: Vec<u64>,
}

impl Walk {
    fn tree(&mut self, tree: Tree, role: Role) -> Result<(), Fault> {
        if tree.root == NO_PAGE {
            return if tree.entries == 0 && tree.depth == 0 {
                Ok(())
            } else {
                damaged("a tree has entries and no root")
            };
        }
        if tree.depth == 0 || tree.depth > DEPTH_MAX {
            return damaged(format!("a tree has depth {}", tree.depth));
        }
        let entries = self.page(tree.root, tree.depth, role)?;
        if entries != tree.entries {
            return damaged(format!(
                "a tree has {entries} entries and should have {}",
                tree.entries
            ));
        }
        Ok(())
    }

    /// Checks the page and all below it; gives the number of entries. `depth` is that of a leaf at 1.
    fn page(&mut self, number: u64, depth: u16, role: Role) -> Result<u64, Fault> {
        let page = self.read_page(number, 1)?;
        let wanted = if depth == 1 { LEAF } else { BRANCH };
        let flags = u16_at(&page, 10).unwrap_or(0);
        if flags & KIND != wanted {
            return damaged(format!("page {number} is of the wrong kind"));
        }
        let lower = usize::from(u16_at(&page, 12).unwrap_or(0));
        let upper = usize::from(u16_at(&page, 14).unwrap_or(0));
        if lower < PAGE_HEADER || lower > upper || upper > self.page_size {
            return damaged(format!("page {number} has impossible bounds"));
        }
        let count = (lower - PAGE_HEADER) / 2;
        if count == 0 {
            return damaged(format!("page {number} is empty"));
        }
        let mut entries = 0;
        for index in 0..count {
            let node = Node::read(&page, index)
                .filter(|node| node.offset >= upper)
                .ok_or_else(|| Fault::Damaged(format!("page {number} has a bad entry {index}")))?;
            entries += if depth == 1 {
                self.leaf(&page, &node, number, role)?;
                1
            } else {
                self.page(node.child(), depth - 1, role)?
            };
        }
        Ok(entries)
    }

    fn leaf(&mut self, page: &[u8], node: &Node, number: u64, role: Role) -> Result<(), Fault> {
        let bad = || Fault::Damaged(format!("page {number} has an entry of impossible size"));
        let start = node.offset + NODE_HEADER + node.key_size;
        let overflow;
        let data = if node.flags & NODE_BIG_DATA == 0 {
            page.get(start..start + node.data_size()).ok_or_else(bad)?
        } else {
            let first = u64_at(page, start).ok_or_else(bad)?;
            overflow = self.overflow(first, node.data_size())?;
            overflow
                .get(PAGE_HEADER..PAGE_HEADER + node.data_size())
                .ok_or_else(bad)?
        };
        match role {
            Role::Table => Ok(()),
            Role::Free => self.note_free(data).ok_or_else(bad),
            Role::Main if node.flags & NODE_SUB_DATABASE != 0 => {
                let tree = Tree::read(data).ok_or_else(bad)?;
                self.tree(tree, Role::Table)
            }
            Role::Main => damaged(format!("page {number} has an entry that is no table")),
        }
    }

    /// The pages of a large record.
    fn overflow(&mut self, first: u64, size: usize) -> Result<Vec<u8>, Fault> {
        let wanted = (PAGE_HEADER + size).div_ceil(self.page_size);
        let pages = self.read_page(first, wanted)?;
        let flags = u16_at(&pages, 10).unwrap_or(0);
        let held = u32_at(&pages, 12).unwrap_or(0) as usize;
        if flags & KIND != OVERFLOW || held < wanted {
            return damaged(format!("page {first} is not the large record it should be"));
        }
        // More pages than the record needs belong to it all the same.
        (wanted..held).try_for_each(|more| self.mark(first.saturating_add(more as u64)))?;
        Ok(pages)
    }

    fn note_free(&mut self, list: &[u8]) -> Option<()> {
        let count = usize::try_from(u64_at(list, 0)?).ok()?;
        if count.checked_add(1)?.checked_mul(8)? > list.len() {
            return None;
        }
        for index in 1..=count {
            let page = u64_at(list, index * 8)?;
            if page < 2 || page > self.last_page {
                return None;
            }
            self.free.push(page);
        }
        Some(())
    }

    /// A page that is both free and in use would be overwritten by a later commit.
    fn free_pages_are_unused(&self) -> Result<(), Fault> {
        let used = |page: &&u64| {
            usize::try_from(**page / 64)
                .ok()
                .and_then(|word| self.seen.get(word))
                .is_some_and(|bits| bits & (1 << (**page % 64)) != 0)
        };
        match self.free.iter().find(used) {
            Some(page) => damaged(format!("page {page} is in use and listed as free")),
            None => Ok(()),
        }
    }

    fn read_page(&mut self, first: u64, count: usize) -> Result<Vec<u8>, Fault> {
        for more in 0..count as u64 {
            self.mark(first.saturating_add(more))?;
        }
        let mut bytes = vec![0; count * self.page_size];
        let offset = first.saturating_mul(self.page_size as u64);
        read_at(&self.file, &mut bytes, offset, &format!("page {first}"))?;
        if u64_at(&bytes, 0) != Some(first) {
            return damaged(format!("page {first} holds something else"));
        }
        Ok(bytes)
    }

    /// Notes that the page is in use; each may be in one place only.
    fn mark(&mut self, page: u64) -> Result<(), Fault> {
        if page < 2 || page > self.last_page || page >= self.page_count {
            return damaged(format!("page {page} is outside the file"));
        }
        let word = usize::try_from(page / 64)
            .ok()
            .and_then(|word| self.seen.get_mut(word));
        let (Some(word), bit) = (word, 1 << (page % 64)) else {
            return damaged(format!("page {page} is outside the file"));
        };
        if *word & bit != 0 {
            return damaged(format!("page {page} is in use twice"));
        }
        *word |= bit;
        Ok(())
    }
}

/// An entry of a page.
struct Node {
    offset: usize,
    low: u16,
    high: u16,
    flags: u16,
    key_size: usize,
}

impl Node {
    /// The entry with its key inside the page.
    fn read(page: &[u8], index: usize) -> Option<Node> {
        let offset = usize::from(u16_at(page, PAGE_HEADER + index * 2)?);
        let node = Node {
            offset,
            low: u16_at(page, offset)?,
            high: u16_at(page, offset + 2)?,
            flags: u16_at(page, offset + 4)?,
            key_size: usize::from(u16_at(page, offset + 6)?),
        };
        (offset + NODE_HEADER + node.key_size <= page.len()).then_some(node)
    }

    fn data_size(&self) -> usize {
        usize::from(self.low) | usize::from(self.high) << 16
    }

    /// The page below, in a branch.
    fn child(&self) -> u64 {
        u64::from(self.low) | u64::from(self.high) << 16 | u64::from(self.flags) << 32
    }
}

fn read_at(file: &File, bytes: &mut [u8], offset: u64, what: &str) -> Result<(), Fault> {
    file.read_exact_at(bytes, offset).map_err(|error| {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Fault::Damaged(format!("the data file ends before {what}"))
        } else {
            Fault::Io(error)
        }
    })
}

// The library stores numbers in the machine's own byte order.

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_ne_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_ne_bytes)
}
