// Threads, channels, collections, trait objects, caught panics, floating point, processes' end.
use std::collections::{BTreeMap, HashMap};
use std::panic;
use std::sync::{mpsc, Arc, Mutex};
use std::thread;

trait Shape {
    fn area(&self) -> f64;
}
struct Square(f64);
struct Circle(f64);
impl Shape for Square {
    fn area(&self) -> f64 {
        self.0 * self.0
    }
}
impl Shape for Circle {
    fn area(&self) -> f64 {
        3.140625 * self.0 * self.0
    }
}

fn main() {
    let (sender, receiver) = mpsc::channel();
    let total = Arc::new(Mutex::new(BTreeMap::new()));
    let threads: Vec<_> = (0..8u64)
        .map(|i| {
            let (sender, total) = (sender.clone(), Arc::clone(&total));
            thread::spawn(move || {
                for k in 0..100u64 {
                    *total.lock().unwrap().entry((i * k) % 7).or_insert(0u64) += i;
                    sender.send(i * k).unwrap();
                }
            })
        })
        .collect();
    drop(sender);
    println!("received {}", receiver.iter().sum::<u64>());
    for t in threads {
        t.join().unwrap();
    }
    println!("{:?}", total.lock().unwrap());

    let words = "the quick brown fox jumps over the lazy dog and the cat";
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for word in words.split(' ') {
        *counts.entry(word).or_default() += 1;
    }
    let mut sorted: Vec<_> = counts.into_iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    println!("{:?}", &sorted[..3]);

    let shapes: Vec<Box<dyn Shape>> = vec![Box::new(Square(3.0)), Box::new(Circle(2.0))];
    println!("{:.4}", shapes.iter().map(|s| s.area()).sum::<f64>());

    panic::set_hook(Box::new(|_| {}));
    let numbers = vec![1, 2, 3];
    let index = std::env::args().count() + 4;
    println!("caught {}", panic::catch_unwind(|| numbers[index]).is_err());
    println!("overflow {:?}", (250u8).checked_add(index as u8));
    println!("joined {}", thread::spawn(|| panic!("thread")).join().is_err());
    println!("{:?}", std::fs::read_to_string("/does/not/exist").map_err(|e| e.kind()));
    std::process::exit(3);
}
