//! Text without what a search should not mind: case, width, blanks, marks, accents.
//!
//! Invariants: two writings of one message give one text. Absent on purpose: anything between
//! scripts; traditional and simplified characters stay apart.

/// Katakana of half width, U+FF66 to U+FF9D, as full ones.
const KATAKANA: &str = "ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン";
/// Letters with accents, and what is left without.
const ACCENTS: [(&str, char); 8] = [
    ("àâäáã", 'a'),
    ("ç", 'c'),
    ("éèêë", 'e'),
    ("îïíì", 'i'),
    ("ñ", 'n'),
    ("ôöóò", 'o'),
    ("ùûüú", 'u'),
    ("ÿ", 'y'),
];

/// The letters and digits of a text in one writing.
pub(super) fn folded(text: &str) -> String {
    let mut clean = String::new();
    for character in text.chars() {
        let voiced = match character {
            'ﾞ' => clean.pop().map(|last| next(last, 1)),
            'ﾟ' => clean.pop().map(|last| next(last, 2)),
            _ => None,
        };
        let kept = voiced.unwrap_or_else(|| full(character));
        let lower = kept.to_lowercase().map(plain);
        clean.extend(lower.filter(|letter| letter.is_alphanumeric() || *letter == 'ー'));
    }
    clean
}

/// The character of usual width.
fn full(character: char) -> char {
    match character {
        '\u{FF01}'..='\u{FF5E}' => {
            let ascii = u32::from(character) - 0xFEE0;
            char::from_u32(ascii).unwrap_or(character)
        }
        '\u{FF66}'..='\u{FF9D}' => {
            let place = u32::from(character) - 0xFF66;
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            KATAKANA.chars().nth(place).unwrap_or(character)
        }
        _ => character,
    }
}

/// The katakana so many places on: the voiced ones stand behind their plain one.
fn next(character: char, places: u32) -> char {
    char::from_u32(u32::from(character) + places).unwrap_or(character)
}

fn plain(letter: char) -> char {
    let row = ACCENTS.iter().find(|(letters, _)| letters.contains(letter));
    row.map_or(letter, |(_, plain)| *plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_is_one_text() {
        assert_eq!(folded("Ａn Internal-Error…"), "aninternalerror");
        assert_eq!(folded("période de grâce"), "periodedegrace");
        assert_eq!(folded("ﾃﾞｽｸﾄｯﾌﾟ"), folded("デスクトップ"));
        assert_eq!(folded("ｻｰﾊﾞｰ ｦﾝ"), "サーバーヲン");
        assert_eq!(folded("s’est  s'est"), "sestsest");
    }
}
