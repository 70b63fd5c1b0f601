// SPDX-License-Identifier: GPL-2.0-or-later
// chain MILLISECONDS: Rust whose stacks are known: main, alpha, beta, gamma, then Delta or Epsilon through a trait object, then a leaf: alone,
// in a sort with a closure, in the parser of numbers, in a panic that is caught, in a system call.
use std::fs::File;
use std::io::Read;
use std::panic;
use std::time::{Duration, Instant};
use std::{mem, ptr};

// What comes back is not known to the compiler.
#[inline(always)]
fn black_box<T>(x: T) -> T {
    let y = unsafe { ptr::read_volatile(&x) };
    mem::forget(x);
    y
}

#[inline(never)]
fn leaf_spin(mut x: u64) -> u64 {
    for _ in 0..20000 {
        x = black_box(x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407));
    }
    x
}

#[inline(never)]
fn by_low(a: &u32, b: &u32) -> std::cmp::Ordering {
    black_box((a & 0xffff).cmp(&(b & 0xffff)))
}

#[inline(never)]
fn leaf_sort(seed: u64) -> u64 {
    let mut numbers: Vec<u32> = (0..256u32).map(|i| (i + seed as u32).wrapping_mul(2654435761)).collect();
    numbers.sort_by(by_low);
    black_box(numbers[7]) as u64
}

#[inline(never)]
fn leaf_parse(seed: u64) -> u64 {
    let mut sum = 0.0;
    for i in 0..60 {
        let text = format!("{}.{}4142135623730950488", i, seed % 10);
        sum += black_box(&text).parse::<f64>().unwrap();
    }
    black_box(sum) as u64
}

#[inline(never)]
fn leaf_panic(seed: u64) -> u64 {
    let caught = panic::catch_unwind(|| {
        if black_box(seed) != u64::MAX {
            panic!("number {}", seed);
        }
    });
    black_box(caught.is_err()) as u64
}

#[inline(never)]
fn leaf_read(_seed: u64) -> u64 {
    let mut buffer = vec![1u8; 256 << 10];
    let mut zero = File::open("/dev/zero").unwrap();
    zero.read_exact(&mut buffer).unwrap();
    black_box(buffer[77]) as u64
}

trait Step {
    fn run(&self, n: u64) -> u64;
}

struct Delta;
struct Epsilon;

impl Step for Delta {
    #[inline(never)]
    fn run(&self, n: u64) -> u64 {
        let got = if n == 0 { leaf_spin(n) } else { leaf_sort(n) };
        black_box(got)
    }
}

impl Step for Epsilon {
    #[inline(never)]
    fn run(&self, n: u64) -> u64 {
        let got = match n {
            2 => leaf_parse(n),
            3 => leaf_panic(n),
            _ => leaf_read(n),
        };
        black_box(got)
    }
}

#[inline(never)]
fn gamma(step: &dyn Step, n: u64) -> u64 {
    black_box(step.run(n))
}

#[inline(never)]
fn beta<T: Copy + Into<u64>>(n: T) -> u64 {
    let step: Box<dyn Step> = if n.into() < 2 { Box::new(Delta) } else { Box::new(Epsilon) };
    black_box(gamma(&*black_box(step), n.into()))
}

#[inline(never)]
fn alpha(n: u32) -> u64 {
    black_box(beta::<u32>(n))
}

fn main() {
    let time: u64 = std::env::args().nth(1).map_or(1000, |text| text.parse().unwrap());
    let end = Instant::now() + Duration::from_millis(time);
    let mut n = 0;
    panic::set_hook(Box::new(|_| {}));
    while Instant::now() < end {
        black_box(alpha(n % 5));
        n += 1;
    }
}
