//! What a certificate says of itself: whose it is, who issued it, and when it is valid.
//!
//! Invariants: any bytes can be read; texts are short and hold no control characters. Absent on
//! purpose: whether a signature is right, and whom anybody trusts.

use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate, X509Name};

/// Seconds from 1601 to 1970.
const EPOCH: i64 = 11_644_473_600;
/// FILETIME counts these in a second.
const TICKS: u64 = 10_000_000;
/// No text of a certificate is longer, in characters.
const TEXT: usize = 120;

/// One end of a certificate's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// As FILETIME; the first or last there is for what FILETIME cannot hold.
    pub filetime: u64,
    /// For people, in UTC.
    pub text: String,
}

/// A hash that is no longer taken for safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeakHash {
    /// MD2, MD4 or MD5.
    Md,
    /// SHA-1.
    Sha1,
}

impl WeakHash {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            WeakHash::Md => "MD5 or older",
            WeakHash::Sha1 => "SHA-1",
        }
    }

    /// The weak hash of a signature algorithm, by its object identifier.
    fn of(algorithm: &str) -> Option<WeakHash> {
        match algorithm {
            "1.2.840.113549.1.1.2" | "1.2.840.113549.1.1.3" | "1.2.840.113549.1.1.4" => {
                Some(WeakHash::Md)
            }
            "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" | "1.2.840.10045.4.1" => Some(WeakHash::Sha1),
            _ => None,
        }
    }
}

/// What a certificate says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Whose it is.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// Whether its owner issued it.
    pub self_signed: bool,
    /// From when on it is valid.
    pub from: Moment,
    /// Until when.
    pub until: Moment,
    /// The hash of its signature, when it is a weak one.
    pub weak_hash: Option<WeakHash>,
}

impl Facts {
    /// Reads a certificate in DER; `None` when it is none, or goes on behind its end.
    pub fn read(der: &[u8]) -> Option<Facts> {
        let (rest, certificate) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let (subject, issuer) = (certificate.subject(), certificate.issuer());
        let validity = certificate.validity();
        let algorithm = certificate.signature_algorithm.algorithm.to_id_string();
        Some(Facts {
            subject: name(subject),
            issuer: name(issuer),
            self_signed: subject.as_raw() == issuer.as_raw(),
            from: moment(validity.not_before),
            until: moment(validity.not_after),
            weak_hash: WeakHash::of(&algorithm),
        })
    }
}

fn name(name: &X509Name<'_>) -> String {
    let text = name.to_string();
    let plain = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
    let mut short: String = text.chars().map(plain).take(TEXT).collect();
    if text.chars().nth(TEXT).is_some() {
        short.push('\u{2026}');
    }
    short
}

fn moment(time: ASN1Time) -> Moment {
    let seconds = time.timestamp().saturating_add(EPOCH);
    let date = time.to_datetime();
    Moment {
        filetime: u64::try_from(seconds).unwrap_or(0).saturating_mul(TICKS),
        text: format!(
            "{:04}-{:02}-{:02} {:02}:{:02} UTC",
            date.year(),
            u8::from(date.month()),
            date.day(),
            date.hour(),
            date.minute()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::windows::certificate::{Certificate, Hash};

    #[test]
    fn a_certificate_tells_its_owner_and_its_life() {
        let facts = Facts::read(&Certificate::self_signed("srv.contoso.local").der()).unwrap();
        assert_eq!(facts.subject, "CN=srv.contoso.local");
        assert_eq!(facts.issuer, facts.subject);
        assert!(facts.self_signed);
        assert_eq!(facts.from.text, "2024-02-01 00:00 UTC");
        assert_eq!(facts.from.filetime, 133_512_192_000_000_000);
        assert_eq!(facts.weak_hash, None);
    }

    #[test]
    fn an_issuer_of_its_own_is_another() {
        let certificate = Certificate {
            issuer: "contoso CA".to_owned(),
            ..Certificate::self_signed("srv")
        };
        let facts = Facts::read(&certificate.der()).unwrap();
        assert_eq!(
            (facts.issuer.as_str(), facts.self_signed),
            ("CN=contoso CA", false)
        );
    }

    #[test]
    fn weak_hashes_are_named() {
        for (hash, wanted) in [
            (Hash::Md5, Some(WeakHash::Md)),
            (Hash::Sha1, Some(WeakHash::Sha1)),
            (Hash::Sha256, None),
        ] {
            let certificate = Certificate {
                hash,
                ..Certificate::self_signed("srv")
            };
            assert_eq!(Facts::read(&certificate.der()).unwrap().weak_hash, wanted);
        }
    }

    #[test]
    fn a_name_for_people_is_short_and_plain() {
        let long = format!("\u{1b}[31m{}", "x".repeat(300));
        let facts = Facts::read(&Certificate::self_signed(&long).der()).unwrap();
        assert!(!facts.subject.contains('\u{1b}'), "{}", facts.subject);
        assert_eq!(facts.subject.chars().count(), TEXT + 1);
    }

    #[test]
    fn no_bytes_are_too_strange() {
        let der = Certificate::self_signed("srv").der();
        for at in 0..der.len() {
            for byte in [0, 0x30, 0x7F, 0x80, 0x84, 0xFF] {
                let mut bytes = der.clone();
                bytes[at] = byte;
                Facts::read(&bytes);
            }
            assert_eq!(Facts::read(&der[..at]), None, "cut at {at}");
        }
        assert_eq!(Facts::read(&[der, vec![0]].concat()), None);
    }
}
