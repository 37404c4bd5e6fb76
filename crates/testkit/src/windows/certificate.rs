//! Certificates as Windows keeps them in SOFTWARE, with made-up keys and signatures.
//!
//! Invariants: each is whole as far as its structure goes, and the same call always gives the same
//! bytes; there is no private key anywhere, and no signature is right. Absent: anything that
//! would make one of them worth trusting.

use super::sha1::sha1;
use crate::build::{HiveBuilder, Key};
use crate::bytes::utf16;

/// Where the stores of the machine are, below SOFTWARE.
pub const STORES: &str = "Microsoft\\SystemCertificates";
/// The store of Remote Desktop.
pub const REMOTE_DESKTOP: &str = "Remote Desktop";
/// The container of the key of Remote Desktop.
pub const CONTAINER: &str = "TSSecKeySet1";

/// The hash of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// RSA with MD5.
    Md5,
    /// RSA with SHA-1.
    Sha1,
    /// RSA with SHA-256.
    Sha256,
}

/// A certificate and where its private key is said to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Common name of the owner.
    pub subject: String,
    /// Common name of the issuer.
    pub issuer: String,
    /// Start, as `YYYYMMDDhhmmssZ`.
    pub from: &'static str,
    /// End, as `YYYYMMDDhhmmssZ`.
    pub until: &'static str,
    /// The hash of its signature.
    pub hash: Hash,
    /// Container of the private key; `None` for a certificate without one.
    pub container: Option<String>,
    /// Whether the container is one of CNG.
    pub cng: bool,
}

impl Certificate {
    /// One as Remote Desktop makes it for itself, valid far longer than a real one.
    pub fn self_signed(name: &str) -> Self {
        Self {
            subject: name.to_owned(),
            issuer: name.to_owned(),
            from: "20240201000000Z",
            until: "20740201000000Z",
            hash: Hash::Sha256,
            container: Some(CONTAINER.to_owned()),
            cng: false,
        }
    }

    /// The certificate in DER.
    pub fn der(&self) -> Vec<u8> {
        let algorithm = algorithm(self.hash);
        let version = tlv(0xA0, &tlv(0x02, &[2]));
        let validity = [time(self.from), time(self.until)].concat();
        let exponent_and_modulus = [tlv(0x02, &modulus()), tlv(0x02, &[1, 0, 1])].concat();
        let key = [
            tlv(
                0x30,
                &[
                    object(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1]),
                    NULL.to_vec(),
                ]
                .concat(),
            ),
            bits(&tlv(0x30, &exponent_and_modulus)),
        ];
        let server = object(&[0x2B, 6, 1, 5, 5, 7, 3, 1]);
        let usage = [object(&[0x55, 0x1D, 0x25]), tlv(0x04, &tlv(0x30, &server))];
        let content = [
            version,
            tlv(0x02, &[0x2D, 0x4C, 0x11, 0x7A]),
            algorithm.clone(),
            name(&self.issuer),
            tlv(0x30, &validity),
            name(&self.subject),
            tlv(0x30, &key.concat()),
            tlv(0xA3, &tlv(0x30, &tlv(0x30, &usage.concat()))),
        ];
        let whole = [tlv(0x30, &content.concat()), algorithm, bits(&[0x5A; 256])];
        tlv(0x30, &whole.concat())
    }

    /// SHA-1 of the certificate.
    pub fn thumbprint(&self) -> [u8; 20] {
        sha1(&self.der())
    }

    /// The name of its key.
    pub fn key_name(&self) -> String {
        let digits = self.thumbprint().map(|byte| format!("{byte:02X}"));
        digits.concat()
    }

    /// The properties Windows keeps of it.
    pub fn blob(&self) -> Vec<u8> {
        let mut blob = property(3, &self.thumbprint());
        if let Some(container) = &self.container {
            blob.extend(property(2, &provider(container, self.cng)));
        }
        blob.extend(property(32, &self.der()));
        blob
    }

    /// Puts it into a store of SOFTWARE; answers its key.
    pub fn enter<'h>(&self, software: &'h mut HiveBuilder, store: &str) -> &'h mut Key {
        let name = self.key_name();
        let key = software.key(&format!("{STORES}\\{store}\\Certificates\\{name}"));
        key.binary("Blob", &self.blob())
    }
}

fn property(id: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in [id, 1, data.len() as u32] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(data);
    bytes
}

fn provider(container: &str, cng: bool) -> Vec<u8> {
    let (kind, provider) = if cng {
        (0, "Microsoft Software Key Storage Provider")
    } else {
        (1, "Microsoft Enhanced Cryptographic Provider v1.0")
    };
    let container = [utf16(container), vec![0, 0]].concat();
    let second = 28 + container.len() as u32;
    let mut data = Vec::new();
    for number in [28, second, kind, 0x20, 0, 0, 1] {
        data.extend(number.to_le_bytes());
    }
    data.extend(container);
    data.extend(utf16(provider));
    data.extend([0, 0]);
    data
}

const NULL: [u8; 2] = [5, 0];

/// Tag, length and content.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut bytes = vec![tag];
    match length {
        0..=0x7F => bytes.push(length as u8),
        0x80..=0xFF => bytes.extend([0x81, length as u8]),
        _ => bytes.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    bytes.extend(content);
    bytes
}

fn object(identifier: &[u8]) -> Vec<u8> {
    tlv(0x06, identifier)
}

fn bits(content: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], content].concat())
}

fn algorithm(hash: Hash) -> Vec<u8> {
    let last = match hash {
        Hash::Md5 => 4,
        Hash::Sha1 => 5,
        Hash::Sha256 => 11,
    };
    let identifier = object(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, last]);
    tlv(0x30, &[identifier, NULL.to_vec()].concat())
}

/// A name with a common name only.
fn name(common: &str) -> Vec<u8> {
    let attribute = [object(&[0x55, 4, 3]), tlv(0x0C, common.as_bytes())].concat();
    tlv(0x30, &tlv(0x31, &tlv(0x30, &attribute)))
}

/// A time: two digits of the year until 2049, four from then on.
fn time(text: &str) -> Vec<u8> {
    match text.strip_prefix("20") {
        Some(short) if text < "2050" => tlv(0x17, short.as_bytes()),
        _ => tlv(0x18, text.as_bytes()),
    }
}

/// A number of 2048 bits that is no product of primes anybody looked for.
fn modulus() -> Vec<u8> {
    let mut modulus = vec![0, 0xC3];
    modulus.resize(256, 0x69);
    modulus.push(0x01);
    modulus
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_as_many_bytes_as_they_need() {
        assert_eq!(tlv(4, &[7]), [4, 1, 7]);
        assert_eq!(tlv(4, &[0; 0x80])[..3], [4, 0x81, 0x80]);
        assert_eq!(tlv(4, &[0; 0x1234])[..4], [4, 0x82, 0x12, 0x34]);
    }

    #[test]
    fn the_properties_fill_the_blob() {
        let certificate = Certificate::self_signed("srv");
        let blob = certificate.blob();
        let der = certificate.der();
        assert_eq!(blob.last_chunk(), der.last_chunk::<300>());
        assert_eq!(blob[..12], [3, 0, 0, 0, 1, 0, 0, 0, 20, 0, 0, 0]);
        assert_eq!(blob[12..32], certificate.thumbprint());
        assert_eq!(certificate.key_name().len(), 40);
        assert_eq!(der[..2], [0x30, 0x82]);
        assert_eq!(
            usize::from(der[2]) * 256 + usize::from(der[3]),
            der.len() - 4
        );
    }
}
