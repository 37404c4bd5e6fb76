//! The text of `icacls`: letters, flags, names, and the layout around them.
//!
//! Invariants: the rights are those of published output of the tool where FORMAT.md says so.
//! Absent on purpose: localised names.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

use security::{AccessMask, Ace, AceFlags, AceKind, Descriptor, Icacls, Sid, icacls};

#[test]
fn rights_are_letters() {
    let rows = [
        // Seen in output of the tool, with the mask that was set.
        (0x001F_01FF, "F"),
        (0x0013_01BF, "M"),
        (0x0012_00A9, "RX"),
        (0x0012_0089, "R"),
        (0x0012_0116, "W,Rc"),
        (0x0012_00A0, "Rc,S,X,RA"),
        (0x0012_019F, "R,W"),
        (0x0012_01B6, "W,Rc,X,RA"),
        (0x0012_01BF, "RX,W"),
        (0x0012_01A9, "RX,WA"),
        (0x0012_0180, "Rc,S,RA,WA"),
        (0x0010_0001, "S,RD"),
        (0x0000_0004, "AD"),
        (0x0000_0116, "WD,AD,WEA,WA"),
        (0x0002_00A9, "Rc,RD,REA,X,RA"),
        (0x0013_0156, "W,D,Rc,DC"),
        (0x4013_0156, "W,D,Rc,GW,DC"),
        (0x0013_01FF, "M,DC"),
        (0x001F_01BF, "M,WDAC,WO"),
        (0x001B_01FF, "M,WO,DC"),
        (0x0001_0156, "DE,WD,AD,WEA,DC,WA"),
        (0x1000_0000, "F"),
        (0xE001_0000, "M"),
        (0xA000_0000, "GR,GE"),
        (0xC000_0000, "GR,GW"),
        (0xE000_0000, "GR,GW,GE"),
        // By the same rules.
        (0x0011_0000, "D"),
        (0x0001_0000, "DE"),
        (0x031F_01FF, "F,AS,MA"),
        (0x101F_01FF, "F,GA"),
        (0, ""),
        (0x0C00_0200, "0xc000200"),
        (0x0012_0289, "R,0x200"),
    ];
    for (mask, letters) in rows {
        assert_eq!(icacls::rights(AccessMask(mask)), letters, "{mask:#x}");
    }
    for bit in 0..32 {
        assert_ne!(icacls::rights(AccessMask(1 << bit)), "", "bit {bit}");
    }
}

#[test]
fn flags_stand_in_the_order_of_the_tool() {
    let entry = |flags: u8, kind: u8, mask| {
        let flags = AceFlags::from_bits_retain(flags);
        let ace = Ace::masked(AceKind(kind), flags, AccessMask(mask), Sid::EVERYONE).unwrap();
        icacls::entry(&ace)
    };
    let rows = [
        (entry(0x00, 0, 0x1F_01FF), "Everyone:(F)"),
        (entry(0x1F, 0, 0x1F_01FF), "Everyone:(I)(OI)(CI)(NP)(IO)(F)"),
        (entry(0x13, 1, 0x12_0089), "Everyone:(I)(OI)(CI)(DENY)(R)"),
        (entry(0x10, 1, 0x1F_01FF), "Everyone:(I)(N)"),
        (entry(0x0B, 1, 0x1000_0000), "Everyone:(OI)(CI)(IO)(N)"),
        (entry(0x00, 1, 0x1F_01BF), "Everyone:(DENY)(M,WDAC,WO)"),
        (entry(0x00, 0, 0), "Everyone:()"),
        (entry(0x02, 9, 0x12_0089), "Everyone:(CI)(kind 9)(R)"),
        (entry(0x00, 17, 0x0F), "Everyone:(NW,NR,NX,0x8)"),
    ];
    for (found, wanted) in rows {
        assert_eq!(found, wanted);
    }
}

/// The text of SDDL under a path.
fn text(path: &str, sddl: &str) -> String {
    let descriptor = &Descriptor::from_sddl(sddl).unwrap();
    Icacls { path, descriptor }.to_string()
}

#[test]
fn entries_are_aligned_below_the_first() {
    let sddl = "O:SYD:AI(D;OICI;FA;;;NS)(A;;FR;;;S-1-5-21-1-2-3-1000)(A;ID;FA;;;SY)\
                S:(AU;SA;FA;;;WD)(ML;OINPIO;NW;;;HI)";
    let wanted = "\
C:\\Schlüssel NT AUTHORITY\\NETWORK SERVICE:(OI)(CI)(N)
             S-1-5-21-1-2-3-1000:(R)
             NT AUTHORITY\\SYSTEM:(I)(F)
             Mandatory Label\\High Mandatory Level:(OI)(NP)(IO)(NW)";
    assert_eq!(text("C:\\Schlüssel", sddl), wanted);
}

#[test]
fn lists_that_are_none_and_empty() {
    let all = "x No permissions are set. All users have full control.";
    assert_eq!(text("x", "D:NO_ACCESS_CONTROL"), all);
    assert_eq!(text("x", "O:SY"), all);
    assert_eq!(text("x", "D:"), "x");
}

#[test]
fn a_name_cannot_look_like_entries() {
    let found = text("a\r\n  Everyone:(F)\u{1b}[2K", "D:(A;;FR;;;NS)");
    let wanted = "a\u{FFFD}\u{FFFD}  Everyone:(F)\u{FFFD}[2K NT AUTHORITY\\NETWORK SERVICE:(R)";
    assert_eq!(found, wanted);
}

#[test]
fn an_entry_that_is_not_understood_is_still_a_line() {
    let mut bytes = vec![1, 0, 4, 0x80];
    bytes.extend([0; 12]);
    bytes.extend([
        20, 0, 0, 0, 4, 0, 16, 0, 1, 0, 0, 0, 5, 0x12, 8, 0, 1, 2, 3, 4,
    ]);
    let descriptor = &Descriptor::from_bytes(&bytes).unwrap();
    let found = Icacls {
        path: "x",
        descriptor,
    }
    .to_string();
    assert_eq!(found, "x ?:(I)(CI)(kind 5)");
}
