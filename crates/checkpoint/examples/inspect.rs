//! Prints what `inspect` finds, as JSON.
fn main() {
    for path in std::env::args().skip(1) {
        for path in constinit_checkpoint::discover(path.as_ref()).unwrap() {
            match constinit_checkpoint::Checkpoint::open(&path) {
                Ok(c) => {
                    let t = std::time::Instant::now();
                    let r = constinit_checkpoint::inspect(&c, &Default::default());
                    match r {
                        Ok(r) => println!("{}", serde_json::to_string(&r).unwrap()),
                        Err(e) => println!("{e}"),
                    }
                    eprintln!("{:?}", t.elapsed());
                }
                Err(e) => println!("{e}"),
            }
        }
    }
}
