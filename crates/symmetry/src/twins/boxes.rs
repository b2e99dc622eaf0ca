//! Putting equal items together by their hashes.

/// Boxes of equal items, by open addressing on given hashes.
pub(super) struct Boxes {
    /// Number of an item + 1, or 0.
    table: Vec<u32>,
    mask: usize,
    /// For every item that shares a box: (first item of the box, item).
    shared: Vec<(u32, u32)>,
}

impl Boxes {
    pub fn new(items: usize) -> Self {
        let slots = (2 * items).next_power_of_two();
        Self { table: vec![0; slots], mask: slots - 1, shared: Vec::new() }
    }

    /// Puts an item into its box; `true` where that is a new one.
    #[inline]
    pub fn insert(&mut self, item: usize, hash: u64, same: impl Fn(usize) -> bool) -> bool {
        // Floats differ in their high bits above all, so these have to reach the low ones.
        let spread = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        let mut slot = (spread ^ (spread >> 32)) as usize & self.mask;
        loop {
            match self.table[slot] {
                0 => {
                    self.table[slot] = item as u32 + 1;
                    return true;
                }
                other if same(other as usize - 1) => {
                    self.shared.push((other - 1, item as u32));
                    return false;
                }
                _ => slot = (slot + 1) & self.mask,
            }
        }
    }

    /// The boxes with two or more items, by their first item; items in the order of insertion.
    pub fn shared(mut self) -> impl Iterator<Item = Vec<u32>> {
        // Stable, so that the items of a box stay in order.
        self.shared.sort_by_key(|&(first, _)| first);
        let shared = self.shared;
        let mut next = 0;
        std::iter::from_fn(move || {
            let &(first, _) = shared.get(next)?;
            let mut members = vec![first];
            while let Some(&(_, item)) = shared.get(next).filter(|(f, _)| *f == first) {
                members.push(item);
                next += 1;
            }
            Some(members)
        })
    }
}
