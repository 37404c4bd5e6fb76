//! Certificates in the stores of an offline Windows.
//!
//! - [`blob`]: the properties of an entry;
//! - [`facts`]: what the certificate says of itself;
//! - [`key_file`]: where its private key lies.
//!
//! Invariants: read-only; a store that cannot be read is an error, never an empty one. The formats
//! stand in `FORMAT.md`. Absent on purpose: trust, chains and signatures.

pub mod blob;
pub mod facts;
pub mod key_file;

use crate::context::{Context, Error, Place};
use blob::{Blob, KeyProvider};
use facts::Facts;
use hive::RegData;
use sha1::{Digest, Sha1};
use std::fmt;

/// The value a certificate is in.
pub const BLOB: &str = "Blob";

/// Where the stores of the machine are, below SOFTWARE.
const STORES: [&str; 3] = [
    r"Microsoft\SystemCertificates",
    r"Microsoft\EnterpriseCertificates",
    r"Policies\Microsoft\SystemCertificates",
];

/// The SHA-1 of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thumbprint([u8; 20]);

impl Thumbprint {
    /// That of a certificate in DER.
    pub fn of(der: &[u8]) -> Thumbprint {
        Thumbprint(Sha1::digest(der).into())
    }

    /// The one that is the data of a value; `None` when it has another length.
    pub fn read(data: &RegData) -> Option<Thumbprint> {
        data.bytes.as_slice().try_into().ok().map(Thumbprint)
    }

    /// Whether a key has its name.
    pub fn names(self, key: &str) -> bool {
        self.to_string().eq_ignore_ascii_case(key)
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

/// An entry of a store.
#[derive(Clone, Debug)]
pub struct Entry<'v> {
    /// Its key.
    pub place: Place<'v>,
    /// The name of its key, which should be its thumbprint.
    pub name: String,
    /// What is in it.
    pub content: Content,
    /// Who keeps its private key, when it says so.
    pub key_provider: Option<KeyProvider>,
}

/// What an entry holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A certificate.
    Certificate(Facts),
    /// Nothing: there is no value [`BLOB`].
    Empty,
    /// A certificate whose thumbprint is right, which this program cannot read.
    NotUnderstood,
    /// Something else: why.
    Damaged(String),
}

impl<'v> Entry<'v> {
    /// Reads an entry.
    ///
    /// # Errors
    /// When its key or value cannot be read.
    pub fn read(place: Place<'v>, name: &str) -> Result<Entry<'v>, Error> {
        let data = place.read(BLOB)?;
        let blob = data.as_ref().map(|data| Blob::read(&data.bytes));
        Ok(Entry {
            name: name.to_owned(),
            content: content(blob.as_ref(), name),
            key_provider: blob.as_ref().and_then(Blob::key_provider),
            place,
        })
    }

    /// What the certificate says of itself, when it can be read.
    pub fn facts(&self) -> Option<&Facts> {
        match &self.content {
            Content::Certificate(facts) => Some(facts),
            Content::Empty | Content::NotUnderstood | Content::Damaged(_) => None,
        }
    }
}

fn content(blob: Option<&Blob<'_>>, name: &str) -> Content {
    let Some(blob) = blob else {
        return Content::Empty;
    };
    let Some(der) = blob.certificate() else {
        return Content::Damaged(format!(
            "{BLOB} holds no certificate: {} properties, then {} bytes that are none",
            blob.properties.len(),
            blob.rest
        ));
    };
    let thumbprint = Thumbprint::of(der);
    match (Facts::read(der), thumbprint.names(name)) {
        (Some(facts), true) => Content::Certificate(facts),
        (None, true) => Content::NotUnderstood,
        (_, false) => Content::Damaged(format!(
            "its SHA-1 is {thumbprint}, the name of its key is another"
        )),
    }
}

/// The entries of a store of the machine; `None` when the disk has no SOFTWARE.
///
/// # Errors
/// When SOFTWARE or the store cannot be looked at.
pub fn entries<'v>(context: &Context<'v>, store: &str) -> Result<Option<Vec<Entry<'v>>>, Error> {
    let [machine, ..] = STORES;
    let Some(store) = context.software(&format!(r"{machine}\{store}\Certificates"))? else {
        return Ok(None);
    };
    let names = store.subkey_names()?;
    let read = |name: &String| Entry::read(store.below(name), name);
    names.iter().map(read).collect::<Result<_, _>>().map(Some)
}

/// The first entry of any store of the machine that has this name.
///
/// # Errors
/// When SOFTWARE or a store cannot be looked at.
pub fn find<'v>(
    context: &Context<'v>,
    wanted: Thumbprint,
) -> Result<Option<(String, Entry<'v>)>, Error> {
    for stores in STORES {
        let Some(stores) = context.software(stores)? else {
            return Ok(None);
        };
        for store in stores.subkey_names()? {
            let certificates = stores.below(&format!(r"{store}\Certificates"));
            for name in certificates.subkey_names()? {
                if wanted.names(&name) {
                    let entry = Entry::read(certificates.below(&name), &name)?;
                    return Ok(Some((store, entry)));
                }
            }
        }
    }
    Ok(None)
}
