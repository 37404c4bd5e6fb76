//! What can be wrong with a `.reg` file.
//!
//! Invariants: every refusal names its line. Absent on purpose: warnings; a file is understood
//! as a whole or not at all.

use super::HEADER;
use thiserror::Error;

/// The longest file that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 30;

/// The most lines of a file.
pub const MAX_LINES: usize = 1 << 24;

/// The most operations of a file.
pub const MAX_OPERATIONS: usize = 1 << 22;

pub(super) const HEADER_4: &str = "REGEDIT4";

/// What is wrong with a file, and where.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("line {line}: {what}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: Mistake,
}

/// What can be wrong with a `.reg` file.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mistake {
    /// More than [`MAX_BYTES`].
    #[error("the file has {len} bytes, more than {MAX_BYTES}")]
    TooLong {
        /// Length of the file.
        len: usize,
    },
    /// More than [`MAX_LINES`].
    #[error("the file has more than {MAX_LINES} lines")]
    TooManyLines,
    /// More than [`MAX_OPERATIONS`].
    #[error("the file has more than {MAX_OPERATIONS} keys and values")]
    TooManyOperations,
    /// Neither of the two encodings.
    #[error("the text is neither UTF-16 (little-endian, with a byte order mark) nor UTF-8")]
    Encoding,
    /// UTF-16 the other way round.
    #[error("the text is big-endian UTF-16, expected little-endian")]
    BigEndian,
    /// A NUL character.
    #[error("a NUL character; UTF-16 needs its byte order mark")]
    Nul,
    /// The first line.
    #[error("the first line is neither \"{HEADER}\" nor \"{HEADER_4}\"")]
    Header,
    /// A character above 127 in a `REGEDIT4` file.
    #[error("a character outside ASCII in a REGEDIT4 file, whose code page is not known")]
    NotAscii,
    /// A `REGEDIT4` file in UTF-16.
    #[error("a REGEDIT4 file in UTF-16; its strings could mean two things")]
    WideVersion4,
    /// No statement.
    #[error("neither a key, a value nor a comment")]
    Statement,
    /// A key without its bracket.
    #[error("a key without its closing bracket")]
    OpenBracket,
    /// No name between the brackets.
    #[error("a key without a name")]
    NoKeyName,
    /// A value above all keys.
    #[error("a value before the first key")]
    NoKey,
    /// A value below `[-KEY]`.
    #[error("a value of a key that is deleted here")]
    DeletedKey,
    /// No `=` behind a name.
    #[error("a value's name without \"=\"")]
    NoEquals,
    /// Data of no known form.
    #[error("data is none of \"text\", dword:, hex:, hex(type): and -")]
    Data,
    /// A text without its second quotation mark.
    #[error("a text without its closing quotation mark")]
    OpenQuote,
    /// A backslash before anything but a backslash or a quotation mark.
    #[error("a single backslash in a text; it is written twice")]
    Escape,
    /// No digit where one is needed.
    #[error("no hexadecimal digit where a number should stand")]
    NoNumber,
    /// Too many digits.
    #[error("a number of more than {most} hexadecimal digits")]
    LongNumber {
        /// The most digits it may have.
        most: usize,
    },
    /// A type without `):`.
    #[error("hex( without \"):\" behind its type")]
    OpenType,
    /// The file ends where another line should continue the data.
    #[error("the file ends inside a value's data")]
    EndInData,
    /// Something behind a complete statement.
    #[error("unexpected text behind a complete key or value")]
    Trailing,
}

impl Mistake {
    pub(super) fn at(self, line: usize) -> ParseError {
        ParseError { line, what: self }
    }
}
