// SPDX-License-Identifier: MIT
//! A module in Rust that formats with `core`. The machine code of `core` comes out of the toolchain's
//! own archives when the module is loaded, members as they are needed: docs/MODULES.md, "Rust".
//!
//!     rustc --edition 2021 --crate-type lib --emit obj -O -C panic=abort examples/rust.rs
//!     dir=$(rustc --print target-libdir)
//!
//!     elfin> library libcore-….rlib
//!     elfin> library libcompiler_builtins-….rlib
//!     elfin> load rust.o -- Ada
//!     elfin> call rust:show 42
#![no_std]

use core::fmt::{self, Write};
use core::panic::PanicInfo;

#[macro_use]
#[path = "../include/elfin/module.rs"]
mod elfin;

elfin_module!("rust", version = "1.0", description = "formats with Rust's core");

extern "C" {
    fn elfin_print(format: *const u8, ...);
    fn abort() -> !;
}

struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: the arguments are what the format says, and the text is not read past its length.
        unsafe { elfin_print("%.*s\0".as_ptr(), text.len() as i32, text.as_ptr()) };
        Ok(())
    }
}

#[derive(Debug)]
#[allow(dead_code)] // formatting reads them
struct Measure<'a> {
    name: &'a str,
    value: Option<f64>,
    bytes: [u8; 3],
}

fn print(number: u64) -> fmt::Result {
    let out = &mut Console;
    let root = number as f64 / 7.0;
    let wide = number as u128 * 0x1_0000_0000_0000_0001;
    let measure = Measure { name: "é\n\"", value: Some(root), bytes: [1, 0x7f, 0xff] };
    writeln!(out, "{number} {:>8} {:<6}| {:+} {:#x} {:#010b} {:o}", number, -3, 5, number, 5, 64)?;
    writeln!(out, "{root} {root:.3} {root:e} {:?} {} {:?}", 0.1 + 0.2, 1e21, f64::MIN_POSITIVE)?;
    writeln!(out, "{} {} {:?} {:?}", f64::NAN, -f64::INFINITY, 1.0f32 / 3.0, -0.0)?;
    writeln!(out, "{wide} {wide:#x} {} {}", wide as f64, i128::MIN)?;
    writeln!(out, "{measure:?} {:?} {:?}", 'x'..='z', "12x".parse::<u8>())?;
    writeln!(out, "{measure:#x?}")
}

/// Prints the number in many ways; 0 when that failed.
#[no_mangle]
pub extern "C" fn show(number: u64) -> u64 {
    print(number).is_ok() as u64
}
/// Panics when the divisor is 0 or the index is too large.
#[no_mangle]
pub extern "C" fn divide(numbers: u64, divisor: u64, index: u64) -> u64 {
    [numbers / divisor, numbers % divisor][index as usize]
}
elfin_export!(show, divide);

extern "C" fn start(count: i32, words: *const *const u8) -> i32 {
    if count == 0 {
        return writeln!(Console, "hello from {}", "Rust").is_err() as i32;
    }
    // SAFETY: the loader gives that many words, each with a NUL at its end.
    unsafe { elfin_print("hello, %s\n\0".as_ptr(), *words) };
    0
}
elfin_init!(start);

extern "C" fn stop() {
    let _ = writeln!(Console, "good-bye from Rust");
}
elfin_exit!(stop);

/// `abort` ends the call into the module; the console goes on.
#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    let _ = writeln!(Console, "{info}");
    // SAFETY: it does not return.
    unsafe { abort() }
}

/// `core` was built for programs that unwind, so its tables name this. Nobody calls it here.
#[no_mangle]
pub extern "C" fn rust_eh_personality() {}
