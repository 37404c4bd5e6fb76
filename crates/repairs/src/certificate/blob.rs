//! The value `Blob` of a certificate's key: properties one after the other.
//!
//! Invariants: any bytes can be read; nothing is copied, and no more properties are kept than the
//! bytes have room for. Absent on purpose: the certificate itself (see [`super::facts`]).

/// The property that is the private key's provider.
const KEY_PROVIDER: u32 = 2;
/// The property that is the certificate.
const CERTIFICATE: u32 = 32;
/// Property, reserved, length.
const HEADER: usize = 12;
/// Longest name of a container or provider, in characters.
const NAME: usize = 260;

/// One property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Property<'b> {
    /// Which one.
    pub id: u32,
    /// Its data.
    pub data: &'b [u8],
}

/// The properties of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob<'b> {
    /// Those that are whole, in their order.
    pub properties: Vec<Property<'b>>,
    /// Bytes at the end that are no whole property.
    pub rest: usize,
}

impl<'b> Blob<'b> {
    /// Reads them.
    pub fn read(bytes: &'b [u8]) -> Blob<'b> {
        let mut properties = Vec::new();
        let mut open = bytes;
        while let Some((property, rest)) = next(open) {
            properties.push(property);
            open = rest;
        }
        let rest = open.len();
        Blob { properties, rest }
    }

    /// The certificate in DER.
    pub fn certificate(&self) -> Option<&'b [u8]> {
        self.property(CERTIFICATE)
    }

    /// Who keeps the private key; `None` when it does not say, or says it in no readable way.
    pub fn key_provider(&self) -> Option<KeyProvider> {
        KeyProvider::read(self.property(KEY_PROVIDER)?)
    }

    fn property(&self, id: u32) -> Option<&'b [u8]> {
        let found = self.properties.iter().find(|property| property.id == id);
        found.map(|property| property.data)
    }
}

/// The first property, and what follows it.
fn next(bytes: &[u8]) -> Option<(Property<'_>, &[u8])> {
    let (id, length) = (number(bytes, 0)?, number(bytes, 8)?);
    let end = HEADER.checked_add(usize::try_from(length).ok()?)?;
    let data = bytes.get(HEADER..end)?;
    Some((Property { id, data }, bytes.get(end..)?))
}

/// Who keeps a private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyProvider {
    /// The container's name.
    pub container: String,
    /// The provider's name.
    pub provider: String,
    /// Whether it is a provider of CNG, not of CryptoAPI.
    pub cng: bool,
}

impl KeyProvider {
    /// The container that Remote Desktop makes for its own certificate.
    pub fn remote_desktop() -> KeyProvider {
        KeyProvider {
            container: "TSSecKeySet1".to_owned(),
            provider: String::new(),
            cng: false,
        }
    }

    fn read(data: &[u8]) -> Option<KeyProvider> {
        Some(KeyProvider {
            container: name(data, number(data, 0)?)?,
            provider: name(data, number(data, 4)?)?,
            cng: number(data, 8)? == 0,
        })
    }
}

/// The terminated UTF-16 text at an offset.
fn name(data: &[u8], offset: u32) -> Option<String> {
    let open = data.get(usize::try_from(offset).ok()?..)?;
    let units: Vec<u16> = open
        .chunks_exact(2)
        .map(|pair| {
            pair.iter()
                .rev()
                .fold(0, |unit, &byte| unit << 8 | u16::from(byte))
        })
        .take(NAME + 1)
        .take_while(|&unit| unit != 0)
        .collect();
    (1..=NAME)
        .contains(&units.len())
        .then(|| String::from_utf16_lossy(&units))
}

/// The 32-bit number at an offset.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(field.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn property(id: u32, data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap();
        let mut bytes: Vec<u8> = [id, 1, length]
            .iter()
            .flat_map(|n| n.to_le_bytes())
            .collect();
        bytes.extend(data);
        bytes
    }

    fn provider(container: &str, kind: u32) -> Vec<u8> {
        let text = |text: &str| -> Vec<u8> {
            let units = text.encode_utf16().chain([0]);
            units.flat_map(u16::to_le_bytes).collect()
        };
        let container = text(container);
        let second = 28 + u32::try_from(container.len()).unwrap();
        let mut data: Vec<u8> = [28, second, kind, 0x20, 0, 0, 1]
            .iter()
            .flat_map(|n: &u32| n.to_le_bytes())
            .collect();
        data.extend(container);
        data.extend(text("Provider"));
        data
    }

    #[test]
    fn properties_are_read_in_their_order() {
        let key = provider("TSSecKeySet1", 1);
        let bytes = [
            property(3, &[7; 20]),
            property(2, &key),
            property(32, b"DER"),
        ]
        .concat();
        let blob = Blob::read(&bytes);
        let ids: Vec<u32> = blob.properties.iter().map(|property| property.id).collect();
        assert_eq!(ids, [3, 2, 32]);
        assert_eq!(blob.rest, 0);
        assert_eq!(blob.certificate(), Some(&b"DER"[..]));
        let provider = blob.key_provider().unwrap();
        assert_eq!(provider.container, "TSSecKeySet1");
        assert_eq!(provider.provider, "Provider");
        assert!(!provider.cng);
    }

    #[test]
    fn a_provider_of_kind_0_is_one_of_cng() {
        let bytes = property(2, &provider("a", 0));
        assert!(Blob::read(&bytes).key_provider().unwrap().cng);
    }

    #[test]
    fn what_is_whole_stands_and_the_rest_is_counted() {
        let whole = property(32, b"DER");
        for more in [&b"x"[..], &property(2, &[0; 28])[..39]] {
            let bytes = [&whole[..], more].concat();
            let blob = Blob::read(&bytes);
            assert_eq!(blob.certificate(), Some(&b"DER"[..]));
            assert_eq!(blob.rest, more.len());
        }
        let mut long = whole;
        long[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        let blob = Blob::read(&long);
        assert_eq!((blob.certificate(), blob.rest), (None, 15));
    }

    #[test]
    fn no_bytes_are_too_strange() {
        let whole = [
            property(2, &provider("TSSecKeySet1", 1)),
            property(32, b"DER"),
        ]
        .concat();
        for at in 0..whole.len() {
            for byte in [0, 1, 0x7F, 0x80, 0xFF] {
                let mut bytes = whole.clone();
                bytes[at] = byte;
                let blob = Blob::read(&bytes);
                let kept: usize = blob.properties.iter().map(|p| HEADER + p.data.len()).sum();
                assert_eq!(kept + blob.rest, bytes.len());
                blob.key_provider();
            }
            Blob::read(&whole[..at]).key_provider();
        }
    }

    #[test]
    fn a_name_has_an_end_and_is_not_endless() {
        assert_eq!(name(&[b'a', 0, 0, 0], 0).as_deref(), Some("a"));
        assert_eq!(name(&[0, 0], 0), None);
        assert_eq!(name(&[b'a', 0], 9), None);
        assert_eq!(
            name(&[b'a', 0].repeat(NAME), 0).map(|name| name.len()),
            Some(NAME)
        );
        assert_eq!(name(&[b'a', 0].repeat(NAME + 1), 0), None);
    }
}
