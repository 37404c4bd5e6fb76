//! Power cuts: the states a list of actions can leave behind.
//!
//! Invariants: a sector of 512 bytes is written whole or not at all; what was flushed is there.
//! Absent on purpose: torn sectors, lost directory entries.

use super::Dice;
use hive::commit::{Action, Files, Member};

/// The smallest thing that happens or does not happen to a file.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    /// A sector is written.
    Sector(Member, usize, Vec<u8>),
    /// The size changes.
    Size(Member, usize),
    /// What was written to the file is durable.
    Flush(Member),
}

impl Piece {
    fn member(&self) -> Member {
        match self {
            Piece::Sector(member, ..) | Piece::Size(member, _) | Piece::Flush(member) => *member,
        }
    }

    fn happen(&self, files: &mut Files) {
        match self {
            Piece::Sector(member, at, bytes) => {
                let file = files.get_mut(*member).expect("a file that exists");
                file[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Piece::Size(member, size) => {
                files
                    .get_mut(*member)
                    .expect("a file that exists")
                    .resize(*size, 0);
            }
            Piece::Flush(_) => {}
        }
    }
}

/// Actions as pieces. A write behind the end of a file is an error of the test.
pub(crate) fn pieces(actions: &[Action]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for action in actions {
        match action {
            Action::Extend(member, size) | Action::Truncate(member, size) => {
                pieces.push(Piece::Size(*member, *size as usize));
            }
            Action::Flush(member) => pieces.push(Piece::Flush(*member)),
            Action::Write(member, at, bytes) => {
                assert_eq!(at % 512, 0, "a write begins on a sector");
                for (index, sector) in bytes.chunks(512).enumerate() {
                    let at = *at as usize + index * 512;
                    pieces.push(Piece::Sector(*member, at, sector.to_vec()));
                }
            }
        }
    }
    pieces
}

/// Every state of an in-order execution, the one before it and the last included.
pub(crate) fn in_order(before: &Files, actions: &[Action], mut look: impl FnMut(usize, &Files)) {
    let mut files = before.clone();
    look(0, &files);
    for (place, piece) in pieces(actions).iter().enumerate() {
        piece.happen(&mut files);
        if !matches!(piece, Piece::Flush(_)) {
            look(place + 1, &files);
        }
    }
}

/// The state after `cut` pieces, of which those not flushed happened by chance.
pub(crate) fn reordered(before: &Files, pieces: &[Piece], cut: usize, dice: &mut Dice) -> Files {
    let mut files = before.clone();
    let mut pending: Vec<&Piece> = Vec::new();
    for piece in &pieces[..cut] {
        if let Piece::Flush(member) = piece {
            pending.retain(|piece| {
                let durable = piece.member() == *member;
                if durable {
                    piece.happen(&mut files);
                }
                !durable
            });
        } else {
            pending.push(piece);
        }
    }
    for piece in pending {
        if dice.roll() & 1 << 40 != 0 {
            piece.happen(&mut files);
        }
    }
    files
}
