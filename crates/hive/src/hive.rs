//! A primary file in memory: its base block and its cells.
//!
//! Invariants: a [`Hive`] has passed the header rules (B1 to B11 of `FORMAT.md`), is clean, and
//! its bytes hold the whole hive bins area. Nothing below the header is believed yet: every
//! cell access is checked again. Absent on purpose: files, and the tree rules (see
//! [`mod@crate::check`]).

use crate::bytes;
use crate::error::{CellOffset, OpenError, ReadError};
use crate::format::{
    BASE_BLOCK_LEN, BaseBlock, BaseFlags, CELL_ALIGN, FileType, HEADER_LEN, MAX_BINS_SIZE, PAGE_LEN,
};
use crate::key::Key;
use crate::upcase::Upcase;

/// A hive that is clean and whose header is sound.
#[derive(Clone)]
pub struct Hive {
    file: Vec<u8>,
    upcase: Upcase,
}

impl std::fmt::Debug for Hive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hive")
            .field("len", &self.file.len())
            .finish_non_exhaustive()
    }
}

impl Hive {
    /// Takes the bytes of a primary file.
    ///
    /// # Errors
    /// The first header rule that does not hold. A hive with pending log entries is
    /// [`OpenError::Pending`], however sound it is otherwise.
    pub fn open(file: Vec<u8>) -> Result<Hive, OpenError> {
        Hive::inspect(&file)?;
        Hive::open_any(file)
    }

    /// Whether the header is that of a clean hive this program works with.
    pub(crate) fn inspect(file: &[u8]) -> Result<(), OpenError> {
        check_header(file)?;
        let base: &BaseBlock = bytes::view(file, 0).ok_or(OpenError::Empty)?;
        let (primary, secondary) = (base.primary_sequence.get(), base.secondary_sequence.get());
        if primary == secondary {
            Ok(())
        } else {
            Err(OpenError::Pending { primary, secondary })
        }
    }

    /// As [`Hive::open`], but takes a hive with pending log entries too. Its content is a state
    /// between two others: only for recovery and for undo.
    pub(crate) fn open_any(file: Vec<u8>) -> Result<Hive, OpenError> {
        check_header(&file)?;
        let upcase = Upcase::built_in();
        let hive = Hive { file, upcase };
        hive.root().map_err(OpenError::Root)?;
        Ok(hive)
    }

    /// The same hive under another upper-case table, that of the installation it belongs to; a
    /// hive is opened under the built-in one.
    #[must_use]
    pub fn with_upcase(self, upcase: Upcase) -> Hive {
        Hive { upcase, ..self }
    }

    /// The table under which names are looked up, ordered and hashed.
    pub fn upcase(&self) -> &Upcase {
        &self.upcase
    }

    /// The whole file, bytes behind the last bin included.
    pub fn bytes(&self) -> &[u8] {
        &self.file
    }

    /// Gives the bytes back.
    pub fn into_bytes(self) -> Vec<u8> {
        self.file
    }

    /// The base block.
    pub fn base(&self) -> &BaseBlock {
        // `check_header` has seen 512 bytes; an empty block stands in for the impossible case.
        bytes::view(&self.file, 0).unwrap_or(&EMPTY_BASE)
    }

    /// Minor version, 3 to 6.
    pub fn minor(&self) -> u32 {
        self.base().minor.get()
    }

    /// Primary and secondary sequence number.
    pub fn sequences(&self) -> (u32, u32) {
        (
            self.base().primary_sequence.get(),
            self.base().secondary_sequence.get(),
        )
    }

    /// The hive bins area.
    pub fn bins(&self) -> &[u8] {
        let len = bytes::index(self.base().bins_size.get());
        bytes::slice(&self.file, BASE_BLOCK_LEN, len).unwrap_or(&[])
    }

    /// The bytes, for the crate's editor alone; it keeps the header rules.
    pub(crate) fn file_mut(&mut self) -> &mut Vec<u8> {
        &mut self.file
    }

