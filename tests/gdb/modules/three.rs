// SPDX-License-Identifier: MIT
#![no_std]

pub struct Pair {
    pub half: i32,
    pub whole: i32,
}

fn total(pair: &Pair) -> i32 {
    let sum = pair.half.wrapping_add(pair.whole); // mark: total
    sum
}

#[no_mangle]
pub extern "C" fn three(value: i32) -> i32 {
    let pair = Pair { half: value >> 1, whole: value };
    total(&pair)
}
