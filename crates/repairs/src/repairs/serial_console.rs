//! `serial-console`: the boot manager and a Windows loader talk to the host's serial console.
//!
//! Owns `bootems`, `displaybootmenu` and, with a menu, `timeout` of the boot manager, `ems` of
//! loaders, and `emsport` and `emsbaudrate` of the EMS settings. Absent on purpose: the kernel
//! debugger's settings, which are told at most, and entries that start no Windows.

use crate::boot::{Boot, menu_seconds, unusable};
use crate::catalogue::{Class, Parameter, Repair};
use crate::context::{Ask, Context, Error};
use crate::finding::{Certainty, Findings, Kind, Offer, Step};
use bcd::{EditError, Editor, ElementType, Guid, Object, Store, Value};

const BAUD_RATES: [&str; 5] = ["9600", "19200", "38400", "57600", "115200"];
const PORTS: [&str; 4] = ["1", "2", "3", "4"];

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "serial-console",
    title: "let the boot manager and Windows talk on the serial console",
    class: Class::OnRequest,
    risk: "whoever reaches the console reaches the boot; a TPM that guards the boot settings can \
           make BitLocker ask for its recovery key",
    parameters: &[
        Parameter {
            name: "form",
            about: "whether the console is switched on, or off again; the rest stays then",
            default: Some("on"),
            values: "on or off",
            accepts: |value| ["on", "off"].contains(&value),
        },
        Parameter {
            name: "port",
            about: "number of the serial port: 1 is COM1, which Azure and other hosts connect",
            default: Some("1"),
            values: "1, 2, 3 or 4",
            accepts: |value| PORTS.contains(&value),
        },
        Parameter {
            name: "baud",
            about: "speed of the port in bits a second",
            default: Some("115200"),
            values: "9600, 19200, 38400, 57600 or 115200",
            accepts: |value| BAUD_RATES.contains(&value),
        },
        Parameter {
            name: "loaders",
            about: "which entries get a console: the default one, or every Windows loader",
            default: Some("default"),
            values: "default or all",
            accepts: |value| ["default", "all"].contains(&value),
        },
        Parameter {
            name: "menu",
            about: "whether the boot menu is shown each time; the article shows it",
            default: Some("off"),
            values: "off or on",
            accepts: |value| ["off", "on"].contains(&value),
        },
        Parameter {
            name: "timeout",
            about: "seconds the menu waits, with menu=on",
            default: Some("5"),
            values: "a number from 1 to 30",
            accepts: |value| menu_seconds(value).is_some(),
        },
    ],
    about: include_str!("serial-console.md"),
    diagnose,
};

/// What the operator wants.
struct Wish {
    port: u64,
    baud: u64,
    /// Seconds the menu waits; `None` leaves the menu as it is.
    menu: Option<u64>,
    loaders: Vec<Guid>,
    /// The article's five commands and no more, as far as they do anything.
    article: bool,
}

impl Wish {
    fn of(context: &Context<'_>, boot: &Boot<'_>) -> Result<Wish, Error> {
        let number = |name, default| {
            let text = context.parameter(name);
            text.and_then(|text| text.parse().ok()).unwrap_or(default)
        };
        let menu = match context.parameter("menu") {
            Some(word) => word == "on",
            None => context.ask == Ask::Article,
        };
        let loaders = if context.parameter("loaders") == Some("all") {
            all_loaders(boot)?
        } else {
            vec![boot.default_loader()?]
        };
        Ok(Wish {
            port: number("port", 1),
            baud: number("baud", 115_200),
            menu: menu.then(|| number("timeout", 5)),
            loaders,
            article: context.ask == Ask::Article,
        })
    }

    /// The port's settings.
    fn settings(&self) -> [(ElementType, Value); 2] {
        [
            (ElementType::EMS_PORT, Value::Integer(self.port)),
            (ElementType::EMS_BAUD_RATE, Value::Integer(self.baud)),
        ]
    }

    /// Who reads them.
    fn heirs(&self) -> impl Iterator<Item = Guid> {
        std::iter::once(Guid::BOOTMGR).chain(self.loaders.iter().copied())
    }

    fn carry_out(&self, editor: &mut Editor) -> Result<(), EditError> {
        let yes = Value::Boolean(true);
        if let Some(seconds) = self.menu {
            editor.set(Guid::BOOTMGR, ElementType::DISPLAY_BOOT_MENU, &yes)?;
            editor.set_timeout(seconds)?;
        }
        editor.set(Guid::BOOTMGR, ElementType::BOOT_EMS, &yes)?;
        for &loader in &self.loaders {
            editor.set(loader, ElementType::EMS, &yes)?;
        }
        let is_there = editor.store().emssettings().is_some();
        editor.set_ems(self.port, self.baud)?;
        if !(self.article && is_there) {
            self.heirs().try_for_each(|heir| editor.inherit_ems(heir))?;
        }
        Ok(())
    }

    /// What is set in the EMS settings of the store as it will be and still does not count: another
    /// object says otherwise first, or nobody reads them.
    fn overruled(&self, boot: &Boot<'_>, store: &Store) -> Vec<String> {
        let mut lines = Vec::new();
        for heir in self.heirs() {
            if !store.inherits(heir, Guid::EMS_SETTINGS) {
                lines.push(format!(
                    "{} does not inherit {{emssettings}}, which the article leaves so: it does not \
                     read port and speed (without --as-article, it will)",
                    store.name_of(heir)
                ));
            }
            for (element, value) in self.settings() {
                if store
                    .effective(heir, element)
                    .is_some_and(|(_, now)| now != value)
                {
                    let now = boot.shown(heir, element);
                    lines.push(format!(
                        "{now}: it comes before {{emssettings}}, and is kept"
                    ));
                }
            }
        }
        lines
    }

