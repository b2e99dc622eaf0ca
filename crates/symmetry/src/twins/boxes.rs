//! Groups equal items by their hashes.

/// Boxes of equal items, by open addressing on given hashes.
pub(super) struct Boxes {
    /// The number of the first item of a box + 1 in the lower half and 32 bits of its hash in the upper half; 0 for a
    /// free slot.
    table: Vec<u64>,
    /// The expected number of items.
    items: usize,
    seen: usize,
    boxes: usize,
    /// For every item that shares a box: (first item of the box, item).
    shared: Vec<(u32, u32)>,
}

/// Where a search in the table ends.
enum Place {
    Free(usize),
    Taken(u32),
}

impl Boxes {
    /// Boxes for up to `items` items.
    pub fn new(items: usize) -> Self {
        const FIRST_SLOTS: usize = 64;
        let slots = FIRST_SLOTS.min((2 * items).next_power_of_two());
        Self { table: vec![0; slots], items, seen: 0, boxes: 0, shared: Vec::new() }
    }

    /// Puts an item into its box. Returns `true` if the box is new. `same` says whether the item equals another item;
    /// it is called only if the hashes agree.
    #[inline]
    pub fn insert(&mut self, item: usize, hash: u64, same: impl Fn(usize) -> bool) -> bool {
        // Floats differ mostly in their high bits, so the hash must mix these into the low ones.
        let spread = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        let print = spread >> 32;
        self.seen += 1;
        match self.find(print, same) {
            Place::Taken(first) => {
                self.shared.push((first, item as u32));
                false
            }
            Place::Free(slot) => {
                self.boxes += 1;
                self.table[slot] = print << 32 | (item as u64 + 1);
                if 2 * self.boxes >= self.table.len() && self.boxes < self.items {
                    self.grow();
                }
                true
            }
        }
    }

    #[inline]
    fn find(&self, print: u64, same: impl Fn(usize) -> bool) -> Place {
        let mask = self.table.len() - 1;
        let mut slot = print as usize & mask;
        loop {
            match self.table[slot] {
                0 => return Place::Free(slot),
                other if other >> 32 == print && same(other as u32 as usize - 1) => {
                    return Place::Taken(other as u32 - 1);
                }
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    /// Makes room for the number of boxes expected if the remaining items are as different as those so far.
    #[cold]
    fn grow(&mut self) {
        let expected = self.boxes.saturating_mul(self.items) / self.seen;
        let most = (2 * self.items).next_power_of_two();
        let slots = (2 * expected).next_power_of_two().min(most).max(2 * self.table.len());
        let old = std::mem::replace(&mut self.table, vec![0; slots]);
        for entry in old.into_iter().filter(|&entry| entry != 0) {
            if let Place::Free(slot) = self.find(entry >> 32, |_| false) {
                self.table[slot] = entry;
            }
        }
    }

    /// The boxes with two or more items, in the order of their first items. Items are in the order of insertion.
    pub fn shared(mut self) -> impl Iterator<Item = Vec<u32>> {
        // A stable sort, so the items of a box stay in order.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// For any hashes, and also if the first items are much more or less similar than the others.
        #[test]
        fn equal_items_share_a_box(
            mut items in prop::collection::vec(0..300_u64, 0..600),
            few in 1..10_u64,
            by_hash in 1..40_u64,
            alike_first: bool,
        ) {
            let half = items.len() / 2;
            let (head, tail) = items.split_at_mut(half);
            (if alike_first { head } else { tail }).iter_mut().for_each(|item| *item %= few);
            let mut boxes = Boxes::new(items.len());
            for (number, &item) in items.iter().enumerate() {
                let is_new = boxes.insert(number, item % by_hash, |other| items[other] == item);
                prop_assert_eq!(is_new, !items[..number].contains(&item));
            }
            let found: Vec<Vec<u32>> = boxes.shared().collect();
            let mut expected: Vec<Vec<u32>> = Vec::new();
            for (number, item) in items.iter().enumerate() {
                let of_item: Vec<u32> =
                    (0..items.len() as u32).filter(|&k| items[k as usize] == *item).collect();
                if of_item[0] as usize == number && of_item.len() > 1 {
                    expected.push(of_item);
                }
            }
            prop_assert_eq!(found, expected);
        }
    }
}
