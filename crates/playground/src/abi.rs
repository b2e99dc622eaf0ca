//! How a page calls the engine: it writes a request into memory that the engine gives it, calls, and reads the answer.
//!
//! ```text
//! at = constinit_input(length)     room for a request of that many bytes of UTF-8
//! n  = constinit_call()            does what the request asks; n bytes of JSON are the answer
//! at = constinit_output()          where the answer is, until the next call
//! ```
//!
//! Memory may move when it grows, so a page makes its view of the memory anew after each call.
#![expect(unsafe_code, reason = "names that a linker sees; nothing in these functions is unsafe")]

use crate::Session;
use std::cell::RefCell;

#[derive(Default)]
struct Exchange {
    input: Vec<u8>,
    output: Vec<u8>,
    session: Session,
}

thread_local! {
    static EXCHANGE: RefCell<Exchange> = RefCell::default();
}

/// Room for a request of `length` bytes.
#[unsafe(no_mangle)]
pub extern "C" fn constinit_input(length: usize) -> *mut u8 {
    EXCHANGE.with_borrow_mut(|exchange| {
        exchange.input = vec![0; length];
        exchange.input.as_mut_ptr()
    })
}

/// Answers the request; returns the length of the answer.
#[unsafe(no_mangle)]
pub extern "C" fn constinit_call() -> usize {
    EXCHANGE.with_borrow_mut(|exchange| {
        let request = String::from_utf8_lossy(&exchange.input);
        exchange.output = exchange.session.call(&request).into_bytes();
        exchange.output.len()
    })
}

/// Where the answer is.
#[unsafe(no_mangle)]
pub extern "C" fn constinit_output() -> *const u8 {
    EXCHANGE.with_borrow(|exchange| exchange.output.as_ptr())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_answered_in_memory_of_the_engine() {
        let request = b"{\"do\": \"advance\"}";
        assert!(!constinit_input(request.len()).is_null());
        EXCHANGE.with_borrow_mut(|exchange| exchange.input.copy_from_slice(request));
        let length = constinit_call();
        assert!(!constinit_output().is_null());
        let answer = EXCHANGE.with_borrow(|exchange| exchange.output.clone());
        assert_eq!(answer.len(), length);
        let answer = String::from_utf8(answer).unwrap();
        assert_eq!(answer, "{\"error\":\"no network is open: the first request is \\\"open\\\"\"}");
    }
}