    /// The payload of an allocated cell: what follows its size field.
    ///
    /// # Errors
    /// [`ReadError::NoCell`] when no allocated cell can start there.
    pub fn cell(&self, at: CellOffset) -> Result<&[u8], ReadError> {
        let start = bytes::index(at.0);
        let none = ReadError::NoCell { at };
        let size = bytes::u32_at(self.bins(), start)
            .ok_or(none.clone())?
            .cast_signed();
        let len = size.checked_neg().and_then(|len| usize::try_from(len).ok());
        match len {
            Some(len)
                if len >= CELL_ALIGN
                    && len % CELL_ALIGN == 0
                    && start.is_multiple_of(CELL_ALIGN) =>
            {
                bytes::slice(self.bins(), start.saturating_add(4), len - 4).ok_or(none)
            }
            _ => Err(none),
        }
    }

    /// The root key.
    ///
    /// # Errors
    /// When the root cell is not a readable key node.
    pub fn root(&self) -> Result<Key<'_>, ReadError> {
        Key::at(self, CellOffset(self.base().root_cell.get()))
    }

    /// The key at a path of names separated by backslashes; the empty path is the root.
    ///
    /// # Errors
    /// When something on the way cannot be read. A missing key is `Ok(None)`.
    pub fn key(&self, path: &str) -> Result<Option<Key<'_>>, ReadError> {
        self.root()?.descend(path)
    }
}

static EMPTY_BASE: BaseBlock = zerocopy::transmute!([0_u8; HEADER_LEN]);

/// The checksum of a base block, from its first 508 bytes.
pub fn checksum(base_block: &[u8]) -> u32 {
    let dwords = bytes::slice(base_block, 0, HEADER_LEN - 4).unwrap_or(&[]);
    match bytes::u32s(dwords).fold(0, |sum, dword| sum ^ dword) {
        0 => 1,
        u32::MAX => u32::MAX - 1,
        sum => sum,
    }
}

/// The header rules of a primary file, in the order in which the answers make sense to a person.
fn check_header(file: &[u8]) -> Result<(), OpenError> {
    if file.is_empty() {
        return Err(OpenError::Empty);
    }
    let found: [u8; 4] = bytes::slice(file, 0, 4)
        .and_then(|four| four.try_into().ok())
        .ok_or(OpenError::TooSmall { len: file.len() })?;
    if &found != b"regf" {
        return Err(OpenError::NotAHive { found });
    }
    if file.len() < BASE_BLOCK_LEN + PAGE_LEN {
        return Err(OpenError::TooSmall { len: file.len() });
    }
    let base: &BaseBlock = bytes::view(file, 0).ok_or(OpenError::TooSmall { len: file.len() })?;
    let expected = checksum(file);
    if base.checksum.get() != expected {
        return Err(OpenError::Checksum {
            found: base.checksum.get(),
            expected,
        });
    }
    check_fields(base)?;
    let bins = base.bins_size.get();
    if bins == 0 || !bytes::index(bins).is_multiple_of(PAGE_LEN) || bins > MAX_BINS_SIZE {
        return Err(OpenError::BinsSize { found: bins });
    }
    let needed = BASE_BLOCK_LEN.saturating_add(bytes::index(bins));
    if file.len() < needed {
        return Err(OpenError::Truncated {
            len: file.len(),
            needed,
        });
    }
    let layered = base.flags.get() & BaseFlags::DIFFERENCING.bits() != 0
        && base.rm_signature == *b"rmtm"
        && base.rm_id != [0; 16];
    if base.minor.get() >= 6 && layered {
        return Err(OpenError::Differencing);
    }
    Ok(())
}

fn check_fields(base: &BaseBlock) -> Result<(), OpenError> {
    let fields = [
        (
            0x14,
            "major version",
            base.major.get(),
            "1",
            base.major.get() == 1,
        ),
        (
            0x18,
            "minor version",
            base.minor.get(),
            "3 to 6",
            (3..=6).contains(&base.minor.get()),
        ),
        (
            0x1C,
            "file type",
            base.file_type.get(),
            "0",
            base.file_type.get() == FileType::PRIMARY.0,
        ),
        (
            0x20,
            "file format",
            base.file_format.get(),
            "1",
            base.file_format.get() == 1,
        ),
        (
            0x2C,
            "clustering factor",
            base.clustering_factor.get(),
            "1",
            base.clustering_factor.get() == 1,
        ),
    ];
    match fields.into_iter().find(|field| !field.4) {
        Some((offset, field, found, expected, _)) => Err(OpenError::Field {
            offset,
            field,
            found,
            expected,
        }),
        None => Ok(()),
    }
}
