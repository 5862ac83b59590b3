// SPDX-License-Identifier: MIT
// Generic and inlined code of a second language, without its libraries.
#![no_std]

static mut DEPTH: u32 = 0;

#[inline(never)]
fn inner(value: u32) -> u32 {
    unsafe {
        DEPTH = DEPTH.wrapping_add(value);
        DEPTH
    }
}

fn largest<T: PartialOrd + Copy>(of: &[T]) -> Option<T> {
    let mut best = *of.first()?;
    for &one in of {
        if one > best {
            best = one;
        }
    }
    Some(best)
}

#[no_mangle]
pub extern "C" fn rust_sample(values: *const u32, count: usize) -> u32 {
    let values = unsafe { core::slice::from_raw_parts(values, count) };
    match largest(values) {
        Some(value) => inner(value),
        None => inner(1).wrapping_mul(3),
    }
}

#[no_mangle]
pub extern "C" fn rust_bytes(a: u8, b: u8) -> u8 {
    largest(&[a, b, 7]).unwrap_or(0)
}
