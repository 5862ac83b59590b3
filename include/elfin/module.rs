// SPDX-License-Identifier: MIT
//! What the author of a module may say to the loader, in Rust: the records of elfin/module.h, which
//! is the reference. Rust 1.63 or later. At the root of the crate:
//!
//!     #[macro_use]
//!     #[path = "…/include/elfin/module.rs"]
//!     mod elfin;
//!
//!     elfin_module!("hello", version = "1.0", description = "says hello");
//!     elfin_init!(start);        // extern "C" fn(i32, *const *const u8) -> i32
//!     elfin_exit!(stop);         // extern "C" fn()
//!     elfin_state!(3, save, restore); // extern "C" fn() -> *mut (), fn(*mut (), u32) -> i32
//!     elfin_export!(greet, go);  // functions that are pub, extern "C" and no_mangle
//!     elfin_needs!("other", "third");
//!     elfin_interrupts!();       // built with -C no-redzone=yes only, and what it calls
//!
//! Each at most once, for the compiler makes a section of each.
#![allow(dead_code, unused_macros)]

#[repr(C)]
pub struct ModuleRecord {
    size: u32,
    revision: u32,
    name: [u8; 48],
    version: [u8; 24],
    description: [u8; 96],
}

// Constants are computed by the compiler: `inline` keeps the functions themselves out of the module.
impl ModuleRecord {
    #[inline]
    pub const fn new(name: &str, version: &str, description: &str) -> Self {
        Self {
            size: core::mem::size_of::<Self>() as u32,
            revision: 1,
            name: text(name),
            version: text(version),
            description: text(description),
        }
    }
}

/// As C has it, with a NUL at its end: what is too long does not compile.
#[inline]
pub const fn text<const SIZE: usize>(from: &str) -> [u8; SIZE] {
    let mut to = [0; SIZE];
    let mut at = 0;
    assert!(from.len() < SIZE, "a string of the module record is too long");
    while at < from.len() {
        to[at] = from.as_bytes()[at];
        at += 1;
    }
    to
}

#[repr(C)]
pub struct ExportRecord(pub *const (), pub *const u8);
// Nobody writes it, and the loader reads it before any code of the module runs.
unsafe impl Sync for ExportRecord {}

macro_rules! elfin_module {
    ($name:literal) => { elfin_module!($name, version = "", description = ""); };
    ($name:literal, version = $version:expr) => {
        elfin_module!($name, version = $version, description = "");
    };
    ($name:literal, version = $version:expr, description = $description:expr) => {
        #[used]
        #[link_section = ".elfin.module"]
        static ELFIN_MODULE: $crate::elfin::ModuleRecord =
            $crate::elfin::ModuleRecord::new($name, $version, $description);
    };
}

macro_rules! elfin_init {
    ($function:path) => {
        #[used]
        #[link_section = ".elfin.init"]
        static ELFIN_INIT: extern "C" fn(i32, *const *const u8) -> i32 = $function;
    };
}

macro_rules! elfin_exit {
    ($function:path) => {
        #[used]
        #[link_section = ".elfin.exit"]
        static ELFIN_EXIT: extern "C" fn() = $function;
    };
}

#[repr(C)]
pub struct StateRecord {
    pub revision: u32,
    pub version: u32,
    pub save: extern "C" fn() -> *mut (),
    pub restore: extern "C" fn(*mut (), u32) -> i32,
}

macro_rules! elfin_state {
    ($version:expr, $save:path, $restore:path) => {
        #[used]
        #[link_section = ".elfin.state"]
        static ELFIN_STATE: $crate::elfin::StateRecord = $crate::elfin::StateRecord {
            revision: 1,
            version: $version,
            save: $save,
            restore: $restore,
        };
    };
}

macro_rules! elfin_export {
    ($($function:ident),+) => {
        #[used]
        #[link_section = ".elfin.exports"]
        static ELFIN_EXPORTS: [$crate::elfin::ExportRecord; [$($function as *const ()),+].len()] = [
            $($crate::elfin::ExportRecord(
                $function as *const (),
                concat!(stringify!($function), "\0").as_ptr(),
            )),+
        ];
    };
}

macro_rules! elfin_needs {
    ($first:literal $(, $more:literal)*) => {
        #[used]
        #[link_section = ".elfin.needs"]
        static ELFIN_NEEDS: [u8; concat!($first $(, "\0", $more)*).len() + 1] =
            $crate::elfin::text(concat!($first $(, "\0", $more)*));
    };
}

macro_rules! elfin_interrupts {
    () => {
        #[used]
        #[link_section = ".elfin.flags"]
        static ELFIN_INTERRUPTS: u64 = 1;
    };
}