    /// Which of the loaders start no installed Windows.
    fn limits(&self, store: &Store) -> Option<String> {
        let winpe = |&loader: &Guid| {
            let winpe = store.effective(loader, ElementType::WINPE);
            matches!(winpe, Some((_, Value::Boolean(true))))
        };
        let name = store.name_of(*self.loaders.iter().find(|&id| winpe(id))?);
        Some(format!(
            "{name} starts a recovery or setup environment, no installed Windows: loaders=all \
             takes the others"
        ))
    }

    /// What counts now.
    fn evidence(&self, boot: &Boot<'_>) -> Vec<String> {
        let mut lines = vec![boot.shown(Guid::BOOTMGR, ElementType::BOOT_EMS)];
        if self.menu.is_some() {
            for element in [ElementType::DISPLAY_BOOT_MENU, ElementType::TIMEOUT] {
                lines.push(boot.shown(Guid::BOOTMGR, element));
            }
        }
        for &loader in &self.loaders {
            lines.push(boot.shown(loader, ElementType::EMS));
            lines.extend(
                self.settings()
                    .map(|(element, _)| boot.shown(loader, element)),
            );
        }
        if boot.store.emssettings().is_none() {
            lines.push("the store has no {emssettings}: it is created".to_owned());
        }
        lines
    }
}

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    if !context.ask.wants_it() {
        return Ok(());
    }
    let boot = context.boot()?;
    let wish = Wish::of(context, &boot)?;
    if context.parameter("form") == Some("off") {
        return switch_off(findings, &boot, &wish);
    }
    let mut told = Vec::new();
    let cure = boot.changes(Kind::Aid, |editor| {
        wish.carry_out(editor)?;
        told = wish.overruled(&boot, editor.store());
        Ok(())
    })?;
    let loaders = wish.loaders.iter();
    let debuggers: Vec<String> = loaders
        .filter_map(|&loader| debugger_on(&boot.store, loader, wish.port))
        .collect();
    told.extend(debuggers.iter().cloned());
    told.extend(wish.limits(&boot.store));
    for line in told {
        findings.note(line);
    }
    if context.installation()?.product_type.as_deref() == Some("WinNT") {
        findings.note(
            "a client edition has no SAC: the console shows the boot manager and the kernel's \
             messages, but gives no prompt",
        );
    }
    if cure.is_empty() {
        return Ok(());
    }
    findings.note(
        "whether BitLocker guards the boot settings with a TPM is not known: if it does, the next \
         boot can ask for the recovery key",
    );
    let title = format!(
        "the serial console is on COM{} at {} baud, by request",
        wish.port, wish.baud
    );
    let mut finding = boot.finding(Offer::WhenNamed, Certainty::Possible, Guid::BOOTMGR, title)?;
    finding.evidence = wish.evidence(&boot);
    finding.evidence.extend(debuggers);
    finding.cure = cure;
    finding.steps.push(Step::Manual(
        "on the host's side, connect the VM's serial port or switch its serial console on (Azure: \
         boot diagnostics)"
            .to_owned(),
    ));
    findings.add(finding);
    Ok(())
}

/// Sets every switch that is on, by itself or by inheritance, to off, as bcdedit does.
fn switch_off(findings: &mut Findings, boot: &Boot<'_>, wish: &Wish) -> Result<(), Error> {
    let loaders = wish.loaders.iter().map(|&id| (id, ElementType::EMS));
    let switches: Vec<(Guid, ElementType)> =
        std::iter::once((Guid::BOOTMGR, ElementType::BOOT_EMS))
            .chain(loaders)
            .collect();
    let is_on = |store: &Store, id, element| {
        let value = store.effective(id, element).map(|(_, value)| value);
        value == Some(Value::Boolean(true))
    };
    let cure = boot.changes(Kind::Fix, |editor| {
        for &(id, element) in &switches {
            if is_on(editor.store(), id, element) {
                editor.set(id, element, &Value::Boolean(false))?;
            }
        }
        Ok(())
    })?;
    if cure.is_empty() {
        return Ok(());
    }
    let title = "the serial console is off, by request";
    let mut finding = boot.finding(Offer::WhenNamed, Certainty::Possible, Guid::BOOTMGR, title)?;
    let shown = switches
        .iter()
        .map(|&(id, element)| boot.shown(id, element));
    finding.evidence = shown.collect();
    finding.cure = cure;
    findings.add(finding);
    Ok(())
}

/// What to say when the kernel debugger has the port.
fn debugger_on(store: &Store, loader: Guid, port: u64) -> Option<String> {
    let value = |element| store.effective(loader, element).map(|(_, value)| value);
    let on = value(ElementType::DEBUG) == Some(Value::Boolean(true));
    // Without a type it is serial, without a port the first one.
    let serial = matches!(
        value(ElementType::DEBUG_TYPE),
        None | Some(Value::Integer(0))
    );
    let same = match value(ElementType::DEBUG_PORT) {
        Some(Value::Integer(number)) => number == port,
        _ => port == 1,
    };
    (on && serial && same).then(|| {
        format!(
            "the kernel debugger of {} is on and uses COM{port} too: the console will show its \
             noise; debug is kept",
            store.name_of(loader)
        )
    })
}

fn all_loaders(boot: &Boot<'_>) -> Result<Vec<Guid>, Error> {
    let all: Vec<Guid> = boot.store.loaders().map(Object::id).collect();
    if all.is_empty() {
        return Err(unusable("no entry starts an installed Windows"));
    }
    Ok(all)
}
